"""A house to test in: a real Prosody, daemons on the simulated board, and people with their clients."""
import asyncio
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

from suite import holds, until

REPO = Path(__file__).resolve().parents[2]
PROSODY = REPO / 'tests/server/prosody.sh'
EJABBERD = REPO / 'tests/server/ejabberd.sh'
DOMAIN = 'home.example'
PASSWORD = 'pencil'


def sh(*command, **environment):
    # A session of its own, as for the daemon: Ctrl-C in a terminal is for us alone, and we end the others in order.
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300,
                          env={**os.environ, **environment}, start_new_session=True)
    holds(done.returncode == 0, '%s: %s%s' % (command, done.stdout, done.stderr))
    return done.stdout


class Server:
    """A server on loopback: Prosody, if nothing else is said."""

    def __init__(self, directory, script=PROSODY, **environment):
        self.dir, self.script = Path(directory), script
        accounts = ['greenhouse', 'anna', 'ben', 'kitchen', 'stranger']
        sh('bash', self.script, 'start', self.dir, DOMAIN=DOMAIN,
           ACCOUNTS=' '.join('%s:%s' % (name, PASSWORD) for name in accounts),
           COMPONENTS='gpio:%s' % PASSWORD,
           # Its usual 10 kB a second would be the limit that is tested.
           # The service is for devices that publish there; its component ends where the host begins.
           EXTRA_CONFIG='limits = { c2s = { rate = "10mb/s"; burst = "2s" } }\n'
                        'Component "pubsub.%s" "pubsub"\nadmins = { "attic@%s"; "boiler@%s" }' % (DOMAIN, DOMAIN, DOMAIN),
           **environment)
        env = dict(re.findall(r'^(\w+)=(.*)$', (self.dir / 'env').read_text(), re.M))
        self.port, self.tls_port, self.ca = int(env['PORT']), int(env['TLS_PORT']), env['CA']
        self.component_port = int(env['COMPONENT_PORT'])

    def add(self, *names):
        for name in names:
            sh('bash', self.script, 'adduser', self.dir, '%s@%s' % (name, DOMAIN), PASSWORD)

    def log(self):
        return (self.dir / 'prosody.log').read_text(errors='replace')

    def restart(self):
        sh('bash', self.script, 'restart', self.dir)

    def kill(self):
        sh('bash', self.script, 'kill', self.dir)

    def stop(self):
        subprocess.run(['bash', str(self.script), 'stop', str(self.dir)], timeout=60)


class Device:
    """A daemon on the simulated board. `name` is its account; `body` the config behind [xmpp] and [sim]."""

    def __init__(self, server, directory, binary, name, body, password=PASSWORD, address=None):
        self.server, self.binary, self.name = server, binary, name
        self.dir = Path(directory)
        self.dir.mkdir()
        self.jid = '%s@%s' % (name, DOMAIN)
        self.full = self.jid + '/katydid'
        self.address = address or '127.0.0.1:%d' % server.port
        self.socket = self.dir / 'sim.sock'
        self.config = self.dir / 'katydid.toml'
        secret = self.dir / 'password'
        secret.write_text(password + '\n')
        secret.chmod(0o600)
        self.process = None
        # A point that was broken is not trusted at once again, and remembers what it was told.
        self.was_hurt = False
        self.write(body)

    def write(self, body, head=''):
        """Writes the config."""
        self.config.write_text('''
%s
[device]
name = "%s"
board = "sim"
[xmpp]
jid = "%s"
password = { file = "%s" }
server = "%s"
ca_file = "%s"
tls = "starttls"
[store]
dir = "%s"
[sim]
socket = "%s"
%s''' % (head, self.name, self.jid, self.dir / 'password', self.address, self.server.ca, self.dir / 'store', self.socket,
         body))

    async def start(self):
        # KATYDID_… in the environment is config to the daemon, and KATYDID_CACHE is ours.
        environment = {name: value for name, value in os.environ.items() if not name.startswith('KATYDID_')}
        with open(self.dir / 'log', 'ab') as log:
            self.process = await asyncio.create_subprocess_exec(
                str(self.binary), 'run', '--config', str(self.config), env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        await until(self.is_up, 10, 'the daemon’s start')
        return self

    async def is_up(self):
        holds(self.process.returncode is None, 'the daemon ended: ' + self.log())
        try:
            await self.sim('list')
        except OSError:
            return False
        return True

    async def sim(self, line):
        """Says one line to the simulated board; -> its answer."""
        read, write = await asyncio.open_unix_connection(str(self.socket))
        write.write((line + '\n').encode())
        answer = (await asyncio.wait_for(read.readline(), 5)).decode().strip()
        write.close()
        return answer

    async def poke(self, line):
        self.was_hurt |= line.split()[0] in ('fail', 'stuck', 'silent')
        answer = await self.sim(line)
        holds(not answer.startswith('error'), '%s: %s' % (line, answer))

    async def level(self, line):
        return await self.sim('get ' + line)

    def log(self):
        return (self.dir / 'log').read_text(errors='replace')

    def kick(self, number):
        self.process.send_signal(number)

    async def stop(self, number=signal.SIGTERM):
        """Ends it; -> its exit code."""
        if self.process is None:
            return None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 10)


class World:
    """What every case gets: a server, the greenhouse (shared by most cases), and more devices and people on demand."""
    NAME = 'house'

    def __init__(self, binary):
        self.temp = tempfile.TemporaryDirectory(prefix='katydid-clients-')
        self.dir = Path(self.temp.name)
        self.binary = binary
        self.server = None
        self.greenhouse = None
        self.ejabberd = None
        self.extra, self.people, self.count = [], [], 0

    async def start(self):
        self.server = Server(self.dir / 'server')
        self.greenhouse = Device(self.server, self.dir / 'greenhouse', self.binary, 'greenhouse', GREENHOUSE)
        await self.greenhouse.start()

    async def person(self, kind, name, device=None, resource=None, friendly=True, password=PASSWORD, wait=True,
                     server=None):
        """A client that is online, and has seen the device online if it is `friendly` (and may)."""
        from aio import AioPerson
        from slix import SlixPerson
        self.count += 1
        device = device or self.greenhouse
        jid = '%s@%s/%s' % (name, DOMAIN, resource or 'client%d' % self.count)
        made = {'slixmpp': SlixPerson, 'aioxmpp': AioPerson}[kind](server or self.server, jid, password, device.full,
                                                                         friendly)
        self.people.append(made)
        await made.arrive()
        if friendly and wait:
            await made.seen.take(lambda seen: seen.type == 'available' and seen.ver, 10)
        return made

    async def anna(self, kind='slixmpp', **more):
        return await self.person(kind, 'anna', **more)

    async def device(self, body, name=None, start=True, **more):
        """Another device, with an account of its own."""
        self.count += 1
        name = name or 'device%d' % self.count
        self.server.add(name)
        device = Device(self.server, self.dir / ('%s-%d' % (name, self.count)), self.binary, name, body, **more)
        self.extra.append(device)
        return await device.start() if start else device

    async def ready(self):
        """The greenhouse as it is at first."""
        if self.greenhouse.was_hurt:
            await self.greenhouse.stop()
            self.greenhouse.was_hurt = False
            await self.greenhouse.start()
        if self.greenhouse.process.returncode is not None:
            print(self.greenhouse.log())
            await self.greenhouse.start()
        before = await self.greenhouse.sim('list')
        for line in before.split(', '):
            await self.greenhouse.poke('heal ' + line.split('=')[0])
        for poke in ('set IN1 0', 'set AN1 20.5', 'set AN2 40'):
            await self.greenhouse.poke(poke)
        safe = {'OUT1': ('pump', 'off'), 'OUT2': ('lamp', '0'), 'OUT3': ('fan', 'off'), 'OUT4': ('valve', 'closed')}
        wrong = [words for line, words in safe.items() if await self.greenhouse.level(line) != words[1]]
        if wrong:
            anna = await self.person('slixmpp', 'anna', friendly=False)
            for words in wrong:
                await anna.ask(' '.join(words))
            await anna.leave()
        if before != await self.greenhouse.sim('list'):
            # Notices and presences about this are held back for up to a second.
            await asyncio.sleep(1.1)

    async def on_ejabberd(self, function):
        """Runs a case's function with ejabberd in Prosody's place, for devices and people that are made in it."""
        prosody = self.server
        if not self.ejabberd:
            self.ejabberd = Server(self.dir / 'ejabberd', EJABBERD)
        self.server = self.ejabberd
        try:
            await function(self)
        finally:
            self.server = prosody

    def log(self):
        return self.greenhouse.log()

    async def after_case(self):
        for person in self.people:
            try:
                await asyncio.wait_for(person.leave(), 5)
            except Exception as error:
                print('(a client did not leave: %r)' % error)
        for device in self.extra:
            await device.stop(signal.SIGKILL)
        self.people, self.extra = [], []

    async def stop(self):
        if self.greenhouse:
            await self.greenhouse.stop(signal.SIGKILL)
        for server in (self.server, self.ejabberd):
            if server:
                server.stop()
        self.temp.cleanup()


CONTACTS = '''
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = ["door", "pump"]
[[contacts]]
jid = "ben@home.example"
role = "viewer"
notify = ["door", "pump"]
[[contacts]]
jid = "kitchen@home.example"
role = "operator"
points = ["air", "pump"]
'''

POINTS = '''
[presence]
every = "1s"
[sensors.door]
label = "Front door"
states = ["closed", "open"]
sim = { line = "IN1", at = 0 }
[sensors.air]
label = "Air"
unit = "°C"
sim = { line = "AN1", at = 20.5 }
[sensors.soil]
label = "Soil"
unit = "%"
decimals = 0
sim = { line = "AN2", at = 40 }
[actuators.pump]
label = "Water pump"
sim = { line = "OUT1" }
safe = "off"
[actuators.lamp]
label = "Front light"
sim = { line = "OUT2" }
unit = "%"
decimals = 0
range = [0, 100]
safe = 0
[actuators.fan]
label = "Fan"
sim = { line = "OUT3" }
options = ["off", "low", "high"]
safe = "off"
[actuators.valve]
label = "Valve"
sim = { line = "OUT4" }
states = ["closed", "open"]
safe = "closed"
max_on = "10m"
'''

# The allowance of messages is for a case of its own.
GREENHOUSE = '[limits]\ncommands_per_minute = 100000\n' + CONTACTS + POINTS
