"""main.py ROOT WORK [CASE...]: runs the cases, and prints `N passed, M failed` last. ROOT is the small Debian's archive."""
import shutil
import sys
import time
import traceback
from pathlib import Path

import case_deb  # noqa: F401, the cases enter themselves
import case_release  # noqa: F401
import case_tarball  # noqa: F401
from house import Failed, World, CASES


def main():
    archive, work, wanted = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    world = World(archive, work)
    if not wanted:
        world.make_debs()
    passed = failed = 0
    for case in CASES:
        if wanted and not any(word in case.__name__ for word in wanted):
            continue
        begun = time.monotonic()
        try:
            case(world)
            passed += 1
            print(f'ok   {case.__name__} ({time.monotonic() - begun:.1f} s)', flush=True)
        except Failed as error:
            failed += 1
            print(f'FAIL {case.__name__}\n{error}', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f'FAIL {case.__name__}\n{traceback.format_exc()}', flush=True)
        for house in world.houses:
            shutil.rmtree(house.folder)
        world.houses.clear()
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed or not passed else 0)


if __name__ == '__main__':
    main()
