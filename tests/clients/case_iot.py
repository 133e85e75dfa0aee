"""What machines do: slixmpp's own XEP-0323 and XEP-0325 clients, PubSub, and the example of a hub."""
import asyncio
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from heard import Refused
from house import CONTACTS, DOMAIN, PASSWORD, POINTS, REPO
from suite import case, holds, same, until

PUBSUB = '{http://jabber.org/protocol/pubsub}'
EVENT = '{http://jabber.org/protocol/pubsub#event}'
DATA = '{urn:xmpp:iot:sensordata}'
SERVICE = 'pubsub.' + DOMAIN


class Hub:
    """A person's client as a hub: slixmpp's plugins, as they are."""

    def __init__(self, person):
        self.person, self.told = person, asyncio.Queue()
        for plugin in ('xep_0323', 'xep_0325'):
            person.register_plugin(plugin)
        self.data, self.control = person['xep_0323'], person['xep_0325']

    def heard(self, from_jid, result, **more):
        self.told.put_nowait((result, more))

    async def next(self):
        return await asyncio.wait_for(self.told.get(), 5)

    def ask(self, device=None, **request):
        return self.data.request_data(self.person.boundjid, device or self.person.device, self.heard, **request)

    async def read(self, device=None, **request):
        """-> ({node: {field: (type, value, unit, flags)}}, {node: why not})"""
        self.ask(device, **request)
        same((await self.next())[0], 'accepted')
        values, faults = {}, {}
        while True:
            result, more = await self.next()
            if result == 'done':
                return values, faults
            if result == 'failure':
                faults[more['nodeId']] = more['error_msg']
                return values, faults
            same(result, 'fields')
            for field in more['fields']:
                values.setdefault(more['nodeId'], {})[field['name']] = (
                    field['typename'], field['value'], field.get('unit'), set(field.get('flags', ())))

    async def set(self, fields, device=None, **request):
        """-> (result, text)"""
        self.control.set_request(self.person.boundjid, device or self.person.device, self.heard, fields, **request)
        result, more = await self.next()
        return result, more.get('error_msg')


async def hub(world, name='anna', **more):
    return Hub(await world.person('slixmpp', name, **more))


@case
async def slixmpp_reads_momentary_values(world):
    anna = await hub(world)
    values, faults = await anna.read(flags={'momentary': 'true'})
    same(faults, {})
    same(sorted(values), ['air', 'door', 'fan', 'lamp', 'pump', 'soil', 'valve'])
    same(values['air']['air'], ('numeric', '20.5', '°C', {'momentary', 'automaticReadout'}))
    same(values['door']['door'][:2], ('boolean', 'false'))
    same(values['fan']['fan'][:2], ('string', 'off'))


@case
async def slixmpp_reads_one_node_and_what_it_is(world):
    anna = await hub(world)
    values, _ = await anna.read(nodeIds=['door'], flags={'identity': 'true', 'status': 'true'})
    same({name: field[1] for name, field in values['door'].items()},
         {'Label': 'Front door', 'Kind': 'switch', 'Quality': 'good'})
    values, _ = await anna.read(fields=['soil'], flags={'momentary': 'true'})
    same(list(values), ['soil'])


@case
async def slixmpp_hears_of_a_broken_sensor(world):
    anna = await hub(world)
    await world.greenhouse.poke('fail AN1 cable cut')
    await anna.person.seen.take(lambda seen: seen.show == 'away', 5)
    values, faults = await anna.read(nodeIds=['door', 'air'], flags={'momentary': 'true'})
    same((list(values), faults), (['door'], {'air': 'cable cut'}))


@case
async def slixmpp_is_rejected_where_there_is_nothing(world):
    anna = await hub(world)
    anna.ask(nodeIds=['nonsense'])
    result, more = await anna.next()
    same((result, more['error_msg']), ('rejected', 'there is no such node'))
    kitchen = await hub(world, 'kitchen')
    kitchen.ask(nodeIds=['door'])
    same((await kitchen.next())[0], 'rejected')
    values, _ = await kitchen.read(flags={'momentary': 'true'})
    same(sorted(values), ['air', 'pump'])


@case
async def slixmpp_plans_a_readout_and_cancels_it(world):
    anna = await hub(world)
    in_a = lambda **time: (datetime.now(timezone.utc) + timedelta(**time)).strftime('%Y-%m-%dT%H:%M:%S')
    ask = lambda when: anna.ask(nodeIds=['door'], flags={'momentary': 'true', 'when': when})
    ask(in_a(days=100))
    same((await anna.next()), ('rejected', {'error_msg': 'that is too far ahead'}))
    request = ask(in_a(hours=1))
    same((await anna.next())[0], 'queued')
    anna.data.cancel_request(request)
    same((await anna.next())[0], 'cancelled')
    ask(in_a(seconds=2))
    same([(await anna.next())[0] for _ in range(4)], ['queued', 'started', 'fields', 'done'])


@case
async def slixmpp_sets_several_actuators(world):
    anna = await hub(world)
    result, _ = await anna.set([('pump', 'boolean', 'true'), ('lamp', 'double', '40'), ('fan', 'string', 'high')])
    holds(result in ('', 'OK'), result)
    same([await world.greenhouse.level(line) for line in ('OUT1', 'OUT2', 'OUT3')], ['on', '40', 'high'])
    values, _ = await anna.read(nodeIds=['lamp'], flags={'momentary': 'true'})
    same(values['lamp']['lamp'][1], '40')


@case
async def slixmpp_is_told_why_nothing_moved(world):
    anna = await hub(world)
    # Its words are in <error/>, where slixmpp looks for them without their namespace, and finds nothing.
    same((await anna.set([('pump', 'boolean', 'true'), ('lamp', 'int', '140')]))[0], 'OtherError')
    same((await anna.set([('motor', 'boolean', 'true')]))[0], 'NotFound')
    ben = await hub(world, 'ben')
    same((await ben.set([('pump', 'boolean', 'true')]))[0], 'InsufficientPrivileges')
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def slixmpp_sets_without_an_answer(world):
    anna = await hub(world)
    anna.control.set_command(anna.person.boundjid, anna.person.device, [('pump', 'boolean', 'true')])
    await until(lambda: is_level(world.greenhouse, 'OUT1', 'on'))


async def is_level(device, line, wanted):
    return await device.level(line) == wanted


# PubSub

PUBLISHED = '[limits]\ncommands_per_minute = 100000\n[pubsub]\nenabled = true\n' + CONTACTS + POINTS
AT_SERVICE = PUBLISHED.replace('enabled = true', 'enabled = true\nservice = "%s"' % SERVICE)


async def items(person, place, node):
    """What a node holds: {name: value} of its one item; Refused if it is closed to this person."""
    payload = '<pubsub xmlns="%s"><items node="%s"/></pubsub>' % (PUBSUB[1:-1], node)
    answer = await person.request(payload, to=place)
    held = answer.findall('.//%sitem' % PUBSUB)
    same([item.get('id') for item in held], ['current'])
    return readings(held[0])


def readings(item):
    values = {xml.get('name'): xml.get('value') for xml in item.iter() if xml.get('momentary') == 'true'}
    return {**values, **{error.get('nodeId'): 'fault: ' + error.text for error in item.iter(DATA + 'error')}}


async def subscribe(person, place, node):
    await person.request('<pubsub xmlns="%s"><subscribe node="%s" jid="%s"/></pubsub>'
                         % (PUBSUB[1:-1], node, person.boundjid.full), 'set', to=place)


class Events:
    """What is published to a person, by address."""

    def __init__(self, person):
        self.all = asyncio.Queue()
        from slixmpp.xmlstream.handler import Callback
        from slixmpp.xmlstream.matcher import MatchXPath
        person.register_handler(Callback('events', MatchXPath('{jabber:client}message/%sevent' % EVENT), self.heard))

    def heard(self, message):
        for item in message.xml.iter(EVENT + 'item'):
            self.all.put_nowait((message['from'].bare, readings(item)))

    async def wait(self, wanted):
        while await asyncio.wait_for(self.all.get(), 5) != wanted:
            pass


async def holds_soon(person, place, node, wanted):
    async def check():
        try:
            return await items(person, place, node) == wanted
        except (Refused, AssertionError):
            return False
    await until(check, 10, '%s at %s' % (wanted, node))


@case
async def readings_are_published_to_whom_they_concern(world):
    device = await world.device(PUBLISHED)
    anna, kitchen = await world.anna(device=device), await world.person('slixmpp', 'kitchen', device=device)
    stranger = await world.person('slixmpp', 'stranger', device=device, friendly=False)
    info = (await anna.info('points/air')).forms[0]
    place, node = info['pubsub_jid'][0], info['pubsub_node'][0]
    same((place, node), (device.jid, 'urn:katydid:point:1/air'))
    await holds_soon(anna, place, node, {'air': '20.5'})
    same(await items(kitchen, place, node), {'air': '20.5'})
    for person, name in ((kitchen, 'door'), (stranger, 'air'), (stranger, 'door')):
        try:
            answer = await items(person, place, 'urn:katydid:point:1/' + name)
            raise AssertionError('%s read %s: %r' % (person.boundjid, name, answer))
        except Refused:
            pass
    events = Events(anna)
    await subscribe(anna, place, node)
    await device.poke('set AN1 23.5')
    await events.wait((device.jid, {'air': '23.5'}))
    await device.poke('fail AN1 cable cut')
    await events.wait((device.jid, {'air': 'fault: cable cut'}))


@case
async def a_node_whose_point_goes_is_deleted(world):
    device = await world.device(PUBLISHED)
    anna = await world.anna(device=device)
    await holds_soon(anna, device.jid, 'urn:katydid:point:1/soil', {'soil': '40'})
    device.write(PUBLISHED.replace('[sensors.soil]', '[sensors.earth]'))
    device.kick(1)
    await holds_soon(anna, device.jid, 'urn:katydid:point:1/earth', {'earth': '40'})

    async def gone():
        try:
            return not await items(anna, device.jid, 'urn:katydid:point:1/soil')
        except Refused as refused:
            return refused.condition == 'item-not-found'
    await until(gone, 5)


@case
async def two_devices_and_one_hub_meet_at_a_service(world):
    attic = await world.device(AT_SERVICE, name='attic')
    boiler = await world.device(AT_SERVICE, name='boiler')
    anna = await hub(world, device=attic)
    for name in ('attic', 'boiler'):
        await holds_soon(anna.person, SERVICE, name + '/air', {'air': '20.5'})
    events = Events(anna.person)
    await subscribe(anna.person, SERVICE, 'attic/pump')
    await subscribe(anna.person, SERVICE, 'boiler/pump')
    # By control of each, seen at the service.
    for device in (attic, boiler):
        result, _ = await anna.set([('pump', 'boolean', 'true')], device=device.full)
        holds(result in ('', 'OK'), result)
        await events.wait((SERVICE, {'pump': 'true'}))
        same(await device.level('OUT1'), 'on')
        values, _ = await anna.read(device.full, nodeIds=['pump'], flags={'momentary': 'true'})
        same(values['pump']['pump'][:2], ('boolean', 'true'))


@case
async def a_hub_that_floods_does_not_keep_another_from_its_answers(world):
    device = await world.device(PUBLISHED.replace('commands_per_minute = 100000', 'commands_per_minute = 60'))
    anna, kitchen = await world.anna(device=device), await hub(world, 'kitchen', device=device)
    for number in range(3000):
        anna.send_raw("<iq type='get' to='%s' id='f%d'><req xmlns='urn:xmpp:iot:sensordata' seqnr='9'/></iq>"
                      % (device.full, number))
    started = asyncio.get_running_loop().time()
    result, _ = await kitchen.set([('pump', 'boolean', 'true')])
    holds(result in ('', 'OK'), result)
    holds(asyncio.get_running_loop().time() - started < 5, 'it took long')
    same(await device.level('OUT1'), 'on')


@case
async def the_script_of_the_documentation_finds_all_points(world):
    text = (REPO / 'docs/discovery.md').read_text()
    script = text.split('```python\n')[1].split('```')[0]
    anna = await asyncio.create_subprocess_exec(
        sys.executable, '-c', script, 'anna@' + DOMAIN, world.greenhouse.full, '127.0.0.1', str(world.server.port),
        world.server.ca, env={**os.environ, 'PASSWORD': PASSWORD}, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(anna.communicate(), 20)
    lines = out.decode().splitlines()
    same(len(lines), 7)
    holds("Front light {'name': 'lamp', 'writable': True, 'kind': 'number', 'unit': '%', 'decimals': '0', "
          "'min': '0', 'max': '100'}" in lines, lines)


# The example of a hub, built beside the program.

@case
async def the_example_prints_the_points_and_watches_them(world):
    example = Path(os.environ['EXAMPLES']) / 'watch'
    for body in (PUBLISHED, PUBLISHED.replace('enabled = true', 'enabled = false')):
        device = await world.device(body)
        await until(lambda: 'online as' in device.log(), 10)
        watch = await asyncio.create_subprocess_exec(
            str(example), 'anna@' + DOMAIN, device.full, '127.0.0.1:%d' % world.server.port, world.server.ca,
            env={**os.environ, 'PASSWORD': PASSWORD}, stdout=asyncio.subprocess.PIPE)
        lines = []

        async def prints(wanted):
            while wanted not in lines:
                line = await asyncio.wait_for(watch.stdout.readline(), 15)
                holds(line, 'it ended: %r' % lines)
                lines.append(line.decode().rstrip())
        try:
            await prints('7 points')
            same(lines[1:4], ['read air (Air): number °C', 'read soil (Soil): number %', 'set pump (Water pump): switch off|on'])
            same(lines[4], 'set lamp (Front light): number % 0..100')
            await prints('air: 20.5 °C')
            await device.poke('set AN1 21.5')
            await prints('air: 21.5 °C')
            await device.poke('fail AN1 cable cut')
            await prints('air: fault: cable cut')
        finally:
            watch.kill()
            await watch.wait()
