#!/usr/bin/env python3
"""Runs programs against the kernel's own drivers on simulated GPIO chips, I2C chips and 1-Wire buses on a machine that has
none: boots a Debian kernel in QEMU (software emulation: no KVM, no root). And runs programs for ARM on emulated Raspberry
Pis, of which the 3B (aarch64) has its own GPIO, PWM and thermal drivers, its line names, its device tree.

  hwlab.py build [--force]                                    fetch and unpack the guest (once; about 260 MB)
  hwlab.py run [--file F]... [--repo DIR] [--net] -- CMD...   boot, run CMD in the guest, print its output, exit with
                                                              its status, power off
  hwlab.py pi [--file F]... [--net] [--model M] -- CMD...     the same on a Raspberry Pi: aarch64 (3B, the usual one),
                                                              armv7 (2B) or armv6 (Zero)

In the guest: each F as /xfer/NAME (/xfer is shared, read-write), DIR read-only at its own path, gpiosim (see
guest/gpiosim), the gpiod 2 tools, i2c-tools, the modules of oot/ for modprobe, busybox. With --net the host's 127.0.0.1 is 10.0.2.2, also called "host".
The Raspberry Pi shares no folder with the host: the files are copies, and one command is all it runs.
As a library:  with VM(files=['target/debug/katydid'], net=True) as vm: status, text = vm.run('gpiodetect')
The guest is kept in $KATYDID_CACHE, else .cache/lab of the repository."""
import argparse
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from image import PIS, build, build_pi


class VM:
    """A running guest. `files` are copied to /xfer; `repo` is mounted read-only at its own path; `net` is True, or
    more options for QEMU's user network (`hostfwd=tcp:127.0.0.1:5000-:5000`)."""

    def __init__(self, files=(), repo=None, net=False, extra=(), boot_timeout=180, mem=256):
        kernel, initrd = build()
        self.dir = tempfile.mkdtemp(prefix='hwlab-')
        self.xfer = self.dir + '/xfer'
        self.log = self.dir + '/console.log'
        os.mkdir(self.xfer)
        for file in files:
            shutil.copy(file, self.xfer)
        self.cwd = os.path.realpath(repo) if repo else '/xfer'
        append = ('console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check '
                  'cryptomgr.notests random.trust_cpu=on net.ifnames=0 hwlab.name=hwlab')
        share = 'local,path=%s,mount_tag=%s,security_model=none,multidevs=remap'
        command = ['qemu-system-x86_64', '-machine', 'q35,accel=tcg', '-cpu', 'max,-la57', '-m', str(mem), '-smp', '1',
                   '-nodefaults', '-display', 'none', '-no-reboot', '-monitor', 'none', '-serial', 'file:' + self.log,
                   '-kernel', kernel, '-initrd', initrd,
                   '-append', append + (' hwlab.mnt=' + self.cwd if repo else ''),
                   '-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=agent,name=agent',
                   '-chardev', 'socket,id=agent,path=%s/agent,server=on,wait=off' % self.dir,
                   '-virtfs', share % (self.xfer, 'xfer')]
        if repo:
            command += ['-virtfs', share % (self.cwd, 'repo') + ',readonly=on']
        if net:
            command += ['-nic', 'user,model=virtio-net-pci' + ('' if net is True else ',' + net)]
        self.jobs = 0
        self.done = set()
        self.unread = b''
        self.agent = None
        self.errors = open(self.dir + '/qemu.err', 'w')
        self.qemu = subprocess.Popen([*command, *extra], stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        try:
            self._meet_agent(time.monotonic() + boot_timeout)
        except BaseException:
            self.close()
            raise

    def _meet_agent(self, end):
        while self.agent is None:
            talk = socket.socket(socket.AF_UNIX)
            try:
                talk.connect(self.dir + '/agent')
                self.agent = talk
            except OSError:
                talk.close()
                if self.qemu.poll() is not None or time.monotonic() > end:
                    raise RuntimeError('qemu: ' + open(self.dir + '/qemu.err').read())
                time.sleep(0.02)
        hello = self._line(end)
        if not hello.startswith('ready'):
            raise RuntimeError('no agent: %r; console: %s' % (hello, self.console()[-2000:]))

    def console(self):
        return read(self.log)

    def _line(self, end):
        while b'\n' not in self.unread:
            self.agent.settimeout(max(0.01, end - time.monotonic()))
            try:
                some = self.agent.recv(4096)
            except ConnectionResetError:
                some = b''
            except socket.timeout:
                raise TimeoutError('the guest did not answer; console: ' + self.console()[-2000:])
            if not some:
                raise RuntimeError('the guest is gone; console: ' + self.console()[-2000:])
            self.unread += some
        line, self.unread = self.unread.split(b'\n', 1)
        return line.decode().strip()

    def start(self, script):
        """Starts a shell script in the guest, in the background. -> the job's name"""
        self.jobs += 1
        job = 'j%d' % self.jobs
        with open('%s/%s.sh' % (self.xfer, job), 'w') as file:
            file.write('cd %s\n%s\n' % (shlex.quote(self.cwd), script))
        self.agent.sendall(job.encode() + b'\n')
        return job

    def wait(self, job, timeout=120):
        """Waits for a job's end. -> (status, output)"""
        end = time.monotonic() + timeout
        while job not in self.done:
            line = self._line(end)
            if line.startswith('done '):
                self.done.add(line[5:])
        return int(open('%s/%s.rc' % (self.xfer, job)).read()), self.output(job)

    def output(self, job):
        """What a job has printed so far."""
        return read('%s/%s.out' % (self.xfer, job))

    def run(self, script, timeout=120):
        """Runs a shell script in the guest. -> (status, output)"""
        return self.wait(self.start(script), timeout)

    def close(self):
        try:
            self.agent.sendall(b'poweroff\n')
            self.qemu.wait(5)
        except Exception:
            pass
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()
        if self.agent:
            self.agent.close()
        self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Pi:
    """A running Raspberry Pi (one of image.PIS), which has one job: `script`, with `files` beside it in /xfer."""

    def __init__(self, script, files=(), net=False, model='aarch64'):
        pi = PIS[model]
        kernel, initrd, tree = build_pi(pi)
        self.dir = tempfile.mkdtemp(prefix='hwlab-pi-')
        self.told, self.log = self.dir + '/told', self.dir + '/console.log'
        os.makedirs(self.dir + '/more/xfer')
        for file in files:
            shutil.copy(file, self.dir + '/more/xfer')
        with open(self.dir + '/more/xfer/job.sh', 'w') as job:
            job.write(script + '\n')
        shutil.copy(initrd, self.dir + '/initrd.gz')
        # The kernel unpacks one archive after the other.
        pack = 'find . | cpio -o -H newc --quiet -R 0:0 | gzip -1 >> ../initrd.gz'
        subprocess.run(pack, shell=True, cwd=self.dir + '/more', check=True)
        append = 'console=ttyAMA0,115200 quiet panic=-1 net.ifnames=0 iomem=relaxed hwlab.name=hwlab-pi hwlab.tty=%s %s' % (
            pi.tty, pi.append)
        if pi.tty == 'ttyAMA0':
            self.log = self.told
        command = [pi.qemu, '-M', pi.machine, '-nodefaults', '-display', 'none', '-no-reboot',
                   '-monitor', 'none', '-kernel', kernel, '-dtb', tree, '-initrd', self.dir + '/initrd.gz',
                   '-serial', 'file:' + self.log, '-append', append + (' hwlab.usbnet' if net else '')]
        if self.log != self.told:
            command += ['-serial', 'file:' + self.told]
        if net:
            command += ['-netdev', 'user,id=net', '-device', 'usb-net,netdev=net']
        self.errors = open(self.dir + '/qemu.err', 'w')
        self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)

    def output(self):
        """What the job has printed so far."""
        text = read(self.told).replace('\r', '')
        return re.sub(r'^.*?=== begin\n', '', text, count=1, flags=re.S) if '=== begin\n' in text else ''

    def wait(self, timeout=300):
        """Waits for the job's end. -> (status, output)"""
        end = time.monotonic() + timeout
        while True:
            done = re.match(r'(.*?)=== end (\d+)\n', self.output(), re.S)     # the kernel may say more
            if done:
                return int(done[2]), done[1]
            if self.qemu.poll() is not None or time.monotonic() > end:
                raise RuntimeError('the job did not end: %s; console: %s; %s' % (
                    self.output()[-2000:], read(self.log)[-2000:], read(self.dir + '/qemu.err')))
            time.sleep(0.1)

    def close(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()
        self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read(path):
    return open(path, errors='replace').read() if os.path.exists(path) else ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['build', 'run', 'pi'])
    parser.add_argument('--file', action='append', default=[], help='a file for /xfer')
    parser.add_argument('--repo', help='a directory to mount read-only at its own path')
    parser.add_argument('--net', action='store_true', help='with a network')
    parser.add_argument('--timeout', type=float, default=300, help='seconds for the command')
    parser.add_argument('--model', choices=sorted(PIS), default='aarch64', help='which Raspberry Pi')
    parser.add_argument('--force', action='store_true', help='build again')
    words, command = sys.argv[1:], []
    if '--' in words:
        at = words.index('--')
        words, command = words[:at], words[at + 1:]
    args = parser.parse_args(words)
    if args.what == 'build':
        print(*build(args.force))
        return 0
    script = command[0] if len(command) == 1 else shlex.join(command)
    if args.what == 'pi':
        with Pi(script, args.file, args.net, args.model) as pi:
            status, text = pi.wait(args.timeout)
            sys.stdout.write(text)
            return status
    with VM(args.file, args.repo, args.net) as vm:
        job = vm.start(script)
        try:
            status, _ = vm.wait(job, args.timeout)
        except (TimeoutError, RuntimeError) as error:
            print('hwlab:', error, file=sys.stderr)
            status = 124
        sys.stdout.write(vm.output(job))
        return status


if __name__ == '__main__':
    sys.exit(main())
