"""What is known of the quorum while the tool that tells it fails; it is a stand-in."""

import os
import signal

import pytest

from saltext_hakube.agents.guard import membership
from saltext_hakube.agents.guard.membership import Membership

# Says what a file has, and goes on as the file `then` says.
TOOL = """#!/bin/sh
echo $$ >>{folder}/started
[ -s {folder}/says ] && cat {folder}/says
. {folder}/then
"""
FOR_EVER = "exec sleep 60"


class Tool:
    def __init__(self, folder):
        self.path, self._folder = folder / "corosync-quorumtool", folder
        self.says, self.then = "Quorate: Yes\n", FOR_EVER

    def __setattr__(self, name, value):
        if name in ("says", "then"):
            new = self._folder / "new"
            new.write_text(value)
            new.replace(self._folder / name)
        else:
            super().__setattr__(name, value)

    def install(self):
        new = self._folder / "new"
        new.write_text(TOOL.format(folder=self._folder))
        new.chmod(0o755)
        new.replace(self.path)

    @property
    def started(self):
        path = self._folder / "started"
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []


@pytest.fixture
def tool(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(membership, "PAUSES", (0.05, 0.1))
    made = Tool(tmp_path)
    made.install()
    return made


@pytest.fixture
def follow(loop):
    """Follow it; what was known at each change."""
    kept = []

    def start():
        seen = []
        made = Membership(loop, lambda: seen.append(made.now and made.now.quorate))
        made.start()
        kept.append(made)
        return seen

    yield start
    for one in kept:
        one.stop()


@pytest.mark.parametrize("last", ["Yes", "No"])
def test_what_a_tool_said_that_is_gone_is_not_known_any_more(tool, follow, until, last):
    tool.says = f"Quorate: {last}\n"
    seen = follow()
    assert until(lambda: seen)
    tool.path.unlink()
    os.kill(tool.started[-1], signal.SIGKILL)
    assert until(lambda: len(seen) > 1)
    assert seen == [last == "Yes", None]
    assert not until(lambda: len(seen) > 2, 0.5)
    tool.install()
    assert until(lambda: len(seen) > 2)
    assert seen == [last == "Yes", None, last == "Yes"]


def test_where_there_is_no_tool_nothing_is_known_and_it_is_said_once(tool, follow, until, capsys):
    tool.path.unlink()
    seen = follow()
    assert not until(lambda: seen, 1.0)
    assert capsys.readouterr().err.count("the membership cannot be followed") == 1


def test_a_tool_that_says_nothing_is_started_again(tool, follow, until, monkeypatch):
    monkeypatch.setattr(membership, "SPEAKS_WITHIN", 0.3)
    tool.says = ""
    seen = follow()
    assert until(lambda: len(tool.started) >= 3)
    assert seen == []
    tool.says = "Quorate: Yes\n"
    assert until(lambda: seen)
    assert seen == [True]


def test_a_tool_that_got_stuck_is_found(tool, follow, until, monkeypatch):
    monkeypatch.setattr(membership, "ANEW_EVERY", 0.3)
    monkeypatch.setattr(membership, "SPEAKS_WITHIN", 3.0)  # this machine may be slow
    seen = follow()
    assert until(lambda: seen)
    tool.says = "Quorate: No\n"  # which the one that runs does not say
    assert until(lambda: len(seen) > 1)
    assert seen == [True, False]
    tool.says = ""
    assert until(lambda: len(seen) > 2)
    assert seen == [True, False, None]


def test_a_tool_that_is_well_is_asked_anew_without_a_doubt_in_between(
    tool, follow, until, monkeypatch
):
    monkeypatch.setattr(membership, "ANEW_EVERY", 0.1)
    seen = follow()
    assert until(lambda: len(tool.started) >= 5)
    assert seen == [True]


def test_a_tool_that_ends_each_time_it_has_spoken_is_not_started_without_a_pause(
    tool, follow, until, monkeypatch
):
    """As where corosync has no quorum provider: then it says what is so, and ends."""
    monkeypatch.setattr(membership, "PAUSES", (0.02, 0.5))
    tool.then = "exit 1"
    seen = follow()
    assert until(lambda: len(tool.started) >= 2)
    count = len(tool.started)
    assert not until(lambda: len(tool.started) > count + 4, 1.5)
    assert set(seen) == {True, None}
