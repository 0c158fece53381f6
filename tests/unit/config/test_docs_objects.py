"""docs/objects.md is the reference of the cluster's objects: every kind and key, and no other."""

import re
import typing
from pathlib import Path

import msgspec
import pytest
import yaml

from saltext_hakube.core.cib.declaration import Objects, Purgeable
from saltext_hakube.core.cib.disruption import Limits
from saltext_hakube.core.cib.kinds import BY_KEY, OPTIONS, RULED
from saltext_hakube.core.cib.objects import Operation, PairSet, Recipient, ResourceSet, Rule
from saltext_hakube.core.reading import read

from .test_objects_example import keys, structs

TEXT = (Path(__file__).parents[3] / "docs/objects.md").read_text(encoding="utf-8")
# Each heading with the text below it.
SECTIONS = {
    title.strip("`"): body
    for title, body in re.findall(r"^##+ (.+)\n((?:(?!#).*\n)*)", TEXT, re.MULTILINE)
}
# What several kinds have in common has a section of its own.
SHARED = {
    Rule: "Rules",
    PairSet: "Sets by rule",
    Operation: "Operations",
    ResourceSet: "Resource sets",
    Recipient: "Recipients",
}
SHARED |= dict.fromkeys(RULED, "Properties and defaults")
KINDS = {kind.type: key for key, kind in BY_KEY.items() if kind.type not in (*OPTIONS, *RULED)}
PLACES = SHARED | KINDS
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def rows(section):
    """The keys in a section's tables, each with whether it is required."""
    found = re.findall(r"^\| (\*\*)?`([^`]+)`\*{0,2} \|", SECTIONS[section], re.MULTILINE)
    return [(key, bool(bold)) for bold, key in found]


@pytest.mark.parametrize("kind", PLACES, ids=lambda kind: kind.__name__)
def test_a_kind_has_each_of_its_keys_and_no_other(kind):
    required = {field.encode_name: field.required for field in msgspec.structs.fields(kind)}
    assert sorted(rows(PLACES[kind])) == sorted((key, required[key]) for key in keys(kind))


def test_nothing_that_can_be_declared_is_without_a_section():
    assert structs(Objects).keys() - {Objects} == PLACES.keys()


def test_the_table_of_kinds_has_them_all_and_says_which_can_be_purged():
    found = dict(
        re.findall(r"^\| \[`([a-z_]+)`\].*\| (yes|no)[^|]*\|$", SECTIONS["Kinds"], re.MULTILINE)
    )
    assert found.keys() == BY_KEY.keys()
    assert {key for key, word in found.items() if word == "yes"} == {*typing.get_args(Purgeable)}


def test_the_limits_are_there_with_their_defaults():
    found = re.findall(r"^\| `hakube:safety:(\w+)` \| (.+?) \|", TEXT, re.MULTILINE)
    told = {"no limit": None, "`1`": 1, "`false`": False}
    assert {key: told[default] for key, default in found} == msgspec.structs.asdict(Limits())


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_right(text):
    data = yaml.safe_load(text)
    data = data.get("hakube", {"objects": data}).get("objects", {})
    if "rule" in data:
        read(data["rule"], Rule, "rule")
    elif "options" in data:
        read({"web": {"agent": "ocf:heartbeat:IPaddr2", **data}}, PRIMITIVES, "primitives")
    elif "operations" in data:
        read({"web": {"agent": "ocf:heartbeat:pgsqlms", **data}}, PRIMITIVES, "primitives")
    elif data.keys() <= BY_KEY.keys():
        read(data, Objects, "objects")
    else:
        assert [*data] == ["our-change"]  # a state


PRIMITIVES = typing.get_type_hints(Objects, include_extras=True)["primitives"]


def test_links_within_the_reference_lead_somewhere():
    targets = {re.sub(r"[^a-z0-9_-]", "", it.lower().replace(" ", "-")) for it in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= targets
