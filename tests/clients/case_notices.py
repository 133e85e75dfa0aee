"""What the device says of its own accord."""
import asyncio

from heard import is_notice
from suite import case, same, with_both


@with_both
async def who_wants_to_know_hears_when_the_door_moves(world, kind):
    anna, ben = await world.anna(kind), await world.person(kind, 'ben')
    await world.greenhouse.poke('set IN1 1')
    same(await anna.notice(), 'Front door: open')
    same(await ben.notice(), 'Front door: open')
    await asyncio.sleep(1.1)
    await world.greenhouse.poke('set IN1 0')
    same(await anna.notice(), 'Front door: closed')


@case
async def nobody_hears_of_what_it_did_not_ask_to_hear(world):
    anna, kitchen = await world.anna(), await world.person('slixmpp', 'kitchen')
    await world.greenhouse.poke('set AN1 25')
    await world.greenhouse.poke('set IN1 1')
    await anna.notice()
    await anna.ask('lamp 40')
    await anna.said.none(is_notice)
    await kitchen.said.none(lambda said: not said.late, 0)


@case
async def a_notice_that_was_held_back_still_says_who(world):
    anna, ben = await world.anna(), await world.person('slixmpp', 'ben')
    await asyncio.sleep(1.1)
    await anna.ask('pump on')
    await anna.ask('pump off')
    await anna.ask('pump on')
    same(await ben.notice(), 'Water pump: on (anna@home.example)')
    await anna.ask('pump off')
    same(await ben.notice(), 'Water pump: off (anna@home.example)')


@with_both
async def others_hear_who_did_it_and_the_doer_only_the_answer(world, kind):
    anna, ben = await world.anna(kind), await world.person(kind, 'ben')
    # Longer than the device holds back news of what the case before did.
    await asyncio.sleep(1.1)
    same(await anna.ask('pump on 10m'), 'Water pump: on, back to off in 10m')
    same(await ben.notice(), 'Water pump: on, back to off in 10m (anna@home.example)')
    await anna.said.none(is_notice)
    same((await anna.fill('pump', {'value': '0'})).note, 'Water pump: off')
    same((await ben.notice())[:15], 'Water pump: off')
    await anna.said.none(is_notice)


@case
async def a_swinging_door_is_told_once_a_second_and_ends_with_what_is_true(world):
    anna = await world.anna()
    for _ in range(20):
        await world.greenhouse.poke('set IN1 1')
        await world.greenhouse.poke('set IN1 0')
    await world.greenhouse.poke('set IN1 1')
    same(await anna.notice(), 'Front door: open')
    await anna.said.none(is_notice, 1.5)
    same(await anna.ask('door'), 'Front door: open')


@case
async def a_notice_is_no_answer_to_anything(world):
    """Two clients of one account: both hear notices, only the asking one hears answers."""
    one, two = await world.anna(), await world.anna()
    same(await one.ask('air'), 'Air: 20.5 °C')
    await two.said.none(lambda said: not said.late)
    await world.greenhouse.poke('set IN1 1')
    same((await one.notice(), await two.notice()), ('Front door: open', 'Front door: open'))
