"""The guests' kernels and initrds, from Debian packages: fetched and unpacked once, without root and without touching
this machine's own apt. The newest kernel of KERNEL_SUITE is taken, since gpio-sim must be in it. The guests: a machine
like this one (x86_64), and the Raspberry Pis of PIS."""
import collections
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
CACHE = os.environ.get('KATYDID_CACHE') or os.path.join(REPO, '.cache', 'lab')
KERNEL_SUITE = 'trixie-backports'       # the first Debian suite with CONFIG_GPIO_SIM
USER_SUITE = 'trixie'                   # gpiod 2.x
PACKAGES = 'busybox-static dash libc6 libgcc-s1 gpiod libgpiod3 i2c-tools libi2c0'.split()
# loaded at boot, with what they need
MODULES = 'configfs gpio-sim virtio_pci virtio_net virtio_console 9p 9pnet_virtio'.split()
# there for modprobe
SPARE = 'i2c-dev i2c-stub lm75 bmp280-i2c regmap-i2c wire w1_therm ledtrig-timer virtio_blk ext4'.split()
# Raspberry Pis by their processor; their network comes by USB. `tty` is where the job tells what it has to say.
Pi = collections.namedtuple('Pi', 'arch qemu machine kernel_suite kernel user_suite packages tree modules tty append')
SMALL = dict(qemu='qemu-system-arm', kernel_suite='bookworm', user_suite='bookworm', tty='ttyAMA0',
             packages='busybox-static dash libc6 libgcc-s1'.split(), modules='configfs dwc2 phy-generic cdc_ether'.split(),
             # QEMU 7.2 lacks the block that this driver touches.
             append='loglevel=1 initcall_blacklist=bcm2835_power_driver_init')
PIS = {
    'aarch64': Pi('arm64', 'qemu-system-aarch64', 'raspi3b', KERNEL_SUITE, 'linux-image-arm64', USER_SUITE, PACKAGES,
                  'bcm2837-rpi-3-b.dtb',
                  'configfs dwc2 phy-generic cdc_ether bcm2835_thermal pwm-bcm2835 leds-gpio'.split(), 'ttyS1', ''),
    'armv7': Pi(arch='armhf', machine='raspi2b', kernel='linux-image-armmp', tree='bcm2836-rpi-2-b.dtb', **SMALL),
    # Under QEMU 7.2 a sleep of more than a few seconds never ends on this one.
    'armv6': Pi(arch='armel', machine='raspi0', kernel='linux-image-rpi', tree='bcm2835-rpi-zero.dtb', **SMALL),
}
TOOLS = {'cpio': 'cpio', 'modinfo': 'kmod', 'depmod': 'kmod', 'xz': 'xz-utils',
         'zstd': 'zstd', 'apt-get': 'apt', 'dpkg-deb': 'dpkg', 'unshare': 'util-linux', 'mkfs.ext4': 'e2fsprogs'}


def need_tools(more):
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    if os.uname().machine != 'x86_64':
        raise SystemExit('hwlab: the lab is made for x86_64; this is ' + os.uname().machine)
    missing = sorted({package for tool, package in {**TOOLS, **more}.items() if not shutil.which(tool)})
    if not missing:
        return
    install = ['apt-get', 'install', '-y', '--no-install-recommends', *missing]
    if os.geteuid() == 0 and shutil.which('apt-get'):
        print('hwlab:', shlex.join(install), flush=True)
        if subprocess.run(install, stdout=subprocess.DEVNULL).returncode == 0:
            return
    raise SystemExit('hwlab: please run: ' + shlex.join(install))


def build(force=False):
    """-> (kernel, initrd) of the machine like this one: built on first use and whenever a file of the guest is newer; by
    one process at a time."""
    need_tools({'qemu-system-x86_64': 'qemu-system-x86'})
    return build_one('amd64', force)


def build_pi(pi, force=False):
    """-> (kernel, initrd, device tree) of one of PIS."""
    need_tools({pi.qemu: 'qemu-system-arm'})
    kernel, initrd = build_one(pi.arch, force)
    return kernel, initrd, os.path.dirname(kernel) + '/board.dtb'


def build_one(arch, force):
    place = CACHE if arch == 'amd64' else os.path.join(CACHE, arch)
    os.makedirs(place, exist_ok=True)
    with open(place + '/lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build_alone(arch, place, force)


def build_alone(arch, place, force):
    boot = os.path.join(place, 'boot')
    kernel, initrd = boot + '/kernel', boot + '/initrd.gz'
    folders = [os.path.join(HERE, name) for name in ('guest', 'oot')]
    sources = [__file__] + [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)]
    if not force and os.path.exists(initrd) and os.path.getmtime(initrd) > max(map(os.path.getmtime, sources)):
        return kernel, initrd
    os.makedirs(boot, exist_ok=True)
    pi = next((pi for pi in PIS.values() if pi.arch == arch), None)
    packed = unpack(arch, place + '/kernel', *((pi.kernel_suite, [pi.kernel]) if pi else (KERNEL_SUITE, ['linux-image-' + arch])))
    user = unpack(arch, place + '/user', *((pi.user_suite, pi.packages) if pi else (USER_SUITE, PACKAGES)))
    modules = [d for base in ('/usr/lib/modules', '/lib/modules') if os.path.isdir(packed + base)
               for d in sorted(os.scandir(packed + base), key=lambda d: d.name)][-1]
    image = modules.path + '/vmlinuz'
    image = image if os.path.exists(image) else packed + '/boot/vmlinuz-' + modules.name
    root = tempfile.mkdtemp(dir=boot)
    try:
        if arch == 'amd64':
            extract_kernel(image, kernel)
            fill_root(root, user, MODULES)
            add_modules(root, modules, MODULES + SPARE, build_simulators(modules.name))
        else:
            extract_arm_kernel(image, kernel)
            trees = [os.path.join(d, pi.tree) for d, _, names in os.walk(packed) if pi.tree in names]
            shutil.copyfile(trees[0], boot + '/board.dtb')
            fill_root(root, user, pi.modules)
            add_modules(root, modules, pi.modules)
        pack = 'find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0 | gzip -1 > ' + shlex.quote(initrd + '.tmp')
        subprocess.run(pack, shell=True, cwd=root, check=True)
        os.rename(initrd + '.tmp', initrd)
    finally:
        shutil.rmtree(root)
    return kernel, initrd


def build_simulators(kernel):
    """-> the folder of the kernel modules in oot/, which no Debian kernel has: built once for their text and the
    kernel. A lab without them would prove nothing about their drivers, so that they cannot be built is a failure."""
    oot = os.path.join(HERE, 'oot')
    digest = hashlib.sha256(kernel.encode())
    for name in sorted(os.listdir(oot)):
        digest.update(open(os.path.join(oot, name), 'rb').read())
    place = os.path.join(CACHE, 'oot', digest.hexdigest()[:16])
    if not os.path.exists(place):
        shutil.rmtree(os.path.join(CACHE, 'oot'), ignore_errors=True)
        build = [os.path.join(oot, 'build.sh'), CACHE, kernel, USER_SUITE, KERNEL_SUITE, place + '.new']
        if subprocess.run(build).returncode != 0:
            # Debian keeps the headers of its newest kernel only.
            raise SystemExit('hwlab: the simulators cannot be built; if kernel %s is not the newest of %s any more, '
                             'remove %s/kernel' % (kernel, KERNEL_SUITE, CACHE))
        os.rename(place + '.new', place)
    return place


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def unpack(arch, place, suite, packages):
    """-> the directory that holds the packages' files"""
    done = place + '/.done'
    wanted = ' '.join([suite, *packages])
    if os.path.exists(done) and open(done).read() == wanted:
        return place
    shutil.rmtree(place, ignore_errors=True)
    fetch = os.path.join(HERE, 'debfetch.sh')
    for deb in output(fetch, arch, suite, CACHE, *packages).split():
        os.makedirs(place, exist_ok=True)
        output('dpkg-deb', '-x', deb, place)
        os.remove(deb)
    with open(done, 'w') as file:
        file.write(wanted)
    return place


def extract_kernel(image, out):
    """The ELF vmlinux out of a bzImage: it boots fastest (PVH entry, no unpacking in the emulator)."""
    data = open(image, 'rb').read()
    if data[0x202:0x206] != b'HdrS':
        raise SystemExit('hwlab: %s is no x86 kernel image' % image)
    offset, size = struct.unpack_from('<II', data, 0x248)
    packed = data[(data[0x1f1] + 1) * 512 + offset:][:size - 4]        # the last 4 bytes are the unpacked size
    if packed[:4] == b'\x28\xb5\x2f\xfd':
        tool = ['zstd', '-dc']
    elif packed[:4] == b'\xfd7zX':
        tool = ['xz', '-dc', '--single-stream']
    else:
        tool = ['gzip', '-dc']
    elf = subprocess.run(tool, input=packed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    if elf[:4] != b'\x7fELF':
        raise SystemExit('hwlab: cannot unpack ' + image)
    with open(out, 'wb') as file:
        file.write(elf)


def extract_arm_kernel(image, out):
    """The plain image out of one that unpacks itself by EFI, which the emulated board does not have."""
    data = open(image, 'rb').read()
    if data[0x24:0x28] == b'\x18\x28\x6f\x01':      # the 32-bit image, which unpacks itself anywhere
        shutil.copyfile(image, out)
        return
    if data[:2] == b'MZ' and data[4:8] == b'zimg':
        offset, size = struct.unpack_from('<II', data, 8)
        tool = {'gzip': ['gzip', '-dc'], 'zstd': ['zstd', '-dc']}.get(data[24:56].split(b'\0')[0].decode(), ['xz', '-dc'])
        data = subprocess.run(tool, input=data[offset:offset + size], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout
    if data[0x38:0x3c] != b'ARM\x64':
        raise SystemExit('hwlab: cannot unpack ' + image)
    with open(out, 'wb') as file:
        file.write(data)


def fill_root(root, user, modules):
    for d in 'usr/bin usr/sbin usr/lib proc sys dev etc root tmp run repo xfer'.split():
        os.makedirs(os.path.join(root, d))
    for link in 'bin sbin lib'.split():
        os.symlink('usr/' + link, os.path.join(root, link))
    if os.path.isdir(user + '/usr/lib64'):
        os.symlink('usr/lib64', root + '/lib64')
    skip = shutil.ignore_patterns('gconv', 'audit', '*.py', 'locale', 'systemd', 'mime', 'udev')
    for top in ('usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'bin', 'sbin', 'lib', 'lib64'):
        source = os.path.join(user, top)
        if os.path.isdir(source) and not os.path.islink(source):
            target = os.path.join(root, top if top.startswith('usr') else 'usr/' + top)
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=skip)
    for name, target in (('init', '/init'), ('gpiosim', '/usr/bin/gpiosim')):
        shutil.copy(os.path.join(HERE, 'guest', name), root + target)
        os.chmod(root + target, 0o755)
    with open(root + '/etc/hwlab-modules', 'w') as file:
        file.write('\n'.join(modules) + '\n')


def add_modules(root, modules, wanted, simulators=None):
    """The wanted modules, what they depend on and the simulators, unpacked, under /usr/lib/modules."""
    have = {}
    for folder, _, files in os.walk(modules.path):
        for name in files:
            match = re.match(r'(.*)\.ko(\.xz|\.zst)?$', name)
            if match:
                have[match[1].replace('-', '_')] = os.path.join(folder, name)
    built_in = set(re.findall(r'([^/]*)\.ko$', open(modules.path + '/modules.builtin').read().replace('-', '_'), re.M))
    wanted = {name.replace('-', '_') for name in wanted} - built_in
    need, todo = {}, sorted(wanted)
    while todo:
        name = todo.pop()
        if name in need or name not in have:
            continue
        need[name] = have[name]
        todo += [n.replace('-', '_') for n in output('modinfo', '-F', 'depends', have[name]).strip().split(',') if n]
    missing = wanted - set(need)
    if missing:
        raise SystemExit('hwlab: kernel %s has no module %s' % (modules.name, ', '.join(sorted(missing))))
    place = os.path.join(root, 'usr/lib/modules', modules.name)
    os.makedirs(place + '/kernel')
    for name, path in need.items():
        with open(os.path.join(place, 'kernel', name + '.ko'), 'wb') as file:
            if path.endswith('.xz'):
                subprocess.run(['xz', '-dc', path], stdout=file, check=True)
            elif path.endswith('.zst'):
                subprocess.run(['zstd', '-dqc', path], stdout=file, check=True)
            else:
                shutil.copyfileobj(open(path, 'rb'), file)
    for name in os.listdir(simulators) if simulators else ():
        shutil.copy(os.path.join(simulators, name), place + '/kernel/')
    for name in ('modules.builtin', 'modules.order', 'modules.builtin.modinfo'):
        if os.path.exists(os.path.join(modules.path, name)):
            shutil.copy(os.path.join(modules.path, name), place)
    subprocess.run(['depmod', '-b', root, modules.name], check=True)
