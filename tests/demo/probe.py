"""GET a URL every 100 ms, each on a connection of its own, its certificate verified.

Run as a program: probe.py URL CA. Prints a line for each: when it was begun (monotonic clock), when
it was over, and what it got, "ok" or what was wrong.
"""

from __future__ import annotations

import http.client
import ssl
import sys
import time
import urllib.parse

EVERY = 0.1
TIMEOUT = 1.0


def ask(url: urllib.parse.SplitResult, context: ssl.SSLContext) -> str:
    connection = http.client.HTTPSConnection(
        url.hostname or "", url.port, timeout=TIMEOUT, context=context
    )
    try:
        connection.request("GET", url.path)
        answer = connection.getresponse()
        answer.read()
        return "ok" if answer.status == 200 else str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def main() -> None:
    url = urllib.parse.urlsplit(sys.argv[1])
    context = ssl.create_default_context(cafile=sys.argv[2])
    due = time.monotonic()
    while True:
        begun = time.monotonic()
        got = ask(url, context)
        print(begun, time.monotonic(), got, flush=True)
        # A late one does not make those after it come in a heap.
        due = max(due + EVERY, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
