"""What three generations of pcs make of our commands about corosync's timing, on a file."""

import pytest

from saltext_hakube.core.addresses import Node
from saltext_hakube.core.corosync import parse
from saltext_hakube.core.timing import Totem
from saltext_hakube.host import pcsd
from saltext_hakube.host.run import Result
from tests import generations
from tests.generations import GENERATIONS, generation

SAFE = {"token": 3000, "token_coefficient": 0, "consensus": 3600}
FAST = {"token": 1000, "token_coefficient": 0, "consensus": 1200}
NODES = (Node("node1", ("192.0.2.11",)), Node("node2", ("192.0.2.12",)))


@pytest.fixture(scope="module", params=GENERATIONS)
def tools(request, tmp_path_factory):
    """The tools of one generation after the other; they see the tests' folders."""
    reason = generations.missing()
    if reason is None:
        try:
            with generation(request.param, tmp_path_factory.getbasetemp()) as it:
                yield it
            return
        except generations.NoTree as error:
            reason = f"the tools of {request.param} cannot be fetched: {error}"
    pytest.skip(reason)


@pytest.fixture
def conf(tools, tmp_path, monkeypatch):
    """A corosync.conf that the commands are about, in place of the one of a live cluster."""
    file = tmp_path / "corosync.conf"

    def run(argv, **_options):
        live = {"--enable", "--start"}
        about = [] if "--version" in argv else ["--corosync_conf", str(file)]
        done = tools.run([*(word for word in argv if word not in live), *about])
        assert done.code == 0, done.err + done.out
        return Result(done.code, done.out, done.err)

    monkeypatch.setattr(pcsd, "run", run)
    return file


def test_a_cluster_is_set_up_with_it_and_changed_later_and_nothing_else_is(conf):
    pcsd.setup("kube", NODES, SAFE)
    before = conf.read_text()
    assert parse(before).totem == Totem(**SAFE)
    assert parse(before).names == ("node1", "node2")
    pcsd.update_totem(FAST)
    after = conf.read_text()
    assert parse(after).totem == Totem(**FAST)
    assert others(after) == others(before)


def others(text):
    """The lines that are not about timing."""
    return [line for line in text.splitlines() if line.split(":")[0].strip() not in FAST]


def test_it_says_that_it_can_change_the_timing_of_a_cluster(conf):
    assert pcsd.updates_corosync()
