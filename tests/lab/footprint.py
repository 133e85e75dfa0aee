"""What the program costs, in one table: footprint.py [BOARD PROGRAM FOOTPRINT]...

FOOTPRINT is benches/footprint, built for the board, which runs the program and measures it: on this machine or inside the
emulated Raspberry Pi, with Prosody on this machine."""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'clients')]

from house import Server  # noqa: E402
from hwlab import Pi  # noqa: E402

JOB = '''
date -s @%d >/dev/null
KATYDID=/xfer/katydid SERVER=10.0.2.2:%d CA=/xfer/ca.pem ./%s
'''
NAMES = {'armv6': 'ARMv6', 'armv7': 'ARMv7', 'aarch64': 'aarch64', 'x86_64': 'x86-64'}
# The emulated Zero cannot sleep for a minute (image.PIS); the 2B runs its programs.
MODELS = {'armv6': 'armv7', 'armv7': 'armv7', 'aarch64': 'aarch64'}


def measure(board, program, footprint, server):
    """-> what footprint printed"""
    if board == 'x86_64':
        environment = {**os.environ, 'KATYDID': program, 'SERVER': '127.0.0.1:%d' % server.port, 'CA': server.ca}
        return subprocess.run([footprint], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    job = JOB % (time.time(), server.port, Path(footprint).name)
    with tempfile.TemporaryDirectory() as place:
        authorities = Path(place) / 'ca.pem'
        authorities.write_bytes(Path(server.ca).read_bytes())
        with Pi(job, [program, footprint, authorities], net=True, model=MODELS[board]) as pi:
            status, text = pi.wait(1500)
    if status != 0:
        raise SystemExit('%s: %s' % (board, text))
    return text


def rows(text):
    """-> {what: (figure, budget)} of a table"""
    lines = [line.strip('| \r').split(' | ') for line in text.splitlines() if line.startswith('| ')]
    return {line[0]: (line[1], line[2].strip(' |') if len(line) > 2 else '') for line in lines[1:]}


def main(words):
    boards = [words[at:at + 3] for at in range(0, len(words), 3)]
    tables = {}
    with tempfile.TemporaryDirectory(prefix='katydid-footprint-') as place:
        server = Server(Path(place) / 'server')
        try:
            server.add('device')
            for board, program, footprint in boards:
                text = measure(board, program, footprint, server)
                print('%s: %s' % (board, text.strip().splitlines()[0]), file=sys.stderr, flush=True)
                tables[board] = rows(text)
        finally:
            server.stop()
    first = next(iter(tables.values()))
    print('| what | %s | budget |' % ' | '.join(NAMES[board] for board in tables))
    print('|---|' + '---|' * (len(tables) + 1))
    for what, (_, budget) in first.items():
        print('| %s | %s | %s |' % (what, ' | '.join(table[what][0] for table in tables.values()), budget))


if __name__ == '__main__':
    main(sys.argv[1:])
