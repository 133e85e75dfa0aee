"""The tarball's install.sh: in a Debian, in a system of busybox alone, and into a folder."""
import shutil

from house import House, case, check, run


def unpacked(world, house):
    """-> the folder inside."""
    house.bring(world.tarball())
    run('tar', '-C', house.path('/root'), '-xf', world.tarball(), '--no-same-owner')
    return '/root/' + next(path.name for path in house.path('/root').glob('katydid-*') if path.is_dir())


@case
def with_systemd_it_is_installed_and_removed(world):
    house = world.debian()
    before = house.files()
    said = house.run('sh', unpacked(world, house) + '/install.sh')
    check('katydid init' in said and 'systemctl enable --now katydid' in said, said)
    check(house.facts('/usr/local/bin/katydid') == '0755 root root')
    check(house.facts('/etc/katydid') == '0750 root katydid', house.facts('/etc/katydid'))
    unit = house.path('/etc/systemd/system/katydid.service').read_text()
    check('ExecStart=/usr/local/bin/katydid run\n' in unit, unit)
    check('gpio' in house.run('id', '-nG', 'katydid').split())
    house.run('katydid', 'check', '/usr/local/share/doc/katydid/examples/greenhouse.toml')
    house.write('/etc/katydid/katydid.toml', '# mine\n')
    # A copy of it in another system that lies here: what that one lists is not this system's.
    shutil.copytree(house.path('/usr/local'), house.path('/mnt/usr/local'))
    said = house.run('sh', '/mnt/usr/local/share/katydid/install.sh', '--uninstall', '--purge', fails=True)
    check('of another system' in said, said)
    shutil.rmtree(house.path('/mnt/usr'))
    house.run('sh', '/usr/local/share/katydid/install.sh', '--uninstall')
    check(house.path('/etc/katydid/katydid.toml').read_text() == '# mine\n', 'the config is gone')
    left = {name for name in house.files() - before if not house.path(name).is_dir()}
    check(left == {'/etc/katydid/katydid.toml'}, 'it leaves', left)


@case
def with_nothing_but_busybox_as_well(world):
    house = world.busybox()
    before = house.files()
    script = unpacked(world, house) + '/install.sh'
    # Not every busybox can make users.
    said = house.run('sh', script, fails=True)
    check('make a user katydid' in said and not house.path('/usr/local').exists(), said)
    house.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nkatydid:x:100:100::/:/bin/false\n')
    house.write('/etc/group', 'root:x:0:\ngpio:x:101:katydid\nkatydid:x:100:\n')
    said = house.run('sh', script)
    check('have your init run, as the user katydid: /usr/local/bin/katydid run' in said, said)
    check(house.facts('/etc/katydid') == '0750 root katydid', house.facts('/etc/katydid'))
    check(house.facts('/var/lib/katydid') == '0700 katydid katydid', house.facts('/var/lib/katydid'))
    check(not house.path('/etc/systemd').exists(), 'units for a systemd that is not there')
    house.run('/usr/local/bin/katydid', 'check', '/usr/local/share/doc/katydid/examples/greenhouse.toml')
    house.write('/etc/katydid/katydid.toml', '# mine\n')
    # Another version over it: what that has no more goes, what is the administrator's stays.
    house.path(script).parent.joinpath('files/usr/share/doc/katydid/docs/limits.md').unlink()
    house.run('sh', script)
    check(not house.path('/usr/local/share/doc/katydid/docs/limits.md').exists(), "the last version's file is still there")
    check(house.path('/etc/katydid/katydid.toml').read_text() == '# mine\n', 'the config is gone')
    house.run('sh', '/usr/local/share/katydid/install.sh', '--uninstall', '--purge')
    left = {name for name in house.files() - before if not house.path(name).is_dir()}
    check(not left and not house.path('/etc/katydid').exists() and not house.path('/var/lib/katydid').exists(), 'it leaves', left)


@case
def under_openrc_its_script_is_put_in_place(world):
    house = world.debian()
    for name in ('/lib/systemd/systemd', '/bin/systemd-sysusers'):
        house.path(name).unlink()
    house.write('/sbin/openrc-run', '#!/bin/sh\n', 0o755)
    script = unpacked(world, house) + '/install.sh'
    said = house.run('sh', script, '--prefix', '/opt/katydid')
    check('rc-update add katydid' in said, said)
    check(house.facts('/etc/init.d/katydid') == '0755 root root')
    check('command=/opt/katydid/bin/katydid\n' in house.path('/etc/init.d/katydid').read_text())
    house.run('sh', '-n', '/etc/init.d/katydid')
    check('gpio' in house.run('id', '-nG', 'katydid').split(), house.run('id', 'katydid'))
    # Nothing hands the service its password there: it reads the file itself.
    house.write('/root/password', 'a long password\n', 0o600)
    said = house.run('/opt/katydid/bin/katydid', 'init', '--offline', '--jid', 'greenhouse@home.example', '--owner',
                     'anna@home.example', '--board', 'generic', '--password-file', '/root/password')
    check('rc-service katydid start' in said, said)
    check('password = { file = "/etc/katydid/xmpp-password" }' in house.path('/etc/katydid/katydid.toml').read_text())
    check(house.facts('/etc/katydid/xmpp-password').startswith('0600 katydid'), house.facts('/etc/katydid/xmpp-password'))
    house.run('/opt/katydid/bin/katydid', 'check')
    house.run('sh', '/opt/katydid/share/katydid/install.sh', '--uninstall', '--purge')
    check(not house.path('/opt/katydid').exists(), 'the folder stays')


@case
def into_a_system_that_is_not_running(world):
    house = world.busybox()
    script = unpacked(world, house) + '/install.sh'
    place = world.work / 'image'
    shutil.copytree(house.path('/etc'), place / 'etc')
    run('sh', house.path(script), '--root', place, '--prefix', '/usr')
    image = House(place)
    check(image.facts('/usr/bin/katydid') == '0755 root root')
    check(image.path('/etc/katydid/katydid.toml.example').exists())
    check('katydid' not in image.ids('passwd'), 'a user was made there, or here')
    run('sh', place / 'usr/share/katydid/install.sh', '--uninstall', '--purge', '--root', place, '--prefix', '/usr')
    check(not (place / 'usr/bin/katydid').exists() and not (place / 'etc/katydid').exists())
    shutil.rmtree(place)


@case
def another_processors_program_is_refused_before_anything_is_done(world):
    house = world.busybox()
    before = house.files()
    script = unpacked(world, house) + '/install.sh'
    house.path(script).parent.joinpath('files/usr/bin/katydid').write_bytes(b'\x7fELF and no more')
    said = house.run('sh', script, fails=True)
    check('does not run on this processor' in said, said)
    check(house.files() == before, house.files() - before)
