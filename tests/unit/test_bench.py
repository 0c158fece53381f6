"""What the benchmark promises whatever the machine: how many processes are started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def measured():
    """The benchmark's figures for 10 and 100 objects."""
    question = {"sizes": [10, 100], "plans": [10], "calls": 3, "seconds": 1}
    done = subprocess.run(
        [sys.executable, "-m", "bench.inside"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
        timeout=120,
    )
    return [size["ours"] for size in json.loads(done.stdout)["sizes"]]


@pytest.mark.parametrize(
    ("work", "processes"), [("nothing", 1), ("change", 3), ("create", 3), ("foreseen", 6)]
)
def test_the_number_of_processes_does_not_grow_with_the_objects(measured, work, processes):
    assert [size[work]["processes"] for size in measured] == [processes, processes]
