"""A client of a Kubernetes API: watches that stay, and new connections at a fixed rate.

A program of its own that needs nothing but Python, so that it can run in any network namespace.
The first line of its standard input (JSON) says what to do, each further line is a command and is
answered by one line. It ends at the end of its input, and after ``seconds`` in any case.

A watch proves that it lives by an object that is written once a second: each watch must be told
of each write. Failures are counted exactly, each with its time and reason; nothing is tried again
but a watch that broke, which opens anew as any client does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import sys
import time
from collections import Counter, deque
from typing import Any

OBJECT = "hakube-traffic"
PLACE = "/api/v1/namespaces/default/configmaps"
# How long one request may take, seconds; a client that waits longer has noticed.
PATIENCE = 10.0
# So many failures are told one by one; all are counted.
TOLD = 100
_COUNTER = re.compile(rb'"data":\{"n":"([0-9]+)"\}')


class Failure(Exception):
    """Why a request failed, in a few words."""


def reason(error: BaseException) -> str:
    """An error as a few words that are the same for the same cause."""
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "timed out"
    if isinstance(error, asyncio.IncompleteReadError):
        return "cut"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {error.reason}"
    return type(error).__name__


class Api:
    """How the API is reached: address, authority, and the client's own certificate."""

    def __init__(self, host: str, port: int, ca: str, certificate: str, key: str) -> None:
        self.host, self.port = host, port
        # New connections are anonymous: what they ask for is for everybody.
        self.anonymous = ssl.create_default_context(cafile=ca)
        self.known = ssl.create_default_context(cafile=ca)
        self.known.load_cert_chain(certificate, key)

    async def open(
        self, context: ssl.SSLContext, method: str, path: str, body: str = "", kind: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
        """A connection of its own, and the request on it; returns also the answer's code."""
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=context)
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n"
            if body:
                head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}\r\n{body}".encode())
            lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            return reader, writer, int(lines[0].split()[1])
        except BaseException:
            writer.transport.abort()
            raise

    async def ask(
        self, context: ssl.SSLContext, method: str, path: str, body: str = "", kind: str = ""
    ) -> int:
        """The code of the answer, once all of it is here and the server has closed."""
        reader, writer, code = await self.open(context, method, path, body, kind)
        try:
            # The server closes first, so that the client's port is free again at once.
            await reader.read()
        finally:
            writer.transport.abort()
        return code


class Watch:
    """One watch that is held; after a break the same one opens anew."""

    def __init__(self, number: int, api: Api, broken: deque[dict[str, Any]]) -> None:
        self.number, self._api, self._broken = number, api, broken
        self.port: int | None = None
        self.opened = self.heard = 0.0
        self.seen = 0
        self.refused = 0

    async def hold(self, wait: float) -> None:
        await asyncio.sleep(wait)
        while True:
            try:
                await self._once()
            except (OSError, Failure, asyncio.IncompleteReadError, ValueError) as error:
                if self.port is None:
                    self.refused += 1
                else:
                    self._broken.append(self.told() | {"at": time.time(), "why": reason(error)})
            self.port = None
            await asyncio.sleep(0.3)

    async def _once(self) -> None:
        path = f"{PLACE}?watch=1&fieldSelector=metadata.name={OBJECT}&timeoutSeconds=86400"
        async with asyncio.timeout(PATIENCE):
            reader, writer, code = await self._api.open(self._api.known, "GET", path)
        try:
            if code != 200:
                raise Failure(f"answer {code}")
            self.opened = self.heard = time.time()
            self.port = writer.get_extra_info("sockname")[1]
            while size := int(await reader.readuntil(b"\r\n"), 16):
                self._event(await reader.readexactly(size))
                await reader.readexactly(2)
            # The last chunk: the server itself ends it. A cut connection has none.
            raise Failure("ended by the server")
        finally:
            writer.transport.abort()

    def _event(self, text: bytes) -> None:
        if b'"type":"ERROR"' in text:
            raise Failure("error from the server")
        found = _COUNTER.findall(text)
        if found:
            self.seen = max(self.seen, int(found[-1]))
            self.heard = time.time()

    def told(self) -> dict[str, Any]:
        return {
            "watch": self.number,
            "port": self.port,
            "opened": self.opened,
            "heard": self.heard,
            "seen": self.seen,
        }


class Requests:
    """New connections, at a rate that does not wait for answers; and what became of them."""

    def __init__(self, api: Api, path: str) -> None:
        self._api, self._path = api, path
        self._rate = 0.0
        self._changed = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self.forget()

    def forget(self) -> None:
        self.began = time.monotonic()
        self.sent = self.unsent = 0
        self.late = 0.0
        self.took: list[float] = []
        self.failed: list[dict[str, Any]] = []
        self.reasons: Counter[str] = Counter()

    def set_rate(self, rate: float) -> None:
        self._rate = rate
        self._changed.set()

    async def go_on(self) -> None:
        while True:
            self._changed.clear()
            if not self._rate:
                await self._changed.wait()
                continue
            start, rate, number = time.monotonic(), self._rate, 0
            while not self._changed.is_set():
                number += 1
                due = start + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.late = max(self.late, time.monotonic() - due)
                self._send(rate)

    def _send(self, rate: float) -> None:
        if len(self._flying) > 50 + rate * PATIENCE:
            self.unsent += 1
            return
        self.sent += 1
        task = asyncio.create_task(self._one())
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)

    async def _one(self) -> None:
        start = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                code = await self._api.ask(self._api.anonymous, "GET", self._path)
            if code != 200:
                raise Failure(f"answer {code}")
        except (OSError, Failure, asyncio.IncompleteReadError, ValueError) as error:
            self.reasons[reason(error)] += 1
            if len(self.failed) < TOLD:
                took = round(time.monotonic() - start, 3)
                self.failed.append({"at": time.time(), "why": reason(error), "took": took})
        else:
            self.took.append(time.monotonic() - start)

    def told(self) -> dict[str, Any]:
        took = sorted(self.took)
        seconds = time.monotonic() - self.began
        return {
            "seconds": round(seconds, 2),
            "sent": self.sent,
            "answered": len(took),
            "flying": len(self._flying),
            "unsent": self.unsent,
            "failed": sum(self.reasons.values()),
            "reasons": dict(self.reasons),
            "failures": self.failed,
            "late": round(self.late, 3),
            "median": round(took[len(took) // 2], 4) if took else None,
            "p99": round(took[len(took) * 99 // 100], 4) if took else None,
            "longest": round(took[-1], 4) if took else None,
        }


class Writer:
    """Writes the object that all watches see, once a second."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.written = 0
        self.at: dict[int, float] = {}
        self.forget()

    def forget(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.done = 0

    async def begin(self) -> None:
        body = {"metadata": {"name": OBJECT}, "data": {"n": "0"}}
        try:
            async with asyncio.timeout(PATIENCE):
                code = await self._api.ask(
                    self._api.known, "POST", PLACE, json.dumps(body), "application/json"
                )
            if code not in (201, 409):
                raise Failure(f"answer {code}")
        except (OSError, Failure, asyncio.IncompleteReadError, ValueError) as error:
            sys.exit(f"load: POST {PLACE}: {reason(error)}")

    async def go_on(self) -> None:
        number = int(time.time())  # more than any run before has written
        while True:
            number += 1
            start = time.monotonic()
            body = json.dumps({"data": {"n": str(number)}})
            try:
                async with asyncio.timeout(PATIENCE):
                    code = await self._api.ask(
                        self._api.known,
                        "PATCH",
                        f"{PLACE}/{OBJECT}",
                        body,
                        "application/merge-patch+json",
                    )
                if code != 200:
                    raise Failure(f"answer {code}")
                self.written, self.done = number, self.done + 1
                self.at[number] = time.time()
                self.at.pop(number - 100, None)
            except (OSError, Failure, asyncio.IncompleteReadError, ValueError) as error:
                self.reasons[reason(error)] += 1
            await asyncio.sleep(max(0.0, start + 1 - time.monotonic()))

    def told(self) -> dict[str, Any]:
        return {
            "done": self.done,
            "failed": sum(self.reasons.values()),
            "reasons": dict(self.reasons),
        }


class Load:
    """All of it, and the commands: rate, more, take, end."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._api = Api(*(asked[name] for name in ("host", "port", "ca", "certificate", "key")))
        self._broken: deque[dict[str, Any]] = deque()
        self._watches: list[Watch] = []
        self._held: list[asyncio.Task[None]] = []
        self._requests = Requests(self._api, asked.get("path", "/version"))
        self._writer = Writer(self._api)

    async def run(self, lines: asyncio.StreamReader) -> None:
        await self._writer.begin()
        try:
            async with asyncio.timeout(self._asked["seconds"]), asyncio.TaskGroup() as group:
                # An error of ours in any of them ends all.
                tasks = [group.create_task(self._requests.go_on())]
                tasks.append(group.create_task(self._writer.go_on()))
                self._more(group, self._asked["watches"])
                await self._commands(lines, group)
                for task in (*tasks, *self._held):
                    task.cancel()
        except TimeoutError:
            print("load: its time is up", file=sys.stderr)

    def _more(self, group: asyncio.TaskGroup, watches: int) -> None:
        for number in range(watches):
            watch = Watch(len(self._watches), self._api, self._broken)
            self._watches.append(watch)
            # Not all in one moment: this is not what is measured.
            self._held.append(group.create_task(watch.hold(number / 100)))

    async def _commands(self, lines: asyncio.StreamReader, group: asyncio.TaskGroup) -> None:
        while line := await lines.readline():
            command = json.loads(line)
            if command["do"] == "end":
                return
            if command["do"] == "rate":
                self._requests.set_rate(command["rate"])
            if command["do"] == "more":
                self._more(group, command["watches"])
            answer = self._told() if command["do"] == "take" else {}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    def _told(self) -> dict[str, Any]:
        """What happened since it was asked last."""
        # A write that is younger may still be on its way.
        latest = time.time() - self._asked["deaf_after"]
        due = [n for n, at in self._writer.at.items() if at < latest]
        told = {
            "requests": self._requests.told(),
            "writes": self._writer.told(),
            "broken": list(self._broken),
            "watches": [watch.told() for watch in self._watches],
            "deaf": [w.number for w in self._watches if w.port and due and w.seen < max(due)],
            "refused": sum(watch.refused for watch in self._watches),
        }
        self._broken.clear()
        self._requests.forget()
        self._writer.forget()
        return told


async def main() -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await Load(json.loads(await lines.readline())).run(lines)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
