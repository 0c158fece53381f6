"""What pacemaker's schema refuses is told by its place, before anything is pushed."""

import pytest

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.plan import Plan, plan
from saltext_hakube.core.config import Facts
from saltext_hakube.core.declared import given
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.host import objects
from saltext_hakube.host.verify import verify

BOTH = {"first": "a", "then": "b", "options": {"kind": "Optional", "score": 5}}
PRIMITIVES = {name: {"agent": "systemd:x"} for name in ("a", "b")}


def declared(**more):
    return given({"primitives": PRIMITIVES, **more}, None, None, None, Facts())


@pytest.mark.parametrize(
    ("more", "place"),
    [
        (
            {
                "orders": {
                    "o": {"first": "a", "then": "b", "options": {"kind": "Optional", "score": 5}}
                }
            },
            "objects:orders:o: ",
        ),
        (
            {
                "locations": {
                    "l": {
                        "resource": "a",
                        "rules": [
                            {
                                "score": 1,
                                "date": {"operation": "date_spec"},
                                "date_spec": {"bogus": 1},
                            }
                        ],
                    }
                }
            },
            "objects:locations:l: ",
        ),
    ],
)
def test_an_object_that_the_schema_refuses_is_named_and_nothing_is_pushed(cib_file, more, place):
    before = cib_file.text
    for act in (objects.plan, objects.apply):
        with pytest.raises(ConfigError) as error:
            act(cib_file.machine, declared(**more))
        assert [line for line in error.value.problems if line.startswith(place)]
        assert "schema" in str(error.value)
    assert cib_file.text == before


def test_what_the_schema_takes_is_not_held_up(cib_file):
    assert objects.apply(cib_file.machine, declared()).wrong == ()
    assert 'id="b"' in cib_file.text


def test_a_cib_that_was_refused_before_is_not_ours_to_judge(cib_file):
    broken = EMPTY.replace("<constraints/>", '<constraints><rsc_order id="x"/></constraints>')
    cib_file.path.write_text(broken)
    # No plan of ours is the fault: that it cannot be read is cibadmin's word.
    made = plan(declared().objects, broken)
    verify(made, declared().place, declared().kinds)


def test_where_the_schema_says_no_more_than_the_section_what_changes_is_named(cib_file):
    wanted = given(
        {"alerts": {"al": {"path": "/x", "select": ["nodes"]}}}, None, None, None, Facts()
    )
    made = wanted.plan(EMPTY)
    twice = made.after.replace("<select_nodes />", "<select_nodes /><select_nodes />")
    assert twice != made.after
    with pytest.raises(ConfigError, match=r"one of objects:alerts:al"):
        verify(Plan(EMPTY, twice, made.changes), wanted.place, wanted.kinds)
