"""The static build on an emulated Raspberry Pi 3B: the drivers' own tests, then the daemon, with Prosody and the client on
the host. on_a_pi.py TESTS PROGRAM [CASE...]; prints `N passed, M failed` last.

The machine has one job, written down before it starts; the cases follow it, in this order."""
import asyncio
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'clients')]

import suite  # noqa: E402
from house import PASSWORD, Server  # noqa: E402
from hwlab import Pi  # noqa: E402
from slix import SlixPerson  # noqa: E402
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


class Shed:
    """The world of these cases: the machine, the server, and anna."""

    def __init__(self, tests, program):
        self.temp = tempfile.TemporaryDirectory(prefix='katydid-pi-')
        self.tests, self.program = tests, program
        self.pi = self.server = self.anna = None

    async def start(self):
        place = Path(self.temp.name)
        self.server = Server(place / 'server')
        (place / 'katydid.toml').write_text(CONFIG % self.server.port)
        (place / 'password').write_text(PASSWORD)
        (place / 'ca.pem').write_bytes(Path(self.server.ca).read_bytes())
        mask = PUMP | HEATER
        job = JOB % (time.time(), Path(self.tests).name, mask, mask)
        files = [self.tests, self.program, *(place / name for name in ('katydid.toml', 'password', 'ca.pem'))]
        self.pi = await asyncio.to_thread(Pi, job, files, True)
        self.anna = SlixPerson(self.server, 'anna@home.example/desk', PASSWORD, 'greenhouse@home.example/katydid')
        await self.anna.arrive()

    async def told(self, pattern, seconds=60):
        """Waits until the machine has printed something like this."""
        def search():
            return re.search(pattern, self.pi.output(), re.M)
        try:
            return await until(search, seconds)
        except AssertionError:
            raise AssertionError('it did not print %r; it printed: %s' % (pattern, self.pi.output())) from None

    def levels(self):
        return [int(levels) for levels in re.findall(r'^levels: (\d+)$', self.pi.output(), re.M)]

    async def level(self, pump, heater):
        wanted = (PUMP if pump else 0) | (HEATER if heater else 0)
        await until(lambda: self.levels()[-1:] == [wanted], 10, 'levels %d; there were %s' % (wanted, self.levels()))

    # For the suite.

    async def ready(self):
        self.anna.said.items.clear()

    async def after_case(self):
        pass

    async def stop(self):
        if self.anna:
            await self.anna.leave()
        if self.pi:
            self.pi.close()
        if self.server:
            self.server.stop()
        self.temp.cleanup()


@case
async def the_drivers_pass_their_tests_there(shed):
    status = (await shed.told(r'^tests: (\d+)$', 85))[1]
    text = shed.pi.output()
    print(text[:text.index('tests: ')])
    same(status, '0', 'the exit status of the tests')
    # Tests of which none ran have shown nothing.
    holds(re.search(r'^test result: ok\. [1-9]', text, re.M), 'no test ran')


@case
async def the_daemon_logs_in_over_tls_and_shows_the_board(shed):
    await shed.anna.seen.take(lambda seen: seen.type == 'available' and seen.status, 60)
    same((await shed.anna.ask('status')).splitlines(),
         ['shed: all well', 'Warmth: 25.2 °C', 'Pump: off', 'Heater: off', 'Lamp: 0%', 'The end: off'])
    await shed.level(pump=False, heater=True)


@case
async def a_command_moves_the_line_as_the_registers_show_it(shed):
    same(await shed.anna.ask('pump on'), 'Pump: on')
    await shed.level(pump=True, heater=True)
    same(await shed.anna.ask('heater on'), 'Heater: on')
    await shed.level(pump=True, heater=False)
    same(await shed.anna.ask('heater off'), 'Heater: off')
    await shed.level(pump=True, heater=True)
    same(await shed.anna.ask('pump on 2s'), 'Pump: on, back to off in 2s')
    await shed.level(pump=False, heater=True)


@case
async def a_command_dims_a_lamp_that_rppal_drives(shed):
    same(await shed.anna.ask('lamp 40'), 'Lamp: 40%')


@case
async def at_a_polite_end_the_exit_values_are_left(shed):
    same(await shed.anna.ask('pump on'), 'Pump: on')
    await shed.level(pump=True, heater=True)
    shed.anna.say('the end on')
    await shed.anna.seen.take(lambda seen: seen.type == 'unavailable', 20)
    status, text = await asyncio.to_thread(shed.pi.wait, 20)
    holds(status == 0 and 'ended: 0' in text, text)
    # The pump is off, and so is the wire of the heater, which is on.
    same(shed.levels()[-1], 0, 'the levels at last')
    holds('lamp: 100000 1' in text, 'the lamp at last: ' + text)


async def main(tests, program, chosen):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    shed = Shed(tests, program)
    try:
        await shed.start()
        passed, failed = await suite.run(shed, chosen)
    finally:
        await shed.stop()
    if passed + failed == 0:
        print('no case is called %s' % ' or '.join(chosen))
        failed = 1
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:])))
