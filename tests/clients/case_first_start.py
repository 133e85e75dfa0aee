"""`katydid init` at a terminal: what it asks, what the screen shows, and the device that comes of it."""
import asyncio
import codecs
import os
import pty
import re
import termios

from house import DOMAIN, PASSWORD
from suite import case, holds, same, until


class Screen:
    """A program on a terminal of its own, typed at as a person does: after the question has come."""

    def __init__(self, *command, **environment):
        pid, self.fd = pty.fork()
        if pid == 0:
            kept = {name: value for name, value in os.environ.items() if not name.startswith('KATYDID_')}
            os.execve(str(command[0]), [str(word) for word in command], {**kept, **environment})
        self.pid, self.shown, self.read = pid, '', 0
        self.decoder = codecs.getincrementaldecoder('utf-8')()
        os.set_blocking(self.fd, False)

    async def shows(self, words, seconds=20):
        """Waits for these words after those waited for before."""
        end = asyncio.get_running_loop().time() + seconds
        while words not in self.shown[self.read:]:
            holds(asyncio.get_running_loop().time() < end, '“%s” was never shown:\n%s' % (words, self.shown))
            if not self.more():
                await asyncio.sleep(0.02)
        self.read = self.shown.index(words, self.read) + len(words)

    def more(self):
        try:
            self.shown += self.decoder.decode(os.read(self.fd, 65536))
            return True
        except BlockingIOError:
            return False
        except OSError:  # the program has ended
            return False

    async def answers(self, question, answer):
        await self.shows(question)
        os.write(self.fd, (answer + '\n').encode())

    def is_silent(self):
        return not termios.tcgetattr(self.fd)[3] & termios.ECHO

    async def ends(self):
        while True:
            self.more()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.more():
                    pass
                return os.waitstatus_to_exitcode(status)
            await asyncio.sleep(0.02)


def first_start(world, folder, *flags):
    server = world.server
    return Screen(world.binary, 'init', '--config', folder / 'katydid.toml', '--server', '127.0.0.1:%d' % server.port,
                  '--ca-file', server.ca, *flags, TERM='xterm')


@case
async def a_person_is_asked_for_what_is_needed_and_the_password_is_not_shown(world):
    world.server.add('cellar')
    folder = world.dir / 'cellar'
    anna = await world.person('slixmpp', 'anna', friendly=False)
    anna.device = 'cellar@%s/katydid' % DOMAIN
    screen = first_start(world, folder)
    await screen.answers('Invitation', '')
    await screen.answers('own address', 'cellar')
    await screen.shows('cellar is a server')
    await screen.answers('own address', 'cellar@' + DOMAIN)
    await screen.answers('exist already', 'y')
    await screen.answers('Password', PASSWORD)
    await screen.answers('Your address', 'anna@' + DOMAIN)
    await screen.answers('Board', 'sim')
    same(await screen.ends(), 0, screen.shown)
    holds(PASSWORD not in screen.shown, 'the password was shown:\n' + screen.shown)
    holds('xmpp:cellar@%s?roster;name=cellar' % DOMAIN in screen.shown, screen.shown)
    drawn = re.findall('\x1b\\[30;107m([█▀▄ ]+)\x1b\\[0m', screen.shown)
    holds(len(drawn) > 15 and len({len(line) for line in drawn}) == 1, 'no QR code:\n' + screen.shown)
    same((folder / 'xmpp-password').read_text(), PASSWORD + '\n')
    same((folder / 'xmpp-password').stat().st_mode & 0o777, 0o600)
    await anna.seen.take(lambda seen: seen.type == 'subscribe')


@case
async def a_wrong_password_writes_nothing_and_the_terminal_shows_again_what_is_typed(world):
    folder = world.dir / 'nothing'
    screen = first_start(world, folder, '--jid', 'kitchen@' + DOMAIN, '--owner', 'anna@' + DOMAIN, '--board', 'sim')
    await screen.answers('exist already', 'yes')
    await screen.shows('Password')
    await until(screen.is_silent)
    await screen.answers('shown', 'eraser')
    same(await screen.ends(), 69, screen.shown)
    holds('the server refused the password of kitchen@' + DOMAIN in screen.shown, screen.shown)
    same(list(folder.iterdir()), [], 'files')
    holds(not screen.is_silent(), 'the terminal does not show what is typed')
