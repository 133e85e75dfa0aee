"""The demo's fixed conversation: what is said, and what must come back."""

# Who or what acts; what is said or done; what must come: a word of the answer, or several in a row.
# 'anna' and 'ben' say it in chat; 'sim' does it to the simulated board; 'cmd' runs an ad-hoc command as anna.
# In the expected, 'notice:' comes of the device's own accord, 'presence:' is in its status, the rest is the answer.
CONVERSATION = [
    ('anna', 'status', ['greenhouse: all well\nFront door: closed\nAir: 20.5 °C']),
    ('anna', 'help', ['pump off · on · toggle · on 10m · pulse 500ms']),
    ('anna', 'pump on 2s', ['Water pump: on, back to off in 2s', 'notice:Water pump: off']),
    ('anna', 'lamp 40', ['Lamp: 40%', 'presence:Lamp 40%']),
    ('anna', 'turn on the fan', ['Fan: “on” is not one of off, low, high']),
    ('anna', 'fan high', ['Fan: high']),
    ('anna', 'pmup on', ['I do not know “pmup”. Did you mean “pump”?']),
    ('anna', 'lamp 140', ['Lamp: 140 is outside 0% to 100%']),
    ('ben', 'pump on', ['Water pump: that needs the role operator, and yours is viewer']),
    ('ben', 'air', ['Air: 20.5 °C']),
    ('sim', 'door open', ['ok', 'notice:Front door: open', 'presence:Front door open']),
    ('anna', 'door', ['Front door: open']),
    ('cmd', '', ['status (Status) · read (Read) · pump (Water pump) · lamp (Lamp) · fan (Fan) · pump-pulse']),
    ('cmd', 'pump', ['asks for value=0 · for=']),
    ('cmd', 'pump value=1 for=10s', ['info: Water pump: on, back to off in 10s']),
    ('cmd', 'lamp value=bright', ['error: Lamp: “bright” is not a number']),
    ('anna', 'pump off', ['Water pump: off']),
    ('sim', 'fail air cable cut', ['ok', 'presence:Air fault']),
    ('anna', 'air', ['Air: fault: cable cut']),
    ('sim', 'heal air', ['ok', 'presence:Air 20.5 °C']),
    ('sim', 'stuck pump', ['ok']),
    ('anna', 'pump on', ['Water pump reads off, not on as asked']),
    ('sim', 'silent pump', ['ok']),
    ('anna', 'pump on', ['Water pump: no confirmation']),
    ('sim', 'heal pump', ['ok']),
    ('anna', 'who', ['You are anna@home.example, owner.\nben@home.example: viewer']),
    ('anna', 'log', ['Fan: high (anna@home.example)']),
]


async def play(demo):
    """Plays it. -> the exit status"""
    screen, passed, failed = demo.screen, 0, 0
    for actor, words, wanted in CONVERSATION:
        screen.show('%s: %s' % (actor if actor in demo.people else '/' + actor, words), '1')
        for n, expected in enumerate(wanted):
            try:
                came = await hear(demo, actor, words, expected, n == 0)
                right = expected.removeprefix('notice:').removeprefix('presence:') in came
            except AssertionError as error:
                came, right = str(error), False
            passed, failed = passed + right, failed + (not right)
            screen.show('    %s' % came.replace('\n', '\n    '), '32' if right else '31')
            if not right:
                screen.show('    WRONG: “%s” was to come' % expected, '31')
    if failed:
        screen.show('The daemon said:\n' + demo.greenhouse.log())
    screen.show('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


async def hear(demo, actor, words, expected, first):
    """Does what is to be done, the first time, and waits for one thing. -> what came"""
    anna = demo.people['anna']
    kind, _, text = expected.partition(':')
    if first:
        # What was seen before does not count.
        anna.seen.items.clear()
    if first and actor in demo.people:
        return await demo.people[actor].ask(words)
    if first:
        return await (demo.poke if actor == 'sim' else demo.command)(*words.split())
    if kind == 'notice':
        return 'greenhouse tells anna: ' + await anna.notice()
    seen = await anna.seen.take(lambda seen: text in seen.status)
    return 'greenhouse looks %s: %s' % ('not well' if seen.show else 'well', seen.status)
