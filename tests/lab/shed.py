"""The world of the lab's cases: the daemon in the virtual machine, on the kernel's own drivers and simulated hardware;
Prosody and anna's client on the host. And `main`, which runs a file's cases in such a world."""
import asyncio
import shutil
import sys
from pathlib import Path

import suite
from house import PASSWORD
from hwlab import VM
from outpost import Outpost
from suite import holds

HEAD = '''
[device]
name = "%s"
board = "generic"
[xmpp]
jid = "greenhouse@home.example"
password = { file = "/xfer/password" }
server = "10.0.2.2:%d"
ca_file = "/xfer/ca.pem"
'''
# A person who is told everything, and at once.
ANNA = '''
[presence]
every = "1s"
[limits]
commands_per_minute = 10000
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = "all"
'''


# The emulated machine may be on a busy one.
suite.LONGEST, suite.PATIENCE = 240, 30


class Shed(Outpost):
    """A board with its server and anna. What is different about a board is its NAME, its ENVIRONMENT, its
    `furnish` and its `body`."""
    NAME = 'shed'
    ENVIRONMENT = ''

    def __init__(self, program):
        super().__init__()
        self.program = program
        self.daemon = None

    async def start(self):
        """Everything, until anna sees the device."""
        self.serve()
        await self.power_on()
        await self.furnish()
        self.config()
        await self.invite()
        await self.go()

    async def power_on(self, extra=()):
        """Boots the machine, and puts there what the daemon needs."""
        self.machine = await asyncio.to_thread(VM, files=[self.program], net=True, extra=extra)
        self.xfer = Path(self.machine.xfer)
        shutil.copy(self.server.ca, self.xfer / 'ca.pem')
        (self.xfer / 'password').write_text(PASSWORD)
        (self.xfer / 'password').chmod(0o600)
        # Out of the machine's own memory it starts in a moment, from the host's folder it takes seconds each time.
        await self.sh('cp /xfer/%s /tmp/katydid; rm /xfer/%s' % ((Path(self.program).name,) * 2))

    async def furnish(self):
        """The hardware, before the daemon starts."""

    def body(self):
        """The config behind [xmpp]."""
        raise NotImplementedError

    def config(self, more=''):
        (self.xfer / 'katydid.toml').write_text(HEAD % (self.NAME, self.server.port) + self.body() + more)

    async def go(self, seconds=60):
        """Starts the daemon and waits until anna sees it."""
        self.anna.seen.items.clear()
        self.launch()
        try:
            await self.anna.seen.take(lambda seen: seen.type == 'available' and seen.status, seconds)
        except AssertionError as error:
            raise AssertionError('%s; the daemon: %s' % (error, self.log())) from None

    def launch(self):
        self.daemon = self.machine.start(self.ENVIRONMENT + ' exec /tmp/katydid run --config /xfer/katydid.toml')

    async def sh(self, script):
        status, text = await asyncio.to_thread(self.machine.run, script)
        holds(status == 0, '%s: %s' % (script, text))
        return text.strip()

    async def kick(self, name):
        await self.sh('kill -%s $(pidof katydid)' % name)

    async def ended(self):
        """Waits for the daemon's end; -> its exit status."""
        return (await asyncio.to_thread(self.machine.wait, self.daemon, 60))[0]

    def log(self):
        return self.machine.output(self.daemon) if self.machine and self.daemon else ''


def main(world):
    """Runs the cases of the file that is run in such a world: FILE PROGRAM [CASE...]. Prints `N passed, M failed` last."""
    suite.main(world(sys.argv[1]), sys.argv[2:])
