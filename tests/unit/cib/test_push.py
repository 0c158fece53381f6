"""Compare-and-swap: who comes second plans again, and nothing of anybody is lost."""

import multiprocessing
import os
import re
import shutil

import pytest

from saltext_hakube.core.cib import patch
from saltext_hakube.core.cib.objects import Primitive, Property
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.errors import CommandError, Conflict, HakubeError, Refused
from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine


def primitive(number):
    return Primitive(id=f"r{number}", agent="ocf:pacemaker:Dummy")


def test_a_plan_from_an_older_cib_is_made_again_not_forced(cib_file):
    plans = []

    def plan_and_let_another_in(text):
        if not plans:
            cib.push(cib_file.machine, lambda now: plan([primitive(1)], now))
        plans.append(text)
        return plan([primitive(2)], text)

    cib.push(cib_file.machine, plan_and_let_another_in)
    assert len(plans) == 2
    assert 'id="r1"' in cib_file.text
    assert 'id="r2"' in cib_file.text


def test_endless_conflicts_end_with_one_clear_error(cib_file):
    number = iter(range(1000, 2000))

    def plan_and_let_another_in(text):
        cib.push(cib_file.machine, lambda now: plan([primitive(next(number))], now))
        return plan([primitive(1)], text)

    with pytest.raises(Conflict, match="changed by others again and again for 1 s"):
        cib.push(cib_file.machine, plan_and_let_another_in, deadline=1)
    assert 'id="r1"' not in cib_file.text


def test_nothing_to_do_writes_nothing(cib_file):
    cib.push(cib_file.machine, lambda text: plan([primitive(1)], text))
    before = cib_file.path.stat().st_mtime_ns
    cib.push(cib_file.machine, lambda text: plan([primitive(1)], text))
    assert cib_file.path.stat().st_mtime_ns == before


def test_without_a_cluster_there_is_no_cib_to_find_and_a_broken_one_is_an_error(cib_file):
    # No pacemaker runs on the machine of these tests.
    assert cib.find(Machine()) is None
    assert cib.find(Machine(cib_file.path.parent, cib_file.path.parent / "none.xml")) is None
    assert cib.find(cib_file.machine).startswith("<cib")
    cib_file.path.write_text("<nonsense/>")
    with pytest.raises(CommandError):
        cib.find(cib_file.machine)


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A cibadmin of ours before the real one: what a live cluster answers in bad moments.

    The real thing cannot be had: a pacemaker later than 3.0, an answer that was lost.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    real = shutil.which("cibadmin", path=f"{os.environ['PATH']}:/usr/sbin")

    def instead(script):
        path = folder / "cibadmin"
        path.write_text(f"#!/bin/sh\nreal={real}; calls={folder}/calls\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return folder / "calls"

    return instead


def test_a_status_that_changes_makes_no_plan_old(cib_file):
    plans = []

    def plan_while_the_status_changes(text):
        plans.append(text)
        node = '<node_state id="1" uname="n1"/>'
        assert "<status/>" in text
        cib_file.load(
            re.sub("<status/>", f"<status>{node}</status>", text).replace(
                'num_updates="0"', 'num_updates="7"'
            )
        )
        return plan([primitive(1)], text)

    cib.push(cib_file.machine, plan_while_the_status_changes)
    assert len(plans) == 1
    assert 'id="r1"' in cib_file.text
    assert "<node_state" in cib_file.text


def test_where_num_updates_is_demanded_it_is_given(cib_file, tool):
    """As pacemaker's source after 3.0 does it: a source without it is an invalid argument."""
    calls = tool(
        'case "$*" in *--patch*) cat > $calls.xml; grep -q "source.*num_updates" $calls.xml || {'
        ' echo refused >> $calls; exit 70; }; exec $real "$@" < $calls.xml;; esac; exec $real "$@"'
    )
    cib.push(cib_file.machine, lambda text: plan([primitive(1)], text))
    assert 'id="r1"' in cib_file.text
    assert calls.read_text() == "refused\n"


@pytest.mark.parametrize("carried_out", [True, False])
def test_an_answer_that_is_lost_is_looked_for_in_the_cib(cib_file, tool, carried_out):
    first = '$real "$@";' if carried_out else "cat > /dev/null;"
    tool(
        f'case "$*" in *--patch*) [ -e $calls ] || {{ echo > $calls; {first} exit 124; }};; esac;'
        ' exec $real "$@"'
    )
    done = cib.push(cib_file.machine, lambda text: plan([primitive(1)], text))
    assert [change.id for change in done.changes] == ["r1"]
    assert cib_file.text.count('<primitive id="r1"') == 1


@pytest.mark.parametrize("attributes", ['have-quorum="0" dc-uuid="1"', 'have-quorum="1"', ""])
def test_a_cluster_without_a_say_is_not_changed(tool, attributes):
    calls = tool(
        f'echo "$*" >> $calls; echo \'<cib epoch="1" {attributes}>'
        "<configuration><crm_config/><nodes/><resources/><constraints/></configuration>"
        "<status/></cib>'"
    )
    with pytest.raises(Refused, match="no quorum here"):
        cib.push(Machine(), lambda text: plan([primitive(1)], text))
    assert calls.read_text() == "--query --local\n"


def test_where_no_cluster_runs_nothing_is_pushed():
    with pytest.raises(Refused, match="no cluster runs on this machine"):
        cib.push(Machine(), lambda text: plan([primitive(1)], text))


def test_nothing_to_do_is_one_process_and_a_change_three(cib_file, monkeypatch):
    processes = []
    run = cib.run
    monkeypatch.setattr(cib, "run", lambda a, **o: (processes.append(a[:2]), run(a, **o))[1])
    cib.push(cib_file.machine, lambda text: plan([primitive(1)], text))
    assert [words[0] for words in processes] == ["cibadmin", "crm_diff", "cibadmin"]
    processes.clear()
    cib.push(cib_file.machine, lambda text: plan([primitive(1)], text))
    assert processes == [["cibadmin", "--query"]]


def test_a_patch_carries_no_attributes_of_the_cib_itself(cib_file):
    before = cib_file.text
    after = plan([primitive(1)], before).after
    edits = patch.edits(cib.diff(before, after))
    assert "<primitive" in edits
    assert "<cib" not in patch.patch(edits, patch.version(before))
    with pytest.raises(HakubeError, match="must not change the attributes of <cib>: validate-with"):
        patch.edits(cib.diff(before, re.sub(r'(validate-with=")[^"]*', r"\g<1>none", after)))


def _count_up(machine, name, times, failed):
    def one_more(text):
        found = re.search(r'name="counted" value="(\d+)"', text)
        value = str(int(found[1]) + 1) if found else "1"
        return plan([Property(id="counted", value=value)], text)

    for _ in range(times):
        try:
            cib.push(machine, one_more)
        except Exception as error:
            failed.put(f"{name}: {error!r}")


def test_processes_that_push_into_one_file_lose_nothing(cib_file):
    context = multiprocessing.get_context("fork")
    failed = context.Queue()
    made = [
        context.Process(target=_count_up, args=(cib_file.machine, name, 8, failed))
        for name in ("a", "b", "c")
    ]
    for process in made:
        process.start()
    for process in made:
        process.join(timeout=90)
    assert failed.empty(), failed.get()
    assert re.findall(r'name="counted" value="(\d+)"', cib_file.text) == ["24"]
