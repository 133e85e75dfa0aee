"""What the worlds of one board have in common: its server, and anna with her client."""
import tempfile
from pathlib import Path

import suite
from house import PASSWORD, Server
from slix import SlixPerson


class Anna(SlixPerson):
    """The machine of such a board is emulated, and may be on a busy one."""

    @property
    def patience(self):
        return suite.PATIENCE


class Outpost:
    """A board that is a machine of its own. What is different about one is its NAME and its `machine`, which can
    be closed."""
    NAME = 'outpost'

    def __init__(self):
        self.temp = tempfile.TemporaryDirectory(prefix='katydid-%s-' % self.NAME)
        self.dir = Path(self.temp.name)
        self.machine = self.server = self.anna = None

    def serve(self):
        """The server; boards have its address in their config."""
        self.server = Server(self.dir / 'server')

    async def invite(self):
        """Anna's client."""
        self.anna = Anna(self.server, 'anna@home.example/desk', PASSWORD, 'greenhouse@home.example/katydid')
        await self.anna.arrive()

    def log(self):
        """What the daemon said, as far as it can be reached."""
        return ''

    # For the suite.

    async def ready(self):
        self.anna.said.items.clear()

    async def after_case(self):
        pass

    async def stop(self):
        if self.anna:
            await self.anna.leave()
        if self.machine:
            self.machine.close()
        if self.server:
            self.server.stop()
        self.temp.cleanup()
