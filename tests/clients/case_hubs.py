"""Programs as contacts: a hub that speaks lines, a script that speaks JSON, and people beside them."""
import asyncio
import json
import random

from heard import Unheard
from house import POINTS
from suite import case, holds, same

PEOPLE = '''
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = "all"
[[contacts]]
jid = "%s@home.example"
role = "operator"
speaks = "lines"
[[contacts]]
jid = "%s@home.example"
role = "viewer"
speaks = "json"
points = ["door", "pump"]
'''


async def household(world, more=''):
    """-> device, hub, script. Neither subscribes to anything, as openHAB's binding does not."""
    hub, script = ('%s%d' % (name, random.randrange(10 ** 6)) for name in ('hub', 'script'))
    world.server.add(hub, script)
    device = await world.device(more + PEOPLE % (hub, script) + POINTS)
    hub = await world.person('slixmpp', hub, device=device, friendly=False, wait=False)
    script = await world.person('slixmpp', script, device=device, friendly=False, wait=False)
    return device, hub, script


async def lines(client, seconds=1.0):
    """What the client hears until it is quiet."""
    heard = []
    while True:
        try:
            said = await client.said.take(lambda said: not said.late, seconds)
        except Unheard:
            return heard
        same(len(said.xml.findall('{jabber:client}body')), 1)
        holds('/' in said.xml.get('from'), 'openHAB hears only full addresses')
        heard.append(said.body)


@case
async def a_hub_hears_lines_and_moves_things_without_any_subscription(world):
    device, hub, _ = await household(world)
    await lines(hub)
    hub.say('sync')
    same(await lines(hub), ['door=closed', 'air=20.5', 'soil=40', 'pump=off', 'lamp=0', 'fan=off', 'valve=closed',
                            'ok sync 7'])
    await device.poke('set IN1 1')
    same(await lines(hub), ['door=open'])
    # As openHAB's publishXMPP does: to the bare address.
    hub.say('pump on', to=device.jid)
    same(await lines(hub), ['ok pump on', 'pump=on'])
    same(await device.level('OUT1'), 'on')
    hub.say('lamp 140')
    same(await lines(hub), ['err lamp 140 is outside 0% to 100%'])


@case
async def a_hundred_orders_at_once_are_answered_in_their_order(world):
    device, hub, _ = await household(world)
    await lines(hub)
    for number in range(50):
        hub.say('lamp %d' % number)
    heard = await lines(hub, 2)
    same([line for line in heard if line.startswith('ok')], ['ok lamp %d' % number for number in range(50)])
    same([line for line in heard if '=' in line][-1], 'lamp=49')
    same(await device.level('OUT2'), '49')


@case
async def a_script_hears_json_of_its_points_only(world):
    device, _, script = await household(world)
    await lines(script)
    await device.poke('set AN1 30')
    await device.poke('set IN1 1')
    heard = [json.loads(line) for line in await lines(script)]
    same([(told['point'], told['value'], told['active']) for told in heard], [('door', 'open', True)])
    script.say(json.dumps({'set': 'pump', 'value': 'on', 'id': 1}))
    (answer,) = [json.loads(line) for line in await lines(script)]
    same((answer['ok'], answer['id'], answer['error']), (False, 1, 'that needs the role operator, and yours is viewer'))
    same(await device.level('OUT1'), 'off')


@case
async def a_device_that_starts_again_tells_the_hub_everything(world):
    device, hub, _ = await household(world)
    await lines(hub)
    await device.stop()
    await device.start()
    same(await lines(hub, 2), ['door=closed', 'air=20.5', 'soil=40', 'pump=off', 'lamp=0', 'fan=off', 'valve=closed'])


@case
async def one_hub_keeps_two_devices_apart(world):
    first, hub, _ = await household(world)
    name = hub.boundjid.local
    second = await world.device(PEOPLE % (name, 'nobody') + POINTS)
    same(len(await lines(hub, 2)), 7, 'what the first has said')
    other = await world.person('slixmpp', name, device=second, friendly=False, wait=False)
    # Both devices' lines come to both clients; each of these listens to its own.
    await lines(other)
    hub.say('pump on')
    other.say('lamp 30')
    same(sorted(await lines(hub)), ['ok pump on', 'pump=on'])
    same(sorted(await lines(other)), ['lamp=30', 'ok lamp 30'])
    same([await first.level(line) for line in ('OUT1', 'OUT2')], ['on', '0'])
    same([await second.level(line) for line in ('OUT1', 'OUT2')], ['off', '30'])
    await first.poke('set AN1 1')
    await second.poke('set AN1 2')
    same((await lines(hub), await lines(other)), (['air=1.0'], ['air=2.0']))
    # The end of one is nothing to the other.
    await first.stop()
    other.say('sync')
    same((await lines(other))[-1], 'ok sync 7')


@case
async def a_hub_that_floods_is_told_once_and_disturbs_nobody(world):
    device, hub, _ = await household(world, '[limits]\ncommands_per_minute = 20\n')
    anna = await world.person('slixmpp', 'anna', device=device)
    await lines(hub)
    for number in range(2000):
        hub.say('lamp %d' % (number % 100))
    # Somebody else is answered in the middle of it.
    begun = asyncio.get_running_loop().time()
    same(await anna.ask('fan high'), 'Fan: high')
    holds(asyncio.get_running_loop().time() - begun < 3, 'the person waited')
    heard = await lines(hub, 2)
    same([line for line in heard if line.startswith('ok')], ['ok lamp %d' % number for number in range(20)])
    same([line for line in heard if line.startswith('err')], ['err too many commands; wait a minute'])
    same([line for line in heard if line.startswith('lamp=')][-1], 'lamp=19')
    same(await device.level('OUT2'), '19')
    same(device.log().count('is too fast; ignored for now'), 1)
    # As soon as a command is due again, it is done.
    await asyncio.sleep(4)
    hub.say('lamp 77')
    holds('ok lamp 77' in await lines(hub), 'no answer after the pause')


@case
async def a_hub_without_the_right_moves_nothing_and_sees_only_its_points(world):
    contact = '[[contacts]]\njid = "%s@home.example"\nrole = "viewer"\nspeaks = "lines"\npoints = ["door", "pump"]\n'
    name = 'looker%d' % random.randrange(10 ** 6)
    world.server.add(name)
    device = await world.device(contact % name + PEOPLE % ('nobody', 'nobody2') + POINTS)
    hub = await world.person('slixmpp', name, device=device, friendly=False, wait=False)
    same(await lines(hub), ['door=closed', 'pump=off'])
    hub.say('pump on')
    same(await lines(hub), ['err pump that needs the role operator, and yours is viewer'])
    # What it may not see is what does not exist.
    hub.say('lamp 30')
    hub.say('nonsense 30')
    secret, nothing = await lines(hub)
    same(secret.replace('lamp', 'X'), nothing.replace('nonsense', 'X'))
    await device.poke('set AN1 30')
    await device.poke('set IN1 1')
    same(await lines(hub), ['door=open'])
    same([await device.level(line) for line in ('OUT1', 'OUT2')], ['off', '0'])
    # And a program that is no contact at all hears nothing.
    stranger = await world.person('slixmpp', 'stranger', device=device, friendly=False, wait=False)
    stranger.say('pump on')
    stranger.say('sync')
    same(await lines(stranger), [])
    same(await device.level('OUT1'), 'off')
