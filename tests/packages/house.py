"""Places to install into: a small Debian unpacked anew for each case, and a system that has nothing but busybox."""
import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent


ARCHS = {'amd64': 'x86_64', 'arm64': 'aarch64', 'armhf': 'armv6'}  # Debian's word, packaging/cross's word
CASES = []
QUICK = {'KATYDID_QUICK': 1}  # compressing takes longer than everything else


def case(function):
    """Enters a case, whose name is a sentence; it gets the World."""
    CASES.append(function)
    return function


class Failed(Exception):
    """What a case did not find as it must be."""


def check(fact, *said):
    if not fact:
        raise Failed(' '.join(str(word) for word in said))


def run(*words, env=None, fails=False):
    """-> what it said, on both outputs. It must succeed, or, with `fails`, must not."""
    whole = {**os.environ, **{name: str(value) for name, value in (env or {}).items()}}
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', env=whole, check=False)
    check((done.returncode != 0) == fails, f'{" ".join(str(word) for word in words)}\nended with {done.returncode}:\n{done.stdout}')
    return done.stdout


class House:
    """A root file system; programs run in it by chroot."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def path(self, name):
        return self.folder / name.lstrip('/')

    def run(self, *words, fails=False):
        env = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C.UTF-8',
               'DEBIAN_FRONTEND': 'noninteractive'}
        return run('env', '-i', *(f'{name}={value}' for name, value in env.items()), 'chroot', self.folder, *words, fails=fails)

    def bring(self, file, folder='/root'):
        """-> the path inside."""
        shutil.copy(file, self.path(folder))
        return f'{folder}/{Path(file).name}'

    def write(self, name, text, mode=0o644):
        self.path(name).write_text(text, encoding='utf-8')
        self.path(name).chmod(mode)

    def ids(self, file):
        """-> {name: number} of /etc/passwd or /etc/group."""
        lines = self.path(f'/etc/{file}').read_text(encoding='utf-8').splitlines()
        return {line.split(':')[0]: int(line.split(':')[2]) for line in lines}

    def facts(self, name):
        """-> 'mode owner group' of a file, by the names in here."""
        status = self.path(name).lstat()
        users = {number: user for user, number in self.ids('passwd').items()}
        groups = {number: group for group, number in self.ids('group').items()}
        return f'{stat.S_IMODE(status.st_mode):04o} {users[status.st_uid]} {groups[status.st_gid]}'

    def files(self):
        """All files and folders, but what dpkg and other programs note of their own work."""
        found = set()
        for folder, folders, files in os.walk(self.folder):
            place = '/' + str(Path(folder).relative_to(self.folder)).removeprefix('.')
            if place.startswith(('/proc', '/sys', '/dev', '/root', '/var/lib/dpkg', '/var/log', '/var/cache')):
                folders.clear()
                continue
            found |= {place.rstrip('/') + '/' + name for name in folders + files}
        # Backups of the lists of users, and systemd's memory of what it had been told.
        return {name for name in found if not (name.startswith('/etc/') and name.endswith('-'))
                and not name.startswith(('/etc/.pwd.lock', '/var/lib/systemd'))}


class World:
    """What the cases share: programs, packages that were made once, and new houses."""

    def __init__(self, archive, work):
        self.archive, self.work = archive, work
        self.houses, self.made = [], {}
        self.programs = {board: os.environ[f'KATYDID_BIN_{board}'] for board in ('x86_64', 'aarch64', 'armv6')
                         if os.environ.get(f'KATYDID_BIN_{board}')}

    def make_debs(self):
        """All at once, since most of it is waiting for one processor."""
        wanted = [(arch, '') for arch, board in ARCHS.items() if board in self.programs]
        wanted += [('amd64', version) for version in ('0.0.9-1', '0.1.1-1')]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda one: self.deb(*one), wanted))

    def deb(self, arch='amd64', version=''):
        """-> the file of the package."""
        if (arch, version) not in self.made:
            program = self.programs[ARCHS[arch]]
            out = self.work / 'debs'
            said = run(REPO / 'packaging/deb', arch, program, out, *version.split(), env=QUICK)
            self.made[arch, version] = said.split()[-1]
        return self.made[arch, version]

    def tarball(self):
        if 'tarball' not in self.made:
            said = run(REPO / 'packaging/tarball', 'x86_64', self.programs['x86_64'], self.work / 'tarballs', env=QUICK)
            self.made['tarball'] = said.split()[-1]
        return self.made['tarball']

    def place(self):
        return self.work / f'house{len(self.houses)}'

    def debian(self):
        house = House(self.place())
        house.folder.mkdir()
        run('tar', '-C', house.folder, '-xf', self.archive)
        self.houses.append(house)
        return house

    def busybox(self):
        """Busybox, and the C library that a quick build wants; a release needs none."""
        house = House(self.place())
        for name in 'bin sbin usr/bin usr/sbin etc root tmp var/lib dev lib'.split():
            house.path(name).mkdir(parents=True)
        shutil.copy('/bin/busybox', house.path('/bin'))
        house.run('/bin/busybox', '--install', '/bin')
        house.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
        house.write('/etc/group', 'root:x:0:\n')
        for word in run('ldd', self.programs['x86_64']).split():
            if word.startswith('/'):
                house.path(word).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(word, house.path(word))
        self.houses.append(house)
        return house
