"""Programs as contacts: a hub that speaks lines, a script that speaks JSON, and people beside them."""
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


async def household(world):
    """-> device, hub, script. Neither subscribes to anything, as openHAB's binding does not."""
    hub, script = ('%s%d' % (name, random.randrange(10 ** 6)) for name in ('hub', 'script'))
    world.server.add(hub, script)
    device = await world.device(PEOPLE % (hub, script) + POINTS)
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
