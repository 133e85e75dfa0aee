"""Broken sensors and actuators, as a person sees them."""
import asyncio
import time

from suite import case, holds, same, with_both


@with_both
async def a_broken_sensor_is_a_fault_with_its_reason_until_it_is_healed(world, kind):
    anna = await world.anna(kind)
    await anna.seen.take(lambda seen: 'Air 20.5 °C' in seen.status)
    await world.greenhouse.poke('fail AN1 cable cut')
    seen = await anna.seen.take(lambda seen: 'Air fault' in seen.status)
    same(seen.show, 'away')
    same(await anna.ask('air'), 'Air: fault: cable cut')
    same((await anna.ask('status')).splitlines()[:3],
         ['greenhouse: 1 point needs attention', 'Front door: closed', 'Air: fault: cable cut'])
    await asyncio.sleep(1.1)
    await world.greenhouse.poke('heal AN1')
    seen = await anna.seen.take(lambda seen: 'Air 20.5 °C' in seen.status)
    same(seen.show, '')
    same(await anna.ask('air'), 'Air: 20.5 °C')


@case
async def one_broken_point_leaves_the_others_alone(world):
    anna = await world.anna()
    for poke in ('fail AN1 cable cut', 'fail OUT1 relay burnt'):
        await world.greenhouse.poke(poke)
    same(await anna.ask('soil'), 'Soil: 40%')
    same(await anna.ask('lamp 40'), 'Front light: 40%')
    same((await anna.ask('status')).splitlines()[0], 'greenhouse: 2 points need attention')


@with_both
async def a_broken_actuator_is_not_moved_and_says_why(world, kind):
    anna = await world.anna(kind)
    await world.greenhouse.poke('fail OUT1 relay burnt')
    same(await anna.notice(), 'Water pump: fault: relay burnt')
    same(await anna.ask('pump on'), 'Water pump: it is out of order: relay burnt')
    ran = await anna.fill('pump', {'value': '1'})
    same((ran.status, ran.note_type, ran.note), ('completed', 'error', 'Water pump: it is out of order: relay burnt'))
    await asyncio.sleep(1.1)
    await world.greenhouse.poke('heal OUT1')
    same(await anna.notice(), 'Water pump: off')
    same(await anna.ask('pump on'), 'Water pump: on')


@with_both
async def a_silent_actuator_is_no_confirmation_after_a_second(world, kind):
    anna = await world.anna(kind)
    await world.greenhouse.poke('silent OUT1')
    begun = time.monotonic()
    same(await anna.ask('pump on'), 'Water pump: no confirmation, it may or may not have moved')
    holds(0.9 < time.monotonic() - begun < 2.5, 'it took %.1f s' % (time.monotonic() - begun))
    ran = await anna.fill('pump', {'value': '1'})
    same((ran.status, ran.note_type), ('completed', 'error'))
    same(await anna.ask('lamp 10'), 'Front light: 10%', 'another actuator meanwhile')


@with_both
async def a_stuck_actuator_is_told_as_it_reads(world, kind):
    anna = await world.anna(kind)
    await world.greenhouse.poke('stuck OUT1')
    same(await anna.ask('pump on'), 'Water pump reads off, not on as asked')
    ran = await anna.fill('pump', {'value': '1'})
    same((ran.note_type, ran.note), ('error', 'Water pump reads off, not on as asked'))
    same(await anna.ask('pump'), 'Water pump: fault: does not obey: reads off, was told on')


@case
async def a_sensor_that_flaps_between_well_and_broken_does_not_flood(world):
    anna = await world.anna()
    await anna.seen.take(lambda seen: seen.status)
    anna.seen.items.clear()
    for _ in range(200):
        await world.greenhouse.poke('fail AN1 loose wire')
        await world.greenhouse.poke('heal AN1')
    await asyncio.sleep(1.5)
    holds(len(anna.seen.items) <= 8, '%d presences for 200 faults' % len(anna.seen.items))
    lines = world.greenhouse.log().count('loose wire')
    holds(lines <= 4, '%d lines in the log' % lines)
    same(await anna.ask('air'), 'Air: fault: comes and goes: loose wire')
