"""The static build on an emulated Raspberry Pi 3B: the drivers' own tests, then the daemon, with Prosody and the client on
the host. on_a_pi.py TESTS PROGRAM [CASE...]; prints `N passed, M failed` last.

The machine has one job, written down before it starts; the cases follow it, in this order."""
import asyncio
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'clients')]

import suite  # noqa: E402
from house import PASSWORD  # noqa: E402
from hwlab import Pi  # noqa: E402
from outpost import Outpost  # noqa: E402
from suite import case, holds, same, until  # noqa: E402

CONFIG = '''
[device]
name = "shed"
board = "auto"
[xmpp]
jid = "greenhouse@home.example"
password = { file = "/xfer/password" }
server = "10.0.2.2:%d"
ca_file = "/xfer/ca.pem"
[presence]
every = "1s"
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = "all"
[sensors.warmth]
label = "Warmth"
thermal = "cpu-thermal"
[actuators.pump]
label = "Pump"
gpio = { line = "GPIO17" }
safe = "off"
[actuators.heater]
label = "Heater"
gpio = { line = "GPIO4", active = "low" }
safe = "off"
exit = "on"
[actuators.lamp]
label = "Lamp"
pwm = { line = "GPIO19", frequency = "1kHz", by = "rppal" }
safe = 0
exit = 10
[actuators.end]
label = "The end"
gpio = { line = "GPIO27" }
safe = "off"
'''
PUMP, HEATER = 1 << 17, 1 << 4

# The levels are the chip's registers'; the daemon is told to end by a third line, since nobody can reach into the machine.
JOB = '''
date -s @%d >/dev/null
./%s --test-threads=1; echo "tests: $?"
chmod 600 password
./katydid run --config katydid.toml 2>log & daemon=$!
last=
while kill -0 $daemon 2>/dev/null; do
  now=$(( $(devmem 0x3f200034) & %d ))
  [ "$now" = "$last" ] || { last=$now; echo "levels: $now"; }
  [ $(( $(devmem 0x3f200034) & 1 << 27 )) = 0 ] || kill $daemon
  sleep 0.1
done
wait $daemon; echo "ended: $?"
echo "levels: $(( $(devmem 0x3f200034) & %d ))"
echo "lamp: $(cat /sys/class/pwm/pwmchip0/pwm1/duty_cycle) $(cat /sys/class/pwm/pwmchip0/pwm1/enable)"
cat log
'''


class Board(Outpost):
    """The world of these cases."""
    NAME = 'pi'

    def __init__(self, tests, program):
        super().__init__()
        self.tests, self.program = tests, program

    async def start(self):
        self.serve()
        place = self.dir
        (place / 'katydid.toml').write_text(CONFIG % self.server.port)
        (place / 'password').write_text(PASSWORD)
        (place / 'ca.pem').write_bytes(Path(self.server.ca).read_bytes())
        mask = PUMP | HEATER
        job = JOB % (time.time(), Path(self.tests).name, mask, mask)
        files = [self.tests, self.program, *(place / name for name in ('katydid.toml', 'password', 'ca.pem'))]
        self.machine = await asyncio.to_thread(Pi, job, files, True)
        await self.invite()

    async def told(self, pattern, seconds=60):
        """Waits until the machine has printed something like this."""
        def search():
            return re.search(pattern, self.machine.output(), re.M)
        try:
            return await until(search, seconds)
        except AssertionError:
            raise AssertionError('it did not print %r; it printed: %s' % (pattern, self.machine.output())) from None

    def levels(self):
        return [int(levels) for levels in re.findall(r'^levels: (\d+)$', self.machine.output(), re.M)]

    async def level(self, pump, heater):
        wanted = (PUMP if pump else 0) | (HEATER if heater else 0)
        await until(lambda: self.levels()[-1:] == [wanted], 10, 'levels %d; there were %s' % (wanted, self.levels()))


@case
async def the_drivers_pass_their_tests_there(board):
    status = (await board.told(r'^tests: (\d+)$', 85))[1]
    text = board.machine.output()
    print(text[:text.index('tests: ')])
    same(status, '0', 'the exit status of the tests')
    # Tests of which none ran have shown nothing.
    holds(re.search(r'^test result: ok\. [1-9]', text, re.M), 'no test ran')


@case
async def the_daemon_logs_in_over_tls_and_shows_the_board(board):
    await board.anna.seen.take(lambda seen: seen.type == 'available' and seen.status, 60)
    same((await board.anna.ask('status')).splitlines(),
         ['shed: all well', 'Warmth: 25.2 °C', 'Pump: off', 'Heater: off', 'Lamp: 0%', 'The end: off'])
    await board.level(pump=False, heater=True)


@case
async def a_command_moves_the_line_as_the_registers_show_it(board):
    same(await board.anna.ask('pump on'), 'Pump: on')
    await board.level(pump=True, heater=True)
    same(await board.anna.ask('heater on'), 'Heater: on')
    await board.level(pump=True, heater=False)
    same(await board.anna.ask('heater off'), 'Heater: off')
    await board.level(pump=True, heater=True)
    same(await board.anna.ask('pump on 2s'), 'Pump: on, back to off in 2s')
    await board.level(pump=False, heater=True)


@case
async def a_command_dims_a_lamp_that_rppal_drives(board):
    same(await board.anna.ask('lamp 40'), 'Lamp: 40%')


@case
async def at_a_polite_end_the_exit_values_are_left(board):
    same(await board.anna.ask('pump on'), 'Pump: on')
    await board.level(pump=True, heater=True)
    board.anna.say('the end on')
    await board.anna.seen.take(lambda seen: seen.type == 'unavailable', 20)
    status, text = await asyncio.to_thread(board.machine.wait, 20)
    holds(status == 0 and 'ended: 0' in text, text)
    # The pump is off, and so is the wire of the heater, which is on.
    same(board.levels()[-1], 0, 'the levels at last')
    holds('lamp: 100000 1' in text, 'the lamp at last: ' + text)


if __name__ == '__main__':
    suite.main(Board(sys.argv[1], sys.argv[2]), sys.argv[3:])
