"""hakube-watch beside a real haproxy in master-worker mode, with faults (scenario.py).

On this machine's haproxy and, where their trees can be had, those of Debian 11 and 13 (2.2, 3.0),
with the Python of each (3.9, 3.13).
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from saltext_hakube.host import run as door
from saltext_hakube.host.program import program
from tests.generations import NoTree, generation, missing

SCENARIO = Path(__file__).with_name("scenario.py")
PATH = os.pathsep.join([*os.get_exec_path(), *door.SBIN])
PATIENCE = 60  # seconds for each condition; a busy machine may need some of them
here_only = pytest.mark.skipif(
    not shutil.which("haproxy", path=PATH), reason="haproxy is not installed"
)


def here(folder, scenario):
    path = folder / "hakube-watch.pyz"
    path.write_bytes(program("watch"))
    done = subprocess.run(
        [sys.executable, SCENARIO, path, folder, scenario, str(PATIENCE)],
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def elsewhere(suite, folder, scenario):
    if missing():
        pytest.skip(missing())
    (folder / "hakube-watch.pyz").write_bytes(program("watch"))
    (folder / "scenario.py").write_text(SCENARIO.read_text())
    script = (
        "import fcntl, socket, struct, subprocess, sys\n"
        "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14x', b'lo', 1))  # lo, IFF_UP\n"
        "sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))"
    )
    words = ["scenario.py", "hakube-watch.pyz", "", scenario, str(PATIENCE)]
    paths = [*(str(folder / word) for word in words[:3]), *words[3:]]
    try:
        with generation(suite, folder) as tools:
            if tools.run(["sh", "-c", "command -v haproxy"]).code:
                pytest.skip(f"the tree of {suite} has no haproxy")
            done = tools.run(["python3", "-c", script, *paths], timeout=300)
    except NoTree as error:
        pytest.skip(str(error))
    assert done.code == 0, done.err
    return json.loads(done.out)


def sessions_on_the_dead_server_are_closed(found):
    # More than one question can hold, in the old worker; a third of all, for there are three.
    assert found["sessions"] == {"old-": 110, "oldfree-": 2, "newfree-": 2}
    assert found["others_closed"] == {"old-": 0, "oldfree-": 0, "newfree-": 0}
    assert found["others"] == {"old-": 220, "oldfree-": 4, "newfree-": 4}
    # Within a second; the rest is for a machine that does other things meanwhile.
    assert max(found["closed_after"].values()) < 4, found
    told = [line for line in found["journal"] if "closed" in line]
    assert any("closed 2 sessions on api-unchecked/one" in line for line in told)
    assert any("closed 112 sessions of the old worker" in line for line in told)
    assert all("api/one is DOWN (L4CON), 2 others are UP" in line for line in told)
    # The journal has one line for each, and the sample the same.
    assert [f"<4>{a['what']}: {a['why']}" for a in found["sample"]["actions"]] == told
    assert found["running"]
    assert found["exit"] == 0
    assert not found["sample_left"]


@here_only
def test_sessions_on_a_dead_server_are_closed_in_old_workers_and_in_the_unchecked_copy(tmp_path):
    sessions_on_the_dead_server_are_closed(here(tmp_path, "dies"))


@pytest.mark.parametrize("suite", ["bullseye", "trixie"])
def test_so_they_are_by_the_haproxy_and_the_python_of_other_generations(tmp_path, suite):
    sessions_on_the_dead_server_are_closed(elsewhere(suite, tmp_path, "dies"))


@here_only
def test_a_failure_common_to_all_servers_closes_nothing(tmp_path):
    found = here(tmp_path, "all")
    assert found["closed"] == 0
    assert found["sample"]["actions"] == []
    assert {s["status"] for s in found["sample"]["servers"] if s["backend"] == "api"} == {"DOWN"}


@here_only
def test_a_haproxy_that_hangs_is_told_once_and_does_not_hold_up(tmp_path):
    found = here(tmp_path, "hangs")
    # The second once its queue is full of questions.
    assert found["problem"] in ("no answer within 0.4 s", "it accepts no more connections")
    assert found["age"] < 5
    assert sum("stats socket" in line for line in found["journal"]) == 3  # answers, not, again
    assert any("closed 112 sessions of the old worker" in line for line in found["journal"])


@here_only
def test_a_haproxy_that_dies_and_comes_back_is_told_once_each(tmp_path):
    found = here(tmp_path, "restarts")
    assert found["problem"] in ("Connection refused", "No such file or directory")
    assert sum("stats socket" in line for line in found["journal"]) == 3
    assert found["sample"]["actions"] == []


def it_is_red_only_while_it_does_not_serve(found):
    assert found["stormed"] == 0
    # Within 0.6 s; the rest is for a machine that does other things meanwhile.
    assert 0.3 < found["after"] < 5
    colours = [line[3:].split(":")[0] for line in found["journal"]]
    told = [one for one in colours if one in ("green", "red")]
    assert told == ["green", "red", "green", "red", "green"]
    # There is no cluster: that is told once for each thing that needs one, and no more.
    for what in ("setting the node attribute hakube-haproxy", "reading the CIB"):
        assert sum(f"{what} fails" in line for line in found["journal"]) == 1, found["journal"]
    assert found["sample"]["eyes"]["attribute"]["problem"]
    assert found["sample"]["actions"] == []
    assert found["running"]
    assert found["exit"] == 0


@here_only
def test_a_haproxy_that_hangs_or_is_dead_is_red_and_one_that_is_reloaded_again_and_again_not(
    tmp_path,
):
    found = here(tmp_path, "serves")
    it_is_red_only_while_it_does_not_serve(found)
    assert found["asks"]["asks"].endswith("/livez")
    assert found["asks"]["problem"] == "nothing within 0.5 s"


def test_so_it_is_in_another_generation_where_only_the_stats_socket_can_be_asked(tmp_path):
    found = elsewhere("bullseye", tmp_path, "socket")
    it_is_red_only_while_it_does_not_serve(found)
    assert found["asks"]["asks"].endswith("stats.sock")
    assert found["asks"]["problem"] == "nothing within 0.5 s"


def it_is_red_only_while_it_hangs(found):
    colours = [line[3:].split(":")[0] for line in found["journal"]]
    told = [one for one in colours if one in ("green", "red")]
    assert told == ["green", "red", "green"]
    assert found["problem"] is None
    assert sum("maxconn" in line for line in found["journal"]) == 1
    assert found["running"]
    assert found["exit"] == 0


@here_only
def test_a_haproxy_that_takes_no_more_connections_is_not_red_but_one_that_hangs_so_is(tmp_path):
    it_is_red_only_while_it_hangs(here(tmp_path, "full"))
