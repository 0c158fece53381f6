"""Why a minion has no pillar hakube."""

import pytest

from saltext_hakube.core.unrendered import error, missing


def test_what_salt_says_of_a_pillar_it_could_not_render_is_told_in_a_line():
    told = ["Rendering SLS 'hakube' failed, render error:\nfound character '\\t'; line 2\n---\n"]
    line = (
        "hakube: the pillar was not rendered: Rendering SLS 'hakube' failed, render error; mend "
        "the SLS, then saltutil.refresh_pillar"
    )
    assert missing({"_errors": told}) == error({"_errors": told}) == line


@pytest.mark.parametrize("errors", [None, [], "", ["\n"]])
def test_a_pillar_without_an_error_has_none(errors):
    assert error({"_errors": errors}) == ""


@pytest.mark.parametrize(
    ("pillar", "told"),
    [
        ({"Hakube": {}}, ", but Hakube; write it hakube"),
        ({"hakubee": {}}, ", but hakubee; write it hakube"),
        ({"cluster": {}, "vip": {}}, ", but cluster and vip at the top; indent that below hakube:"),
        ({"vip": {}}, ", but vip at the top; indent that below hakube:"),
        (
            {"users": {}, 5: 5},
            "; give it one (pillar.example/minimal.sls is a start), then saltutil.refresh_pillar",
        ),
    ],
)
def test_the_nearest_key_is_named(pillar, told):
    assert missing(pillar) == f"hakube: this minion has no such pillar{told}"
