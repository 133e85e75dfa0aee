"""Ad-hoc commands (XEP-0050) as clients really run them, and as no client should."""
from case_discovery import refusal
from suite import case, holds, same, until, with_both

ON_OFF = [('value', ['1'])]


@with_both
async def each_actuator_has_a_form_of_its_kind(world, kind):
    anna = await world.anna(kind)
    get = anna.run if kind == 'aioxmpp' else anna.command
    for node, type_, value, options in (('pump', 'boolean', '0', []), ('lamp', 'text-single', '0', []),
                                        ('fan', 'list-single', 'off', ['off', 'low', 'high']),
                                        ('valve', 'list-single', 'closed', ['closed', 'open'])):
        ran = await get(node)
        same((ran.status, ran.actions - {'cancel'}), ('executing', {'complete'} | ran.actions & {'execute'}), node)
        field = ran.field('value')
        same((field.type, field.values, field.options), (type_, [value], options), node)
        same(ran.field('for').type, 'text-single', node)
    if kind == 'slixmpp':
        same((await get('lamp')).field('value').range, ('0', '100'))


@with_both
async def each_actuator_moves_and_the_note_says_so(world, kind):
    anna = await world.anna(kind)
    for node, value, note, line, level in (('pump', '1', 'Water pump: on', 'OUT1', 'on'),
                                           ('lamp', '40', 'Front light: 40%', 'OUT2', '40'),
                                           ('fan', 'high', 'Fan: high', 'OUT3', 'high'),
                                           ('valve', 'open', 'Valve: open, back to closed in 10m', 'OUT4', 'open')):
        ran = await anna.fill(node, {'value': value})
        same((ran.status, ran.note_type, ran.note, ran.form), ('completed', 'info', note, []), node)
        same(await world.greenhouse.level(line), level, node)


@with_both
async def a_command_can_be_for_a_time(world, kind):
    anna = await world.anna(kind)
    ran = await anna.fill('pump', {'value': 'true', 'for': '1s'})
    same((ran.note_type, ran.note), ('info', 'Water pump: on, back to off in 1s'))
    same(await world.greenhouse.level('OUT1'), 'on')

    async def off():
        return await world.greenhouse.level('OUT1') == 'off'
    await until(off, 3, 'the way back')


@with_both
async def status_needs_no_form_and_read_asks_which(world, kind):
    anna = await world.anna(kind)
    ran = await (anna.run if kind == 'aioxmpp' else anna.command)('status')
    same((ran.status, ran.note_type, ran.form), ('completed', 'info', []))
    same(ran.note.splitlines()[:3], ['greenhouse: all well', 'Front door: closed', 'Air: 20.5 °C'])
    same((await anna.fill('read', {'point': 'air'})).note, 'Air: 20.5 °C')
    same((await anna.fill('read', {'point': 'all'})).note, ran.note)
    wrong = await anna.fill('read', {'point': 'nonsense'})
    same((wrong.status, wrong.note_type, wrong.note), ('completed', 'error', 'there is no such point'))


@with_both
async def a_pulse_comes_back_by_itself(world, kind):
    anna = await world.anna(kind)
    ran = await anna.fill('pump-pulse', {'time': '300ms'})
    same((ran.note_type, ran.note), ('info', 'Water pump: on, back to off in 300ms'))
    await anna.notice()
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def whatever_a_client_calls_going_on_is_going_on(world):
    anna = await world.anna()
    for n, action in enumerate((None, 'execute', 'next', 'complete')):
        ran = await anna.fill('lamp', {'value': str(n + 10)}, action)
        same((ran.status, ran.note), ('completed', 'Front light: %d%%' % (n + 10)), action)
        first = await anna.command('lamp', action)
        same((first.status, first.field('value').values), ('executing', [str(n + 10)]), action)


@case
async def a_form_in_the_first_request_counts_as_filled_in(world):
    anna = await world.anna()
    ran = await anna.command('pump', 'execute', None, ON_OFF)
    same((ran.status, ran.note), ('completed', 'Water pump: on'))


@case
async def slixmpp_runs_a_command_by_its_own_workflow(world):
    anna = await world.anna()
    done = []

    def form_came(iq, session):
        form = anna['xep_0004'].make_form(ftype='submit')
        form.add_field(var='value', value='55')
        session['payload'] = form
        session['next'] = lambda iq, session: done.append(iq['command'])
        anna['xep_0050'].complete_command(session)
    anna['xep_0050'].start_command(anna.device, 'lamp', {'next': form_came, 'error': lambda iq, _: done.append(iq)})
    await until(lambda: done, about='the end of the command')
    same((done[0]['status'], done[0]['notes']), ('completed', [('info', 'Front light: 55%')]))


@case
async def a_cancelled_command_moves_nothing_and_is_over(world):
    anna = await world.anna()
    first = await anna.command('pump')
    same((await anna.command('pump', 'cancel', first.session)).status, 'canceled')
    late = await refusal(anna.command('pump', 'complete', first.session, ON_OFF))
    same((late.condition, late.special), ('not-allowed', 'session-expired'))
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def there_is_no_way_back_and_no_unknown_action(world):
    anna = await world.anna()
    first = await anna.command('pump')
    back = await refusal(anna.command('pump', 'prev', first.session))
    same((back.condition, back.special), ('bad-request', 'bad-action'))
    odd = await refusal(anna.command('pump', 'explode', first.session, ON_OFF))
    same((odd.condition, odd.special), ('bad-request', 'malformed-action'))
    same(await world.greenhouse.level('OUT1'), 'off')


@case
async def a_session_belongs_to_one_client_and_one_command(world):
    anna, other = await world.anna(), await world.anna()
    kitchen = await world.person('slixmpp', 'kitchen')
    session = (await anna.command('pump')).session
    for person, node, id_ in ((other, 'pump', session), (kitchen, 'pump', session), (anna, 'lamp', session),
                              (anna, 'pump', 'made-up')):
        wrong = await refusal(person.command(node, 'complete', id_, ON_OFF))
        same((wrong.condition, wrong.special), ('bad-request', 'bad-sessionid'), '%s %s' % (person.boundjid, node))
    same(await world.greenhouse.level('OUT1'), 'off')
    same((await anna.command('pump', 'complete', session, ON_OFF)).status, 'completed', 'the rightful owner’s')


@case
async def bad_values_end_in_an_error_note_and_move_nothing(world):
    anna = await world.anna()
    value = lambda *texts: [('value', list(texts))]
    for node, fields in (('lamp', value('warm')), ('lamp', value('101')), ('lamp', value('-1')), ('lamp', value('NaN')),
                         ('lamp', value('inf')), ('lamp', value('1e400')), ('lamp', value('0x20')), ('lamp', value('')),
                         ('lamp', value()), ('lamp', []), ('lamp', value('9' * 100000)),
                         ('lamp', [('value', ['40']), ('for', ['soon'])]), ('lamp', [('value', ['40']), ('for', ['-5s'])]),
                         ('lamp', [('value', ['40']), ('for', ['5'])]), ('lamp', [('value', ['0']), ('for', ['5s'])]),
                         ('fan', value('hurricane')), ('fan', value('3')), ('fan', [('fan', ['low'])]),
                         ('pump', value('2')), ('pump', value('maybe')), ('pump', value('ja' * 50000)),
                         ('valve', value('ajar')), ('valve', [('value', ['open']), ('for', ['11m'])]),
                         ('pump-pulse', [('time', ['1 fortnight'])]), ('pump-pulse', [('time', ['1ms'])]),
                         ('pump-pulse', [('time', ['400d'])])):
        first = await anna.command(node)
        ran = await anna.command(node, 'complete', first.session, fields)
        same((ran.status, ran.note_type), ('completed', 'error'), '%s %.60s' % (node, fields))
        holds(0 < len(ran.note) < 200, 'a note of %d characters' % len(ran.note))
    same(await world.greenhouse.sim('list'), 'AN1=20.5, AN2=40, IN1=closed, OUT1=off, OUT2=0, OUT3=off, OUT4=closed')


@case
async def what_odd_clients_send_back_does_not_disturb(world):
    anna = await world.anna()
    odd = [('FORM_TYPE', ['urn:example:one']), ('value', ['true']), ('for', ['']), ('unknown', ['x', 'y']),
           (None, ['a fixed text sent back']), ('value', ['false'])]
    ran = await anna.command('pump', 'next', (await anna.command('pump')).session, odd)
    same((ran.note_type, ran.note), ('info', 'Water pump: on'))
    for value, note in (('0', 'off'), ('1', 'on'), ('false', 'off'), ('true', 'on'), ('TRUE', 'on'), ('off', 'off')):
        same((await anna.fill('pump', {'value': value})).note, 'Water pump: ' + note, value)


@case
async def what_is_no_command_is_refused(world):
    anna = await world.anna()
    two_types = [('FORM_TYPE', ['urn:example:one']), ('FORM_TYPE', ['urn:example:two']), ('value', ['1'])]
    same((await refusal(anna.command('pump', 'execute', None, two_types))).condition, 'bad-request')
    same((await refusal(anna.command('nonsense'))).condition, 'item-not-found')
    same((await refusal(anna.command('door', 'execute', None, ON_OFF))).condition, 'item-not-found')
    bare = await refusal(anna.request('<command xmlns="http://jabber.org/protocol/commands"/>', 'set'))
    same(bare.condition, 'bad-request')
    get = await refusal(anna.request('<command xmlns="http://jabber.org/protocol/commands" node="pump"/>', 'get'))
    holds(get.condition in ('service-unavailable', 'bad-request'), get.condition)
    same(await world.greenhouse.level('OUT1'), 'off')
