"""Who may see and do what: the same answer at every door."""
import re
import xml.etree.ElementTree as ET

from case_discovery import refusal
from slix import COMMANDS
from suite import case, holds, same, until, with_both


@with_both
async def a_viewer_reads_and_moves_nothing(world, kind):
    ben = await world.person(kind, 'ben')
    same(await ben.ask('air'), 'Air: 20.5 °C')
    same((await ben.ask('status')).splitlines()[0], 'greenhouse: all well')
    for typed in ('pump on', 'pump toggle', 'pump pulse 1s', 'pump off', 'pump maybe'):
        same(await ben.ask(typed), 'Water pump: that needs the role operator, and yours is viewer', typed)
    same(await ben.ask('who'), 'You are ben@home.example, viewer.')
    same([node for _, node, _ in await ben.items(COMMANDS)], ['status', 'read'])
    same((await ben.info('points/pump')).forms[0]['writable'], ['false'])
    for node in ('pump', 'pump-pulse', 'lamp'):
        same((await refusal(ben.fill(node, {'value': '1'}))).condition, 'forbidden', node)
        same((await refusal(ben.info(node))).condition, 'item-not-found', node)
    same((await ben.fill('read', {'point': 'air'})).note, 'Air: 20.5 °C')
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def help_shows_a_viewer_only_what_it_can_do(world):
    ben = await world.person('slixmpp', 'ben')
    help_ = await ben.ask('help')
    holds('status' in help_ and 'switch it' not in help_ and 'set it' not in help_, help_)


@with_both
async def an_operator_of_some_points_finds_only_these_anywhere(world, kind):
    kitchen = await world.person(kind, 'kitchen', wait=False)
    await kitchen.seen.take(lambda seen: seen.status == 'Air 20.5 °C · Water pump off')
    same(await kitchen.ask('status'), 'greenhouse: all well\nAir: 20.5 °C\nWater pump: off')
    same(await kitchen.ask('pump on'), 'Water pump: on')
    same([node for _, node, _ in await kitchen.items()], ['points/air', 'points/pump'])
    same([node for _, node, _ in await kitchen.items(COMMANDS)], ['status', 'read', 'pump', 'pump-pulse'])
    same((await kitchen.fill('pump', {'value': '0'})).note, 'Water pump: off')
    same((await kitchen.fill('read', {'point': 'all'})).note, 'greenhouse: all well\nAir: 20.5 °C\nWater pump: off')


@with_both
async def what_an_operator_may_not_know_of_looks_like_what_does_not_exist(world, kind):
    kitchen = await world.person(kind, 'kitchen')
    for hidden, nothing in (('door', 'dxxx'), ('lamp 40', 'lxxx 40'), ('front', 'frxxx'), ('fan low', 'fxx low')):
        blank = lambda text, typed: text.replace('“%s”' % typed.split()[0], '“…”')
        same(blank(await kitchen.ask(hidden), hidden), blank(await kitchen.ask(nothing), nothing), hidden)
        # Who is never understood is not answered for ever.
        await kitchen.ask('pump')
    for hidden, nothing in (('lamp', 'lxxx'), ('valve-pulse', 'vxxxx-pulse'), ('points/door', 'points/dxxx')):
        for asked in (kitchen.info, kitchen.items):
            same(str(await refusal(asked(hidden))), str(await refusal(asked(nothing))), hidden)
    for hidden, nothing in (('lamp', 'lxxx'), ('valve-pulse', 'vxxxx-pulse')):
        same(str(await refusal(kitchen.fill(hidden, {}))), str(await refusal(kitchen.fill(nothing, {}))), hidden)
    same((await kitchen.fill('read', {'point': 'door'})).note, (await kitchen.fill('read', {'point': 'dxxx'})).note)
    same([line for line in (await kitchen.ask('log')).splitlines() if 'pump' not in line and 'Air' not in line
          and 'Nothing' not in line], [])


@case
async def presence_shows_an_operator_of_some_points_no_change_of_another(world):
    kitchen = await world.person('slixmpp', 'kitchen')
    anna = await world.anna()
    await anna.seen.take(lambda seen: 'Front door closed' in seen.status)
    await world.greenhouse.poke('set IN1 1')
    await world.greenhouse.poke('fail AN2 roots')
    seen = await anna.seen.take(lambda seen: 'Front door open' in seen.status and 'Soil fault' in seen.status)
    same(seen.show, 'away')
    await kitchen.seen.none(lambda seen: seen.show or 'Front' in seen.status or 'Soil' in seen.status, 1.5)


STRANGERS_IQS = [
    '<query xmlns="http://jabber.org/protocol/disco#info"%s/>',
    '<query xmlns="http://jabber.org/protocol/disco#items"%s/>',
]


@case
async def a_stranger_gets_no_word_and_no_presence(world):
    stranger = await world.person('slixmpp', 'stranger', friendly=False)
    for text in ('status', 'pump on', 'help', 'nonsense'):
        stranger.say(text)
        stranger.say(text, to=world.greenhouse.jid)
    stranger.send_xml('<message to="{device}" type="chat" id="s1"><body>air</body><request xmlns="urn:xmpp:receipts"/></message>')
    stranger.send_presence(pto=world.greenhouse.full)
    stranger.send_xml('<presence type="probe" to="{device}"/>')
    await stranger.said.none(seconds=1)
    same(stranger.seen.items, [])
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def a_strangers_subscription_is_refused(world):
    stranger = await world.person('slixmpp', 'stranger', friendly=False)
    stranger.send_presence_subscription(pto=world.greenhouse.jid, ptype='subscribe')
    await stranger.seen.take(lambda seen: seen.type == 'unsubscribed')
    # Prosody says unavailable by itself.
    await stranger.seen.none(lambda seen: seen.type != 'unavailable', 1)
    holds('stranger@home.example' in world.greenhouse.log(), 'the log does not say who')


@case
async def a_stranger_cannot_tell_what_exists_from_what_does_not(world):
    stranger = await world.person('slixmpp', 'stranger', friendly=False)
    answers = set()
    for node in ('', ' node="%s"' % COMMANDS, ' node="pump"', ' node="points/door"', ' node="nonsense"'):
        for iq in STRANGERS_IQS:
            answers.add(str(await refusal(stranger.request(iq % node))))
    for node in ('pump', 'status', 'nonsense'):
        answers.add(str(await refusal(stranger.command(node))))
    for payload in ('<query xmlns="jabber:iq:version"/>', '<ping xmlns="urn:xmpp:ping"/>', '<x xmlns="urn:example:x"/>',
                    '<query xmlns="jabber:iq:last"/>', '<time xmlns="urn:xmpp:time"/>'):
        answers.add(str(await refusal(stranger.request(payload))))
    same(answers, {"('service-unavailable', '', '')"})


@case
async def rights_go_by_the_bare_address_and_not_by_what_one_calls_oneself(world):
    stranger = await world.person('slixmpp', 'stranger', friendly=False, resource='anna@home.example')
    stranger.send_xml('<message to="{device}" type="chat" from="anna@home.example/x"><body>pump on</body></message>')
    stranger.send_xml('<message to="{device}" type="chat"><body>pump on</body>'
                      '<nick xmlns="http://jabber.org/protocol/nick">anna</nick>'
                      '<addresses xmlns="http://jabber.org/protocol/address"><address type="ofrom" jid="anna@home.example"/>'
                      '</addresses></message>')
    await stranger.said.none(lambda said: said.type != 'error', seconds=1)
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def a_stranger_cannot_push_itself_onto_the_roster(world):
    stranger = await world.person('slixmpp', 'stranger', friendly=False)
    push = '<query xmlns="jabber:iq:roster"><item jid="stranger@home.example" subscription="both"/></query>'
    same((await refusal(stranger.request(push, 'set'))).condition, 'service-unavailable')
    stranger.say('status')
    await stranger.said.none(seconds=0.5)


@case
async def nothing_the_device_sent_a_stranger_names_a_point(world):
    """Everything on the wire towards a stranger, as the client got it."""
    stranger = await world.person('slixmpp', 'stranger', friendly=False)
    wire = []
    stranger.add_filter('in', lambda stanza: wire.append(ET.tostring(stanza.xml, encoding='unicode')) or stanza)
    for text in ('status', 'door', 'pump on'):
        stranger.say(text)
    await refusal(stranger.info('points/door'))
    stranger.send_presence_subscription(pto=world.greenhouse.jid, ptype='subscribe')
    await stranger.seen.take(lambda seen: seen.type == 'unsubscribed')
    await until(lambda: wire, about='any stanza')
    found = [line for line in wire if re.search('Front|Water|Soil|Valve|20\\.5', line)]
    same(found, [])
