"""Fencing levels: which devices fence a target together, and in which turn."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.converge import Shape, converge, own
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.objects import FencingLevel
from saltext_hakube.core.cib.resources import read_class
from saltext_hakube.core.cib.words import Missing, Wrong

SECTION, TAG = "fencing-topology", "fencing-level"
TARGETS = {
    "target": "target",
    "target-pattern": "target_pattern",
    "target-attribute": "target_attribute",
    "target-value": "target_value",
}


def edit_level(cib: Cib, wanted: FencingLevel) -> Iterator[Change]:
    """Make the level be there: the one of this id, else that of the same target and index."""
    given = {name: getattr(wanted, field) for name, field in TARGETS.items()}
    target = {name: value for name, value in given.items() if value is not None}
    if tuple(target) not in (
        ("target",),
        ("target-pattern",),
        ("target-attribute", "target-value"),
    ):
        raise Wrong("it needs target, or target_pattern, or target_attribute and target_value")
    attributes = {**target, "index": str(wanted.index), "devices": ",".join(wanted.devices)}
    element = own(cib, wanted.id, TAG)
    if element is None:
        key = _key(attributes)
        same = _by_key(cib).get(key, [])
        element = next((it for it in same if it in cib.parents and cib.is_free(it)), None)
        if element is None and any(it in cib.claimed for it in same):
            raise Wrong("another declared level has the same target and index")
    shape = Shape(
        kind="fencing level",
        tag=TAG,
        section=SECTION,
        attributes=attributes,
        allowed=(*TARGETS, "index", "devices"),
        check=lambda: _check_devices(cib, wanted),
    )
    changes = list(converge(cib, wanted.id, shape, element))
    made = cib.ids.get(wanted.id)
    if element is None and made is not None:
        _by_key(cib).setdefault(_key(attributes), []).append(made)
    yield from changes


def _by_key(cib: Cib) -> dict[tuple[str | None, ...], list[Element]]:
    """The levels of each target and index, as they stood when the plan began, and new ones."""
    if "levels" not in cib.memo:
        section = cib.find_section(SECTION)
        found: dict[tuple[str | None, ...], list[Element]] = {}
        for level in section.iterfind(TAG) if section is not None else ():
            found.setdefault(_key(level.attrib), []).append(level)
        cib.memo["levels"] = found
    return cib.memo["levels"]


def _check_devices(cib: Cib, wanted: FencingLevel) -> None:
    # pacemaker-fenced ignores others (ST_LEVEL_MAX).
    if wanted.index > 9:
        raise Wrong(f"index: {wanted.index} is wrong; expected 1 to 9")
    for device in wanted.devices:
        element = cib.resource(device)
        if element is None or read_class(cib, element) != "stonith":
            raise Missing(f"its device {device} is no fence device of the cluster")


def read_level(_cib: Cib, element: Element) -> FencingLevel:
    """A level as it would be declared."""
    given = element.attrib
    index = given.get("index", "1")
    return FencingLevel(
        id=given["id"],
        index=int(index) if index.isdecimal() and int(index) else 1,
        devices=tuple(name.strip() for name in given.get("devices", "").split(",")),
        **{field: given.get(name) for name, field in TARGETS.items()},
    )


def _key(attributes: dict[str, str]) -> tuple[str | None, ...]:
    return tuple(attributes.get(name) for name in (*TARGETS, "index"))
