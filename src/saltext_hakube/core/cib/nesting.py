"""Which resource is in which group, clone or bundle: taken apart, then put together as declared.

All declared containers are taken together, so that a member may go from one to another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.objects import Bundle, Clone, Group
from saltext_hakube.core.cib.resources import container, members
from saltext_hakube.core.cib.words import Missing, Wrong

Container = Group | Clone | Bundle


def wanted_members(item: Container) -> tuple[str, ...]:
    """The ids of what is declared to be in it."""
    if isinstance(item, Group):
        return item.members
    return () if item.member is None else (item.member,)


def check_bundle(cib: Cib, item: Bundle, spoken: Collection[str]) -> None:
    """Raise Wrong where a bundle would lose its member, which would start on the hosts then.

    ``spoken``: the ids of which it is said what becomes of them.
    """
    element = cib.resource(item.id)
    for member in members(element) if element is not None else ():
        name = member.attrib["id"]
        if name != item.member and name not in spoken:
            raise Wrong(
                f"{name} is in it, and would start outside of a container; give it as its member, "
                "or declare it absent"
            )


def loosen(cib: Cib, items: Iterable[Container]) -> dict[str, list[str]]:
    """Take out of the containers what is declared to be elsewhere; what was in each before."""
    before = {}
    for item in items:
        element = cib.resource(item.id)
        inside = members(element) if element is not None else []
        before[item.id] = [member.attrib["id"] for member in inside]
        for member in inside:
            if member.attrib["id"] not in wanted_members(item):
                cib.unhang(member)
                cib.hang(cib.section("resources"), member)
    return before


def place(cib: Cib, item: Container, actual: list[str]) -> Iterator[Change]:
    """Put the declared members into a container that is there, in their order.

    ``actual``: what was in it before anything was loosened.
    """
    element = cib.resource(item.id)
    kind = type(item).__name__.lower()
    wanted = wanted_members(item)
    twice = next((name for name, count in Counter(wanted).items() if count > 1), None)
    if twice is not None:
        raise Wrong(f"its member {twice} stands there twice")
    found = [_member(cib, item, element, name) for name in wanted]
    if actual == list(wanted):
        return
    for member in members(element):
        cib.unhang(member)
        cib.hang(cib.section("resources"), member)
    for member in found:
        cib.unhang(member)
        cib.hang(element, member)
    label = "members" if kind == "group" else "member"
    details = {label: (" ".join(actual) or None, " ".join(wanted) or None)}
    yield Change(action="update", kind=kind, id=item.id, details=details)


def _member(cib: Cib, item: Container, element: Element, name: str) -> Element:
    member = cib.resource(name)
    if isinstance(item, Group) and (member is None or member.tag != "primitive"):
        raise Missing(f"its member {name} is not a primitive of the cluster")
    if member is None:
        raise Missing(f"its member {name} is not in the cluster")
    if isinstance(item, Bundle) and member.tag != "primitive":
        raise Wrong(f"its member {name} is a {member.tag}; a bundle has a primitive")
    if member.tag not in ("primitive", "group"):
        raise Wrong(f"its member {name} is a {member.tag}; a clone is of a primitive or a group")
    around = container(cib, member)
    if around is not None and around is not element:
        raise Wrong(
            f"{name} is already in the {around.tag} {around.attrib['id']}; take it out first, or "
            f"declare {name} under another name"
        )
    return member


def order(items: Iterable[Container]) -> list[Container]:
    """Groups before the clones that are of groups."""
    return sorted(items, key=lambda item: not isinstance(item, Group))
