"""Rooms: the device as an occupant of Prosody's and ejabberd's, with people under other names, in the open and hidden."""
import asyncio
import signal

from case_discovery import refusal
from house import DOMAIN, POINTS
from slix import COMMANDS, SlixPerson
from suite import case, holds, on_both_servers, same, until

PEOPLE = '''
[[contacts]]
jid = "anna@home.example"
role = "owner"
[[contacts]]
jid = "ben@home.example"
role = "viewer"
'''
OWNER = 'http://jabber.org/protocol/muc#owner'


def config(room, more=''):
    return PEOPLE + '[[rooms]]\njid = "%s"\n%s' % (room, more) + POINTS


class Sitter(SlixPerson):
    """A person in a room, whose device is the room: what it hears and sees there is what it says."""

    async def enter(self, room, nick):
        self.room, self.device = room, room + '/x'
        self.send_xml('<presence to="%s/%s"><x xmlns="http://jabber.org/protocol/muc"/></presence>' % (room, nick))
        await self.heard_of(nick)
        return self

    async def heard_of(self, nick, type_='available'):
        """Waits for a presence of this occupant."""
        await until(lambda: (nick, type_) in self.came, 10, '%s being %s in the room' % (nick, type_))

    def _presence(self, presence):
        if presence['from'].bare == self.device.split('/')[0]:
            self.came.append((presence['from'].resource, presence.xml.get('type', 'available')))

    async def open(self, **settings):
        """Gives the room its form."""
        fields = ''.join('<field var="muc#roomconfig_%s"><value>%s</value></field>' % item for item in settings.items())
        await self.request('<query xmlns="%s"><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden">'
                           '<value>http://jabber.org/protocol/muc#roomconfig</value></field>%s</x></query>' % (OWNER, fields),
                           'set', self.room)

    def shout(self, text):
        self.send_message(mto=self.room, mbody=text, mtype='groupchat')

    async def hears(self, start, seconds=5):
        """The next words in the room that begin so."""
        return (await self.said.take(lambda said: said.body and said.body.startswith(start), seconds)).body

    async def asks(self, nick, text):
        self.shout(text)
        return (await self.hears(nick + ': ')).removeprefix(nick + ': ')

    async def throw_out(self, nick):
        await self.request('<query xmlns="http://jabber.org/protocol/muc#admin"><item nick="%s" role="none"/></query>' % nick,
                           'set', self.room)


async def sitter(world, name, room, nick):
    world.count += 1
    made = Sitter(world.server, '%s@%s/client%d' % (name, DOMAIN, world.count), 'pencil', room + '/x', friendly=False)
    made.came = []
    world.people.append(made)
    await made.arrive()
    return await made.enter(room, nick)


def place(world):
    world.count += 1
    return 'room%d@rooms.%s' % (world.count, DOMAIN)


async def household(world, more='', **settings):
    """Anna's room, in which the device sits as `shed`. -> (room, anna, device)"""
    room = place(world)
    anna = await sitter(world, 'anna', room, 'Ännchen')
    await anna.open(**{'whois': 'anyone', **settings})
    device = await world.device(config(room, 'nick = "shed"\n' + more))
    await anna.heard_of('shed')
    return room, anna, device


@on_both_servers
async def a_room_the_device_makes_is_open_for_others(world):
    room = place(world)
    device = await world.device(config(room, 'nick = "shed"\n'))
    await until(lambda: 'in the room ' + room in device.log(), 10, 'joining')
    anna = await sitter(world, 'anna', room, 'Ännchen')
    await anna.heard_of('shed')


@on_both_servers
async def people_are_answered_in_the_room_with_the_rights_of_their_address(world):
    room, anna, device = await household(world)
    ben = await sitter(world, 'ben', room, 'b')
    same(await anna.asks('Ännchen', 'shed: pump on'), 'Water pump: on')
    same(await device.level('OUT1'), 'on')
    same(await ben.asks('b', '@shed pump off'), 'Water pump: that needs the role operator, and yours is viewer')
    same(await ben.asks('b', 'Shed, air'), 'Air: 20.5 °C')
    anna.shout('the shed is warm')
    stranger = await sitter(world, 'stranger', room, 'anna@home.example')
    stranger.shout('shed: pump off')
    await anna.said.none(lambda said: said.body and said.body.startswith('anna@home.example:'), 1)
    same(await device.level('OUT1'), 'on')


@on_both_servers
async def commands_go_through_the_room_as_gajim_sends_them(world):
    room, anna, device = await household(world, 'points = ["pump", "air"]\n')
    anna.device = room + '/shed'
    items = await anna.items(COMMANDS)
    nodes = [node for _, node, _ in items]
    holds('pump' in nodes and 'lamp' not in nodes, nodes)
    # Gajim runs a command where its item says it is.
    same({jid for jid, _, _ in items}, {room + '/shed'})
    same((await anna.fill('pump', {'value': '1'})).note, 'Water pump: on')
    same(await device.level('OUT1'), 'on')
    same((await refusal(anna.fill('lamp', {'value': '1'}))).condition, 'item-not-found')
    stranger = await sitter(world, 'stranger', room, 's')
    stranger.device = room + '/shed'
    same((await refusal(stranger.items(COMMANDS))).condition, 'service-unavailable')
    same((await refusal(stranger.fill('pump', {'value': '0'}))).condition, 'service-unavailable')


@on_both_servers
async def in_a_room_that_hides_addresses_everybody_is_a_guest(world):
    for guests, answer in (('', None), ('guests = ["air"]\n', 'Air: 20.5 °C')):
        room, anna, device = await household(world, guests, whois='moderators')
        # Only moderators see addresses, and the device is none.
        anna.shout('shed: pump on')
        anna.shout('shed: air')
        if answer:
            same(await anna.hears('Ännchen: here'), 'Ännchen: here you may only read: say status, or the name of a point')
            same(await anna.hears('Ännchen: '), 'Ännchen: ' + answer)
        else:
            await anna.said.none(lambda said: said.body and said.body.startswith('Ännchen:'), 1)
        same(await device.level('OUT1'), 'off')
        await device.stop()


@on_both_servers
async def real_addresses_that_can_be_known_from_now_on_are_known_at_once(world):
    async def opened(anna):
        await anna.open(whois='anyone')

    async def made_moderator(anna):
        await anna.request('<query xmlns="http://jabber.org/protocol/muc#admin"><item nick="shed" role="moderator"/></query>',
                           'set', anna.room)
    for change in (opened, made_moderator):
        room, anna, device = await household(world, whois='moderators')
        anna.shout('shed: air')
        await anna.said.none(lambda said: said.body and said.body.startswith('Ännchen:'), 1)
        await change(anna)
        # The device enters again, and is told who Anna is.
        await asyncio.sleep(1)
        same(await anna.asks('Ännchen', 'shed: air'), 'Air: 20.5 °C')
        same(device.log().count('in the room'), 1)
        await device.stop()


@on_both_servers
async def whoever_throws_it_out_has_peace_for_a_while(world):
    room, anna, device = await household(world)
    await anna.throw_out('shed')
    await anna.heard_of('shed', 'unavailable')
    await until(lambda: 'the device was kicked' in device.log(), 5, 'a word in the log')
    anna.came.clear()
    await asyncio.sleep(2)
    same(anna.came, [])


@on_both_servers
async def whoever_was_banned_while_away_is_told_so_and_stays_out(world):
    room = place(world)
    anna = await sitter(world, 'anna', room, 'Ännchen')
    await anna.open(whois='anyone')
    await anna.request('<query xmlns="http://jabber.org/protocol/muc#admin"><item jid="banned@%s" affiliation="outcast"/>'
                       '</query>' % DOMAIN, 'set', room)
    device = await world.device(config(room, 'nick = "shed"\n'), name='banned')
    await until(lambda: 'not in the room %s: the device is banned from it' % room in device.log(), 10, 'a word in the log')


@on_both_servers
async def a_nick_changed_at_sighup_is_heard_at_once(world):
    room, anna, device = await household(world)
    device.write(config(room, 'nick = "barn"\n'))
    device.kick(signal.SIGHUP)
    await anna.heard_of('shed', 'unavailable')
    await anna.heard_of('barn')
    await asyncio.sleep(0.5)
    same(await anna.asks('Ännchen', 'barn: air'), 'Air: 20.5 °C')
    same(device.log().count('not in the room'), 0)


@case
async def a_minute_after_a_kick_it_is_back_and_tells_what_has_changed(world):
    room, anna, device = await household(world, 'notify = ["door"]\n')
    await anna.throw_out('shed')
    await anna.heard_of('shed', 'unavailable')
    anna.came.clear()
    for level in '101':
        await device.poke('set IN1 ' + level)
        await asyncio.sleep(1.2)
    await until(lambda: ('shed', 'available') in anna.came, 70, 'its return')
    same(await anna.hears('Front door'), 'Front door: open')
    await anna.said.none(lambda said: said.body and said.body.startswith('Front door'), 1)


@on_both_servers
async def owners_invite_it_and_nobody_else(world):
    room = place(world)
    anna = await sitter(world, 'anna', room, 'Ännchen')
    await anna.open(whois='anyone')
    ben = await sitter(world, 'ben', room, 'b')
    device = await world.device(PEOPLE + POINTS, name='guest')
    await until(lambda: 'online as' in device.log(), 10, 'the device online')
    direct = '<message to="%s"><x xmlns="jabber:x:conference" jid="%s"/></message>'
    ben.send_xml(direct % (device.full, room))
    await asyncio.sleep(0.5)
    same(('guest', 'available') in anna.came, False)
    anna.send_xml('<message to="%s"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="%s"/></x></message>'
                  % (room, device.jid))
    await anna.heard_of('guest')
    same(await anna.asks('Ännchen', 'guest: air'), 'Air: 20.5 °C')
    second = place(world)
    other = await sitter(world, 'anna', second, 'Ännchen')
    await other.open(whois='anyone')
    other.send_xml(direct % (device.full, second))
    await other.heard_of('guest')


@on_both_servers
async def two_devices_in_one_room_answer_to_their_own_names(world):
    room, anna, shed = await household(world)
    cellar = await world.device(config(room, 'nick = "cellar"\n'))
    await anna.heard_of('cellar')
    same(await anna.asks('Ännchen', 'cellar: pump on'), 'Water pump: on')
    same((await shed.level('OUT1'), await cellar.level('OUT1')), ('off', 'on'))
    same(await anna.asks('Ännchen', 'shed: pump'), 'Water pump: off')


@on_both_servers
async def the_room_is_told_of_changes_and_what_is_an_answer_is_not_told_again(world):
    room, anna, device = await household(world, 'notify = ["door", "pump"]\n')
    await device.poke('set IN1 1')
    same(await anna.hears('Front door'), 'Front door: open')
    same(await anna.asks('Ännchen', 'shed: pump on'), 'Water pump: on')
    # The answer is the notice.
    await anna.said.none(lambda said: said.body and said.body.startswith('Water pump'), 1.5)


@on_both_servers
async def alarms_are_told_to_the_room_and_acknowledged_there(world):
    room = place(world)
    anna = await sitter(world, 'anna', room, 'Ännchen')
    await anna.open(whois='anyone')
    text = config(room, 'nick = "shed"\n').replace('[sensors.soil]', 'alarm = { above = 30, say = "It is too hot" }\n[sensors.soil]')
    # Anna hears of it in the room only.
    device = await world.device(text.replace('role = "owner"', 'role = "owner"\nalarms = false'))
    await anna.heard_of('shed')
    await device.poke('set AN1 35')
    alarm = (await anna.said.take(lambda said: said.body and 'It is too hot' in said.body)).body
    holds('35.0 °C' in alarm, alarm)
    anna.shout('shed: ack')
    await anna.said.take(lambda said: said.body and 'acknowledged by Ännchen' in said.body)


@on_both_servers
async def what_was_said_before_it_came_is_not_done(world):
    room = place(world)
    anna = await sitter(world, 'anna', room, 'Ännchen')
    await anna.open(whois='anyone')
    for words in ('shed: pump on', '@shed pump on', 'shed: status'):
        anna.shout(words)
    await anna.hears('shed: status')
    device = await world.device(config(room, 'nick = "shed"\n'))
    await anna.heard_of('shed')
    await anna.said.none(lambda said: said.body and said.body.startswith('Ännchen:'), 1)
    same(await device.level('OUT1'), 'off')
    same(await anna.asks('Ännchen', 'shed: pump'), 'Water pump: off')


@on_both_servers
async def it_comes_back_after_the_servers_restart(world):
    from house import Device, Server
    server = Server(world.dir / ('rooms-%d' % world.count), world.server.script)
    room = place(world)
    device = Device(server, world.dir / ('sitting-%d' % world.count), world.binary, 'greenhouse',
                    config(room, 'nick = "shed"\nnotify = ["door"]\n'))
    world.extra.append(device)
    try:
        await device.start()
        await until(lambda: 'in the room' in device.log(), 10, 'joining')
        server.stop()
        await device.poke('set IN1 1')
        server.restart()
        await until(lambda: device.log().count('in the room') == 2, 60, 'joining again')
        anna = Sitter(server, 'anna@home.example/a', 'pencil', room + '/x', friendly=False)
        anna.came = []
        await anna.arrive()
        await anna.enter(room, 'Ännchen')
        same(await anna.asks('Ännchen', 'shed: door'), 'Front door: open')
        await anna.leave()
    finally:
        await device.stop()
        server.stop()
