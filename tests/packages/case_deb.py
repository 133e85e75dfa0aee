"""The Debian package: what is in it, and what dpkg does with it in a small Debian where no systemd runs."""
import re
from concurrent.futures import ThreadPoolExecutor

from house import ARCHS, REPO, case, check, run

CONFIG = '/etc/katydid/katydid.toml'
EXAMPLE = '/etc/katydid/katydid.toml.example'
PASSWORD = '/etc/katydid/xmpp-password'


def configured(house):
    """As an administrator leaves it: a config, the password, states."""
    house.write(CONFIG, '# mine\n', 0o640)
    house.write(PASSWORD, 'a long password\n', 0o600)
    house.path('/var/lib/katydid').mkdir(mode=0o700)
    house.write('/var/lib/katydid/store', 'counted\n', 0o600)


def check_kept(house):
    for name, text, mode in ((CONFIG, '# mine\n', '0640'), (PASSWORD, 'a long password\n', '0600'),
                             ('/var/lib/katydid/store', 'counted\n', '0600')):
        check(house.path(name).is_file() and house.path(name).read_text() == text, name, 'is not what it was')
        check(house.facts(name).startswith(mode), name, 'is now', house.facts(name))


@case
def lintian_finds_nothing_wrong(world):
    debs = [world.deb(arch) for arch, board in ARCHS.items() if board in world.programs]
    # The quick build for this machine uses its C library, and then need not say that it does not.
    words = ['lintian', '--allow-root', '--fail-on', 'error,warning', '--tag-display-limit', '0', '--suppress-tags',
             'mismatched-override,unused-override']
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda deb: run(*words, deb), debs))


@case
def a_package_is_for_its_processor(world):
    said = run(REPO / 'packaging/deb', 'armhf', world.programs['aarch64'], world.work / 'never', fails=True)
    check('no program for armhf' in said, said)
    for arch in (arch for arch, board in ARCHS.items() if board in world.programs):
        deb = world.deb(arch)
        check(run('dpkg-deb', '-f', deb, 'Architecture').strip() == arch, deb)
        check(deb.endswith(f'_{arch}.deb'), deb)
    depends = run('dpkg-deb', '-f', world.deb('arm64'), 'Depends').strip()
    check(depends == 'procps, systemd | systemd-standalone-sysusers | systemd-sysusers', 'a static program needs no more than', depends)


@case
def the_version_is_said_once(world):
    version = re.search(r'^version = "(.*)"', (REPO / 'Cargo.toml').read_text(), re.M)[1]
    check(run('dpkg-deb', '-f', world.deb(), 'Version').strip() == version.replace('-', '~') + '-1')
    check(run(world.programs['x86_64'], '--version').strip() == f'katydid {version}')
    house = world.debian()
    house.run('dpkg', '-i', house.bring(world.deb()))
    check(house.run('katydid', '--version').strip() == f'katydid {version}')


@case
def a_new_package_is_installed_and_waits_for_a_config(world):
    house = world.debian()
    before = house.files()
    said = house.run('dpkg', '-i', house.bring(world.deb()))
    check('katydid init' in said, 'it does not say what to do next:', said)
    for name, facts in {
            '/usr/bin/katydid': '0755 root root',
            '/etc/katydid': '0750 root katydid',
            EXAMPLE: '0644 root root',
            '/usr/lib/systemd/system/katydid.service': '0644 root root',
            '/usr/lib/udev/rules.d/60-katydid.rules': '0644 root root',
            '/usr/share/man/man1/katydid.1.gz': '0644 root root',
            '/usr/share/man/man5/katydid.toml.5.gz': '0644 root root',
            '/usr/share/doc/katydid/copyright': '0644 root root',
            '/usr/share/doc/katydid/third-party.txt.gz': '0644 root root'}.items():
        check(house.facts(name) == facts, name, 'is', house.facts(name))
    check(not house.path(CONFIG).exists(), 'a config nobody has written')
    unit = house.path('/usr/lib/systemd/system/katydid.service').read_text()
    check(f'ConditionPathExists={CONFIG}\n' in unit, 'it would start without a config')
    check(house.path('/etc/systemd/system/multi-user.target.wants/katydid.service').is_symlink(), 'not enabled')
    check('gpio' in house.run('id', '-nG', 'katydid').split(), house.run('id', 'katydid'))
    stray = {name for name in house.files() - before if 'katydid' not in name and not house.path(name).is_dir()}
    check(not stray, 'what is this?', stray)
    # What it brings works.
    house.run('bash', '-n', '/usr/share/bash-completion/completions/katydid')
    house.run('katydid', 'check', '/usr/share/doc/katydid/examples/greenhouse.toml')


@case
def an_upgrade_keeps_config_password_and_states(world):
    house = world.debian()
    house.run('dpkg', '-i', house.bring(world.deb(version='0.0.9-1')))
    configured(house)
    said = house.run('dpkg', '-i', house.bring(world.deb()))
    check_kept(house)
    check(house.facts('/etc/katydid') == '0750 root katydid', house.facts('/etc/katydid'))
    check('katydid init' not in said, 'there is a config:', said)
    said = house.run('dpkg', '-i', house.bring(world.deb(version='0.0.9-1')))
    check('downgrading' in said, said)
    check_kept(house)


@case
def a_changed_example_is_not_overwritten(world):
    house = world.debian()
    house.run('dpkg', '-i', house.bring(world.deb(version='0.0.9-1')))
    # As if the old version had had another example: untouched it is replaced, changed it stays.
    listed = house.path('/var/lib/dpkg/status')
    status = listed.read_text()
    digest = re.search(rf' {EXAMPLE} ([0-9a-f]+)', status)[1]
    house.write(EXAMPLE, '# the example of 0.0.9\n')
    old = house.run('md5sum', EXAMPLE).split()[0]
    listed.write_text(status.replace(digest, old))
    house.run('dpkg', '-i', house.bring(world.deb()))
    check(house.path(EXAMPLE).read_text() == (REPO / 'systemd/katydid.toml').read_text(), 'the untouched one is still old')
    listed.write_text(listed.read_text().replace(digest, old))
    house.write(EXAMPLE, '# my notes\n')
    house.run('dpkg', '--force-confold', '-i', house.bring(world.deb(version='0.1.1-1')))
    check(house.path(EXAMPLE).read_text() == '# my notes\n', 'the changed one is gone')
    check(house.path(EXAMPLE + '.dpkg-dist').exists(), 'the new one is not beside it')


@case
def an_administrators_own_choices_stand(world):
    house = world.debian()
    house.run('dpkg', '-i', house.bring(world.deb(version='0.0.9-1')))
    house.run('dpkg-statoverride', '--update', '--add', 'root', 'root', '0700', '/etc/katydid')
    house.run('systemctl', 'disable', 'katydid.service')
    house.run('dpkg', '-i', house.bring(world.deb()))
    check(house.facts('/etc/katydid') == '0700 root root', house.facts('/etc/katydid'))
    check(not house.path('/etc/systemd/system/multi-user.target.wants/katydid.service').is_symlink(), 'enabled again')


@case
def removed_it_leaves_what_is_the_administrators_and_purged_nothing(world):
    house = world.debian()
    before = house.files()
    house.run('dpkg', '-i', house.bring(world.deb()))
    configured(house)
    house.run('dpkg', '-r', 'katydid')
    check_kept(house)
    left = {name for name in house.files() - before if not name.startswith(('/etc/katydid', '/var/lib/katydid', '/etc/systemd'))}
    check(not left, 'removed, it leaves', left)
    check(not house.path('/usr/bin/katydid').exists())
    house.run('dpkg', '-i', house.bring(world.deb()))
    check_kept(house)
    house.run('dpkg', '-P', 'katydid')
    check(not house.files() - before, 'purged, it leaves', house.files() - before)
    check('katydid' in house.ids('passwd'), 'the user is gone, and its number free for others')
