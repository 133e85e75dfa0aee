"""Runs all cases: main.py PROGRAM [CASE...]; prints `N passed, M failed` last."""
import asyncio
import glob
import importlib
import os
import signal
import sys

from house import World
from suite import run


async def main(program, chosen):
    # Ended from outside, everything that was started still has to go.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    world = World(program)
    try:
        await world.start()
        passed, failed = await run(world, chosen)
    finally:
        await world.stop()
    if passed + failed == 0:
        print('no case is called %s' % ' or '.join(chosen))
        failed = 1
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    for path in sorted(glob.glob(os.path.dirname(os.path.abspath(__file__)) + '/case_*.py')):
        importlib.import_module(os.path.basename(path)[:-3])
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
