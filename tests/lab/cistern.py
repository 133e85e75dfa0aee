"""An example house on real lines: the two valves of docs/examples/water.toml, which must never be open together, with the
program killed while one is open, and the clock set forward and back. What the valves do is watched from outside."""
import asyncio
import re
from pathlib import Path

from shed import ANNA, Shed, main
from suite import case, holds, same, until

EXAMPLE = Path(__file__).resolve().parents[2] / 'docs/examples/water.toml'
# The lines marked “real:”, nothing to wait long for, and a schedule.
CHANGES = [
    ('sim      = { line = "AN1", at = 40 }   # real: iio = { device = "ads1115", channel = "voltage0" }\nevery    = "10s"',
     'file = { path = "/tmp/level" }\nevery = "1s"'),
    ('sim       = { line = "OUT1" }          # real: gpio = { line = "GPIO23" }', 'gpio = { line = "FILL", chip = "valves" }'),
    ('sim       = { line = "OUT2" }          # real: gpio = { line = "GPIO24" }', 'gpio = { line = "DRAIN", chip = "valves" }'),
    ('safe      = "closed"\nmax_on    = "30m"\ninterlock = "water"\non_link', 'safe = "closed"\nmax_on = "12s"\ninterlock = "water"\non_link'),
    ('dead_time = "5s"', 'dead_time = "3s"'),
]
SPRINKLER = '''
[actuators.sprinkler]
label = "Sprinkler"
gpio = { line = "SPRINKLER", chip = "valves" }
safe = "off"
[rules.morning]
when = { at = "06:00" }
set = { actuator = "sprinkler", to = "on", for = "2s" }
'''
FILL, DRAIN, SPRINKLE = range(3)
PAUSE = 3.0
# Each change with its time on a clock that nobody sets.
WATCH = '''
cd $(dirname $(gpiosim path valves 0)); last=
while :; do
  read fill <sim_gpio0/value; read drain <sim_gpio1/value; read sprinkle <sim_gpio2/value
  [ "$fill$drain$sprinkle" = "$last" ] || { last=$fill$drain$sprinkle; read up rest </proc/uptime; echo "$up $last"; }
  usleep 20000
done
'''


class Cistern(Shed):
    """The world of these cases."""
    NAME = 'cistern'
    ENVIRONMENT = 'RUST_LOG=katydid=debug'

    def body(self):
        text = EXAMPLE.read_text()
        text = text[text.index('[[contacts]]'):].split('\n\n', 1)[1]
        for before, after in CHANGES:
            holds(before in text, before + ' is not in water.toml')
            text = text.replace(before, after)
        return '[store]\ndir = "/tmp/store"\n' + ANNA + text + SPRINKLER

    async def furnish(self):
        await self.sh('gpiosim new valves 3 0=FILL 1=DRAIN 2=SPRINKLER; echo 40 >/tmp/level')
        self.watch = self.machine.start(WATCH)

    def config(self, more=''):
        super().config(more)
        path = self.xfer / 'katydid.toml'
        path.write_text(path.read_text().replace('board = "generic"', 'board = "generic"\ntimezone = "UTC"'))

    def seen(self):
        """What the outside has seen: [(time, fill, drain, sprinkler)], times in seconds."""
        lines = (line.split() for line in self.machine.output(self.watch).split('\n')[:-1])
        return [(float(time), *(level == '1' for level in levels)) for time, levels in lines]

    async def levels(self):
        return await self.sh('for line in 0 1 2; do gpiosim get valves $line; done | tr -d "\\n"')

    async def set_clock(self, words):
        await self.sh('date -u -s "%s" >/dev/null' % words)

    async def after_sudden_end(self):
        await self.kick('KILL')
        same(await self.ended(), 137)
        same(await self.levels(), '000', 'lines that nobody holds')
        await self.go()

    async def wrote(self, words):
        """Waits until this is on the disk, which it is within two seconds."""
        await until(lambda: re.search(r'writing [^\n]*%s[\s\S]*\bwritten' % words, self.log()), 30, words)

    async def opens(self, words, answer, seconds=30):
        async def it_does():
            return (await self.anna.ask(words)).startswith(answer)
        await until(it_does, seconds, words)


REFUSED = r'.* valve: the other of its group was on a moment ago; it may be switched on in \d.*'


def changes(seen, of):
    """-> [(time, level)] of one of the lines."""
    all_of_it = [(line[0], line[1 + of]) for line in seen]
    return all_of_it[:1] + [now for before, now in zip(all_of_it, all_of_it[1:]) if now[1] != before[1]]


@case
async def the_valves_are_never_open_together_also_when_the_program_is_killed(cistern):
    anna = cistern.anna
    # Nothing is known of an earlier run, so the dead time counts from the start.
    await cistern.opens('fill open', 'Fill valve: open, back to closed in 30m')
    same(await cistern.levels(), '100')
    same(await anna.ask('drain open'), 'Drain valve: Fill valve is open; only one of the group may be on')
    await cistern.wrote('fill=value=open')
    await cistern.after_sudden_end()
    same(await cistern.levels(), '100', 'it goes on filling')
    answer = await anna.ask('fill')
    holds(re.fullmatch('Fill valve: open, back to closed in 29m[0-9]+s', answer), answer)
    same(await anna.ask('drain open'), 'Drain valve: Fill valve is open; only one of the group may be on')
    same(await anna.ask('fill closed'), 'Fill valve: closed')
    # In the middle of the pause.
    answer = await anna.ask('drain open')
    holds(re.fullmatch(REFUSED, answer), answer)
    await cistern.wrote('fill=value=closed')
    await cistern.after_sudden_end()
    same(await cistern.levels(), '000')
    await cistern.opens('drain open', 'Drain valve: open, back to closed in')
    same(await cistern.levels(), '010')
    same(await anna.ask('fill open'), 'Fill valve: Drain valve is open; only one of the group may be on')


@case
async def a_clock_that_is_set_moves_no_deadline_and_no_pause(cistern):
    # The drain is open since the case before, or was until its time was up.
    await until(lambda: not cistern.seen()[-1][1 + DRAIN], 30, 'the end of the drain')
    await cistern.opens('drain open', 'Drain valve: open')
    for words in ('@$(($(date +%s) + 7000))', '@$(($(date +%s) - 9000))'):
        await cistern.set_clock(words)
        same(await cistern.levels(), '010', 'after the clock was set')
    await until(lambda: not cistern.seen()[-1][1 + DRAIN], 30, 'the end of the drain')
    await cistern.set_clock('@$(($(date +%s) + 7000))')
    answer = await cistern.anna.ask('fill open')
    holds(re.fullmatch(REFUSED, answer), answer)
    await cistern.opens('fill open', 'Fill valve: open')
    drain = changes(cistern.seen(), DRAIN)
    took = drain[-1][0] - drain[-2][0]
    print('       open for %.2f s of 12 s, while the clock was set twice' % took)
    holds(11.5 < took < 16, 'it was open for %s s' % took)
    same(await cistern.anna.ask('fill closed'), 'Fill valve: closed')


@case
async def a_schedule_runs_once_however_the_clock_is_set(cistern):
    async def heard():
        return (await cistern.anna.said.take(lambda said: 'Sprinkler' in (said.body or ''))).body

    def times():
        return sum(level for _, level in changes(cistern.seen(), SPRINKLE))
    cistern.anna.said.items.clear()
    day = int(await cistern.sh('date +%s')) // 86400

    def at(days, time):
        return '@$((%d * 86400 + %s))' % (day + days, time)
    await cistern.opens('drain open', 'Drain valve: open')
    await cistern.set_clock(at(1, '6*3600 - 3'))
    said = await heard()
    holds(re.fullmatch(r'Sprinkler: on, back to off in [0-9.]+s \(rule morning: it is 06:00\)', said), said)
    same(await heard(), 'Sprinkler: off')
    # A minute that comes again.
    await cistern.set_clock(at(1, '6*3600 - 3'))
    await asyncio.sleep(5)
    same(times(), 1, 'how often it ran')
    await cistern.set_clock(at(2, '6*3600 + 180'))
    said = await heard()
    holds(re.fullmatch(r'Sprinkler: on, .* \(rule morning: it is 06:00 \(3m(\d+s)? late\)\)', said), said)
    await cistern.set_clock(at(3, '7*3600'))
    await until(lambda: 'did not run at' in cistern.log(), 30, 'a word about the one that was missed')
    await cistern.set_clock(at(0, '15*3600'))
    await until(lambda: not cistern.seen()[-1][1 + DRAIN], 30, 'the end of the drain')
    same(times(), 2, 'how often it ran')


@case
async def nothing_the_outside_has_seen_broke_the_interlock(cistern):
    await cistern.kick('TERM')
    same(await cistern.ended(), 0, 'the exit status')
    await asyncio.sleep(0.3)
    seen = cistern.seen()
    same([line for line in seen if line[1 + FILL] and line[1 + DRAIN]], [], 'both open')
    pauses = []
    for valve, other in ((FILL, DRAIN), (DRAIN, FILL)):
        ends = [time for time, level in changes(seen, valve) if not level]
        for time, level in changes(seen, other):
            before = [end for end in ends if end <= time]
            if level and before:
                pauses.append(time - before[-1])
    print('       %d changes; the shortest pause %.2f s of %.0f s' % (len(seen), min(pauses), PAUSE))
    holds(len(pauses) >= 3 and min(pauses) > PAUSE - 0.1, 'the pauses: %s' % pauses)


if __name__ == '__main__':
    main(Cistern)
