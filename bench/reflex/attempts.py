"""The client: opens a new TLS connection every 50 ms and says how each one went.

Run as a program: attempts.py HOST PORT CA SECONDS. Each is on a connection of its own, none waits
for another, and 0.5 s after its start it has failed. A line for each: when it began
(CLOCK_REALTIME), how long it took, how late the program itself was to begin it, and "ok" or the
error's name.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time

EVERY = 0.05
TIMEOUT = 0.5


async def attempt(host: str, port: int, context: ssl.SSLContext, late: float) -> None:
    began, clock = time.time(), time.monotonic()
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
        got = "ok"
        writer.transport.abort()
    except (OSError, ssl.SSLError, TimeoutError) as error:
        got = type(error).__name__
    took = time.monotonic() - clock
    print(f"{began:.4f} {took:.4f} {late:.4f} {got}", flush=True)


async def main() -> None:
    host, port, ca, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    context = ssl.create_default_context(cafile=ca)
    tasks: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    end = due + seconds
    while due < end:
        late = max(0.0, time.monotonic() - due)
        task = asyncio.create_task(attempt(host, port, context, late))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        # One that is late does not make those after it come in a heap.
        due = max(due + EVERY, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


if __name__ == "__main__":
    asyncio.run(main())
