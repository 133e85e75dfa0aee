"""Typed words, and messages that are none."""
from heard import is_notice
from suite import case, holds, same, with_both

# What is typed, and what comes back, in this order.
TALK = [
    ('door', 'Front door: closed'),
    ('front door', 'Front door: closed'),
    ('FRONT DOOR', 'Front door: closed'),
    ('air?', 'Air: 20.5 °C'),
    ('get air', 'Air: 20.5 °C'),
    ('read air', 'Air: 20.5 °C'),
    ('so', 'Soil: 40%'),
    ('pump', 'Water pump: off'),
    ('pump on', 'Water pump: on'),
    ('water', 'Water pump: on'),
    ('Water pump off', 'Water pump: off'),
    ('pump toggle', 'Water pump: on'),
    ('PUMP Toggle', 'Water pump: off'),
    ('turn on the pump', 'Water pump: on'),
    ('switch pump off', 'Water pump: off'),
    ('set pump to on', 'Water pump: on'),
    ('pump = off', 'Water pump: off'),
    ('pump on 10m', 'Water pump: on, back to off in 10m'),
    ('pump on for 1h30m', 'Water pump: on, back to off in 1h30m'),
    ('pump off', 'Water pump: off'),
    ('lamp 40', 'Front light: 40%'),
    ('lamp 41%', 'Front light: 41%'),
    ('front light 42 %', 'Front light: 42%'),
    ('lamp 43 5m', 'Front light: 43%, back to 0% in 5m'),
    ('lamp 0', 'Front light: 0%'),
    ('fan low', 'Fan: low'),
    ('fan HIGH', 'Fan: high'),
    ('fan off', 'Fan: off'),
    ('valve open', 'Valve: open, back to closed in 10m'),
    ('valve closed', 'Valve: closed'),
    ('valve on 5m', 'Valve: open, back to closed in 5m'),
    ('valve toggle', 'Valve: closed'),
    # What cannot be.
    ('front', 'Which one: door, lamp?'),
    ('pmup on', 'I do not know “pmup”. Did you mean “pump”? Say help.'),
    ('stauts', 'I do not know “stauts”. Did you mean “status”? Say help.'),
    ('xyzzy', 'I do not know “xyzzy”. Say help.'),
    ('door open', 'Front door only reads; it cannot be set.'),
    ('set air 25', 'Air only reads; it cannot be set.'),
    ('pump maybe', 'Water pump: “maybe” is not one of off, on'),
    ('pump on soon', 'Water pump: “soon” is not a time; write one like 30s, 10m or 1h30m'),
    ('pump pulse never', 'Water pump: “never” is not a time; write one like 30s, 10m or 1h30m'),
    ('pump off 10m', 'Water pump: off is its safe state, in which a timed command ends; a time makes sense only with '
                     'another state'),
    ('pump on 1ms', 'Water pump: 10ms at least'),
    ('valve open 20m', 'Valve: 10m at most'),
    ('lamp 140', 'Front light: 140 is outside 0% to 100%'),
    ('lamp bright', 'Front light: “bright” is not a number'),
    ('lamp toggle', 'Front light: only something with two states can do that'),
    ('fan hurricane', 'Fan: “hurricane” is not one of off, low, high'),
    ('pump on\npump off', 'One command per message, please.'),
]


@with_both
async def every_line_of_the_grammar_is_answered(world, kind):
    anna = await world.anna(kind)
    for at, (typed, reply) in enumerate(TALK):
        same(await anna.ask(typed), reply, typed)
        if at % 8 == 0:
            # Nothing but what it does not know makes the device fall silent.
            await anna.ask('door')
    same(await world.greenhouse.sim('list'), 'AN1=20.5, AN2=40, IN1=closed, OUT1=off, OUT2=0, OUT3=off, OUT4=closed')


@with_both
async def longer_answers_say_what_one_needs(world, kind):
    anna = await world.anna(kind)
    same(await anna.ask('status'), 'greenhouse: all well\nFront door: closed\nAir: 20.5 °C\nSoil: 40%\n'
         'Water pump: off\nFront light: 0%\nFan: off\nValve: closed')
    same(await anna.ask('Status!'), await anna.ask('status'))
    help_ = await anna.ask('help')
    holds('pump off · on · toggle · on 10m · pulse 500ms' in help_ and 'lamp 40' in help_, help_)
    same(await anna.ask('who'), 'You are anna@home.example, owner.\nben@home.example: viewer\n'
         'kitchen@home.example: operator')
    await anna.ask('pump on')
    await anna.ask('pump off')
    log = (await anna.ask('log')).splitlines()
    holds(log[-2].endswith('Water pump: on (anna@home.example)') and log[-1].endswith('Water pump: off (anna@home.example)'),
          'the log says %r' % log[-2:])


@with_both
async def a_timed_command_goes_back_by_itself_and_a_notice_says_so(world, kind):
    anna = await world.anna(kind)
    same(await anna.ask('pump on 2s'), 'Water pump: on, back to off in 2s')
    same(await world.greenhouse.level('OUT1'), 'on')
    same(await anna.notice(), 'Water pump: off')
    same(await world.greenhouse.level('OUT1'), 'off')


@with_both
async def a_pulse_in_chat(world, kind):
    anna = await world.anna(kind)
    same(await anna.ask('pump pulse 400ms'), 'Water pump: on, back to off in 400ms')
    same(await anna.notice(), 'Water pump: off')
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def a_later_command_replaces_the_end_of_an_earlier_one(world):
    anna = await world.anna()
    await anna.ask('pump on 1s')
    same(await anna.ask('pump on 10m'), 'Water pump: on, back to off in 10m')
    await anna.said.none(is_notice, 1.5)
    same(await world.greenhouse.level('OUT1'), 'on')


@case
async def a_receipt_is_given_when_it_is_asked_for(world):
    anna = await world.anna()
    anna.send_xml('<message to="{device}" type="chat" id="r1"><body>air</body><request xmlns="urn:xmpp:receipts"/></message>')
    receipt = await anna.said.take(lambda said: said.xml.find('{urn:xmpp:receipts}received') is not None)
    same(receipt.xml.find('{urn:xmpp:receipts}received').get('id'), 'r1')
    same(await anna.answer(), 'Air: 20.5 °C')
    anna.send_xml('<message to="{device}" type="chat" id="r2"><body>air</body></message>')
    await anna.answer()
    await anna.said.none()


@case
async def an_answer_keeps_type_and_thread(world):
    anna = await world.anna()
    for type_ in ('chat', 'normal'):
        anna.send_xml('<message to="{device}" type="%s"><body>air</body><thread>t-%s</thread></message>' % (type_, type_))
        said = await anna.said.take(lambda said: said.body)
        same((said.type, said.xml.findtext('{jabber:client}thread')), (type_, 't-' + type_))
        holds(said.id and said.xml.find('{urn:xmpp:sid:0}origin-id').get('id') == said.id, 'no origin id')


@case
async def a_message_to_the_bare_address_works_too(world):
    anna = await world.anna()
    anna.say('air', to=world.greenhouse.jid)
    same(await anna.answer(), 'Air: 20.5 °C')


INNER = '<message xmlns="jabber:client" from="anna@home.example/x" to="greenhouse@home.example" type="chat"><body>pump on</body></message>'

# Messages that must move nothing: the attributes of <message/>, what is in it, what a contact is told (None: nothing).
NOT_COMMANDS = [
    ('type="chat"', '<body>pump on</body><delay xmlns="urn:xmpp:delay" stamp="2026-01-01T00:00:00Z"/>', 'pump on'),
    ('type="chat"', '<body>pump on</body><x xmlns="jabber:x:delay" stamp="20260101T00:00:00"/>', None),  # one answer for all that is late
    ('type="chat"', '<body>pump on</body><replace xmlns="urn:xmpp:message-correct:0" id="m1"/>', 'corrections'),
    ('type="chat"', '<received xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">%s</forwarded></received>' % INNER, None),
    ('type="chat"', '<body>pump on</body><sent xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">%s</forwarded></sent>' % INNER, None),
    ('type="chat"', '<result xmlns="urn:xmpp:mam:2" id="1"><forwarded xmlns="urn:xmpp:forward:0">%s</forwarded></result>' % INNER, None),
    ('type="chat"', '<body>pump on</body><result xmlns="urn:xmpp:mam:2" id="1"/>', None),
    ('type="chat"', '<body>pump on</body><forwarded xmlns="urn:xmpp:forward:0">%s</forwarded>' % INNER, None),
    ('type="error"', '<body>pump on</body><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>', None),
    ('type="groupchat"', '<body>pump on</body>', None),
    ('type="headline"', '<body>pump on</body>', None),
    ('type="chat"', '<body>pump on</body><encrypted xmlns="eu.siacs.conversations.axolotl"/>', 'encrypt'),
    ('type="chat"', '<subject>pump on</subject>', None),
    ('type="chat"', '<body> </body>', None),
    ('type="chat"', '<composing xmlns="http://jabber.org/protocol/chatstates"/>', None),
]


@case
async def what_is_not_a_command_moves_nothing(world):
    anna = await world.anna()
    for attributes, inside, told in NOT_COMMANDS:
        anna.send_xml('<message to="{device}" id="m2" %s>%s</message>' % (attributes, inside))
        if told:
            answer = await anna.answer()
            holds(told in answer, '%s: said %r' % (inside, answer))
        # The next answer being that to this question shows that nothing else was said.
        same(await anna.ask('air'), 'Air: 20.5 °C', inside)
        same(await world.greenhouse.level('OUT1'), 'off', inside)


@case
async def what_was_sent_while_the_device_was_off_is_told_and_not_done(world):
    from case_first_contact import owned_by
    world.server.add('sleepless')
    device = await world.device(owned_by('sleepless'))
    person = await world.person('slixmpp', 'sleepless', device)
    await device.stop()
    await person.seen.take(lambda seen: seen.type == 'unavailable')
    person.say('pump on', to=device.jid)
    await device.start()
    answer = await person.answer(10)
    holds('pump on' in answer, answer)
    same(await device.level('OUT1'), 'off')
    same(await person.ask('pump on'), 'Water pump: on')


@case
async def a_correction_right_after_the_command_does_not_run(world):
    anna = await world.anna()
    anna.send_xml('<message to="{device}" type="chat" id="c1"><body>lamp 10</body></message>')
    same(await anna.answer(), 'Front light: 10%')
    anna.send_xml('<message to="{device}" type="chat" id="c2"><body>lamp 90</body>'
                  '<replace xmlns="urn:xmpp:message-correct:0" id="c1"/></message>')
    holds('corrections' in await anna.answer(), 'the correction')
    same(await world.greenhouse.level('OUT2'), '10')


@case
async def long_and_strange_words_get_a_short_answer(world):
    anna = await world.anna()
    for typed in ('x' * 100000, 'pump ' + 'on ' * 20000, '🌡' * 5000, 'pump on <&>', '\u202epump on', 'a\tb'):
        answer = await anna.ask(typed)
        holds(len(answer) < 300, 'an answer of %d characters' % len(answer))
    same(await world.greenhouse.level('OUT1'), 'off')
