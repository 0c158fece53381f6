"""haproxy's main process, as systemd tells of it."""

import os

from saltext_hakube.agents.watch.process import MainProcess


def test_a_unit_that_was_starting_when_it_was_asked_is_asked_again_until_it_runs(
    cluster, loop, until
):
    cluster.state, cluster.pid = "activating", str(os.getpid())
    process = MainProcess(loop, "haproxy", loop.now, lambda: None)
    answers = loop.every(0.05, lambda: process.answers(loop.now()))
    assert until(lambda: process.runs)
    assert process.seen["state"] == "activating/x"
    cluster.state = "active"
    assert until(lambda: process.seen["state"] == "active/x")
    answers.cancel()
