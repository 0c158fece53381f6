"""``hakube:reflex``: its parts, and what a pillar says that works against it."""

import pytest

from saltext_hakube.agents.watch import attribute
from saltext_hakube.core import reflex
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.reflex import Reflex

from .pillars import changed

NODE1 = Facts(names=("node1",))


def config(**changes):
    return resolve(changed({path.replace("__", ":"): it for path, it in changes.items()}), NODE1)


@pytest.mark.parametrize("part", Reflex.__struct_fields__)
def test_each_part_is_on_and_can_be_turned_off(part):
    # With the timing fast all of them are; with safe Pacemaker gathers no news.
    assert getattr(config().reflex, part) is (part != "gather")
    found = config(**{"timing": "fast", f"reflex:{part}": False}).reflex
    assert [it for it in Reflex.__struct_fields__ if not getattr(found, it)] == [part]


def test_the_vip_is_steered_while_the_daemon_is_there_that_says_where_to():
    assert config().steers
    assert not config(reflex__steer=False).steers
    assert not config(watch__enabled=False).steers


STICKINESS = "resources:vip:meta:resource-stickiness"
BETWEEN = "leave it out (it is 500 then), or between 300 and 700"


@pytest.mark.parametrize(
    ("value", "harm"),
    [
        (300, "the VIP may leave a node for nothing"),
        (301, None),
        ("699", None),
        (700, "a red node may keep the VIP"),
        ("INFINITY", "a red node may keep the VIP"),
        (None, "the VIP may leave a node for nothing"),
    ],
)
def test_a_stickiness_with_which_the_rules_do_not_work_is_warned_of(value, harm):
    before = config().warnings
    found = config(**{STICKINESS: value}).warnings
    shown = "empty" if value is None else value
    line = f"hakube:{STICKINESS}: {shown}: with hakube:reflex:steer {harm}; {BETWEEN}"
    assert set(found) - set(before) == (set() if harm is None else {line})
    assert config(**{STICKINESS: value, "reflex:steer": False}).warnings == before


def test_the_daemon_and_the_constraints_call_the_attributes_the_same():
    assert attribute.HAPROXY == reflex.HAPROXY
    assert attribute.SERVERS == reflex.SERVERS
