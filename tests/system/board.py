"""A board that runs Debian, in QEMU: its own systemd, GPIO chips, LEDs and a disk with a thermometer. What is on its disk
outlives it. Orders and files go in as in the lab's machine."""
import os
import subprocess
import tempfile

import debian
from hwlab import VM


class Board(VM):
    """A running board. `disk` is its own copy of the image's, written to."""

    def __init__(self, kind, disk, boot_timeout=240):
        kernel, initrd, _ = debian.build(kind)
        self.dir = tempfile.mkdtemp(prefix='katydid-board-')
        self.xfer, self.log, self.cwd = self.dir + '/xfer', self.dir + '/console.log', '/xfer'
        os.mkdir(self.xfer)
        share = 'local,path=%s,mount_tag=xfer,security_model=none,multidevs=remap' % self.xfer
        with open(self.dir + '/nvme', 'wb') as nvme:
            nvme.truncate(1 << 20)
        command = [*debian.machine(kind, kernel, initrd, disk, 'SYSTEMD_LOG_SECCOMP=1'), '-serial', 'file:' + self.log,
                   '-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=agent,name=agent',
                   '-chardev', 'socket,id=agent,path=%s/agent,server=on,wait=off' % self.dir,
                   '-virtfs', share, '-nic', 'user,model=virtio-net-pci',
                   # a disk that has a thermometer, and a keyboard that has LEDs
                   '-drive', 'file=%s/nvme,format=raw,if=none,id=nvme' % self.dir, '-device', 'nvme,serial=1,drive=nvme',
                   '-device', 'qemu-xhci', '-device', 'usb-kbd']
        self.jobs, self.done, self.unread, self.agent = 0, set(), b'', None
        self.errors = open(self.dir + '/qemu.err', 'w')
        self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        try:
            self._meet_agent(boot_timeout)
        except BaseException:
            self.close()
            raise

    def _meet_agent(self, seconds):
        import time
        super()._meet_agent(time.monotonic() + seconds)

    def cut_power(self):
        """kill -9: nothing on the board gets to know of it."""
        self.qemu.kill()
        self.close()
