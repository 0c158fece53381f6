"""The lab itself: what it promises to the tests that stand on it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.lab import Lab, LabError, clean, kube, missing
from tests.lab.process import ProcessId, wait_until
from tests.lab.state import Record, folder
from tests.lab.wheels import CHECKOUT

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

#: Two test runs on one machine must not meet either.
RUN = f"t{os.getpid()}"

CLI = [sys.executable, "-m", "tests.lab"]


def up(name, **options):
    return Lab.up(f"{RUN}-{name}", **{"salt": False, "kube": "none", **options})


@pytest.fixture(scope="module")
def lab():
    with up("a", nodes=2) as lab:
        yield lab


@pytest.fixture
def node(lab):
    """A node that may be treated badly: it runs and hears the others again afterwards."""
    node = lab.nodes[0]
    yield node
    if not node.running:
        node.boot()
    node.mend_network()


def traces(name):
    """Whatever the machine still has of a lab."""
    found = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if name in line]
    found += [path.name for path in Path("/run/netns").glob(f"*{name}*")]
    found += [str(path) for path in folder().glob(f"*{name}*")]
    groups = Path("/sys/fs/cgroup")
    for group in (groups, *groups.iterdir()):
        with contextlib.suppress(OSError):  # a file, or another lab's group that went meanwhile
            found += [str(path) for path in group.iterdir() if name in path.name]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            if name in words and int(process.name) != os.getpid():
                found.append(words)
    return found


def hears(machine, other):
    ping = ["ping", "-c1", "-W1", other.address]
    return machine.run(ping, check=False).returncode == 0


# -- coming up and going down -------------------------------------------------------------------


def test_coming_up_twice_finds_the_lab_that_is_up(lab):
    again = Lab.up(lab.name, nodes=2, salt=False, kube="none")

    assert again.already_up
    assert again.nodes[1].run("hostname").stdout == "node2\n"


def test_a_lab_that_is_up_with_other_options_is_not_taken_for_the_wanted_one(lab):
    with pytest.raises(LabError, match=r"nodes=2 \(asked for 3\)"):
        Lab.up(lab.name, nodes=3, salt=False, kube="none")


def test_two_labs_with_the_same_addresses_do_not_meet(lab):
    with up("b", nodes=1) as other:
        other.nodes[0].run("touch /only-here")

        assert other.nodes[0].address == lab.nodes[0].address
        assert hears(lab.nodes[0], lab.nodes[1])
        assert not hears(other.nodes[0], lab.nodes[1])
        assert lab.nodes[0].run("test -e /only-here", check=False).returncode == 1
        name = other.name
    assert traces(name) == []
    assert hears(lab.nodes[0], lab.nodes[1])


def test_going_down_ends_what_a_test_left_running_and_leaves_nothing():
    lab = up("c", nodes=1)
    left = subprocess.Popen(lab.client.enter(["sleep", "300"]))
    lab.nodes[0].run("nohup sleep 300 >/dev/null 2>&1 &")

    lab.down()

    assert left.wait(timeout=5) == -signal.SIGKILL
    assert traces(lab.name) == []


@pytest.mark.parametrize("moment", ["recorded", "booting"])
def test_what_a_killed_run_left_is_cleaned(moment):
    name = f"{RUN}-{moment}"
    command = [*CLI, "up", "--name", name, "--no-salt", "--kube", "none", "--nodes", "2"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL) as run:

        def reached():
            record = Record(name).load()
            return bool(record.processes if moment == "booting" else record.namespaces)

        wait_until(reached, f"the run to be {moment}", timeout=60, every=0.005)
        run.kill()
    assert traces(name)

    assert name in clean()

    assert traces(name) == []


def test_clean_leaves_a_lab_alone_whose_owner_lives(lab):
    assert lab.name not in clean()
    assert lab.nodes[0].running


@pytest.mark.parametrize("moment", ["namespaces", "processes"])
def test_a_terminated_run_takes_down_what_it_had_begun(moment):
    name = f"{RUN}-term"
    command = [*CLI, "up", "--name", name, "--no-salt", "--kube", "none", "--nodes", "1"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL) as run:

        def begun():
            return bool(getattr(Record(name).load(), moment))

        wait_until(begun, f"the first {moment}", timeout=60, every=0.005)
        run.terminate()
        run.wait(timeout=60)

    assert run.returncode != 0
    assert traces(name) == []


@pytest.mark.parametrize("name", ["", "Upper", "-a", "a b", "../x", "a" * 25])
def test_a_name_that_cannot_name_namespaces_is_refused(name):
    with pytest.raises(LabError, match="is no name for a lab"):
        Record(name)


# -- commands -----------------------------------------------------------------------------------


def test_a_command_gets_its_input_and_gives_its_output_and_exit_code(lab):
    words = ["exec", "--name", lab.name, "node2", "--", "sh", "-c", "cat; hostname; exit 7"]
    done = subprocess.run(
        [*CLI, *words], cwd=CHECKOUT, input="hello\n", text=True, capture_output=True, check=False
    )

    assert (done.stdout, done.returncode) == ("hello\nnode2\n", 7)


def test_a_failing_command_says_where_and_what(lab):
    with pytest.raises(LabError, match=r"node1: cat /nowhere.*ended with 1(.|\n)*No such file"):
        lab.nodes[0].run(["cat", "/nowhere"])


def test_a_command_that_takes_too_long_ends_inside_the_node_too(lab):
    with pytest.raises(LabError, match="did not end within 1 s"):
        lab.nodes[0].run("sleep 4711; true", timeout=1)

    assert lab.nodes[0].run("pgrep -f 'sleep 471[1]'", check=False).stdout == ""


def test_nothing_of_the_machines_environment_reaches_a_node(lab, monkeypatch):
    monkeypatch.setenv("PIP_CONSTRAINT", "/nowhere")

    assert "PIP_CONSTRAINT" not in lab.nodes[0].run("env").stdout


# -- a fresh machine ----------------------------------------------------------------------------


def test_a_node_is_fresh_and_has_the_packages_within_reach(lab):
    node = lab.nodes[0]

    assert node.run("dpkg -s haproxy pacemaker pcs", check=False).stdout.strip() == ""
    offered = node.run("apt-get install --simulate haproxy pacemaker pcs").stdout
    assert all(f"Inst {name} " in offered for name in ("haproxy", "pacemaker", "corosync", "pcs"))


def test_a_node_can_set_the_documents_sysctl_without_its_neighbour_noticing(lab):
    lab.nodes[0].run("sysctl -w net.ipv4.ip_nonlocal_bind=1")

    assert lab.nodes[1].run("sysctl -n net.ipv4.ip_nonlocal_bind").stdout == "0\n"


# -- power, cable, frost ------------------------------------------------------------------------


def test_a_power_cut_takes_addresses_and_sysctls_but_not_the_disk(lab, node):
    node.run("ip addr add 192.0.2.100/24 dev eth0; sysctl -w net.ipv4.ip_nonlocal_bind=1")
    node.run("echo kept > /kept")
    machine_id = node.read("/etc/machine-id")

    node.power_cut()

    assert not hears(lab.nodes[1], node)
    with pytest.raises(LabError, match="node1 is off"):
        node.run("true")
    node.boot()
    assert "192.0.2.100" not in node.run("ip addr").stdout
    assert node.run("sysctl -n net.ipv4.ip_nonlocal_bind").stdout == "0\n"
    assert (node.read("/kept"), node.read("/etc/machine-id")) == ("kept\n", machine_id)
    assert hears(lab.nodes[1], node)


def test_power_off_lets_units_stop_in_good_order(node):
    unit = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\nExecStop=touch /stopped\n"
    node.write("/etc/systemd/system/polite.service", unit)
    node.run("systemctl start polite.service")

    node.power_off()

    assert (node.upper / "stopped").exists()


@pytest.mark.parametrize(("carrier", "seen"), [(True, "LOWER_UP"), (False, "NO-CARRIER")])
def test_a_cut_network_lets_nothing_through_until_it_is_mended(lab, node, carrier, seen):
    node.cut_network(carrier=carrier)

    assert not hears(lab.nodes[1], node)
    # The kernel itself may tell of a lost carrier a second late (linkwatch).
    wait_until(lambda: seen in node.run("ip link show eth0").stdout, f"eth0's {seen}", timeout=10)

    node.mend_network()
    wait_until(lambda: hears(lab.nodes[1], node), "the mended network", timeout=10)


def test_a_frozen_node_does_nothing_until_it_thaws(node):
    node.run("systemd-run --unit ticks sh -c 'while sleep 0.05; do echo >> /ticks; done'")
    wait_until((node.upper / "ticks").exists, "the first tick", timeout=10)

    def ticks():
        return (node.upper / "ticks").stat().st_size

    node.freeze()
    before = ticks()
    time.sleep(0.5)
    assert ticks() == before
    assert node.running

    node.thaw()
    wait_until(lambda: ticks() > before, "the next tick", timeout=10)


# -- Kubernetes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["real", "standin"])
def test_an_apiserver_becomes_ready_for_a_client_that_verifies_it(kind):
    if kind == "real" and kube.binaries() is None:
        pytest.skip("no Kubernetes binaries here: `python3 -m tests.lab kube-build`")
    with up(kind, nodes=1, kube=kind) as lab:
        node = lab.nodes[0]
        asked = "systemctl is-enabled kube-apiserver; systemctl is-active kube-apiserver"
        unit = node.run(asked, check=False)
        assert unit.stdout.split() == ["disabled", "inactive"]

        node.run("systemctl start kube-apiserver")

        ready = ["curl", "-sS", "--max-time", "2", f"https://{node.address}:6443/readyz"]
        wait_until(
            lambda: lab.client.run(ready, check=False).stdout.startswith("ok"),
            "the apiserver to be ready",
            timeout=60,
        )
        described = node.run("systemctl show --property=Description kube-apiserver").stdout
        assert ("STAND-IN" in described) == (kind == "standin")


def test_machines_that_boot_at_once_are_all_recorded_while_others_look(tmp_path, monkeypatch):
    monkeypatch.setenv("HAKUBE_LABS", str(tmp_path))
    for number in range(30):
        record = Record(f"at-once-{number}")
        record.save()
        over = threading.Event()
        looking = threading.Thread(target=lambda it=record, end=over: _look(it, end))
        looking.start()
        booting = [
            threading.Thread(target=record.add_process, args=(f"m{n}", ProcessId(n + 1, 1)))
            for n in range(5)
        ]
        for thread in booting:
            thread.start()
        for thread in booting:
            thread.join()
        over.set()
        looking.join()
        assert len(Record(record.name).load().processes) == 5


def _look(record, over):
    while not over.is_set():
        record.process("m0")
