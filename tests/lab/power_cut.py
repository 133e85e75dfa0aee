"""A power cut with a counter running: the daemon in the virtual machine, its store on a disk with ext4, and the machine
ended by kill -9, once in the middle of a write.

What this shows is the guest's side: what the guest's kernel had not written is gone. What a card's own cache does when the
power goes is the card's matter."""
import asyncio
import re
import signal
import subprocess
import time

from shed import Shed, main
from suite import case, holds, same, until

POINTS = '''
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


class Meter(Shed):
    """The world of these cases: a disk that outlives machines."""
    NAME = 'meter'
    ENVIRONMENT = 'RUST_LOG=katydid=debug'

    def __init__(self, program):
        super().__init__(program)
        self.disk = self.dir / 'disk'
        self.made = self.written = self.begun = 0

    def body(self):
        return POINTS

    async def start(self):
        with open(self.disk, 'wb') as disk:
            disk.truncate(16 << 20)
        subprocess.run(['mkfs.ext4', '-q', '-F', self.disk], check=True)
        self.serve()
        await self.invite()
        await self.again()

    async def again(self):
        """A machine with the same disk, until anna is told the total it starts with."""
        drive = 'file=%s,format=raw,if=none,id=disk' % self.disk
        await self.power_on(['-drive', drive, '-device', 'virtio-blk-pci,drive=disk'])
        self.config()
        (self.xfer / 'made').write_text('%d\n' % self.made)
        await self.sh('modprobe virtio_blk; modprobe ext4; mkdir -p /data; mount -t ext4 /dev/vda /data; '
                      'gpiosim new lab 2 0=WATER')
        self.anna.said.items.clear()
        self.anna.seen.items.clear()
        self.launch()
        try:
            # The server may still believe in the session that the power cut ended.
            await until(lambda: 'online as' in self.log(), 60, 'the login')
            self.anna.say('water')
            # A question from before the power cut may be delivered once more, and is answered as late.
            said = await self.anna.said.take(lambda said: re.fullmatch(r'Water: \d+', said.body or ''), 20)
        except AssertionError as error:
            raise AssertionError('%s; the daemon: %s' % (error, self.log())) from None
        self.begun = int(said.body[7:])

    def power_off(self):
        """kill -9: nothing in the machine gets to know of it."""
        self.machine.qemu.send_signal(signal.SIGKILL)
        self.machine.qemu.wait()
        # The last line may be cut off, but was made after the one before it.
        *_, last, rest = (self.xfer / 'made').read_text().split('\n')
        self.made = int(last) + (1 if rest else 0)
        # Each write says what it is about to write, and then that it is on the disk.
        for totals in re.findall(r'writing pulses/water=(\d+)(?:(?!writing)[\s\S])*written', self.log()):
            self.written = int(totals)
        self.machine.close()
        self.machine = None

    async def writes(self, count):
        """Waits until so many more writes are on the disk."""
        count += self.log().count('written')
        await until(lambda: self.log().count('written') >= count, 30, '%d writes' % count)


async def cut(meter, when):
    """Counts until `when`, cuts the power, and looks what is left."""
    begun = meter.begun
    meter.machine.start(PULSES)
    await when()
    meter.power_off()
    await meter.again()
    left, log = meter.begun, meter.log()
    print('       started at %d, made %d, written %d; after the cut %d' % (begun, meter.made, meter.written, left))
    holds(meter.written > begun, 'nothing was written')
    holds(meter.written <= left <= meter.made, 'written %d, left %d, made %d' % (meter.written, left, meter.made))
    holds('damaged' not in log and 'cannot be' not in log, log)


@case
async def a_power_cut_between_two_writes_loses_what_was_counted_since(meter):
    async def when():
        await meter.writes(3)
        await asyncio.sleep(0.3)
    await cut(meter, when)


@case
async def a_power_cut_in_the_middle_of_a_write_loses_nothing_that_was_written_before(meter):
    async def when():
        await meter.writes(2)
        end = time.monotonic() + 30
        while meter.log().count('writing') == meter.log().count('written'):
            holds(time.monotonic() < end, 'no write in sight')
            time.sleep(0.0005)
    await cut(meter, when)


@case
async def a_polite_end_loses_nothing(meter):
    begun, before = meter.begun, meter.made
    pulses = meter.machine.start(PULSES)
    await asyncio.sleep(1.5)
    (meter.xfer / 'enough').touch()
    same((await asyncio.to_thread(meter.machine.wait, pulses))[0], 0)
    await meter.kick('TERM')
    same(await meter.ended(), 0, 'the exit status')
    meter.power_off()
    await meter.again()
    same(meter.begun - begun, meter.made - before, 'what was counted')


if __name__ == '__main__':
    main(Meter)
