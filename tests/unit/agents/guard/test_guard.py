"""The whole guard, and the program, in a network namespace of the test's own.

The address is real. corosync and Pacemaker are stand-ins: a process that sleeps, and scripts that
say what their tools say. (What they do to the real ones is tried in the lab.)
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from saltext_hakube.agents.ground import program
from saltext_hakube.agents.guard import daemon
from saltext_hakube.agents.guard.decide import GaveUp, Left
from tests.unit.agents.ground.test_pacemaker import START, action, cib, properties

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network namespace")
VIP = {"address": "192.0.2.100", "interface": None, "prefix": None}


def configuration(folder, **changes):
    path = folder / "guard.json"
    path.write_text(
        json.dumps(
            {
                "node": "node1",
                "vip": VIP,
                "resource": "VIP",
                "guard": True,
                "announce": True,
                "sample": str(folder / "run" / "guard.json"),
                **changes,
            }
        )
    )
    return path


SCRIPT = """
import json, os, subprocess, sys
from pathlib import Path
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.sample import Sample
from saltext_hakube.agents.guard import cib, guard, pulse, stack, totem
from saltext_hakube.agents.guard.decide import Left
from saltext_hakube.agents.guard.settings import settings

folder = Path(sys.argv[1])
os.environ["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
found = settings(folder / "guard.json")
living = {}
stack.processes = lambda proc: dict(living)
pulse.ADDRESS = b"\\0hakube-there-is-none"
cib.against.__defaults__ = (str(folder / "cib.xml"),)
totem.DEFAULT = totem.Totem(0.2, 0.24)
totem.CONFIGURATION = str(folder / "none")

def ip(*words):
    subprocess.run(["ip", *words], check=True)

def until(there, seconds=20):
    end = loop.now() + seconds
    def look():
        if there() or loop.now() > end:
            loop.stop()
    timer = loop.every(0.01, look)
    loop.run()
    timer.cancel()
    return bool(there())

def shown():
    return json.loads(Path(found.sample).read_text())

def there():
    told = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, text=True).stdout
    return "192.0.2.100/" in told

ip("link", "set", "lo", "up")
ip("link", "add", "one", "type", "veth", "peer", "name", "other")
ip("link", "set", "one", "up")
ip("link", "set", "other", "up")
ip("addr", "add", "192.0.2.11/24", "dev", "one")
ip("addr", "add", "192.0.2.100/24", "dev", "one")
said = {}
sample = Sample(found.sample)
loop = Loop()
made = guard.Guard(loop, found, sample, Left())
made.begin()
said["found"] = not until(lambda: not there(), 1.0) and not made.waits and shown()["due"] is None
loop = Loop()  # the next guard goes on with what this one had not done
begin = loop.now()
made = guard.Guard(loop, found, sample, Left(due=True))
made.begin()
said["due"] = made.waits and shown()["due"]
(folder / "cib.xml").write_text((folder / "maintenance.xml").read_text())
said["kept"] = until(lambda: made._refused) and there()
(folder / "cib.xml").write_text((folder / "normal.xml").read_text())
said["gone"] = until(lambda: not there())
said["late enough"] = loop.now() - begin > 0.8 * 0.44
said["gave up"] = until(lambda: shown()["gave_up"])
said["sample"] = shown()
ip("addr", "add", "192.0.2.100/24", "dev", "one")  # by hand
said["stays"] = until(lambda: shown()["address"]["here"]) and not until(lambda: not there(), 1.5)
ip("addr", "del", "192.0.2.100/24", "dev", "one")
said["went"] = until(lambda: not shown()["address"]["here"])

# All is well; then the quorum is lost, and comes back.
sleeps = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
try:
    (folder / "quorum").write_text("Yes")
    living.update({stack.COROSYNC: sleeps[0].pid, stack.CONTROLLER: sleeps[1].pid})
    said["well"] = until(lambda: shown()["trouble"] == "")
    ip("addr", "add", "192.0.2.100/24", "dev", "one")
    said["announced"] = until(lambda: "the address came" in [a["why"] for a in shown()["actions"]])
    (folder / "quorum").write_text("No")
    said["cut"] = until(lambda: not there())
    said["why"] = (shown()["gave_up"] or {}).get("why")
    (folder / "quorum").write_text("Yes")
    said["told"] = until(lambda: (folder / "told").exists()) and (folder / "told").read_text()
    said["muted"] = until(lambda: made._state.gave_up is None) and bool(shown()["gave_up"])
    said["over"] = until(lambda: shown()["gave_up"] is None)
    said["actions"] = [one["what"] for one in shown()["actions"]]
finally:
    for one in sleeps:
        one.kill()
        one.wait()
    made._membership.stop()
print(json.dumps(said))
"""

QUORUMTOOL = """#!/bin/sh
# Says what stands in a file, whenever that changes.
said=
while sleep 0.02; do
    now=$(cat {folder}/quorum)
    [ "$now" = "$said" ] || echo "Quorate: $now"
    said=$now
done
"""


@needs_root
def test_the_address_goes_unless_a_person_keeps_it_and_pacemaker_hears_of_it(tmp_path):
    programs = {
        "corosync-quorumtool": QUORUMTOOL.format(folder=tmp_path),
        "corosync-cmapctl": "#!/bin/sh\nexit 1\n",
        "cibadmin": f"#!/bin/sh\ncat {tmp_path}/live.xml\n",
        "crm_resource": f"#!/bin/sh\necho $* > {tmp_path}/new\nmv {tmp_path}/new {tmp_path}/told\n",
    }
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    configuration(tmp_path)
    normal = cib(history=START + action("monitor", 7, interval=10000))
    (tmp_path / "normal.xml").write_text(normal)
    (tmp_path / "live.xml").write_text(normal)
    (tmp_path / "maintenance.xml").write_text(cib(properties=properties(maintenance_mode="true")))
    told = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", SCRIPT, tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout)
    assert said["found"], told.stderr
    assert "corosync is dead, and was when the guard began: the address stays" in told.stderr
    assert abs(said["due"] - time.time()) < 120
    for name in ("kept", "gone", "late enough", "gave up", "stays", "went", "well", "cut", "muted"):
        assert said[name], (name, told.stderr)
    assert said["over"], told.stderr
    assert said["sample"]["gave_up"]["why"] == "corosync is dead"
    assert said["sample"]["address"]["here"] is False
    assert said["sample"]["quorate"] is None
    assert said["sample"]["stack"]["corosync"] == {"alive": False, "hangs": False, "pid": None}
    assert said["announced"]
    assert said["why"] == "the node is without quorum"
    assert said["told"].split() == ["--fail", "-r", "VIP", "-N", "node1"]
    assert said["actions"][-2:] == ["gave up the address", "told Pacemaker of VIP"]
    assert (
        "192.0.2.100 stays: the cluster has maintenance-mode=true (corosync is dead)" in told.stderr
    )


# -- the program ---------------------------------------------------------------------------------


def test_what_is_no_configuration_ends_it_for_good(tmp_path, capsys):
    assert daemon.main([str(tmp_path / "none.json")]) == program.WRONG_CONFIGURATION
    assert "cannot read" in capsys.readouterr().err
    for text in ("{", "[]", "{}", json.dumps({"vip": {"address": "nowhere"}})):
        (tmp_path / "bad.json").write_text(text)
        assert daemon.main([str(tmp_path / "bad.json")]) == program.WRONG_CONFIGURATION
    told = configuration(tmp_path, vip={"address": "192.0.2.300"})
    assert daemon.main([str(told)]) == program.WRONG_CONFIGURATION
    assert daemon.main([]) == 64


def ended(folder):
    """The program's sample while it runs, and whether it is left when it was told to end."""
    path, sample = configuration(folder), folder / "run" / "guard.json"
    code = "import sys; from saltext_hakube.agents.guard import daemon; sys.exit(daemon.main({!r}))"
    command = ["unshare", "-n", sys.executable, "-c", code.format([str(path)])]
    seen = {}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        try:
            end = time.monotonic() + 30
            while seen.get("pid") != started.pid and time.monotonic() < end:
                time.sleep(0.02)
                seen = json.loads(sample.read_text()) if sample.exists() else {}
            assert seen["pid"] == started.pid
            started.send_signal(signal.SIGTERM)
            assert started.wait(timeout=30) == 0
        finally:
            started.kill()
    return seen, sample.exists()


@needs_root
def test_it_ends_well_when_it_is_told_to(tmp_path):
    seen, left = ended(tmp_path)
    assert (seen["due"], left) == (None, False)


@needs_root
def test_what_is_still_to_be_done_is_left_to_the_next_one(tmp_path):
    sample = tmp_path / "run" / "guard.json"
    sample.parent.mkdir()
    write(sample, told(due=1.0))
    # Of the whole patience, which is seconds, nothing can be over yet.
    for _ in range(2):
        seen, left = ended(tmp_path)
        assert seen["due"] > time.time() - 60
        assert left


def told(age=0.0, **changes):
    """A sample; its clock is set when it is written."""
    seen = {"trouble": "corosync is dead", "due": None, "gave_up": None, "age": age}
    return {**seen, **changes}


def write(path, sample):
    if "age" in sample:
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        sample = {**sample, "clock": now - sample["age"]}
    path.write_text(json.dumps(sample))


GAVE_UP = {"at": 12.5, "why": "corosync is dead"}


@pytest.mark.parametrize(
    ("sample", "left"),
    [
        (told(), Left()),
        (told(gave_up=GAVE_UP), Left(GaveUp(12.5, "corosync is dead"))),
        (told(due=17.5), Left(due=True)),
        (told(age=600.0, due=17.5), Left(due=True)),
        # What came since it saw all well is not a person's doing; but that may be long ago.
        (told(trouble=""), Left(due=True)),
        (told(age=600.0, trouble=""), Left()),
        # Before the machine started anew.
        (told(age=-1e6, gave_up=GAVE_UP, due=17.5, trouble=""), Left()),
        ([], Left()),
        ({"clock": 1}, Left()),
        (told(gave_up=7), Left()),
        (told(gave_up={"at": 10**400, "why": "so"}), Left()),
    ],
)
def test_one_of_us_that_was_killed_leaves_what_it_had_not_done(sample, left, tmp_path):
    path = tmp_path / "guard.json"
    write(path, sample)
    assert daemon._left(str(path)) == left


def test_where_nothing_can_be_read_nothing_was_left(tmp_path):
    assert daemon._left(str(Path(tmp_path, "none"))) == Left()
    whole = json.dumps(told(gave_up=GAVE_UP))
    for text in ("", whole[: len(whole) // 2], "\0" * 100, "\udcff", "[" * 100_000):
        (tmp_path / "guard.json").write_text(text, errors="surrogateescape")
        assert daemon._left(str(tmp_path / "guard.json")) == Left()
