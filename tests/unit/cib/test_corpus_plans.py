"""Plans on real CIBs: nothing to do against itself, everything again from nothing, exact edits."""

import random

from msgspec import structs

from saltext_hakube.core.cib import declaration
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.export import export
from saltext_hakube.core.cib.kinds import BY_TYPE
from saltext_hakube.core.cib.meaning import BOOLEANS
from saltext_hakube.core.cib.objects import (
    Group,
    Location,
    NodeValues,
    Object,
    Operation,
    Primitive,
    Property,
)
from saltext_hakube.core.cib.options import PACEMAKERS
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.reading import read

from .test_corpus import crm_diff, wrong

# Sections that hold what can be declared.
SECTIONS = ("crm_config", "rsc_defaults", "op_defaults", "resources", "constraints")
SECTIONS += ("fencing-topology", "acls", "tags", "alerts")


def told(changes):
    return "; ".join(f"{it.action} {it.kind} {it.id} {it.details}" for it in changes[:2])


def test_a_plan_of_what_is_there_changes_nothing(real_cibs):
    def check(path):
        text = path.read_text("utf-8")
        done = plan(objects(text), text)
        return told(done.changes) or ("" if done.after == text else "another text")

    assert wrong(real_cibs, check) == {}


def test_an_exported_cluster_applied_to_itself_changes_nothing(real_cibs):
    def check(path):
        text = path.read_text("utf-8")
        for administrative in (False, True):
            found = export(text, administrative=administrative)
            declared = read(found, declaration.Objects, "hakube:objects")
            if changes := plan(declared.listed(), text).changes:
                return told(changes)
        return ""

    assert wrong(real_cibs, check) == {}


def emptied(text):
    """The same cluster, its nodes and its schema, with nothing that could be declared."""
    cib = Cib.parse(text)
    for name in SECTIONS:
        section = cib.find_section(name)
        if section is not None:
            section[:] = []
    for node in cib.find_section("nodes") or ():
        node[:] = []
    return cib.text()


def test_an_exported_cluster_makes_the_same_cluster_out_of_nothing(real_cibs):
    """But for values that pacemaker does not understand: these are refused, and by their place."""
    refused = set()

    def check(path):
        text = path.read_text("utf-8")
        found = export(text, secrets=True, administrative=True)
        own = found.get("properties", {})
        found["properties"] = {name: own[name] for name in own if name not in PACEMAKERS}
        declared = read(found, declaration.Objects, "hakube:objects")
        try:
            made = plan(declared.listed(), emptied(text), place=declaration.place).after
        except ConfigError as error:
            refused.add(path)
            assert all(line.startswith("hakube:objects:") for line in error.problems)
            return ""
        theirs = [it for it in objects(text) if it.id not in PACEMAKERS]
        return told([*plan(objects(made), text).changes, *plan(theirs, made).changes])

    assert wrong(real_cibs, check) == {}
    assert len(refused) < 0.05 * len(real_cibs)


def edited(item: Object, chance: random.Random, new: str) -> Object | None:
    """The object with something else said of it; None: it cannot be had otherwise."""
    if isinstance(item, Primitive):
        parts = {
            "options": {"fake": new, **_half(item.options, chance)},
            "meta": {"priority": "7", **_half(item.meta, chance)},
            "operations": (Operation("monitor", {"interval": "77s", "timeout": "1min"}),),
        }
        return structs.replace(item, **{name: parts[name] for name in _some(parts, chance)})
    if isinstance(item, Group):
        return structs.replace(item, members=tuple(reversed(item.members)))
    if isinstance(item, Property) and item.id in BOOLEANS:
        return structs.replace(item, value="true" if item.value != "true" else "false")
    if isinstance(item, Location) and item.node is not None:
        return structs.replace(item, options={"score": "-77"})
    return None


def _half(values, chance):
    if not isinstance(values, dict):
        return {}
    return {name: value for name, value in values.items() if chance.random() < 0.5}


def _some(parts, chance):
    return chance.sample(sorted(parts), chance.randint(1, len(parts)))


def described(found):
    """Objects as values that can be compared."""
    return {(type(item), item.id): item for item in found}


def test_edits_change_exactly_what_was_said_and_a_second_plan_nothing(
    tools, real_cibs, tmp_path_factory
):
    """Some of each cluster's objects are edited, one is new, one is removed; all others stay."""
    folder = tmp_path_factory.mktemp("edited")
    pairs = []

    def check(path):
        text = path.read_text("utf-8")
        chance = random.Random(path.name)
        before = described(objects(text))
        wanted = {}
        for key in chance.sample(sorted(before, key=str), min(4, len(before))):
            item = edited(before[key], chance, "new value")
            if item is not None:
                wanted[key] = item
        fresh = Primitive(id="hakube-new", agent="ocf:pacemaker:Dummy")
        wanted[Primitive, fresh.id] = fresh
        try:
            done = plan(wanted.values(), text)
        except ConfigError as error:
            return "; ".join(error.problems)
        if again := plan(wanted.values(), done.after).changes:
            return f"second plan: {told(again)}"
        # What borrows (id-ref) changes with what it borrows from: that is what it is for.
        after = described(objects(done.after)) if "id-ref" not in text else before
        for key, item in before.items():
            if key not in wanted and after.get(key) != item:
                return f"{key[1]} was not declared, and is {after.get(key)}"
        gone = plan([], done.after, [Absent(Primitive, fresh.id)])
        if [it.id for it in gone.changes] != [fresh.id]:
            return f"removal: {told(gone.changes)}"
        number = len(pairs)
        old, new = folder / f"{number}-old.xml", folder / f"{number}-new.xml"
        old.write_text(text, encoding="utf-8")
        new.write_text(done.after, encoding="utf-8")
        pairs.append((old, new))
        return ""

    assert wrong(real_cibs, check) == {}
    # crm_diff makes a patch of it: 1 is "they differ", more is an error.
    assert {code for code, _patch in crm_diff(tools, pairs)} == {1}


def test_a_purge_of_everything_leaves_nothing_that_could_be_declared(real_cibs):
    kinds = [kind for kind in BY_TYPE if kind is not NodeValues]

    def check(path):
        text = path.read_text("utf-8")
        done = plan([], text, purge=kinds)
        left = [it for it in export(done.after).items() if it[0] != "nodes"]
        return str(left)[:300] if left else told(plan([], done.after, purge=kinds).changes)

    assert wrong(real_cibs, check) == {}
