"""The demo behind ./demo: a greenhouse on the simulated board, and a prompt to talk with it through a real server.

console.py PROGRAM [--script]"""
import asyncio
import glob
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from heard import Refused
from house import PASSWORD, Device, Server
from script import play
from slix import COMMANDS, SlixPerson

# Point, line of the simulated board.
LINES = {'door': 'IN1', 'air': 'AN1', 'pump': 'OUT1', 'lamp': 'OUT2', 'fan': 'OUT3'}

BODY = '''
[presence]
points = ["door", "air", "pump", "lamp", "fan"%(processor)s]
every = "2s"
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = ["door", "pump", "lamp", "fan"]
[[contacts]]
jid = "ben@home.example"
role = "viewer"
notify = ["door"]
[sensors.door]
label = "Front door"
states = ["closed", "open"]
sim = { line = "IN1", %(door)s }
[sensors.air]
label = "Air"
unit = "°C"
sim = { line = "AN1", %(air)s }
every = "5s"
filters = [{ delta = 0.5 }]
[sensors.load]
label = "Load"
system = "load"
%(processor_point)s
[actuators.pump]
label = "Water pump"
sim = { line = "OUT1" }
safe = "off"
max_on = "10m"
[actuators.lamp]
label = "Lamp"
sim = { line = "OUT2" }
unit = "%%"
decimals = 0
range = [0, 100]
safe = 0
[actuators.fan]
label = "Fan"
sim = { line = "OUT3" }
options = ["off", "low", "high"]
safe = "off"
'''

HELP = '''What you type goes to the greenhouse as a chat message of anna, its owner. Try: help · status · pump on 10s ·
lamp 40 · fan high · who · log. What begins with / stays here:
  /door open                   opens the door (or closed)
  /set air 31                  sets what a sensor reads
  /fail air cable cut          breaks a point; /heal air mends it
  /stuck pump · /silent pump   an output that no longer moves, or no longer answers; /heal pump
  /cmd                         the ad-hoc commands; /cmd status runs one, /cmd pump value=1 for=10s fills in its form
  /as ben                      talk as ben, who may only read; /as anna
  /login                       how to join with your own client
  /daemon                      the last lines of the daemon's log
  /quit'''

LOGIN = '''Your own client, on this machine:
  address    anna@home.example (owner) or ben@home.example (viewer), password %(password)s
  server     127.0.0.1 port %(port)d (STARTTLS), or port %(tls_port)d (direct TLS)
  authority  %(ca)s
  contact    greenhouse@home.example; its ad-hoc commands are at greenhouse@home.example/katydid
  Profanity  /connect anna@home.example server 127.0.0.1 port %(port)d tls trust
             then /msg greenhouse@home.example, /cmd list greenhouse@home.example/katydid
  poezio     in poezio.cfg: jid, password, custom_host = 127.0.0.1, custom_port = %(port)d, ca_cert_path = (the authority)
  Gajim      a new account with advanced settings: host 127.0.0.1, port %(port)d, type STARTTLS; accept the certificate
  or trust the authority for a while: sudo cp %(ca)s /usr/local/share/ca-certificates/demo.crt && sudo update-ca-certificates'''


class Screen:
    """Lines that come while somebody types."""
    prompt = ''

    def __init__(self):
        self.tty = sys.stdout.isatty()
        # Somebody may be in the middle of a line.
        self.typing = False

    def show(self, text, colour=''):
        if self.tty and colour:
            text = '\033[%sm%s\033[0m' % (colour, text)
        if self.typing:
            import readline
            print('\r\033[K%s' % text)
            print(self.prompt + readline.get_line_buffer(), end='', flush=True)
        else:
            print(text, flush=True)


class Demo:
    def __init__(self, program, scripted):
        self.screen = Screen()
        self.scripted = scripted
        self.temp = tempfile.TemporaryDirectory(prefix='katydid-demo-')
        self.program = Path(program).resolve()
        self.server = self.greenhouse = self.who = None
        self.people = {}

    async def start(self):
        self.server = Server(Path(self.temp.name) / 'server')
        hot = bool(glob.glob('/sys/class/thermal/thermal_zone*/temp')) and not self.scripted
        body = BODY % {
            'door': 'at = 0' if self.scripted else 'toggles = "45s"',
            'air': 'at = 20.5' if self.scripted else 'drifts = [18.0, 25.0], over = "4m"',
            'processor': ', "processor"' if hot else '',
            'processor_point': '[sensors.processor]\nlabel = "Processor"\nsystem = "cpu-temperature"\n' if hot else '',
        }
        self.greenhouse = Device(self.server, Path(self.temp.name) / 'greenhouse', self.program, 'greenhouse', body)
        await self.greenhouse.start()
        for name in ('anna', 'ben'):
            person = SlixPerson(self.server, '%s@home.example/demo' % name, PASSWORD, self.greenhouse.full)
            self.people[name] = await person.arrive()
            await person.seen.take(lambda seen: seen.type == 'available' and seen.status, 15)
        self.become('anna')

    def become(self, name):
        self.who = name
        self.screen.prompt = '%s> ' % name

    @property
    def person(self):
        return self.people[self.who]

    async def stop(self):
        for person in self.people.values():
            await person.leave()
        if self.greenhouse:
            await self.greenhouse.stop()
        if self.server:
            self.server.stop()
        self.temp.cleanup()

    # The prompt.

    async def talk(self):
        self.screen.show('The greenhouse is online, on a real XMPP server at 127.0.0.1:%d. /help says what there is, '
                         '/quit ends it.' % self.server.port, '1')
        self.screen.show(self.login())
        self.screen.typing = self.screen.tty and sys.stdin.isatty()
        lines = asyncio.Queue()
        threading.Thread(target=self.read, args=(asyncio.get_running_loop(), lines), daemon=True).start()
        watchers = [asyncio.create_task(self.watch(name)) for name in self.people]
        watchers.append(asyncio.create_task(self.mind()))
        typed = asyncio.create_task(self.obey_all(lines))
        try:
            done, _ = await asyncio.wait([typed, *watchers], return_when=asyncio.FIRST_COMPLETED)
            return max(task.result() or 0 for task in done)
        finally:
            self.screen.typing = False
            for task in (typed, *watchers):
                task.cancel()

    def read(self, loop, lines):
        """The keyboard, which Python can only wait for in a thread."""
        if self.screen.typing:
            import readline  # noqa: F401 (gives input() its editing)
        while True:
            try:
                line = input(self.screen.prompt if self.screen.typing else '')
            except (EOFError, KeyboardInterrupt):
                line = None
            loop.call_soon_threadsafe(lines.put_nowait, line)
            if line is None or line.strip() in ('/quit', '/exit', '/q'):
                return

    async def obey_all(self, lines):
        while True:
            line = await lines.get()
            if line is None or line.strip() in ('/quit', '/exit', '/q'):
                return 0
            try:
                await self.obey(line.strip())
            except (AssertionError, OSError) as error:
                self.screen.show(str(error), '31')
            if not self.screen.typing:
                # From a pipe: let the answer come before the next line goes.
                await asyncio.sleep(0.5)

    async def mind(self):
        await self.greenhouse.process.wait()
        self.screen.show('The daemon has ended:\n' + self.greenhouse.log(), '31')
        return 1

    async def watch(self, name):
        """Shows what a person hears: presence once, for it is the same for all."""
        person = self.people[name]
        seen_last = None
        while True:
            said, seen = (asyncio.create_task(box.take(seconds=86400)) for box in (person.said, person.seen))
            try:
                done, _ = await asyncio.wait([said, seen], return_when=asyncio.FIRST_COMPLETED)
            finally:
                said.cancel()
                seen.cancel()
            if said in done and said.result().body and (name == self.who or '/' in said.result().to):
                notice = '/' not in said.result().to
                mark = 'greenhouse tells %s' % name if notice else 'greenhouse'
                self.screen.show('%s: %s' % (mark, said.result().body.replace('\n', '\n            ')),
                                 '36' if notice else '32')
            if seen in done and name == 'anna' and (text := presence(seen.result())) not in ('', seen_last):
                seen_last = text
                self.screen.show(text, '35')

    async def obey(self, line):
        if not line.startswith('/'):
            if line:
                self.person.say(line)
            return
        word, *rest = line[1:].split()
        if word == 'help':
            self.screen.show(HELP)
        elif word == 'login':
            self.screen.show(self.login())
        elif word == 'daemon':
            self.screen.show('\n'.join(self.greenhouse.log().splitlines()[-15:]))
        elif word == 'as' and rest and rest[0] in self.people:
            self.become(rest[0])
            self.screen.show('You are %s now.' % rest[0])
        elif word == 'cmd':
            self.screen.show(await self.command(*rest), '33')
        else:
            self.screen.show(await self.poke(word, *rest), '33')

    def login(self):
        return LOGIN % {'password': PASSWORD, 'port': self.server.port, 'tls_port': self.server.tls_port,
                        'ca': self.server.ca}

    # The simulator and the forms, for the prompt and the script.

    async def poke(self, word, *rest):
        """`door open`, `set air 31`, `fail air cable cut`: -> what the simulator says."""
        if word in LINES:
            word, rest = 'set', (word, *rest)
        if word not in ('set', 'fail', 'heal', 'stuck', 'silent', 'get') or not rest:
            return 'There is no such thing; /help says what there is.'
        line = LINES.get(rest[0])
        if line is None:
            return 'The simulator has %s.' % ', '.join(LINES)
        return 'simulator: ' + await self.greenhouse.sim(' '.join((word, line, *rest[1:])))

    async def command(self, node=None, *values):
        """Lists the commands, or runs one. -> what it says"""
        if node is None:
            items = await self.person.items(COMMANDS)
            return 'commands: ' + ' · '.join('%s (%s)' % (node, name) for _, node, name in items)
        try:
            ran = await self.person.command(node, 'execute')
            if ran.status == 'executing' and values:
                fields = [(var, [value]) for var, _, value in (word.partition('=') for word in values)]
                ran = await self.person.command(node, 'complete', ran.session, fields)
        except Refused as refused:
            return 'command %s: %s %s' % (node, refused.condition, refused.text)
        if ran.status == 'executing':
            fields = ' · '.join('%s=%s%s' % (field.var, ''.join(field.values),
                                             ' of ' + ', '.join(field.options) if field.options else '')
                                for field in ran.form)
            return 'command %s asks for %s' % (node, fields)
        return 'command %s: %s: %s' % (node, ran.note_type, ran.note)


def presence(seen):
    if seen.type == 'unavailable':
        return '○ greenhouse is offline'
    if seen.type != 'available':
        return ''
    return '● greenhouse is %s: %s' % ({'': 'well', 'away': 'not well'}.get(seen.show, seen.show), seen.status)


async def main(program, scripted):
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    demo = Demo(program, scripted)
    try:
        await demo.start()
        return await (play(demo) if scripted else demo.talk())
    except asyncio.CancelledError:
        return 130 if scripted else 0
    finally:
        await demo.stop()


if __name__ == '__main__':
    status = asyncio.run(main(sys.argv[1], '--script' in sys.argv[2:]))
    sys.stdout.flush()
    # The thread that waits for the keyboard would have to be given one more line.
    os._exit(status)
