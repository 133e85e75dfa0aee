"""The device as a component of Prosody and of ejabberd: no account, no roster, plain text on loopback (XEP-0114)."""
import asyncio
import random

from case_discovery import refusal
from house import DOMAIN, PASSWORD, POINTS, Device
from slix import COMMANDS
from suite import case, holds, on_both_servers, same, until

GATEWAY = 'gpio.' + DOMAIN

CONTACTS = '''
[[contacts]]
jid = "%s@home.example"
role = "owner"
notify = ["door"]
[[contacts]]
jid = "%s@home.example"
role = "operator"
speaks = "lines"
points = ["pump"]
'''


class Shed(Device):
    """A daemon that is shed@gpio.home.example."""

    def write(self, body, head=''):
        self.jid = 'shed@' + GATEWAY
        self.full = self.jid + '/katydid'
        self.config.write_text('''
[device]
name = "shed"
board = "sim"
[xmpp]
jid = "%s"
password = { file = "%s" }
component = { server = "127.0.0.1:%d" }
[store]
dir = "%s"
[sim]
socket = "%s"
%s''' % (self.jid, self.dir / 'password', self.server.component_port, self.dir / 'store', self.socket, body))


async def shed(world, password=PASSWORD, more='', server=None):
    """-> device, an owner’s name that is new to it, a hub’s name"""
    owner, hub = ('%s%d' % (name, random.randrange(10 ** 6)) for name in ('dora', 'hub'))
    (server or world.server).add(owner, hub)
    world.count += 1
    device = Shed(server or world.server, world.dir / ('shed-%d' % world.count), world.binary, 'shed',
                  CONTACTS % (owner, hub) + more + POINTS, password=password)
    world.extra.append(device)
    await device.start()
    return device, owner, hub


async def online(device):
    await until(lambda: 'online as' in device.log(), 10, 'the device online')


@on_both_servers
async def the_menu_is_there_at_the_bare_address_too(world):
    device, owner, _ = await shed(world)
    dora = await world.person('slixmpp', owner, device=device)
    for address in (device.jid, device.full):
        dora.device = address
        items = await dora.items(COMMANDS)
        holds({'pump', 'status', 'lamp'} <= {node for _, node, _ in items}, items)
        # As a client does it that opened the menu of this address, and as one that goes where the item says.
        same((await dora.fill('pump', {'value': '1'})).note, 'Water pump: on')
        same(await device.level('OUT1'), 'on')
        (place,) = {jid for jid, _, _ in items}
        dora.device = place
        same((await dora.fill('pump', {'value': '0'})).note, 'Water pump: off')
        same(await device.level('OUT1'), 'off')


@on_both_servers
async def everybody_else_finds_nothing(world):
    device, owner, _ = await shed(world)
    await online(device)
    stranger = await world.person('slixmpp', 'stranger', device=device, friendly=False, wait=False)
    for address in (device.jid, device.full, GATEWAY, 'cellar@' + GATEWAY):
        stranger.device = address
        same((await refusal(stranger.info())).condition, 'service-unavailable')
        same((await refusal(stranger.items(COMMANDS))).condition, 'service-unavailable')
    stranger.device = device.jid
    stranger.seen.items.clear()
    stranger.send_xml('<presence to="%s" type="subscribe"/>' % device.jid)
    same((await stranger.seen.take()).type, 'unsubscribed')
    stranger.say('pump on')
    await stranger.said.none()
    await stranger.seen.none(lambda seen: seen.type == 'available')
    same(await device.level('OUT1'), 'off')


@on_both_servers
async def the_domain_shows_who_is_in_it(world):
    device, owner, _ = await shed(world)
    dora = await world.person('slixmpp', owner, device=device)
    dora.device = GATEWAY
    same((await dora.info()).identities, [('component', 'generic', 'Katydid', 'en')])
    same(await dora.items(), [(device.jid, None, 'shed')])
    dora.device = device.jid
    same((await dora.info()).identities, [('client', 'bot', 'Katydid shed', 'en')])


@on_both_servers
async def presence_comes_at_login_at_changes_and_at_the_end(world):
    device, owner, _ = await shed(world)
    # The person subscribes and lets the device subscribe.
    dora = await world.person('slixmpp', owner, device=device, wait=False)
    seen = await dora.seen.take(lambda seen: seen.type == 'available' and seen.ver, 10)
    holds('Front door closed' in seen.status, seen)
    await until(lambda: dora.client_roster[device.jid]['subscription'] == 'both', 10, 'both subscriptions')
    await dora.leave()
    world.people.remove(dora)
    dora = await world.person('slixmpp', owner, device=device)
    await asyncio.sleep(1.1)
    dora.seen.items.clear()
    await device.poke('set IN1 1')
    await dora.seen.take(lambda seen: 'Front door open' in seen.status)
    await device.stop()
    await dora.seen.take(lambda seen: seen.type == 'unavailable')
    await device.start()
    # Who is subscribed already is not asked again.
    await dora.seen.take(lambda seen: seen.type == 'available' and seen.ver, 10)
    await dora.seen.none(lambda seen: seen.type == 'subscribe', 1)


@on_both_servers
async def it_talks_tells_and_obeys_as_with_an_account(world):
    device, owner, hub = await shed(world)
    dora = await world.person('slixmpp', owner, device=device)
    hub = await world.person('slixmpp', hub, device=device, friendly=False, wait=False)
    dora.say('pump on', to=device.jid)
    said = await dora.said.take(lambda said: said.body and '/' in said.to)
    same((said.body, said.xml.get('from')), ('Water pump: on', device.full))
    # It may have come while the device was still telling everything.
    await hub.said.take(lambda said: said.body == 'pump=on')
    hub.say('pump off', to=device.jid)
    await hub.said.take(lambda said: said.body == 'ok pump off')
    await device.poke('set IN1 1')
    same(await dora.notice(), 'Front door: open')
    same(await dora.request('<ping xmlns="urn:xmpp:ping"/>', to=device.jid), None)


@on_both_servers
async def it_sits_in_rooms(world):
    from case_rooms import sitter
    room = 'gateway%d@rooms.%s' % (random.randrange(10 ** 6), DOMAIN)
    owner = 'dora%d' % random.randrange(10 ** 6)
    world.server.add(owner)
    dora = await sitter(world, owner, room, 'Dora')
    await dora.open(whois='anyone')
    world.count += 1
    device = Shed(world.server, world.dir / ('shed-%d' % world.count), world.binary, 'shed',
                  CONTACTS % (owner, 'hub') + '[[rooms]]\njid = "%s"\n' % room + POINTS)
    world.extra.append(device)
    await device.start()
    await dora.heard_of('shed')
    same(await dora.asks('Dora', 'shed: pump on'), 'Water pump: on')
    dora.device = room + '/shed'
    same((await dora.fill('pump', {'value': '0'})).note, 'Water pump: off')
    await device.stop()
    await dora.heard_of('shed', 'unavailable')


@case
async def it_comes_back_after_the_servers_restart_and_says_what_happened_meanwhile(world):
    from house import Server
    server = Server(world.dir / ('gateway-%d' % world.count))
    device, owner, _ = await shed(world, server=server)
    try:
        dora = await world.person('slixmpp', owner, device=device, server=server)
        await until(lambda: dora.client_roster[device.jid]['subscription'] == 'both', 10, 'both subscriptions')
        await dora.leave()
        world.people.remove(dora)
        server.stop()
        await until(lambda: 'the connection to the server is lost' in device.log(), 10, 'noticing it')
        await device.poke('set IN1 1')
        await asyncio.sleep(1.2)
        server.restart()
        await until(lambda: 'online again' in device.log(), 60, 'coming back')
        dora = await world.person('slixmpp', owner, device=device, server=server)
        late = await dora.said.take(lambda said: said.body == 'Front door: open', 10)
        holds(late.late, 'it says when it was')
        same(await dora.ask('pump on'), 'Water pump: on')
        await dora.leave()
        world.people.remove(dora)
    finally:
        await device.stop()
        server.stop()


@on_both_servers
async def a_wrong_secret_is_said_once_and_not_repeated_soon(world):
    device, _, _ = await shed(world, password='pen')
    words = 'the server refused the password of ' + GATEWAY
    await until(lambda: words in device.log(), 10, 'saying so')
    await asyncio.sleep(3)
    same(device.log().count(words), 1)
    holds('trying again in some minutes' in device.log(), device.log())


@case
async def a_second_program_for_the_same_component_does_not_disturb_the_first(world):
    first, owner, _ = await shed(world)
    await online(first)
    second, _, _ = await shed(world)
    await until(lambda: 'another program is connected as the component ' + GATEWAY in second.log(), 10, 'saying so')
    dora = await world.person('slixmpp', owner, device=first)
    same(await dora.ask('pump on'), 'Water pump: on')
    same((await first.level('OUT1'), await second.level('OUT1')), ('on', 'off'))
    # When the first ends, the second takes its place by itself.
    await first.stop()
    await until(lambda: 'online as' in second.log(), 30, 'taking over')
