"""Runs all cases: main.py PROGRAM [CASE...]. Each worker prints `N passed, M failed` last."""
import glob
import importlib
import multiprocessing
import os
import signal
import sys

import suite
from house import World

# Cases mostly wait; chosen ones are to be watched.
WORKERS = 2


def work(program, taken):
    def take(index):
        with taken.get_lock():
            taken[index] += 1
            return taken[index] == 1
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    suite.main(World(program), [], take=take)


def main(program, chosen):
    if chosen:
        return suite.main(World(program), chosen)
    taken = multiprocessing.Array('i', len(suite.CASES))
    workers = [multiprocessing.Process(target=work, args=(program, taken)) for _ in range(WORKERS)]
    signal.signal(signal.SIGTERM, lambda *_: [worker.terminate() for worker in workers])
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit(max(abs(worker.exitcode) for worker in workers))


if __name__ == '__main__':
    for path in sorted(glob.glob(os.path.dirname(os.path.abspath(__file__)) + '/case_*.py')):
        importlib.import_module(os.path.basename(path)[:-3])
    main(sys.argv[1], sys.argv[2:])
