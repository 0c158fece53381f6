"""The demonstration where no machines can boot: that it runs, and that what it tells is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a person sees, and the temporary folder that it had."""
    scratch = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "DEMO": "files", "TMPDIR": str(scratch)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout, scratch


def rows(text, title):
    """The rows of a step's table: name -> the rest of the line."""
    _, _, rest = text.partition(title)
    step, _, _ = rest.partition("\n\n")
    found = (line.split(maxsplit=1) for line in step.splitlines())
    return {words[0]: words[1] for words in found if len(words) == 2}


def test_it_says_in_its_first_line_that_there_are_no_machines(shown):
    text, _ = shown
    assert text.splitlines()[0] == "No machines are booted here: DEMO=files."


def test_every_machine_is_applied_to_and_the_second_time_changes_nothing(shown):
    text, _ = shown
    told = re.findall(r"(node\d): 13 states, (\d) made changes, none failed", text)
    assert told == [
        *[("node1", "7"), ("node2", "6"), ("node3", "6")],
        *[("node1", "0"), ("node2", "0"), ("node3", "0")],
    ]


def test_what_was_written_is_shown(shown):
    text, _ = shown
    assert "bind 192.0.2.100:6443\n" in text
    assert 'KUBE_MASTER="--master=https://192.0.2.100:6443"\n' in text
    assert "net.ipv4.ip_nonlocal_bind = 1\n" in text


def test_pacemakers_scheduler_runs_all_of_it_also_without_the_vips_machine(shown):
    text, _ = shown
    before = rows(text, "Where Pacemaker would run it (crm_simulate)")
    assert before["haproxy"].count("node") in (2, 3)  # the second table's row wins
    without = rows(text, "\n     Without node")
    gone = re.search(r"Without (node\d):", text)[1]
    assert set(without) == {"VIP-apiserver", "haproxy", "scheduler", "controller", "apiserver"}
    assert not any(gone in where for where in without.values())
    assert without["scheduler"] == without["controller"]


def test_the_written_file_serves_clients_also_when_an_apiserver_dies(shown):
    text, _ = shown
    assert re.search(r"GET https://127\.\S+:6443/readyz: 200, certificate verified\n", text)
    asked, failed = re.search(r"of (\d+) requests (\d+) failed", text).groups()
    assert int(failed) < int(asked) / 2


def test_nothing_is_left(shown):
    _, scratch = shown
    assert list(scratch.iterdir()) == []


def test_a_kind_that_it_does_not_know_is_one_clear_line():
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=CHECKOUT,
        env={**os.environ, "DEMO": "flies"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.strip() == "demo: failed: DEMO is files, machines or nothing, not 'flies'"
