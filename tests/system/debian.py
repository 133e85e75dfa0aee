"""The disk of a board that runs Debian: systemd, and the kernel's simulators. Unpacked by debootstrap without root, and set
up by the board itself in QEMU, where Debian's own scripts run. Made once and kept in $KATYDID_CACHE, else .cache of the
repository; made anew when a file it is made from changes."""
import collections
import fcntl
import hashlib
import lzma
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'lab')]

import image as lab  # noqa: E402

# A board by Debian's name for its architecture. The kernel is always a new one, for gpio-sim.
Kind = collections.namedtuple('Kind', 'arch suite qemu tty')
KINDS = {kind.arch: kind for kind in (
    Kind('arm64', 'trixie', 'qemu-system-aarch64 -M virt -cpu cortex-a72', 'ttyAMA0'),
    Kind('armhf', 'trixie', 'qemu-system-arm -M virt -cpu cortex-a15', 'ttyAMA0'),
    # The oldest Debian that the packages are for, and its systemd.
    Kind('amd64', 'bookworm', 'qemu-system-x86_64 -M q35 -cpu max,-la57', 'ttyS0'),
)}
PACKAGES = 'systemd systemd-sysv udev dbus kmod iproute2 procps'.split()
# what the disk needs to be found
EARLY = 'virtio_pci virtio_blk ext4'.split()
# loaded at boot: the share, the orders, the network, and what the cases use
MODULES = ('virtio_console virtio_net virtio_rng 9p 9pnet_virtio configfs gpio-sim nvme xhci_pci usbhid hid_generic '
           'input-leds').split()
SIZE = 1 << 30
GUEST = HERE / 'guest'


# What a board is made from: its kernel, the folder of the kernel's modules, and a static busybox.
Parts = collections.namedtuple('Parts', 'kernel modules busybox')


def build(kind):
    """-> (kernel, initrd, disk), by one process at a time. The disk is to be copied, not written."""
    lab.need_tools({kind.qemu.split()[0]: 'qemu-system-x86' if kind.arch == 'amd64' else 'qemu-system-arm',
                    'debootstrap': 'debootstrap', 'fakeroot': 'fakeroot'})
    cache = Path(lab.CACHE) / 'system' / kind.arch
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        parts = gather(kind, cache)
        disk, initrd, made_from = cache / 'disk', cache / 'initrd.gz', cache / 'made-from'
        wanted = digest(parts)
        if not made_from.exists() or made_from.read_text() != wanted:
            made_from.unlink(missing_ok=True)
            make_initrd(cache, parts, initrd)
            make_disk(kind, cache, parts, initrd, disk)
            made_from.write_text(wanted)
    return parts.kernel, initrd, disk


def gather(kind, cache):
    """What the lab has already, and for 32-bit ARM what only this board needs."""
    if kind.arch == 'armhf':
        place = cache
        lab.unpack('armhf', str(place / 'kernel'), 'forky', ['linux-image-armmp-lpae'])
        lab.unpack('armhf', str(place / 'user'), kind.suite, ['busybox-static'])
        kernel = modules_in(place).path + '/vmlinuz'
    elif kind.arch == 'arm64':
        place = Path(lab.CACHE) / 'arm64'
        kernel, _, _ = lab.build_pi(lab.PIS['aarch64'])
    else:
        place = Path(lab.CACHE)
        kernel, _ = lab.build()
    return Parts(kernel, modules_in(place), place / 'user/usr/bin/busybox')


def modules_in(place):
    return max(os.scandir(place / 'kernel/usr/lib/modules'), key=lambda entry: entry.name)


def digest(parts):
    sources = [Path(__file__), *sorted(GUEST.iterdir())]
    text = hashlib.sha256(parts.modules.name.encode())
    for source in sources:
        text.update(source.read_bytes())
    return text.hexdigest()


def make_initrd(cache, parts, initrd):
    """Finds the disk and goes on there."""
    with tempfile.TemporaryDirectory(dir=cache) as root:
        root = Path(root)
        for folder in 'bin proc sys dev disk etc usr/lib'.split():
            (root / folder).mkdir(parents=True)
        shutil.copy(parts.busybox, root / 'bin')
        (root / 'lib').symlink_to('usr/lib')
        shutil.copy(GUEST / 'init', root)
        (root / 'init').chmod(0o755)
        (root / 'etc/modules').write_text('\n'.join(EARLY) + '\n')
        lab.add_modules(str(root), parts.modules, EARLY)
        pack = 'find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0 | gzip -1 > ' + shlex.quote(str(initrd))
        subprocess.run(pack, shell=True, cwd=root, check=True)


def make_disk(kind, cache, parts, initrd, disk):
    mirror = subprocess.run("apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/\\?$'",
                            shell=True, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    work = tempfile.mkdtemp(dir=cache)
    try:
        root, owners = Path(work) / 'root', ['-s', work + '/owners']
        root.mkdir()
        # The files' owners are remembered by fakeroot.
        with open(cache / 'debootstrap.log', 'w') as log:
            done = subprocess.run(['fakeroot', *owners, 'debootstrap', '--foreign', '--arch=' + kind.arch, '--variant=minbase',
                                   '--include=' + ','.join(PACKAGES), kind.suite, str(root), mirror], stdout=log, stderr=log)
        if done.returncode != 0:
            raise SystemExit('system: debootstrap failed: ' + (cache / 'debootstrap.log').read_text()[-1000:])
        for package in (root / 'var/cache/apt/archives').glob('*.deb'):
            unpack_members(package)
        lab.add_modules(str(root), parts.modules, MODULES + EARLY)
        fill(root)
        raw = work + '/disk'
        with open(raw, 'wb') as file:
            file.truncate(SIZE)
        subprocess.run(['fakeroot', '-i', *owners[1:], 'mkfs.ext4', '-q', '-F', '-d', str(root), raw], check=True)
        set_up(kind, parts.kernel, initrd, raw, cache / 'set-up.log')
        os.rename(raw, disk)
    finally:
        shutil.rmtree(work)


def unpack_members(package):
    """Unpacks what is packed in a package: this machine is quicker at it than the board. It has been verified before."""
    data = package.read_bytes()
    at, out = 8, data[:8]
    while at < len(data):
        name, rest, size = data[at:at + 16], data[at + 16:at + 48], int(data[at + 48:at + 58])
        member = data[at + 60:at + 60 + size]
        at += 60 + size + size % 2
        if name.rstrip(b' /').endswith(b'.xz'):
            name, member = name.replace(b'.xz', b'   '), lzma.decompress(member)
            name = name.replace(b'/', b' ')
        out += name + rest + b'%-10d`\n' % len(member) + member + b'\n' * (len(member) % 2)
    package.write_bytes(out)


def fill(root):
    """What the lab adds to Debian."""
    # debootstrap leaves links to this machine's own.
    for place in ('proc', 'sys', 'dev'):
        if (root / place).is_symlink():
            (root / place).unlink()
            (root / place).mkdir()
    units = 'etc/systemd/system'
    for name, folder in {'set-up': 'lab', 'agent': 'lab', 'lab.service': units, 'lab-chips.service': units,
                         'lab.network': 'etc/systemd/network'}.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(GUEST / name, root / folder)
    shutil.copy(lab.HERE + '/guest/gpiosim', root / 'usr/bin')
    for script in ('lab/set-up', 'lab/agent', 'usr/bin/gpiosim'):
        (root / script).chmod(0o755)
    (root / 'etc/modules-load.d').mkdir(parents=True, exist_ok=True)
    (root / 'etc/modules-load.d/lab.conf').write_text('\n'.join(MODULES) + '\n')
    # Nobody reads on this board; and its set-up is done anew if the power goes.
    (root / 'etc/dpkg/dpkg.cfg.d').mkdir(parents=True, exist_ok=True)
    (root / 'etc/dpkg/dpkg.cfg.d/lab').write_text('force-unsafe-io\n' + ''.join(
        'path-exclude=/usr/share/%s/*\n' % folder for folder in 'doc man locale info zoneinfo bash-completion'.split()))
    (root / 'etc/hostname').write_text('board\n')
    (root / 'etc/fstab').write_text('/dev/vda / ext4 rw,noatime 0 0\n')


def set_up(kind, kernel, initrd, disk, log):
    """Debian's second half, on the board itself."""
    append = 'lab.init=/lab/set-up lab.mount=,nobarrier,data=writeback'
    command = [*machine(kind, kernel, initrd, disk, append, cache='unsafe'), '-serial', 'file:' + str(log)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=1200)
    text = log.read_text(errors='replace')
    if 'set up: 0' not in text:
        raise SystemExit('system: the board could not be set up: ' + text[-2000:])


def machine(kind, kernel, initrd, disk, append, cache='writeback'):
    """QEMU's words for a board with this disk."""
    return [*kind.qemu.split(), '-smp', '2', '-m', '512', '-nodefaults',
            '-display', 'none', '-no-reboot', '-monitor', 'none', '-kernel', kernel, '-initrd', str(initrd),
            '-append', 'console=%s quiet panic=-1 random.trust_cpu=on net.ifnames=0 %s' % (kind.tty, append),
            '-device', 'virtio-rng-pci',
            '-drive', 'file=%s,format=raw,if=none,id=disk,cache=%s' % (disk, cache), '-device', 'virtio-blk-pci,drive=disk']


if __name__ == '__main__':
    print(*build(KINDS[sys.argv[1]]))
