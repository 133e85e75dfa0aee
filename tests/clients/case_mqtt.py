"""The bridge of examples/home-assistant: a device's points as MQTT entities, by a real Mosquitto."""
import contextlib
import json
import random
import signal

from house import POINTS
from mqtt import Bridge, Broker
from suite import case, holds, same, until

PEOPLE = '''
[[contacts]]
jid = "anna@home.example"
role = "owner"
[[contacts]]
jid = "%s@home.example"
role = "operator"
speaks = "json"
'''
BUTTON = '''
[sensors.button]
label = "Button"
sim = { line = "IN2" }
gestures = {}
'''


@contextlib.asynccontextmanager
async def home(world, points=POINTS):
    """-> device, broker, bridge, and the beginning of the device's topics. The bridge has found all points."""
    account = 'bridge%d' % random.randrange(10 ** 6)
    world.server.add(account)
    device = await world.device(PEOPLE % account + points)
    broker = await Broker(device.dir).start()
    bridge = Bridge(device.dir, world.server, account, device, broker)
    try:
        await bridge.start()
        topic = 'katydid/%s_home_example' % device.name
        await broker.until(topic + '/availability', 'online')
        await broker.value(topic + '/valve', 'closed')
        yield device, broker, bridge, topic
    except AssertionError as error:
        raise AssertionError('%s\nbridge: %s' % (error, bridge.log())) from error
    finally:
        await bridge.stop(signal.SIGKILL)
        broker.stop()


@case
async def every_point_is_announced_to_home_assistant_as_what_it_is(world):
    async with home(world) as (device, broker, _, topic):
        entities = broker.entities()
        same(set(entities), {'binary_sensor/door', 'sensor/air', 'sensor/soil', 'switch/pump', 'number/lamp', 'select/fan',
                             'switch/valve', 'event/events'})
        air, lamp, door = entities['sensor/air'], entities['number/lamp'], entities['binary_sensor/door']
        same([air[key] for key in ('name', 'unit_of_measurement', 'device_class', 'state_topic')],
             ['Air', '°C', 'temperature', topic + '/air'])
        holds('command_topic' not in air, 'a sensor takes no orders')
        same([lamp[key] for key in ('min', 'max', 'step', 'command_topic')], [0, 100, 1, topic + '/lamp/set'])
        same([door[key] for key in ('payload_off', 'payload_on')], ['closed', 'open'])
        same(entities['select/fan']['options'], ['off', 'low', 'high'])
        same(len({entity['unique_id'] for entity in entities.values()}), 8)
        same(json.loads(broker.kept[topic + '/air'])['value'], 20.5)
        await device.poke('set AN1 21.5')
        await broker.value(topic + '/air', 21.5)
        await device.poke('fail AN1 wire broken')
        await broker.value(topic + '/air', 'fault', key='quality')
        same(json.loads(broker.kept[topic + '/air'])['value'], None)


@case
async def what_is_switched_in_home_assistant_moves_and_a_refusal_is_told(world):
    async with home(world) as (device, broker, bridge, topic):
        broker.say(topic + '/pump/set', 'on')
        await broker.value(topic + '/pump', 'on')
        same(await device.level('OUT1'), 'on')
        await until(lambda: 'pump is on' in bridge.log(), 5, 'the log line')
        broker.say(topic + '/lamp/set', '40')
        await broker.value(topic + '/lamp', 40)
        # The display hoped for 140 and has to be told that nothing changed.
        del broker.kept[topic + '/lamp']
        broker.say(topic + '/lamp/set', '140')
        await broker.value(topic + '/lamp', 40)
        holds('lamp: 140 is outside 0% to 100%' in bridge.log(), bridge.log())
        broker.say(topic + '/cellar/set', 'on')
        await until(lambda: 'cellar: there is no such point' in bridge.log(), 5, 'the refusal')


@case
async def a_retained_order_is_not_obeyed(world):
    async with home(world) as (device, broker, bridge, topic):
        await bridge.stop()
        await broker.until('katydid/bridge/%s' % bridge_id(broker), 'offline')
        broker.say(topic + '/pump/set', 'on', retain=True)
        await bridge.start()
        await until(lambda: 'a retained order on %s/pump/set is ignored' % topic in bridge.log(), 10, 'the warning')
        await broker.until(topic + '/availability', 'online')
        same(await device.level('OUT1'), 'off')


def bridge_id(broker):
    (topic,) = [topic for topic in broker.kept if topic.startswith('katydid/bridge/')]
    return topic.rsplit('/', 1)[1]


@case
async def a_device_that_goes_is_unavailable_and_comes_back_with_what_it_has_then(world):
    async with home(world) as (device, broker, bridge, topic):
        await device.stop()
        await broker.until(topic + '/availability', 'offline')
        broker.say(topic + '/pump/set', 'on')
        await until(lambda: 'the device is offline, nothing was done' in bridge.log(), 5, 'the warning')
        body = PEOPLE % bridge_id(broker).split('_')[0] + POINTS.replace('[actuators.fan]', '[actuators.blower]')
        device.write(body)
        await device.start()
        await broker.until(topic + '/availability', 'online')
        await broker.value(topic + '/blower', 'off')
        await until(lambda: 'select/blower' in broker.entities(), 5, 'the new point')
        holds('select/fan' not in broker.entities(), 'the point that is gone is still announced')
        holds(topic + '/fan' not in broker.kept, 'its state is still there')
        same(await device.level('OUT1'), 'off')


@case
async def gestures_are_events_and_are_not_kept(world):
    async with home(world, POINTS + BUTTON) as (device, broker, _, topic):
        await device.poke('set IN2 1')
        await device.poke('set IN2 0')
        await until(lambda: broker.events, 5, 'the event')
        same([broker.events[0][key] for key in ('event_type', 'point')], ['click', 'button'])
        same(broker.entities()['event/events']['state_topic'], topic + '/events')
        # Whoever comes later is told states, and no click.
        broker.events.clear()
        broker.kept.clear()
        broker.client.subscribe('#', 1)
        await until(lambda: len(broker.entities()) == 9, 5, 'what is kept')
        same(broker.events, [])


@case
async def what_breaks_in_between_is_mended_and_told(world):
    async with home(world) as (device, broker, bridge, topic):
        broker.end()
        await device.poke('set IN1 1')
        broker.kept.clear()
        await broker.start()
        # This broker has forgotten everything.
        await broker.value(topic + '/door', 'open', seconds=15)
        await until(lambda: len(broker.entities()) == 8, 5, 'all entities')
        # Killed, so that nobody says goodbye.
        world.server.kill()
        await broker.until(topic + '/availability', 'offline')
        world.server.restart()
        await broker.until(topic + '/availability', 'online', seconds=30)
        await device.poke('set IN1 0')
        await broker.value(topic + '/door', 'closed')
        await bridge.stop(signal.SIGKILL)
        await broker.until('katydid/bridge/%s' % bridge_id(broker), 'offline')
