"""A power cut with a counter running: the daemon in the virtual machine, its store on a disk with ext4, and the machine
ended by kill -9, once in the middle of a write. power_cut.py PROGRAM; prints `N passed, M failed` last.

What this shows is the guest's side: what the guest's kernel had not written is gone. What a card's own cache does when the
power goes is the card's matter."""
import asyncio
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'clients')]

import suite  # noqa: E402
from house import PASSWORD, Server  # noqa: E402
from hwlab import VM  # noqa: E402
from slix import SlixPerson  # noqa: E402
from suite import case, holds, same, until  # noqa: E402

CONFIG = '''
[device]
name = "meter"
board = "generic"
[xmpp]
jid = "greenhouse@home.example"
password = { file = "/xfer/password" }
server = "10.0.2.2:%d"
ca_file = "/xfer/ca.pem"
[store]
dir = "/data/katydid"
every = "1s"
[[contacts]]
jid = "anna@home.example"
role = "owner"
[sensors.water]
label = "Water"
every = "1s"
counter = { line = "WATER", chip = "lab" }
'''
# What was made is said before it is made, and to the host, so that it is never less than what was counted.
PULSES = '''
f=$(gpiosim path lab 0)/pull; i=$(tail -n 1 /xfer/made)
while [ ! -e /xfer/enough ]; do i=$((i+1)); echo $i >>/xfer/made; echo pull-up >$f; echo pull-down >$f; done
'''


class Meter:
    """The world of these cases: a disk that outlives machines, the server, and anna."""

    def __init__(self, program):
        self.temp = tempfile.TemporaryDirectory(prefix='katydid-power-')
        self.program, self.disk = program, Path(self.temp.name) / 'disk'
        self.vm = self.server = self.anna = self.daemon = None
        self.made = self.written = 0

    async def start(self):
        with open(self.disk, 'wb') as disk:
            disk.truncate(16 << 20)
        subprocess.run(['mkfs.ext4', '-q', '-F', self.disk], check=True)
        self.server = Server(Path(self.temp.name) / 'server')
        self.anna = SlixPerson(self.server, 'anna@home.example/desk', PASSWORD, 'greenhouse@home.example/katydid')
        await self.anna.arrive()

    async def power_on(self):
        """-> the total that anna is told first"""
        drive = 'file=%s,format=raw,if=none,id=disk' % self.disk
        self.vm = await asyncio.to_thread(VM, files=[self.program], net=True,
                                          extra=['-drive', drive, '-device', 'virtio-blk-pci,drive=disk'])
        xfer = Path(self.vm.xfer)
        shutil.copy(self.server.ca, xfer / 'ca.pem')
        (xfer / 'password').write_text(PASSWORD)
        (xfer / 'password').chmod(0o600)
        (xfer / 'katydid.toml').write_text(CONFIG % self.server.port)
        (xfer / 'made').write_text('%d\n' % self.made)
        status, text = await asyncio.to_thread(
            self.vm.run, 'modprobe virtio_blk; modprobe ext4; mkdir -p /data && mount -t ext4 /dev/vda /data && '
                         'gpiosim new lab 2 0=WATER')
        same(status, 0, text)
        self.anna.seen.items.clear()
        program = Path(self.program).name
        self.daemon = self.vm.start('RUST_LOG=katydid=debug exec /xfer/%s run --config /xfer/katydid.toml' % program)
        try:
            # The server may still believe in the session that the power cut ended.
            await until(lambda: 'online as' in self.log(), 60, 'the login')
            await self.anna.seen.take(lambda seen: seen.type == 'available' and 'Water' in seen.status, 40)
        except AssertionError as error:
            raise AssertionError('%s; the daemon: %s' % (error, self.log())) from None
        return await self.total()

    async def total(self):
        self.anna.said.items.clear()
        self.anna.say('water')
        # The question before the power cut may be delivered once more, and is answered as late.
        said = await self.anna.said.take(lambda said: re.fullmatch(r'Water: \d+', said.body or ''))
        return int(said.body[7:])

    def log(self):
        return self.vm.output(self.daemon)

    def power_off(self):
        """kill -9: nothing in the machine gets to know of it."""
        self.vm.qemu.send_signal(signal.SIGKILL)
        self.vm.qemu.wait()
        # The last line may be cut off, but was made after the one before it.
        *_, last, rest = (Path(self.vm.xfer) / 'made').read_text().split('\n')
        self.made = int(last) + (1 if rest else 0)
        # Each write says what it is about to write, and then that it is on the disk.
        for totals in re.findall(r'writing pulses/water=(\d+)(?:(?!writing)[\s\S])*written', self.log()):
            self.written = int(totals)
        self.vm.close()
        self.vm = None

    async def writes(self, count):
        """Waits until so many writes are on the disk."""
        await until(lambda: self.log().count('written') >= count, 30, '%d writes' % count)

    # For the suite.

    async def ready(self):
        pass

    async def after_case(self):
        if self.vm:
            print('the daemon said:\n' + self.log())
            self.vm.close()
            self.vm = None

    async def stop(self):
        if self.anna:
            await self.anna.leave()
        if self.vm:
            self.vm.close()
        if self.server:
            self.server.stop()
        self.temp.cleanup()


async def cut(meter, when):
    """Counts from a fresh start until `when`, cuts the power, and looks what is left."""
    begun = await meter.power_on()
    meter.vm.start(PULSES)
    await when()
    meter.power_off()
    left = await meter.power_on()
    log = meter.log()
    print('       started at %d, made %d, written %d; after the cut %d' % (begun, meter.made, meter.written, left))
    holds(meter.written > begun, 'nothing was written')
    holds(meter.written <= left <= meter.made, 'written %d, left %d, made %d' % (meter.written, left, meter.made))
    holds('damaged' not in log and 'cannot be' not in log, log)
    meter.power_off()


@case
async def a_power_cut_between_two_writes_loses_what_was_counted_since(meter):
    async def when():
        await meter.writes(3)
        await asyncio.sleep(0.3)
    await cut(meter, when)


@case
async def a_power_cut_in_the_middle_of_a_write_loses_nothing_that_was_written_before(meter):
    def middle():
        return meter.log().count('writing') > max(3, meter.log().count('written'))

    async def when():
        end = time.monotonic() + 30
        while not middle():
            holds(time.monotonic() < end, 'no write in sight')
            time.sleep(0.0005)
    await cut(meter, when)


@case
async def a_polite_end_loses_nothing(meter):
    begun = await meter.power_on()
    pulses = meter.vm.start(PULSES)
    await asyncio.sleep(1.5)
    (Path(meter.vm.xfer) / 'enough').touch()
    same((await asyncio.to_thread(meter.vm.wait, pulses))[0], 0)
    status, text = await asyncio.to_thread(meter.vm.run, 'kill -TERM $(pidof katydid)')
    same(status, 0, text)
    same((await asyncio.to_thread(meter.vm.wait, meter.daemon, 20))[0], 0, 'the exit status')
    before = meter.made
    meter.power_off()
    same(await meter.power_on() - begun, meter.made - before, 'what was counted')
    meter.power_off()


async def main(program, chosen):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    meter = Meter(program)
    try:
        await meter.start()
        passed, failed = await suite.run(meter, chosen)
    finally:
        await meter.stop()
    if passed + failed == 0:
        print('no case is called %s' % ' or '.join(chosen))
        failed = 1
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
