"""A repair goes back to what was applied last: which files that is no repair for."""

import json

import pytest

from saltext_hakube.core import manifest, probe
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.task import Finding, task
from saltext_hakube.host import manifest as ours
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import applied, files
from saltext_hakube.host.remedy.scene import Scene, Subject
from tests.unit.config.pillars import GOOD, changed

FACTS = Facts(names=("node1",))
WATCH_UNIT = "/etc/systemd/system/hakube-watch.service"


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def note(machine, config):
    """The manifest, as hakube-probe's apply writes it."""
    parts, _ = ours.parts(machine, config)
    path = machine.path(probe.MANIFEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(manifest.text(ours.whole(machine, config), parts))


def test_without_a_manifest_nobody_knows_of_a_change(machine):
    assert applied.unapplied(machine, resolve(GOOD, FACTS)) == set()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": [1]}', '{"files": {}}'])
def test_a_manifest_that_cannot_be_read_is_none(machine, text):
    path = machine.path(probe.MANIFEST)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert applied.unapplied(machine, resolve(GOOD, FACTS)) == set()


def test_a_pillar_that_was_changed_since_the_last_apply_is_seen_by_file(machine):
    note(machine, resolve(GOOD, FACTS))
    assert applied.unapplied(machine, resolve(GOOD, FACTS)) == set()
    newer = resolve(changed({"watch:interval": "500ms"}), FACTS)
    assert applied.unapplied(machine, newer) == {"/etc/hakube/watch.json", WATCH_UNIT}


def subject(name, paths, changes):
    def apply():
        raise AssertionError("nothing is to be done")

    return Subject(name, frozenset(), paths, lambda: {"changes": changes}, apply)


@pytest.mark.parametrize(
    ("interval", "drift", "expected"),
    [
        ("250ms", {}, "nothing"),
        ("250ms", {"unit": "-x"}, "would"),
        ("500ms", {"unit": "-x"}, "refused"),
        ("500ms", {}, "nothing"),
    ],
)
def test_files_are_put_right_only_as_they_were_applied(machine, interval, drift, expected):
    note(machine, resolve(GOOD, FACTS))
    config = resolve(changed({"watch:interval": interval}), FACTS)
    asked = task(rung="files", component="files", incident="i", deadline=10)
    watch = subject("watch", ("/etc/hakube/watch.json", WATCH_UNIT), drift)
    found = files.look(Scene(machine, config, asked, (watch,)))
    assert isinstance(found, Finding)
    assert found.result == expected, found


def test_one_subject_that_cannot_be_planned_does_not_keep_the_others_from_being_mended(machine):
    def wrong():
        raise HakubeError("its file has no end")

    asked = task(rung="files", component="files", incident="i", deadline=10)
    bad = Subject("sysctl", frozenset(), (), wrong, wrong)
    good = subject("haproxy", (), {"file": "kept"})
    found = files.look(Scene(machine, resolve(GOOD, FACTS), asked, (bad, good)))
    assert (found.result, [it.on for it in found.orders]) == ("would", ["haproxy"])
    alone = files.look(Scene(machine, resolve(GOOD, FACTS), asked, (bad,)))
    assert (alone.result, alone.why) == ("refused", "sysctl: its file has no end")


def test_what_changes_is_told_in_a_line_and_not_its_content():
    assert files.shown({"diff": "-secret\n+other"}) == '["diff"]'
    assert len(files.shown(json.dumps("x" * 999))) < 210
