"""The examples in docs/examples, lived in: a greenhouse, a garage, a pair of valves and a freezer, with the server cut
and the program killed at bad moments. Only their durations are shortened."""
import asyncio
import re
import signal

from house import REPO, Device, Server
from suite import case, holds, same, until


def example(name, *changes):
    """The example from its contacts on, with a nimble presence; each change of its text must be possible."""
    text = (REPO / 'docs/examples' / (name + '.toml')).read_text()
    text = text[text.index('[[contacts]]'):]
    text = text.replace('[presence]\n', '') if '[presence]\n' in text else text
    points = re.search(r'^points = .*\n\n\[sensors', text, re.M)
    if points:
        text = text.replace(points[0], '[sensors', 1)
    for before, after in changes:
        holds(before in text, '%s is not in %s.toml' % (before, name))
        text = text.replace(before, after)
    return '[presence]\nevery = "1s"\n' + text


async def hears(person, words, seconds=6):
    """What the device says that has these words in it, of its own accord or as an answer."""
    return (await person.said.take(lambda said: said.body and words in said.body and not said.late, seconds)).body


async def reads(device, line, value, seconds=5):
    async def is_there():
        return await device.level(line) == value
    await until(is_there, seconds, '%s %s' % (line, value))


GREENHOUSE = ('greenhouse', ('for      = "30s"', 'for = "1s"'), ('for = "20s"', 'for = "1s"'),
              ('min_on = "10s"', 'min_on = "1s"'))


@case
async def the_greenhouse_cools_itself_and_cries_until_somebody_has_seen_it(world):
    device = await world.device(example(*GREENHOUSE))
    anna, ben = await world.anna(device=device), await world.person('slixmpp', 'ben', device)
    # A moment of heat is none.
    await device.poke('set AN1 31')
    await asyncio.sleep(0.4)
    await device.poke('set AN1 29')
    await asyncio.sleep(1.2)
    same(await device.level('OUT1'), 'off')
    await device.poke('set AN1 31')
    same(await hears(anna, 'Fan'), 'Fan: on (rule cool: Air is 31.0 °C, above 30.0 °C for 1s)')
    same(await device.level('OUT1'), 'on')
    await device.poke('set AN1 36')
    same(await hears(anna, 'ALARM'), 'ALARM The greenhouse is too hot: Air: 36.0 °C, above 35.0 °C for 1s '
                                     '(ack air-hot when you have seen it)')
    await anna.seen.take(lambda seen: seen.show == 'dnd' and 'too hot' in seen.status)
    await ben.said.none(lambda said: 'ALARM' in said.body, 0.2)
    same(await ben.ask('ack air-hot'), 'Alarms: that needs the role operator, and yours is viewer')
    same(await anna.ask('ack air-hot'), 'The alarm “air-hot” will not be told again.')
    await anna.seen.take(lambda seen: seen.show == 'away')
    # Between the limits it stays as it is.
    await device.poke('set AN1 34')
    holds('too hot' in await anna.ask('alarms'), 'it is over too early')
    await device.poke('set AN1 29')
    await hears(anna, 'Over after')
    same(await device.level('OUT1'), 'on')
    await device.poke('set AN1 28')
    await hears(anna, 'Fan: off')
    for level in '1010':
        await device.poke('set IN2 ' + level)
    await reads(device, 'OUT3', 'on')


@case
async def the_greenhouse_cools_itself_without_its_server_and_after_a_sudden_end(world):
    server = Server(world.dir / 'cut')
    device = Device(server, world.dir / 'cut-greenhouse', world.binary, 'greenhouse', example(*GREENHOUSE))
    world.extra.append(device)
    try:
        await device.start()
        await until(lambda: 'online' in device.log(), 10, 'the login')
        server.stop()
        await device.poke('set AN1 31')
        await reads(device, 'OUT1', 'on')
        await device.stop(signal.SIGKILL)
        # Started without a server: safe at first, and then what the rules say of what it reads now.
        await device.start()
        same(await device.level('OUT1'), 'off')
        await device.poke('set AN1 36')
        await reads(device, 'OUT1', 'on')
        server.restart()
        anna = await world.person('slixmpp', 'anna', device, wait=False, server=server)
        await anna.seen.take(lambda seen: 'too hot' in seen.status, 30)
        await anna.said.take(lambda said: said.body and said.body.startswith('ALARM The greenhouse is too hot'), 10)
        same(device.log().count('panic'), 0)
    finally:
        await device.stop(signal.SIGKILL)
        server.stop()


async def ask_for_the_door(anna, ben):
    """-> the number Ben was told."""
    anna.say('door open')
    await hears(anna, 'A second person must confirm Garage motor to open within 30s; I have asked one other person.')
    question = await hears(ben, 'anna@home.example wants to set Garage motor to open')
    return re.search(r'Answer (\d{4}) within 30s', question)[1]


def other_than(number):
    return '%04d' % (1000 + (int(number) - 1000 + 1) % 9000)


@case
async def nobody_opens_the_garage_alone(world):
    device, patient = await world.device(example('garage')), await world.device(example('garage'))
    anna, ben = await world.anna(device=device), await world.person('slixmpp', 'ben', device)
    waiting, other = await world.anna(device=patient), await world.person('slixmpp', 'ben', patient)
    too_late = await ask_for_the_door(waiting, other)
    asked = asyncio.get_running_loop().time()

    number = await ask_for_the_door(anna, ben)
    same(await anna.ask(number), 'Garage motor: a second person must confirm that first')
    same(await ben.ask(other_than(number)), 'Not that number.')
    same(await device.level('OUT1'), 'close')
    same(await ben.ask(number), 'Garage motor: open, back to close in 10m')
    same(await anna.answer(), 'Garage motor: open, back to close in 10m')
    same(await device.level('OUT1'), 'open')
    same(await ben.ask(number), 'There is nothing to confirm.')
    same(await anna.ask('door close'), 'Garage motor: close')
    holds('confirmed by ben@home.example' in await anna.ask('log'), 'the log does not say who confirmed')

    number = await ask_for_the_door(anna, ben)
    for tries in ('Not that number.', 'Not that number.', 'That was wrong too often; nothing has moved.'):
        same(await ben.ask(other_than(number)), tries)
    same(await ben.ask(number), 'There is nothing to confirm.')
    await ask_for_the_door(anna, ben)
    same(await ben.ask('no'), 'Well, it stays as it is.')
    same(await device.level('OUT1'), 'close')

    # Killed while the question is open, nobody's answer opens anything afterwards.
    number = await ask_for_the_door(anna, ben)
    await killed_and_back(device, anna, ben)
    same(await ben.ask(number), 'There is nothing to confirm.')
    await asyncio.sleep(0.3)
    same(await device.level('OUT1'), 'close')
    await asyncio.sleep(max(0, asked + 29.9 - asyncio.get_running_loop().time()))
    same(await waiting.answer(), 'Garage motor: nobody confirmed it in time; nothing has moved')
    same(await other.ask(too_late), 'There is nothing to confirm.')
    same(await patient.level('OUT1'), 'close')
    await ben.leave()
    await other.leave()
    await asyncio.sleep(0.3)
    same(await anna.ask('door open'), 'Garage motor: nobody else who may confirm that is online')


async def is_back(person):
    """The device has come back to this person, who has read what was said before."""
    await person.seen.take(lambda seen: seen.type == 'available', 15)
    person.said.items.clear()


async def killed_and_back(device, *people):
    """SIGKILL and a start; what is said next follows from that."""
    await device.stop(signal.SIGKILL)
    for person in people:
        person.seen.items.clear()
    await device.start()
    for person in people:
        await is_back(person)


@case
async def the_valves_are_never_open_together_also_after_a_sudden_end(world):
    device = await world.device(example('water', ('dead_time = "5s"', 'dead_time = "3s"')))
    anna = await world.anna(device=device)
    # Nothing is known of an earlier run, so the dead time counts from the start.
    refused = r'.* valve: the other of its group was on a moment ago; it may be switched on in \d.*'
    holds(re.fullmatch(refused, await anna.ask('fill open')), 'it opens at once')
    await opens(anna, 'fill open', 'Fill valve: open, back to closed in')
    same(await anna.ask('drain open'), 'Drain valve: Fill valve is open; only one of the group may be on')
    # It is written down within two seconds that the one is open.
    await asyncio.sleep(2.2)
    await killed_and_back(device, anna)
    same((await device.level('OUT1'), await device.level('OUT2')), ('open', 'closed'))
    answer = await anna.ask('fill')
    holds(re.fullmatch('Fill valve: open, back to closed in (29m)?5.s', answer), answer)
    same(await anna.ask('drain open'), 'Drain valve: Fill valve is open; only one of the group may be on')
    same(await anna.ask('fill closed'), 'Fill valve: closed')
    holds(re.fullmatch(refused, await anna.ask('drain open')), 'it opens without a pause')
    # In the middle of the pause.
    await asyncio.sleep(2)
    await killed_and_back(device, anna)
    begun = asyncio.get_running_loop().time()
    same((await device.level('OUT1'), await device.level('OUT2')), ('closed', 'closed'))
    holds(re.fullmatch(refused, await anna.ask('drain open')), 'it opens without a pause')
    await opens(anna, 'drain open', 'Drain valve: open, back to closed in 30m')
    holds(asyncio.get_running_loop().time() - begun > 1.5, 'the pause was cut short')
    same(await anna.ask('fill open'), 'Fill valve: Drain valve is open; only one of the group may be on')
    # A valve that does not obey is not known to be closed.
    await device.poke('stuck OUT2')
    answer = await anna.ask('drain closed')
    holds('closed' in answer and 'open' in answer, answer)
    holds('Drain valve' in await anna.ask('fill open'), 'both are open')
    same(await device.level('OUT1'), 'closed')


async def opens(person, words, answer, seconds=6):
    async def it_does():
        # Slowly: only so many commands a minute are answered.
        await asyncio.sleep(0.4)
        return (await person.ask(words)).startswith(answer)
    await until(it_does, seconds, words)


FREEZER = ('freezer', ('for      = "10m"', 'for = "1s"'), ('filters = [{ delta', 'filters = [{ timeout = "3s" }, { delta'))


@case
async def the_freezer_tells_an_owner_who_was_away_also_when_the_server_was(world):
    server = Server(world.dir / 'freezing')
    device = Device(server, world.dir / 'freezing-freezer', world.binary, 'greenhouse', example(*FREEZER))
    world.extra.append(device)
    try:
        await device.start()
        await until(lambda: 'online' in device.log(), 10, 'the login')
        # Ben, whom the config names for alarms, is there; Anna is not.
        ben = await world.person('slixmpp', 'ben', device, server=server)
        await device.poke('set AN1 -5')
        heard = await hears(ben, 'ALARM')
        same(heard, 'ALARM The freezer is too warm: Freezer: -5.0 °C, above -12.0 °C for 1s')
        # It says nothing any more: the alarm stays, and silence is another one.
        heard = await hears(ben, 'ALARM')
        holds(re.fullmatch(r"ALARM The freezer's thermometer says nothing: Freezer: -5.0 °C \(stale\), last heard .*, silent",
                           heard), heard)
        await ben.leave()
        server.stop()
        await device.poke('fail AN1 wire broken')
        await until(lambda: 'alarm freezer-broken' in device.log(), 5, 'the alarm')
        await asyncio.sleep(1)
        server.restart()
        await until(lambda: 'online again as' in device.log(), 40, 'the login')
        await asyncio.sleep(0.5)
        anna = await world.person('slixmpp', 'anna', device, wait=False, server=server)
        for words in ('The freezer is too warm', 'thermometer says nothing', 'thermometer is broken'):
            said = await anna.said.take(lambda said: said.body and words in said.body and 'ALARM' in said.body, 5)
            holds(said.late, 'it does not say that it is from before: ' + said.body)
        holds('freezer-broken' in await anna.ask('alarms'), 'the list is short')
        await device.poke('heal AN1')
        await device.poke('set AN1 -18')
        await hears(anna, 'Over after')
    finally:
        await device.stop(signal.SIGKILL)
        server.stop()
