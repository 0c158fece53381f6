"""Sections as people declare them: what is accepted, and what is told of the rest."""

import pytest

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy.section import Section, declared, keys


def test_a_mapping_of_headers_to_lines_becomes_sections_in_its_order():
    assert declared(
        {"defaults d": ["mode tcp"], "frontend  web  from d": "bind :80\n  # why\n\nmode http\n"},
        "sections",
    ) == (
        Section("defaults d", ("mode tcp",)),
        Section("frontend web from d", ("bind :80", "# why", "", "mode http")),
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["frontend web"], "sections: must map headers"),
        ({"frontned web": []}, "sections: 'frontned web' does not start with a section keyword"),
        ({7: []}, "sections: 7 does not start with a section keyword"),
        ({"": []}, "sections: '' does not start"),
        ({"frontend": []}, "sections: 'frontend' needs a name, as in 'frontend web'"),
        ({"frontend we/b": []}, "sections: 'frontend we/b': a name has letters"),
        ({"frontend web": None}, "sections: 'frontend web': must be a list of lines, not None"),
        ({"frontend web": {"bind": ":80"}}, "sections: 'frontend web': must be a list of lines"),
        ({"frontend web": ["a", {"bind": 1}]}, "sections: 'frontend web': line 2: must be text"),
        ({"frontend web": ["bind\n:80"]}, "sections: 'frontend web': line 1: must be one line"),
        (
            {"frontend web": ["mode tcp", "backend x"]},
            "sections: 'frontend web': line 2: 'backend' opens a section",
        ),
        (
            {"frontend web": ["# >>> hakube x: y"]},
            "sections: 'frontend web': line 1: this comment is one of the marks",
        ),
        ({"global": [], "global x": []}, "sections: 'global' is declared twice"),
    ],
)
def test_what_cannot_be_a_section_is_named_with_its_place(given, told):
    with pytest.raises(ConfigError) as error:
        declared(given, "sections")
    assert any(told in problem for problem in error.value.problems), error.value.problems


def test_all_problems_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        declared({"frontned a": [], "backend b": [1, 2]}, "sections")
    assert len(error.value.problems) == 3


def test_names_of_sections_are_read_the_same_way():
    assert keys(["listen  stats", "defaults"], "absent") == ("listen stats", "defaults")
    with pytest.raises(ConfigError, match=r"absent: must be a list such as \['listen stats'\]"):
        keys("listen stats", "absent")
    with pytest.raises(ConfigError, match="absent: 'stats' does not start"):
        keys(["stats"], "absent")
