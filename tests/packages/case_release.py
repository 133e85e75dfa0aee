"""`packaging/release` with programs that are there: everything is made, and twice the same."""
import json
from concurrent.futures import ThreadPoolExecutor

from house import ARCHS, QUICK, REPO, case, check, run


@case
def a_release_has_everything_and_is_the_same_when_made_again(world):
    first, again, boards = world.work / 'first', world.work / 'again', list(world.programs)
    # The second in another zone and language, with other rights for new files.
    command = f'exec {REPO}/packaging/release --snapshot {" ".join(boards)}'
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(run, 'sh', '-c', command, env={'KATYDID_RELEASE': first, **QUICK}),
                pool.submit(run, 'sh', '-c', 'umask 077 && ' + command,
                            env={'KATYDID_RELEASE': again, **QUICK, 'TZ': 'Asia/Tokyo', 'LC_ALL': 'C'})]
        for one in made:
            one.result()
    names = {path.name for path in first.iterdir()}
    version = run(REPO / 'packaging/version').strip()
    archs = {board: arch for arch, board in ARCHS.items()}
    wanted = {'SHA256SUMS', f'katydid-{version}.tar.gz'}
    for board in boards:
        wanted |= {f'katydid-{version}-linux-{board}.tar.gz', f'katydid-{version}-linux-{board}.cdx.json'}
        wanted.add(f'katydid_{version.replace("-", "~")}-1_{archs[board]}.deb')
    check(names == wanted, names ^ wanted)
    run('sh', '-c', f'cd {first} && sha256sum --quiet -c SHA256SUMS')
    check(len((first / 'SHA256SUMS').read_text().splitlines()) == len(wanted) - 1)
    check((first / 'SHA256SUMS').read_text() == (again / 'SHA256SUMS').read_text(), 'the second differs')


@case
def the_sbom_names_what_is_linked_and_no_place_of_the_builder(world):
    file = world.work / 'sbom.json'
    run(REPO / 'packaging/sbom', 'aarch64-unknown-linux-musl', file)
    sbom = json.loads(file.read_text())
    check(sbom['bomFormat'] == 'CycloneDX')
    names = {component['name'] for component in sbom['components']}
    check({'rustls', 'ring', 'tokio', 'xmpp-parsers'} <= names, names)
    check(all(component.get('licenses') for component in sbom['components']), 'without a licence')
    check(not {'proptest', 'libtest-mimic'} & names, "the tests' own libraries are in it")
    check('/tmp' not in file.read_text() and str(REPO) not in file.read_text(), 'it says where it was made')


@case
def a_version_that_the_changelog_does_not_have_is_no_release(world):
    copy = world.work / 'copy'
    run('git', 'clone', '--quiet', REPO, copy)
    (copy / 'CHANGELOG.md').write_text('# Changelog\n\n## [Unreleased]\n')
    said = run(copy / 'packaging/release', fails=True)
    check('CHANGELOG.md has no dated section' in said, said)
