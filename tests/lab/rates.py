"""What many edges cost: a line at thousands of edges a second, a counter likewise, and two hundred lines at once. The clock is
not judged; that the state is right at the end, that every pulse is counted, that what is lost is said, and that no more is
sent than the config allows, is. rates.py PROGRAM"""
import asyncio
import re
import sys
import time

from shed import ANNA, Shed, main
from suite import case, holds, same

LINES = 200
SECONDS = 10
# As many as the machine makes and no more than that in a second; the lines are up at the end.
HAMMER = r'''
function up() { getline line < "/proc/uptime"; close("/proc/uptime"); split(line, part, " "); return part[1] + 0 }
function pull(where) { for (i = 1; i < ARGC; i++) { printf where > ARGV[i]; fflush(ARGV[i]); made++ } }
BEGIN {
  begun = up()
  while ((now = up()) < begun + seconds) {
    if (made >= (now - begun) * rate) { system("usleep 5000"); continue }
    for (turn = 0; turn < turns; turn++) { pull("pull-up"); pull("pull-down") }
  }
  pull("pull-up"); print made, up() - begun
}'''


class Belfry(Shed):
    """The world of these cases."""
    NAME = 'belfry'

    def body(self):
        points = ['[sensors.bell]\nlabel = "Bell"\ngpio = { line = "BELL", chip = "lab" }\n'
                  '[sensors.meter]\nlabel = "Meter"\nevery = "1s"\ncounter = { line = "METER", chip = "lab" }\n']
        points += ['[sensors.l%d]\nlabel = "L%d"\ngpio = { line = "L%d", chip = "wide" }\n' % (n, n, n) for n in range(LINES)]
        return ANNA + '[store]\ndir = "/tmp/store"\n' + ''.join(points)

    async def furnish(self):
        (self.xfer / 'hammer.awk').write_text(HAMMER)
        await self.sh('gpiosim new lab 2 0=BELL 1=METER; gpiosim new wide %d %s' % (
            LINES, ' '.join('%d=L%d' % (n, n) for n in range(LINES))))

    async def hammer(self, rate, turns, files):
        """-> (edges made, in so many seconds)"""
        made, seconds = (await self.sh('awk -v seconds=%d -v rate=%d -v turns=%d -f /xfer/hammer.awk %s' % (
            SECONDS, rate, turns, files))).split()
        return int(made), float(seconds)

    async def figures(self):
        """-> (PSS in kB, processor time in s, bytes sent)"""
        text = await self.sh('pid=$(pidof katydid); sed -n "s/^Pss: *\\([0-9]*\\).*/\\1/p" /proc/$pid/smaps_rollup; '
                             'cut -d" " -f14,15 /proc/$pid/stat; cat /sys/class/net/eth0/statistics/tx_bytes')
        pss, user, system, sent = text.split()
        return int(pss), (int(user) + int(system)) / 100, int(sent)

    async def until_idle(self):
        end = time.monotonic() + 60
        while True:
            before = (await self.figures())[1]
            await asyncio.sleep(1)
            if (await self.figures())[1] - before < 0.1:
                return
            holds(time.monotonic() < end, 'it is still busy after a minute')

    def lost(self, points):
        """What the log says was lost."""
        lines = re.findall(r'(\d+) edges came too fast[^\n]*point="(\w+)"', self.log())
        return sum(int(count) for count, point in lines if re.fullmatch(points, point))

    async def run(self, what, points, hammer, told):
        """Runs a hammer and prints what came of it. -> edges made"""
        await asyncio.sleep(2)
        self.anna.said.items.clear()
        self.anna.seen.items.clear()
        pss, busy, sent = await self.figures()
        lost = self.lost(points)
        begun = time.monotonic()
        made, seconds = await hammer
        # What the program has still to do, and everything that is told at a later time, too.
        await self.until_idle()
        await asyncio.sleep(3)
        passed = time.monotonic() - begun
        pss_now, busy_now, sent_now = await self.figures()
        notices, presences = len(self.anna.said.items), len(self.anna.seen.items)
        # At most a notice of a point in a second, and a presence in one.
        holds(notices <= told * (passed + 2), '%d notices of %d points in %.0f s' % (notices, told, passed))
        holds(presences <= passed + 2, '%d presences in %.0f s' % (presences, passed))
        self.row = (what, made, made / seconds, notices, notices + presences, (sent_now - sent) / 1000, pss, pss_now,
                    100 * (busy_now - busy) / passed)
        self.before = lost
        return made

    async def told_lost(self, points):
        """Prints the row. What was lost is said at most once a minute."""
        last = self.lost(points)
        if last > self.before:
            await asyncio.sleep(62)
        lost = self.lost(points) - self.before
        what, made, rate, notices, stanzas, kilobytes, pss, pss_now, share = self.row
        print('| %s | %d | %.0f | %d | %d | %d | %.0f | %d → %d | %.0f %% |' % (
            what, made, rate, lost, notices, stanzas, kilobytes, pss, pss_now, share))
        sys.stdout.flush()
        return lost


@case
async def one_line_is_right_at_the_end_and_its_lost_edges_are_said(belfry):
    print('| what | edges made | a second | lost | notices | stanzas in all | kB sent | PSS in kB | processor |\n'
          '|---|---|---|---|---|---|---|---|---|')
    made = await belfry.run('one line', 'bell', belfry.hammer(5000, 50, '$(gpiosim path lab 0)/pull'), 1)
    same(await belfry.anna.ask('bell'), 'Bell: on')
    lost = await belfry.told_lost('bell')
    holds(lost <= made, 'more is lost than was made')
    status = await belfry.anna.ask('status')
    said = re.search(r'^(\d+) edges of Bell', status, re.M)
    same(int(said[1]) if said else 0, lost, 'what status says of lost edges')


@case
async def a_counter_counts_every_pulse(belfry):
    made = await belfry.run('one counter', 'meter', belfry.hammer(5000, 50, '$(gpiosim path lab 1)/pull'), 1)
    same(await belfry.anna.ask('meter'), 'Meter: %d' % ((made + 1) // 2))
    same(await belfry.told_lost('meter'), 0, 'lost')


@case
async def two_hundred_lines_are_right_at_the_end(belfry):
    hammer = belfry.hammer(5000, 1, '$(dirname $(gpiosim path wide 0))/sim_gpio*/pull')
    await belfry.run('200 lines', r'l\d+', hammer, LINES)
    for n in range(LINES):
        same(await belfry.anna.ask('l%d' % n), 'L%d: on' % n)
    lost = await belfry.told_lost(r'l\d+')
    said = re.findall(r'(\d+) edges of (?:L|\d+ more)', await belfry.anna.ask('status'))
    same(sum(map(int, said)), lost, 'what status says of lost edges')


if __name__ == '__main__':
    main(Belfry)
