"""The files of our daemons: the program, its configuration, its unit."""

import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from saltext_hakube.agents.ground.program import Wrong
from saltext_hakube.agents.watch import attribute
from saltext_hakube.agents.watch.settings import settings
from saltext_hakube.core import daemon, guard, probe, watch
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.reading import read
from saltext_hakube.core.watch import Place, Watch
from saltext_hakube.host.program import program
from tests.unit.config.pillars import changed


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize(
    "ours", [watch.DAEMON, guard.DAEMON, probe.DAEMON], ids=lambda ours: ours.name
)
def test_systemd_understands_every_line_of_the_unit(tmp_path, ours):
    path = tmp_path / f"{ours.service}.service"
    path.write_bytes(ours.unit_text(sys.executable, "0123"))
    command = ["systemd-analyze", "verify", "--man=no", path]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in told.stderr.splitlines() if path.name in line] == []


def test_after_each_end_systemd_deletes_what_it_set():
    text = watch.DAEMON.unit_text(sys.executable, "0123").decode()
    # A failure is none of the unit's, and two of them do not take as long as a stop may.
    begin = "ExecStopPost=-/usr/bin/timeout 2 "
    deleted = [line for line in text.splitlines() if line.startswith("ExecStopPost=")]
    assert deleted == [
        begin + " ".join(attribute.delete(name)) for name in (attribute.HAPROXY, attribute.SERVERS)
    ]
    assert int(re.search(r"(?m)^TimeoutStopSec=(\d+)$", text)[1]) > 2
    assert "ExecStopPost" not in guard.DAEMON.unit_text(sys.executable, "0123").decode()


def test_the_same_source_gives_the_same_program(tmp_path):
    assert program("watch") == program("watch")
    (tmp_path / "program").write_bytes(program("watch"))
    names = zipfile.ZipFile(tmp_path / "program").namelist()
    assert {f"saltext_hakube/agents/{n}.py" for n in ("watch/daemon", "ground/loop")} <= set(names)
    assert not any("guard" in name for name in names)
    assert not any("core" in name or "host" in name for name in names)


def run(tmp_path, *words):
    path = tmp_path / "program"
    path.write_bytes(program("watch"))
    command = [sys.executable, "-IS", path, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


HAPROXY = {"stats": None, "master": None, "checked": [], "unchecked": []}


def test_it_says_what_is_wrong_with_its_configuration_in_one_line(tmp_path):
    assert run(tmp_path).returncode == 64
    config = tmp_path / "config"
    for text, words in (
        (None, "No such file"),
        ("{", "is no JSON"),
        ("[]", "is not as it is wanted"),
        ("{}", "'haproxy'"),
        (json.dumps({"haproxy": HAPROXY, "interval": 1, "sample": "/nonexistent"}), "'health'"),
    ):
        if text is not None:
            config.write_text(text)
        done = run(tmp_path, str(config))
        assert done.returncode == 78, done.stderr
        assert words in done.stderr
        assert done.stderr.startswith("<3>")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [("192.0.2.100", "192.0.2.100"), ("2001:DB8:0::0100", "2001:db8::100"), ("192.0.2.300", None)],
)
def test_the_address_is_read_as_the_kernel_writes_it(tmp_path, written, read):
    config = resolve(changed({}), Facts(names=("node1",)))
    data = json.loads(watch.config(config, Place("/run/s", None, ("haproxy", "-c"))))
    data["vip"]["address"] = written
    (tmp_path / "watch.json").write_text(json.dumps(data))
    if read is None:
        with pytest.raises(Wrong, match="is no JSON as it is wanted"):
            settings(str(tmp_path / "watch.json"))
    else:
        assert settings(str(tmp_path / "watch.json")).reflex.vip.address == read


@pytest.mark.parametrize(
    ("options", "checked", "unchecked"),
    [
        ({}, ["kube-apiservers-secure"], ["kube-apiservers-secure-unchecked"]),
        ({"fallback": False}, ["kube-apiservers-secure"], []),
        (
            {"insecure": True},
            ["kube-apiservers-secure", "kube-apiservers-insecure"],
            ["kube-apiservers-secure-unchecked", "kube-apiservers-insecure-unchecked"],
        ),
        ({"on_marked_down": "none"}, [], []),
        ({"plain": True}, [], []),
    ],
)
def test_it_closes_only_in_our_backends_and_only_where_haproxy_does(options, checked, unchecked):
    pillar = changed({f"haproxy:{name}": value for name, value in options.items()})
    config = resolve(pillar, Facts(names=("node1",)))
    data = json.loads(watch.config(config, Place("/run/s", None, ("haproxy", "-c"))))
    assert data["haproxy"] == {
        "stats": "/run/s",
        "master": None,
        "checked": checked,
        "unchecked": unchecked,
    }
    assert data["interval"] == 0.25


@pytest.mark.parametrize(
    ("interval", "seconds"), [("100ms", 0.1), ("9999ms", 9.999), ("1s", 1), ("9s", 9)]
)
def test_intervals(interval, seconds):
    assert re.fullmatch(r"[0-9]+m?s", interval)
    assert watch.seconds(read({"interval": interval}, Watch, "w").interval) == seconds


def test_another_program_configuration_or_python_is_another_build():
    parts = ((b"a", b"b", "c"), (b"ab", b"", "c"), (b"a", b"b", "d"))
    assert len({daemon.build(*words) for words in parts}) == 3
