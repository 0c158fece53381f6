"""Files and restarts in the cluster's turn. Turn and Pacemaker are stand-ins; the lab has both."""

import contextlib
from functools import partial

import pytest

from saltext_hakube.core.errors import Conflict, Refused, TimedOut
from saltext_hakube.host import files, kubeapply, rollout, services
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.rollout import Change

FILE = "/etc/kubernetes/apiserver"
PLAN = services.Plan(managed=(services.Service("kube-apiserver", "apiserver"),))
RULES = kubeapply.Rules(Change("kubernetes", "abc", "node1"), "node1", {}, 1.0, lambda: False)


class Turn:
    """Is renewed so often, then lost."""

    def __init__(self, left):
        self.left = left

    def renew(self):
        if not self.left:
            raise Conflict("the turn was taken from node1")
        self.left -= 1


@pytest.fixture
def machine(tmp_path):
    path = tmp_path / FILE[1:]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"OLD=1\n")
    return Machine(tmp_path)


@pytest.fixture
def make(machine, monkeypatch):
    """``make(turn)`` writes the file and restarts; ``turn`` may be why there is none."""
    path = machine.path(FILE)
    write = kubeapply.Write(FILE, b"OLD=1\n", partial(files.write, path, b"NEW=1\n"))

    def make(turn):
        @contextlib.contextmanager
        def alone(*_, **__):
            if isinstance(turn, Exception):
                raise turn
            yield turn

        monkeypatch.setattr(rollout, "alone", alone)
        return kubeapply.make(machine, [write], PLAN, RULES)

    return make


@pytest.fixture
def restarts(monkeypatch):
    """The units that are restarted, and those that are recovered."""
    made = {"restarted": [], "recovered": []}

    def restart(service, *_, beat):
        beat()
        made["restarted"].append(service.unit)

    def recover(service, *_, beat):
        beat()
        made["recovered"].append(service.unit)

    monkeypatch.setattr(services, "restart_managed", restart)
    monkeypatch.setattr(services, "recover", recover)
    return made


def test_without_the_turn_nothing_is_written_and_no_restart_is_due(machine, make, restarts):
    with pytest.raises(TimedOut):
        make(TimedOut("node2 has it"))
    assert machine.path(FILE).read_bytes() == b"OLD=1\n"
    assert kubeapply.due(machine) == ()
    assert restarts["restarted"] == []


def test_a_file_that_somebody_changed_meanwhile_is_no_word_against_the_change(
    machine, make, restarts
):
    machine.path(FILE).write_bytes(b"HAND=1\n")
    with pytest.raises(Conflict, match="changed by somebody"):
        make(Turn(9))
    assert machine.path(FILE).read_bytes() == b"HAND=1\n"


def test_a_turn_that_is_lost_before_a_restart_is_no_word_against_it_either(machine, make, restarts):
    with pytest.raises(Conflict, match=r"the old content is put back$"):
        make(Turn(0))
    assert machine.path(FILE).read_bytes() == b"OLD=1\n"
    assert restarts == {"restarted": [], "recovered": []}


def test_a_turn_that_is_lost_in_a_restart_lets_it_end(machine, make, restarts):
    assert make(Turn(1)).restarted == ("kube-apiserver",)
    assert machine.path(FILE).read_bytes() == b"NEW=1\n"


def test_a_service_that_does_not_come_back_is_recovered_with_the_old_file(
    machine, make, restarts, monkeypatch
):
    def fail(*_, **__):
        raise TimedOut("waited 60 s for kube-apiserver to be ready again")

    monkeypatch.setattr(services, "restart_managed", fail)
    with pytest.raises(Refused, match="other nodes do not change theirs"):
        make(Turn(9))
    assert machine.path(FILE).read_bytes() == b"OLD=1\n"
    assert restarts["recovered"] == ["kube-apiserver"]
    assert kubeapply.due(machine) == ()
