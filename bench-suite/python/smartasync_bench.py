"""SmartAsync's own operations, measured where the bridge is measured.

This program prints `count GROUP WHO NANOSECONDS` lines, which `cargo xtask bench
--python` reads, and `version NAME VERSION` lines for the record. Each figure is the
time of one operation, as the median of several batches. The functions only add one,
so the figure is almost only the cost of calling them.

A function decorated by smartasync 0.5.0 never forgets that async code has called it
once. From then on it gives sync callers a coroutine. So each measurement decorates
functions of its own.
"""

import asyncio
import platform
import statistics
import sys
import time
from importlib import metadata

import anyio
import anyio.to_thread
from asgiref.sync import async_to_sync, sync_to_async
from genro_toolbox.smartasync import smartasync as toolbox
from smartasync import smartasync

QUICK = "--quick" in sys.argv[1:]
BATCHES = 5 if QUICK else 15
GATHERED = 10_000
DECORATORS = {"smartasync": smartasync, "genro_toolbox": toolbox}


def plain(number):
    return number + 1


async def plain_async(number):
    return number + 1


def fresh(function, is_async=False):
    """Returns a new function, decorated by `function`."""
    if is_async:

        async def one(number):
            return number + 1

    else:

        def one(number):
            return number + 1

    return function(one)


def line(group, who, batches, count):
    """Prints the median time of one operation. Each batch has `count` operations."""
    print("count", group, who, statistics.median(batches) / count, flush=True)


def repeat(operation, count):
    """Returns the time of `count` operations in a row."""
    for _ in range(count // 10 + 1):
        operation()
    start = time.perf_counter_ns()
    for _ in range(count):
        operation()
    return time.perf_counter_ns() - start


async def repeat_async(operation, count):
    """Returns the time of `count` awaited operations in a row."""
    for _ in range(count // 10 + 1):
        await operation()
    start = time.perf_counter_ns()
    for _ in range(count):
        await operation()
    return time.perf_counter_ns() - start


def sync(group, who, operation, count):
    line(group, who, [repeat(operation, count) for _ in range(BATCHES)], count)


def in_loop(group, who, operation, count):
    async def batches():
        return [await repeat_async(operation, count) for _ in range(BATCHES)]

    line(group, who, asyncio.run(batches()), count)


def decorate():
    for who, decorator in DECORATORS.items():
        sync("PY-decorate", who, lambda decorator=decorator: decorator(plain), 2_000)


def sync_to_sync():
    for who, decorator in DECORATORS.items():
        call = fresh(decorator)
        assert call(1) == 2
        sync("PY-sync-sync", who, lambda call=call: call(1), 20_000)


def sync_to_async_all():
    for who, decorator in DECORATORS.items():
        call = fresh(decorator, is_async=True)
        assert call(1) == 2
        sync("PY-sync-async", who, lambda call=call: call(1), 500)
    bridged = async_to_sync(plain_async)
    assert bridged(1) == 2
    sync("PY-sync-async", "asgiref", lambda: bridged(1), 500)
    sync("PY-sync-async", "anyio", lambda: anyio.run(plain_async, 1), 500)
    sync("PY-sync-async", "asyncio_run", lambda: asyncio.run(plain_async(1)), 500)


def first_calls():
    """Measures the first call of a function: each function is called once."""
    count = 1_000

    async def batch(decorator):
        calls = [fresh(decorator, is_async=True) for _ in range(count)]
        start = time.perf_counter_ns()
        for call in calls:
            await call(1)
        return time.perf_counter_ns() - start

    async def batches(decorator):
        return [await batch(decorator) for _ in range(BATCHES)]

    for who, decorator in DECORATORS.items():
        line("PY-async-async-first", who, asyncio.run(batches(decorator)), count)


def async_to_async():
    for who, decorator in DECORATORS.items():
        call = fresh(decorator, is_async=True)
        in_loop("PY-async-async", who, lambda call=call: call(1), 20_000)
    in_loop("PY-async-async", "plain_await", lambda: plain_async(1), 20_000)


def async_to_sync_all():
    for who, decorator in DECORATORS.items():
        call = fresh(decorator)
        in_loop("PY-async-sync", who, lambda call=call: call(1), 500)
    offloaded = sync_to_async(plain, thread_sensitive=False)
    in_loop("PY-async-sync", "asgiref", lambda: offloaded(1), 500)
    in_loop("PY-async-sync", "anyio", lambda: anyio.to_thread.run_sync(plain, 1), 500)


def gather():
    async def batch(call):
        start = time.perf_counter_ns()
        results = await asyncio.gather(*[call(1) for _ in range(GATHERED)])
        elapsed = time.perf_counter_ns() - start
        assert results == [2] * GATHERED
        return elapsed

    async def batches(call):
        return [await batch(call) for _ in range(3 if QUICK else 5)]

    calls = {who: fresh(decorator) for who, decorator in DECORATORS.items()}
    calls["asgiref"] = sync_to_async(plain, thread_sensitive=False)
    calls["anyio"] = lambda number: anyio.to_thread.run_sync(plain, number)
    for who, call in calls.items():
        line("PY-gather", who, asyncio.run(batches(call)), GATHERED)


def main():
    print("version", "python", platform.python_version())
    for name in ("smartasync", "genro-toolbox", "asgiref", "anyio"):
        print("version", name, metadata.version(name))
    decorate()
    sync_to_sync()
    sync_to_async_all()
    first_calls()
    async_to_async()
    async_to_sync_all()
    gather()


if __name__ == "__main__":
    main()
