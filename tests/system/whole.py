"""The whole system: the package on a board that runs Debian, its real systemd and all of the unit's confinement; Prosody and
anna on the host. whole.py ARCH PACKAGE OLDER [CASE...]; prints `N passed, M failed` last.

The cases build on each other: they are the life of one installation, in this order."""
import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lab'), str(HERE.parent / 'clients')]

import debian  # noqa: E402
import suite  # noqa: E402
from board import Board  # noqa: E402
from house import PASSWORD  # noqa: E402
from outpost import Outpost  # noqa: E402
from suite import case, holds, same, until  # noqa: E402

EXPOSURE = 1.5
CONFIG = '''
[device]
name = "cellar"
board = "generic"
[xmpp]
jid = "greenhouse@home.example"
password = { credential = "xmpp-password" }
server = "10.0.2.2:%(port)d"
ca_file = "/etc/katydid/ca.pem"
[presence]
every = "1s"
[store]
every = "1s"
[limits]
commands_per_minute = 10000
[[contacts]]
jid = "anna@home.example"
role = "owner"
notify = "all"
[sensors.door]
label = "Door"
states = ["closed", "open"]
gpio = { line = "DOOR", chip = "lab", active = "low", debounce = "20ms" }
[sensors.water]
label = "Water"
every = "1s"
counter = { line = "WATER", chip = "lab" }
[sensors.disk]
label = "Disk"
hwmon = { name = "nvme", channel = "temp1" }
[sensors.card]
label = "Card"
system = { disk = "/" }
every = "1h"
[sensors.load]
label = "Load"
system = "load"
every = "1h"
[sensors.memory]
label = "Memory"
system = "memory"
every = "1h"
[sensors.uptime]
label = "Uptime"
system = "uptime"
every = "1h"
[sensors.free]
label = "Free"
unit = "MB"
file = { path = "/proc/meminfo", pattern = "MemFree: {} kB", factor = 0.001 }
every = "1h"
[sensors.home]
label = "Home"
file = { path = "/home/number" }
[sensors.temporary]
label = "Temporary"
file = { path = "/tmp/number" }
[sensors.password]
label = "Secret"
file = { path = "/etc/katydid/xmpp-password" }
[actuators.pump]
label = "Pump"
gpio = { line = "PUMP", chip = "lab" }
safe = "off"
[actuators.fan]
label = "Fan"
gpio = { line = "FAN", chip = "lab" }
safe = "off"
start = "last"
[actuators.heater]
label = "Heater"
pwm = { line = "HEATER", chip = "lab", frequency = "10Hz", software = true }
safe = 0
[actuators.siren]
label = "Siren"
gpio = { line = "SIREN", chip = "lab" }
safe = "off"
exit = "on"
[actuators.light]
label = "Light"
led = "%(led)s"
safe = "off"
'''
DOOR, WATER, PUMP, FAN, HEATER, SIREN = range(6)


class Cellar(Outpost):
    """The world of these cases: the board has a disk."""
    NAME = 'cellar'

    def __init__(self, arch, package, older):
        super().__init__()
        self.kind, self.led = debian.KINDS[arch], None
        self.package, self.older = Path(package), Path(older)
        self.disk = self.dir / 'disk'

    async def start(self):
        _, _, disk = await asyncio.to_thread(debian.build, self.kind)
        subprocess.run(['cp', '--sparse=always', str(disk), str(self.disk)], check=True)
        self.serve()
        await self.invite()
        await self.power_on()

    async def power_on(self):
        self.machine = await asyncio.to_thread(Board, self.kind, self.disk)
        xfer = Path(self.machine.xfer)
        for package in (self.package, self.older):
            shutil.copy(package, xfer)
        shutil.copy(self.server.ca, xfer / 'ca.pem')
        (xfer / 'password').write_text(PASSWORD + '\n')
        self.led = await until(lambda: self.sh('ls /sys/class/leds | grep -m 1 capslock', True), 60, 'a keyboard with LEDs')
        self.config()
        # The rest of the start.
        await self.sh('systemctl is-system-running --wait || systemctl list-units --failed --no-legend', fails=True)

    def config(self, more='', change=('', '')):
        text = CONFIG.replace(*change) % {'port': self.server.port, 'led': self.led}
        (Path(self.machine.xfer) / 'katydid.toml').write_text(text + more)

    async def configure(self, more='', change=('', '')):
        self.config(more, change)
        # What an editor does too; a power cut takes what is in memory only.
        await self.sh('install -m 640 -g katydid katydid.toml /etc/katydid/katydid.toml; sync')

    async def put_on_the_card(self, change=('', '')):
        """A config with its password on the boot partition, as a PC writes it."""
        self.config(change=change)
        await self.sh("sed 's/{ credential = .*}/\"%s\"/' katydid.toml >/boot/katydid.toml; sync" % PASSWORD)

    async def sh(self, script, fails=False, timeout=180):
        status, text = await asyncio.to_thread(self.machine.run, script, timeout)
        holds(fails or status == 0, '%s: %d: %s' % (script, status, text))
        return text.strip()

    async def shown(self, name):
        """A property of the unit, as systemd shows it."""
        return await self.sh('systemctl show --value -p %s katydid' % name)

    async def journal(self):
        return await self.sh('journalctl --no-pager -o cat -u katydid')

    async def online(self, order):
        """Gives an order and waits until anna sees the device with all its points."""
        self.anna.seen.items.clear()
        await self.sh(order)
        try:
            # The server may still believe in the session that a power cut ended.
            await self.anna.seen.take(lambda seen: seen.type == 'available' and 'Door' in seen.status, 90)
        except AssertionError as error:
            raise AssertionError('%s; %s' % (error, await self.sh('systemctl status -n 50 katydid', True))) from None
        self.anna.said.items.clear()

    async def pid(self):
        return int(await self.shown('MainPID'))

    async def pull(self, line, up):
        await self.sh('gpiosim pull lab %d %s' % (line, 'up' if up else 'down'))

    async def level(self, line):
        return int(await self.sh('gpiosim get lab %d' % line))

    async def told(self, question, pattern):
        """Asks and compares the answer; -> the match."""
        self.anna.said.items.clear()
        self.anna.say(question)
        said = await self.anna.said.take(lambda said: re.fullmatch(pattern, said.body or ''), 15)
        return re.fullmatch(pattern, said.body)


@case
async def a_package_without_a_config_starts_nothing_and_fails_nothing(cellar):
    await cellar.sh('dpkg -i %s' % cellar.older.name)
    same(await cellar.shown('ActiveState'), 'inactive')
    same(await cellar.sh('systemctl is-enabled katydid'), 'enabled')
    same(await cellar.sh('systemctl list-units --failed --no-legend'), '')
    same(await cellar.sh('systemd-analyze verify --man=no katydid.service 2>&1'), '')


@case
async def with_a_config_it_is_active_and_online(cellar):
    await cellar.sh('install -m 600 password /etc/katydid/xmpp-password; install -m 644 ca.pem /etc/katydid/; '
                    'echo 7 >/home/number; echo 7 >/tmp/number; chmod 644 /home/number /tmp/number')
    await cellar.configure()
    await cellar.online('systemctl start katydid')
    same(await cellar.shown('ActiveState'), 'active')
    holds('online as' in await cellar.shown('StatusText'), await cellar.shown('StatusText'))


@case
async def systemd_itself_finds_little_exposure(cellar):
    text = await cellar.sh('systemd-analyze security --no-pager katydid')
    print('\n'.join(line for line in text.splitlines() if re.search(r' \d\.\d *$|Overall', line)))
    exposure = float(re.search(r'exposure level for katydid.service: ([\d.]+)', text)[1])
    holds(exposure <= EXPOSURE, exposure)


@case
async def the_process_has_no_rights_but_its_group_s(cellar):
    status = dict(re.findall(r'^(\w+):\s*(.*)$', await cellar.sh('cat /proc/%d/status' % await cellar.pid()), re.M))
    same({name: status[name] for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')},
         dict.fromkeys(('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'), '0000000000000000'))
    same([status['NoNewPrivs'], status['Seccomp']], ['1', '2'])
    user, group, gpio = (await cellar.sh('id -u katydid; id -g katydid; getent group gpio | cut -d: -f3')).split()
    same(set(status['Uid'].split()), {user})
    same(set(status['Gid'].split()), {group})
    same(set(status['Groups'].split()), {group, gpio})


@case
async def of_the_devices_it_has_the_gpio_chips_and_nothing_else(cellar):
    # Even root, put into the service's group of processes, is kept out.
    inside = 'sh -c \'echo $$ >/sys/fs/cgroup/system.slice/katydid.service/cgroup.procs; head -c 1 %s >/dev/null\' 2>&1'
    for device in ('/dev/vda', '/dev/kmsg', '/dev/hwrng', '/dev/nvme0'):
        await cellar.sh('test -e ' + device)
        holds('Operation not permitted' in await cellar.sh(inside % device, True), device)
    chip = await cellar.sh('ls /dev/gpiochip* | head -1')
    holds('Operation not permitted' not in await cellar.sh(inside % chip, True), chip)


@case
async def its_file_system_is_read_only_and_starts_no_programs(cellar):
    pid = await cellar.pid()
    mounts = [line.split() for line in (await cellar.sh('cat /proc/%d/mountinfo' % pid)).splitlines()]
    options = {words[4]: set(words[5].split(',')) for words in mounts}
    holds({'ro', 'noexec'} <= options['/'], options['/'])
    for place in ('/run', '/usr/lib', '/usr/bin/katydid', '/proc/sys', '/sys/fs/cgroup', '/sys/class', '/sys/kernel',
                  '/sys/module'):
        holds('ro' in options[place], '%s: %s' % (place, options[place]))
    for place in ('/var/lib/katydid', '/run/katydid', '/tmp', '/var/tmp', '/dev/shm'):
        holds({'rw', 'noexec'} <= options[place], '%s: %s' % (place, options[place]))
    same({place for place, words in options.items() if 'rw' in words and not place.startswith(('/dev', '/proc', '/sys'))},
         {'/var/lib/katydid', '/run/katydid', '/tmp', '/var/tmp'})
    for program in ('/bin/sh', '/usr/bin/id'):
        holds('Permission denied' in await cellar.sh('nsenter -t %d -m %s 2>&1' % (pid, program), True), program)


@case
async def it_listens_nowhere(cellar):
    await cellar.sh('test -z "$(grep -h ":[0-9A-F]* 00000000:0000 0A" /proc/%d/net/tcp)"' % await cellar.pid())
    same(await cellar.sh('ss -Hltup'), '')


@case
async def every_sensor_the_kernel_shows_is_read(cellar):
    await cellar.told('disk', r'Disk: \d+(\.\d+)? °C')
    await cellar.told('card', r'Card: \d+%')
    await cellar.told('load', r'Load: \d+\.\d\d')
    await cellar.told('memory', r'Memory: \d+%')
    await cellar.told('uptime', r'Uptime: .*\d.*')
    await cellar.told('free', r'Free: \d+(\.\d+)? MB')


@case
async def homes_temporary_files_and_the_password_are_out_of_reach(cellar):
    await cellar.told('home', r'(?s)Home: .*(Permission denied|No such file).*')
    await cellar.told('temporary', r'(?s)Temporary: .*No such file.*')
    await cellar.told('secret', r'(?s)Secret: .*Permission denied.*')


@case
async def an_edge_becomes_a_notice(cellar):
    await cellar.pull(DOOR, True)
    same(await cellar.anna.notice(15), 'Door: closed')
    await cellar.pull(DOOR, False)
    same(await cellar.anna.notice(15), 'Door: open')


@case
async def a_line_is_set_and_seen_on_the_wire(cellar):
    for word, level in (('on', 1), ('off', 0), ('on', 1)):
        await cellar.told('pump ' + word, 'Pump: ' + word)
        same(await cellar.level(PUMP), level)


@case
async def a_heater_is_pulsed_by_the_program(cellar):
    await cellar.told('heater 50', 'Heater: 50%')
    seen = await cellar.sh('for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do gpiosim get lab %d; sleep 0.03; '
                           'done | sort -u' % HEATER)
    same(seen.split(), ['0', '1'])
    await cellar.told('heater 0', 'Heater: 0%')


@case
async def an_led_is_lit(cellar):
    for word, level in (('on', '1'), ('off', '0')):
        await cellar.told('light ' + word, 'Light: ' + word)
        same(await cellar.sh('cat /sys/class/leds/%s/brightness' % cellar.led), level)


@case
async def a_reload_takes_a_new_point_and_refuses_a_mistake(cellar):
    pid = await cellar.pid()
    await cellar.configure('[sensors.cpu]\nlabel = "Other load"\nsystem = "load"\n')
    await cellar.sh('systemctl reload katydid')
    await cellar.told('other load', r'Other load: .*')
    await cellar.configure('[sensors.cpu]\nsistem = "load"\n')
    await cellar.sh('systemctl reload katydid', fails=True)
    await until(lambda: has(cellar, 'sistem'), 20, 'the mistake in the journal')
    await cellar.told('other load', r'Other load: .*')
    same(await cellar.pid(), pid)
    await cellar.configure()
    await cellar.sh('systemctl reload katydid')


async def has(cellar, words):
    return words in await cellar.journal()


@case
async def the_log_has_its_levels(cellar):
    lines = await cellar.sh('journalctl --no-pager -o verbose -u katydid _COMM=katydid | grep -E "^ +(PRIORITY|MESSAGE)="')
    holds('PRIORITY=6' in lines and 'MESSAGE=<' not in lines, lines)


@case
async def what_was_counted_and_set_outlives_a_power_cut(cellar):
    await cellar.told('fan on', 'Fan: on')
    await cellar.told('pump on', 'Pump: on')
    pulses = 'f=$(gpiosim path lab %d)/pull; for i in $(seq 50); do echo pull-up >$f; sleep 0.02; echo pull-down >$f; done' % WATER
    before = int((await cellar.told('water', r'Water: (\d+)'))[1])
    await cellar.sh(pulses)
    await until(lambda: counted(cellar, before + 50), 15, 'the pulses')
    # The store writes once a second.
    await asyncio.sleep(3)
    await cellar.put_on_the_card()
    await asyncio.to_thread(cellar.machine.cut_power)
    await cellar.power_on()
    await cellar.online('systemctl is-enabled katydid')
    await was_taken_over(cellar)
    await cellar.told('water', 'Water: %d' % (before + 50))
    await cellar.told('fan', 'Fan: on')
    await cellar.told('pump', 'Pump: off')
    same([await cellar.level(FAN), await cellar.level(PUMP)], [1, 0])


@case
async def a_config_that_is_taken_over_late_is_what_runs(cellar):
    await cellar.put_on_the_card(('label = "Heater"', 'label = "Warmth"'))
    await cellar.online('systemctl start katydid-firstboot')
    await was_taken_over(cellar)
    await cellar.told('warmth', 'Warmth: 0%')
    await cellar.put_on_the_card()
    await cellar.online('systemctl start katydid-firstboot')
    await cellar.told('heater', 'Heater: 0%')


async def was_taken_over(cellar):
    same(await cellar.sh('ls -A /boot | grep katydid', fails=True), '')
    same(await cellar.sh("stat -c '%a %U' /etc/katydid/xmpp-password; stat -c '%a %G' /etc/katydid/katydid.toml"), '600 root\n640 katydid')
    same(await cellar.sh('cat /etc/katydid/xmpp-password'), PASSWORD)
    said = await cellar.sh('journalctl --no-pager -o cat -b -u katydid-firstboot')
    holds('/boot/katydid.toml is now /etc/katydid/katydid.toml' in said and 'already exists but' not in said, said)


async def counted(cellar, total):
    return int((await cellar.told('water', r'Water: (\d+)'))[1]) == total


@case
async def a_mistake_in_the_config_stops_it_once_and_says_why(cellar):
    starts = int(await cellar.shown('NRestarts'))
    await cellar.configure(change=('safe = "off"', 'save = "off"'))
    await cellar.sh('systemctl restart katydid', fails=True)
    same([await cellar.shown('ActiveState'), await cellar.shown('ExecMainStatus')], ['failed', '78'])
    holds('save' in await cellar.journal(), await cellar.journal())
    await asyncio.sleep(5)
    same([await cellar.shown('ActiveState'), int(await cellar.shown('NRestarts'))], ['failed', starts])
    await cellar.configure()
    await cellar.online('systemctl start katydid')


@case
async def without_its_password_it_stops_once_and_says_why(cellar):
    await cellar.sh('rm /etc/katydid/xmpp-password; systemctl restart katydid', fails=True)
    same([await cellar.shown('ActiveState'), await cellar.shown('ExecMainStatus')], ['failed', '78'])
    holds('password is empty' in await cellar.journal(), await cellar.journal())
    await cellar.sh('install -m 600 password /etc/katydid/xmpp-password')
    await cellar.online('systemctl start katydid')


@case
async def a_loop_that_hangs_is_killed_and_started_again(cellar):
    pid, starts = await cellar.pid(), int(await cellar.shown('NRestarts'))
    await cellar.told('pump on', 'Pump: on')
    await cellar.online('kill -STOP %d' % pid)
    holds(await cellar.pid() != pid, 'the same process')
    same(int(await cellar.shown('NRestarts')), starts + 1)
    holds('watchdog' in (await cellar.journal()).lower(), await cellar.journal())
    same(await cellar.level(PUMP), 0)


@case
async def one_that_eats_memory_is_killed_and_started_again(cellar):
    same(await cellar.shown('MemoryMax'), str(64 << 20))
    pid = await cellar.pid()
    # The pages of its file go first: a release build lives in less than 1 MB.
    await cellar.online('systemctl set-property --runtime katydid MemoryMax=64K; '
                        'i=0; until journalctl --no-pager -u katydid | grep -q oom-kill || [ $i -ge 300 ]; do '
                        'sleep 0.1; i=$((i+1)); done; systemctl set-property --runtime katydid MemoryMax=64M')
    holds(await cellar.pid() != pid, 'the same process')
    holds('oom-kill' in await cellar.journal(), await cellar.journal())


@case
async def a_polite_end_leaves_the_exit_values(cellar):
    await cellar.told('pump on', 'Pump: on')
    await cellar.sh('systemctl stop katydid')
    same([await cellar.shown('Result'), await cellar.shown('ExecMainStatus')], ['success', '0'])
    await cellar.online('systemctl start katydid')


@case
async def an_upgrade_keeps_config_and_state(cellar):
    before = await cellar.told('water', r'Water: (\d+)')
    await cellar.told('fan on', 'Fan: on')
    config = await cellar.sh('cat /etc/katydid/katydid.toml')
    await cellar.online('dpkg -i %s' % cellar.package.name)
    version = await cellar.sh("dpkg-query -W -f '${Version}' katydid")
    holds(version in cellar.package.name, version)
    same(await cellar.sh('cat /etc/katydid/katydid.toml'), config)
    await cellar.told('water', re.escape(before[0]))
    await cellar.told('fan', 'Fan: on')


@case
async def the_kernel_never_had_to_refuse_it_a_call(cellar):
    # Of every refusal the kernel makes a note; this shows that it does.
    await cellar.sh('systemd-run --wait -p SystemCallFilter=~@file-system -p SystemCallErrorNumber=EPERM /bin/ls /; '
                    'systemctl reset-failed')
    notes = await cellar.sh('journalctl --no-pager -k | grep type=1326', fails=True)
    holds('comm="ls"' in notes, 'no note of the call that was refused: ' + notes)
    holds('comm="katydid"' not in notes, notes)


@case
async def removing_it_ends_it_and_keeps_what_is_the_owner_s(cellar):
    await cellar.sh('dpkg -r katydid')
    same(await cellar.sh('systemctl is-active katydid', fails=True), 'inactive')
    same(await cellar.sh('test -e /usr/bin/katydid || test -e /usr/lib/systemd/system/katydid.service || echo gone'), 'gone')
    await cellar.sh('test -s /etc/katydid/katydid.toml && test -s /etc/katydid/xmpp-password && test -d /var/lib/katydid')


@case
async def a_purge_leaves_nothing(cellar):
    await cellar.sh('dpkg -P katydid')
    same(await cellar.sh('find / -xdev -path /proc -prune -o -name "*katydid*" -print | grep -v -e /xfer -e /var/log/journal '
                         '-e /tmp/systemd-private', fails=True), '')
    same(await cellar.sh('systemctl list-units --failed --no-legend'), '')


if __name__ == '__main__':
    suite.LONGEST = 300
    suite.main(Cellar(*sys.argv[1:4]), sys.argv[4:])
