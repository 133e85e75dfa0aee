"""The cases, and running them one after the other.

A case is an async function that takes a World. It passes if it returns; there is no skipping: what is missing fails."""
import asyncio
import inspect
import signal
import sys
import time
import traceback

CASES = []
LONGEST = 90
# What is waited for may take so many seconds, if nothing else is said.
PATIENCE = 5


def case(function):
    """A case run once."""
    CASES.append((function.__name__, function))
    return function


def with_both(function):
    """A case run twice: the owner's client is slixmpp, and aioxmpp."""
    for kind in ('slixmpp', 'aioxmpp'):
        CASES.append(('%s (%s)' % (function.__name__, kind), lambda world, kind=kind: function(world, kind)))
    return function


def on_both_servers(function):
    """A case run twice: on Prosody, and on ejabberd."""
    CASES.append(('%s (Prosody)' % function.__name__, function))
    CASES.append(('%s (ejabberd)' % function.__name__, lambda world: world.on_ejabberd(function)))
    return function


def same(is_, wanted, about=''):
    """Fails unless both are equal, and says what they are."""
    if is_ != wanted:
        raise AssertionError('%sis %r, not %r' % (about and about + ': ', is_, wanted))


def holds(condition, about):
    """Fails with `about` unless the condition is true."""
    if not condition:
        raise AssertionError(about)


async def run(world, chosen, take=lambda index: True):
    """Runs the cases whose name contains one of `chosen` (all, if none), and of these such as `take` gives us by their
    number. -> (passed, failed)"""
    passed = failed = 0
    for index, (name, function) in enumerate(CASES):
        if chosen and not any(word in name for word in chosen) or not take(index):
            continue
        begun = time.monotonic()
        try:
            await world.ready()
            await asyncio.wait_for(function(world), LONGEST)
        except Exception as error:
            failed += 1
            print('FAILED %s' % name)
            print(''.join(traceback.format_tb(error.__traceback__)[-3:]) + '%s: %s' % (type(error).__name__, error))
            if isinstance(error, asyncio.TimeoutError):
                print('(not done after %d s)' % LONGEST)
        else:
            passed += 1
            print('ok     %s (%.1f s)' % (name, time.monotonic() - begun))
        finally:
            await world.after_case()
            sys.stdout.flush()
    return passed, failed


def main(world, chosen, **more):
    """Runs cases (as `run` chooses them) in this world and ends the process; prints `N passed, M failed` last."""
    sys.exit(asyncio.run(live(world, chosen, **more)))


async def live(world, chosen, **more):
    """Makes the world, runs cases in it, and takes it down. -> the exit status"""
    # Ended from outside, everything that was started still has to go.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    begun = time.monotonic()
    try:
        await world.start()
        print('       %s is there after %.1f s' % (world.NAME, time.monotonic() - begun))
        passed, failed = await run(world, chosen, **more)
        if failed:
            print('the daemon said:\n' + world.log())
    finally:
        await world.stop()
    if passed + failed == 0:
        print('no case is called %s' % ' or '.join(chosen))
        failed = 1
    print('       %s took %.0f s' % (world.NAME, time.monotonic() - begun))
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


async def until(wanted, seconds=None, about='it'):
    """Waits until `wanted()` (which may be async) is true; -> what it gave."""
    seconds = seconds or PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = wanted()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('%s did not happen within %s s' % (about, seconds))
        await asyncio.sleep(0.02)
