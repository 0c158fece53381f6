"""Compare-and-swap: who comes second plans again, and nothing of anybody is lost."""

import pytest

from saltext_hakube.core.cib.objects import Primitive
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.errors import CommandError, Conflict
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
