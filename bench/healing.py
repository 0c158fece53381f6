"""What the healing's half on the master costs, and what a storm of events does to it.

``python -m bench.healing [--events 25000]``: a real master and minion of this machine, for some
minutes. The minion is one node of a cluster; it sends events as its beacons do, most are forged.
Ends with 1 where an incident that is open stays unknown for longer than one reconcile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import salt.client
import salt.config
import salt.utils.event
from salt import _logging
from salt.exceptions import SaltException

from saltext_hakube.core.remedy.words import PROBES
from saltext_hakube.healing import hints, places, registry
from saltext_hakube.healing.masterfile import EVERY, JOB, SLS
from saltext_hakube.healing.masterfile import TAG as REACTION
from saltext_hakube.host import ledger

STANDIN = Path(__file__).parents[1] / "tests" / "integration" / "healing_standin.py"
TAG = "salt/beacon/node1/hakube/report"
START, BATCH = 180, 250


class Bench:
    """The master (``opts``), its one minion, and the cluster ``heal``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opts: dict[str, Any] = {}
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        ports = [_port(), _port()]
        for name in ("files/_modules", "pillar", "node"):
            (self.folder / name).mkdir(parents=True)
        shutil.copy(STANDIN, self.folder / "files" / "_modules" / "hakube_heal.py")
        cluster = {"name": "heal", "nodes": {"node1": "192.0.2.11"}, "password": "secret"}
        pillar = {"hakube": {"cluster": cluster, "vip": "192.0.2.10", "heal": {"mode": "observe"}}}
        (self.folder / "pillar" / "top.sls").write_text("base: {'*': [data]}")
        (self.folder / "pillar" / "data.sls").write_text(json.dumps(pillar))
        common = {"user": "root", "log_level_logfile": "warning"}
        self._write(
            "master",
            root_dir=str(self.folder / "m"),
            interface="127.0.0.1",
            publish_port=ports[0],
            ret_port=ports[1],
            auto_accept=True,
            file_roots={"base": [str(self.folder / "files")]},
            pillar_roots={"base": [str(self.folder / "pillar")]},
            fileserver_backend=["roots", "hakube"],
            reactor=[{REACTION: [SLS]}],
            schedule={JOB: {"function": "hakube.reconcile", "seconds": EVERY, "maxrunning": 1}},
            **common,
        )
        self._write(
            "minion",
            root_dir=str(self.folder / "n"),
            id="node1",
            master="127.0.0.1",
            master_port=ports[1],
            publish_port=ports[0],
            hakube={"root": str(self.folder / "node")},
            **common,
        )
        self.opts = salt.config.master_config(str(self.folder / "master"))
        for program in ("salt-master", "salt-minion"):
            argv = [str(Path(sys.executable).with_name(program)), "-c", str(self.folder)]
            self.processes.append(subprocess.Popen([*argv, "-l", "error"]))
        self.say()
        _wait(lambda: self.call("test.ping") is True, "the minion", START)
        self.call("saltutil.sync_modules")
        self.call("saltutil.refresh_pillar", wait=True)
        _wait(lambda: registry.known(self.opts, fresh=True).clusters, "the cluster", 30)
        _wait(lambda: "observed" in self.kinds(), "the first reconcile", 90)

    def _write(self, name: str, **settings: Any) -> None:
        (self.folder / name).write_text(json.dumps(settings))

    def stop(self) -> None:
        for process in self.processes:
            whole = [*psutil.Process(process.pid).children(recursive=True), process]
            for one in whole:
                with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                    one.kill()
            process.wait(30)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        with (
            contextlib.suppress(SaltException),
            salt.client.get_local_client(mopts=dict(self.opts)) as client,
        ):
            told = client.cmd(["node1"], function, args, 120, "list", kwarg=kwargs)
            return told.get("node1")
        return None

    def report(self, down: tuple[str, ...] = ()) -> dict[str, Any]:
        looks = {name: {"value": "down" if name in down else "up"} for name in PROBES}
        head = {"format": 1, "cluster": "heal", "node": "node1", "boot": "b", "seq": 1, "at": 1.0}
        return head | {"looks": looks, "quorate": True, "online": ["node1"]}

    def say(self, down: tuple[str, ...] = ()) -> None:
        (self.folder / "node" / "report.json").write_text(json.dumps(self.report(down)))

    def send(self, events: list[dict[str, Any]]) -> None:
        assert self.call("hakube_heal.send", events) == len(events)

    def kinds(self) -> list[str]:
        folder = places.cluster(self.opts, "heal")
        return [record.kind for record in ledger.read(folder, "heal")[0]]

    def asked(self) -> int:
        file = self.folder / "node" / "jobs"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def spent(self) -> float:
        """Seconds on a processor of all the master's processes until now."""
        master = psutil.Process(self.processes[0].pid)
        spent = 0.0
        for process in (master, *master.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                spent += times.user + times.system
        return spent


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(condition: Callable[[], object], what: str, seconds: float) -> float:
    """Seconds until it was so."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if condition():
            return time.monotonic() - started
        time.sleep(0.05)
    raise SystemExit(f"{what} did not come within {seconds} s")


def latency(bench: Bench, times: int) -> list[float]:
    """Seconds from a node's event until its answer is written down, one by one."""
    found = []
    for number in range(times):
        # Another one each time: what was said within 5 s is no news.
        time.sleep(2.5)
        down = ("disk.space",) if number % 2 == 0 else ()
        before = bench.kinds().count("observed")
        bench.say(down)
        started = time.monotonic()
        bench.send([{"tag": TAG, "data": bench.report(down)}])
        _wait(lambda before=before: bench.kinds().count("observed") > before, "the record", 60)
        found.append(time.monotonic() - started)
    bench.say()
    _wait(lambda: bench.kinds()[-1] in ("closed", "clock"), "the end of the incidents", 60)
    return found


def storm(bench: Bench, events: int) -> dict[str, float]:
    """So many events at once, on the master's own bus; in their midst something breaks, and the
    event that tells of it is lost."""
    forged = [
        {"tag": TAG, "data": bench.report((name,)) | {"boot": f"forged-{number}"}}
        for number in range(BATCH)
        for name in (list(PROBES)[number % len(PROBES)],)
    ]
    opened, asked, spent = bench.kinds().count("opened"), bench.asked(), bench.spent()
    started = time.monotonic()
    broke = known = 0.0
    with salt.utils.event.get_master_event(bench.opts, bench.opts["sock_dir"], listen=False) as bus:
        for sent in range(events):
            event = forged[sent % len(forged)]
            bus.fire_event(event["data"] | {"boot": f"forged-{sent}"}, event["tag"])
            if sent == events // 2:
                bench.say(("disk.space",))
                broke = time.monotonic()
            if broke and not known and sent % 100 == 0 and bench.kinds().count("opened") > opened:
                known = time.monotonic()
    ended = time.monotonic()
    if not known:
        _wait(lambda: bench.kinds().count("opened") > opened, "the incident", 120)
        known = time.monotonic()
    # The reactor reads what is left; the load ends with it.
    time.sleep(10)
    return {
        "sent": ended - started,
        "known": known - broke,
        "asked": bench.asked() - asked,
        "spent": bench.spent() - spent,
    }


def admission(bench: Bench, times: int) -> float:
    """Microseconds of the reactor's thread for an event, without Salt's own."""
    data = bench.report()
    started = time.process_time()
    for number in range(times):
        hints.worth(bench.opts, TAG, data | {"boot": f"b{number}"})
    return (time.process_time() - started) / times * 1e6


@contextlib.contextmanager
def running() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="hb-"))
    bench = Bench(folder)
    try:
        bench.start()
        yield bench
    finally:
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=25_000, help="of the storm; at most 100,000")
    parser.add_argument("--times", type=int, default=10, help="events whose way is timed")
    args = parser.parse_args()
    _logging.shutdown_temp_handler()
    with running() as bench:
        print(f"an event in the reactor's thread: {admission(bench, 5000):.0f} us", flush=True)
        took = latency(bench, args.times)
        print(
            f"from event to record: median {statistics.median(took):.2f} s, most {max(took):.2f} s "
            f"of {len(took)}",
            flush=True,
        )
        found = storm(bench, min(args.events, 100_000))
        print(
            f"{args.events} events in {found['sent']:.0f} s; what broke in their midst, and told "
            f"nobody, was known after {found['known']:.1f} s; the node was asked "
            f"{found['asked']:.0f} times; the master spent {found['spent']:.0f} s on processors, "
            f"{found['spent'] / args.events * 1e3:.2f} ms for each"
        )
    # A reconcile every 15 s, and what it takes.
    return int(found["known"] > EVERY + 10)


if __name__ == "__main__":
    sys.exit(main())
