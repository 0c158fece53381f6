"""What the beacon costs a minion: one pass of it, and `test.ping` with and without it.

    python -m bench.beacon [--passes 1000] [--pings 40] [--servers 50]

A pass is what Salt does each second: ``Beacon.process`` of its own, with the samples of the three
daemons new each time, haproxy with that many servers, every probe with evidence. The pings go to a
real master and minion (LocalClient, no process is started for one); 0 leaves them out.
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import salt.beacons
import salt.client
import salt.config
import salt.loader

from saltext_hakube.core.remedy.beacon import ENTRY
from saltext_hakube.core.remedy.words import PROBES
from saltext_hakube.host.voice import clock

STARTING = 120  # seconds for a master and a minion
PORT = 24705
TURN = 10  # pings without, then as many with it: what else the machine does is the same for both
PAUSE = 0.25  # seconds from ping to ping: not all at the same moment of the beacon's second

Times = list[float]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--passes", type=int, default=1000)
    parser.add_argument("--pings", type=int, default=40)
    parser.add_argument("--servers", type=int, default=50)
    chosen = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="hakube-"))  # short: unix sockets live below it
    try:
        write = samples(folder / "root", chosen.servers)
        wall, cpu = passes(folder, write, chosen.passes)
        print(told(f"a pass, {chosen.passes} of them, milliseconds", wall))
        print(told("  on a processor", cpu))
        if chosen.pings:
            without, beside = pings(folder, write, chosen.pings)
            print(told(f"test.ping, {chosen.pings} of them, milliseconds, without", without))
            print(told("  with the beacon", beside))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def told(what: str, seconds: Times) -> str:
    ordered = sorted(1000 * one for one in seconds)
    late = ordered[int(len(ordered) * 0.95)]
    return f"{what}: median {statistics.median(ordered):.2f}, p95 {late:.2f}, max {ordered[-1]:.2f}"


def samples(root: Path, servers: int) -> Callable[[int], None]:
    """What writes the three samples anew: some look other than the time before, now and then."""
    run = root / "run/hakube"
    (run / "alerts").mkdir(parents=True)
    (root / "etc/hakube").mkdir(parents=True)
    (root / "etc/hakube/beacon.json").write_text(json.dumps({"cluster": "c", "node": "node1"}))
    server = {"backend": "kubernetes", "name": "s", "address": "192.0.2.1:6443", "status": "UP"}
    watch = {
        "interval": 0.25,
        "actions": [{"at": 1.0, "what": "closed", "why": "x" * 80}] * 20,
        "haproxy": {"stats": {"path": "/s", "problem": None}},
        "servers": [server] * servers,
        "eyes": {
            "process": {"unit": "haproxy", "state": "active/running", "pid": 9},
            "path": {"asks": "http://127.0.0.1:8/livez", "problem": None},
            "servers": {"state": "up"},
            "address": {"ip": "192.0.2.100", "here": True, "since": 1.0},
            "link": {"interface": "eth0", "up": True},
        },
    }
    guard = {
        "interval": 1.0,
        "stack": {
            "corosync": {"alive": True, "hangs": False},
            "pacemaker": {"alive": True},
        },
        "trouble": "",
        "quorate": True,
        "address": {"here": True, "since": 1.0},
    }
    look = {"value": "up", "why": "y" * 100, "every": 2.0, "evidence": {"lines": ["z" * 80] * 20}}
    probe = {"probes": dict.fromkeys(PROBES, look), "cluster": {"online": ["node1", "node2"]}}

    def write(number: int) -> None:
        now = clock()
        probes = {name: {**one, "clock": now} for name, one in probe["probes"].items()}
        probes["files.drift"]["value"] = "down" if number % 20 < 4 else "up"
        watch_ = copy.copy(watch)
        for name, data in (("watch", watch_), ("guard", guard), ("probe", probe)):
            told_ = {"format": 1, "clock": now, **data}
            if name == "probe":
                told_["probes"] = probes
            new = run / f".{name}"
            new.write_text(json.dumps(told_))
            new.replace(run / f"{name}.json")
        if number % 50 == 0:
            alert = {"kind": "resource", "at": 1.0, "resource": "VIP", "task": "monitor", "rc": "7"}
            (run / f"alerts/{number}-1.json").write_text(json.dumps(alert))

    return write


def passes(folder: Path, write: Callable[[int], None], count: int) -> tuple[Times, Times]:
    """Seconds of each pass, and those on a processor."""
    (folder / "one").mkdir()
    path = folder / "one/minion"
    settings = {"id": "node1", "root_dir": str(folder / "one"), "file_client": "local"}
    path.write_text(json.dumps({**settings, "hakube": {"root": str(folder / "root")}}))
    opts = salt.config.minion_config(str(path), cache_minion_id=False)
    opts["grains"] = {"kernel": "Linux"}
    engine = salt.beacons.Beacon(opts, salt.loader.minion_mods(opts))
    wall, cpu, events = [], [], 0
    for number in range(count + 1):
        write(number)
        began, busy = time.perf_counter(), time.process_time()
        events += len(engine.process({"hakube": copy.deepcopy(ENTRY)}, opts["grains"]))
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - busy)
    if not events:
        raise SystemExit("the beacon said nothing: this measures nothing")
    return wall[1:], cpu[1:]  # the first one loads the module


def pings(folder: Path, write: Callable[[int], None], count: int) -> tuple[Times, Times]:
    """Seconds of each ping, without and with the beacon, which are taken in turns."""
    with running(folder) as opts, salt.client.get_local_client(mopts=opts) as client:

        def tell(function: str, **data: Any) -> None:
            arguments = [{"func": function, "name": "hakube", **data}, "manage_beacons"]
            client.cmd("node1", "event.fire", arguments, timeout=60)
            time.sleep(2)

        found: tuple[Times, Times] = ([], [])
        for turn in range(2 * max(1, count // TURN)):
            if turn % 2:
                tell("add", beacon_data=ENTRY)
            for number in range(TURN):
                write(number)
                began = time.perf_counter()
                if not client.cmd("node1", "test.ping", timeout=60):
                    raise SystemExit("the minion did not answer within 60 s")
                found[turn % 2].append(time.perf_counter() - began)
                time.sleep(PAUSE)
            if turn % 2:
                tell("delete")
        if not (folder / "root/run/hakube/beacon.json").exists():
            raise SystemExit("the beacon did not run: this measures nothing")
        return found


@contextmanager
def running(folder: Path) -> Iterator[Any]:
    """A master and a minion; the master's options."""
    ports = {"publish_port": PORT, "ret_port": PORT + 1}
    common = {"user": "root", "interface": "127.0.0.1", "log_level_logfile": "quiet"}
    master = {"root_dir": str(folder / "m"), "auto_accept": True, "worker_threads": 2, **ports}
    minion = {
        "id": "node1",
        "root_dir": str(folder / "s"),
        "master": "127.0.0.1",
        "publish_port": PORT,
        "master_port": PORT + 1,
        "hakube": {"root": str(folder / "root")},
    }
    daemons = []
    try:
        for name, data in (("master", master), ("minion", minion)):
            conf = folder / f"{name}.conf"
            conf.mkdir()
            (conf / name).write_text(json.dumps({**common, **data}))
            program = str(Path(sys.executable).with_name(f"salt-{name}"))
            log = (folder / f"{name}.log").open("wb")
            daemons.append(subprocess.Popen([program, "-c", str(conf)], stdout=log, stderr=log))
            log.close()
        opts = salt.config.client_config(str(folder / "master.conf/master"))
        end = time.monotonic() + STARTING
        while not _answers(opts):
            if time.monotonic() > end:
                raise SystemExit(f"master and minion were not there within {STARTING} s")
            time.sleep(1)
        yield opts
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in reversed(daemons):
            try:
                daemon.wait(30)
            except subprocess.TimeoutExpired:
                daemon.kill()


def _answers(opts: Any) -> bool:
    """A client has its key from when it was made, and the master makes that at its start."""
    try:
        with salt.client.get_local_client(mopts=opts) as client:
            return bool(client.cmd("node1", "test.ping", timeout=5))
    except Exception:  # the master has no sockets yet
        return False


if __name__ == "__main__":
    sys.exit(main())
