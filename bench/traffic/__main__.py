"""``python -m bench.traffic``: does a client notice when haproxy's configuration changes?

In a lab of three nodes with real Kubernetes a client holds watches through the VIP and opens new
connections, while the configuration changes through Salt; then an apiserver hangs, then etcd
stalls. Ends with 1 where something was noticed that should not be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import lab as labs
from bench.traffic import balancer, faults, rate, report, story
from bench.traffic.changes import changes
from bench.traffic.client import Client
from tests.lab import Lab, LabError
from tests.lab.process import end_in_good_order

# The whole run takes no longer, seconds.
LONGEST = 5400


def main() -> int:
    asked = _asked()
    end_in_good_order()
    load = os.getloadavg()[0]
    try:
        with _lab(asked) as lab:
            told = _measure(asked, lab)
    except LabError as error:
        sys.exit(f"traffic: {error}")
    told["machine"] = {"cores": os.cpu_count(), "load": [load, os.getloadavg()[0]]}
    print("\n".join(report.lines(told)))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 1 if report.missed(told) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.traffic",
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--short", action="store_true", help="two minutes: less of everything")
    parser.add_argument("--watches", type=int, help="how many are held (200; short: 20)")
    parser.add_argument("--changes", type=int, help="how many are made (100; short: 6)")
    parser.add_argument("--rate", type=float, help="new connections a second; else it is searched")
    parser.add_argument("--lab", metavar="NAME", help="a lab that is up, and was applied to")
    parser.add_argument("--json", type=Path, help="write all figures there")
    asked = parser.parse_args()
    asked.watches = asked.watches or (20 if asked.short else 200)
    asked.changes = asked.changes or (6 if asked.short else 100)
    if asked.short:
        asked.rate = asked.rate or 20.0
    return asked


@contextlib.contextmanager
def _lab(asked: argparse.Namespace) -> Iterator[Lab]:
    """A lab to which `state.apply hakube` was done, with real Kubernetes."""
    if asked.lab:
        yield Lab.find(asked.lab)
        return
    with Lab.up(f"traffic-{os.getpid()}", kube="real", progress=labs.progress) as lab:
        labs.apply(lab, {})
        yield lab


def _measure(asked: argparse.Namespace, lab: Lab) -> dict[str, Any]:
    if lab.kube != "real":
        raise LabError(f"lab {lab.name} has no real Kubernetes: its stand-in has no watches")
    nodes = lab.nodes
    labs.write_pillar(lab, {})
    story.apply(lab, nodes)
    balancer.wait_up(nodes, {f"secure-{node.name}" for node in nodes})
    minute, probe = (12, 3) if asked.short else (60, 8)
    told: dict[str, Any] = {"watches": asked.watches}
    versions = lab.salt(nodes[0].name, "hakube_haproxy.version")
    told["haproxy"] = versions[nodes[0].name]
    with Client(lab, asked.watches, LONGEST) as client:
        client.settled()
        if asked.rate:
            told["baseline"] = rate.hold(client, asked.rate, minute)
        else:
            told["baseline"] = rate.search(client, minute, probe, labs.say)
        start = time.monotonic()
        told["story"] = story.make(
            lab,
            nodes,
            client,
            changes(asked.changes),
            write=lambda it: labs.write_pillar(lab, it),
            say=labs.say,
        )
        told["story"]["elapsed"] = round(time.monotonic() - start, 1)
        labs.write_pillar(lab, {})
        story.apply(lab, nodes)
        balancer.wait_up(nodes, {f"secure-{node.name}" for node in nodes})
        client.more(max(12, asked.watches // 10))  # in the newest worker
        told["hang"] = faults.hang(lab, nodes, client)
        told["stall"] = faults.stall(nodes, client)
    return told


if __name__ == "__main__":
    sys.exit(main())
