"""The cluster-wide turn: who may disturb its node now, kept in the CIB. Pure.

Whoever wants the turn writes an entry that waits, and makes of it, by compare-and-swap, one that
holds. Nobody trusts another machine's clock: an owner is alive as long as it raises its entry's
serial, and an entry that somebody has *seen* unchanged for its lease, by a clock of his own, is
dead and may be swept away. The owner counts its lease from before it wrote, the others from after
they read. So he stops believing in it before anybody takes it from him.

The entries are properties in a set of our own in crm_config, beside pacemaker's own.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.errors import HakubeError

# The id of the set, and what the names and ids of its entries begin with.
SET = "hakube-turn"

# A waiter says so often that it lives. Seconds; a third of it is how often it writes.
WAITING = 30.0

# Clocks do not run equally fast; those who wait are patient by this much.
DRIFT = 1.02

_NAME = re.compile(r"[A-Za-z0-9_.:@-]+")


class Claim(Struct, frozen=True, kw_only=True):
    """Somebody's wish for the turn. ``token``: of this wish alone, not of the owner; where its
    entry was swept away, the wish needs a new one.

    ``lease``: seconds after which a silent owner has lost it. ``last``: lets all others go first.
    ``since``: a wall clock's time, for people only.
    """

    owner: str
    token: str
    lease: float
    since: str
    last: bool = False


class Entry(Claim, frozen=True, kw_only=True):
    """A claim as it stands in the CIB."""

    holds: bool = False
    serial: int = 1

    def told(self) -> str:
        """In a few words, for a person."""
        return f"{self.owner} {'has had it' if self.holds else 'has waited'} since {self.since}"


Entries = tuple[Entry, ...]

# When an entry was first seen as it is now, by the reader's own clock.
Seen = Mapping[Entry, float]


def look(entries: Entries, seen: Seen, now: float) -> dict[Entry, float]:
    """Remember since when each entry is as it is."""
    return {entry: seen.get(entry, now) for entry in entries}


def dead(entry: Entry, seen: Seen, now: float) -> bool:
    """Whether its owner has been silent for longer than its lease."""
    return now - seen[entry] > entry.lease * DRIFT


def before(claim: Claim, entries: Entries, seen: Seen, now: float) -> Entry | None:
    """Whom this claim has to wait for; None: it is its turn."""
    others = [e for e in entries if e.token != claim.token and not dead(e, seen, now)]
    holder = next((entry for entry in others if entry.holds), None)
    if holder is None and claim.last:
        return next((entry for entry in others if not entry.last), None)
    return holder


def step(
    claim: Claim, entries: Entries, seen: Seen, now: float, *, stand_back: bool = False
) -> Entries:
    """The entries as this claim wants them next: it takes the turn, waits, or says that it lives.

    ``seen`` is what ``look`` made of these very entries. Nothing to do if they come back as they
    are. The dead are swept away by whoever takes the turn. With ``stand_back`` it only waits.
    """
    mine = mine_in(claim, entries)
    if mine is not None and mine.holds:
        return entries
    if not stand_back and before(claim, entries, seen, now) is None:
        alive = [e for e in entries if e.token != claim.token and not dead(e, seen, now)]
        return (*alive, _entry(claim, mine, holds=True))
    if mine is None:
        return (*entries, _entry(claim, None, holds=False))
    if mine.last != claim.last or now - seen[mine] >= WAITING / 3:
        return _put(entries, _entry(claim, mine, holds=False))
    return entries


def renewed(claim: Claim, entries: Entries) -> Entries | None:
    """The entries after the owner has said that it lives; None: it does not hold the turn."""
    mine = mine_in(claim, entries)
    if mine is None or not mine.holds:
        return None
    return _put(entries, replace(mine, serial=mine.serial + 1))


def without(entries: Entries, tokens: Iterable[str]) -> Entries:
    """The entries without those of these tokens."""
    gone = set(tokens)
    return tuple(entry for entry in entries if entry.token not in gone)


def mine_in(claim: Claim, entries: Entries) -> Entry | None:
    """The entry of this claim."""
    return next((entry for entry in entries if entry.token == claim.token), None)


def _entry(claim: Claim, mine: Entry | None, *, holds: bool) -> Entry:
    return Entry(
        owner=claim.owner,
        token=claim.token,
        lease=claim.lease if holds else WAITING,
        since=claim.since,
        last=claim.last,
        holds=holds,
        serial=mine.serial + 1 if mine else 1,
    )


def _put(entries: Entries, entry: Entry) -> Entries:
    return tuple(entry if old.token == entry.token else old for old in entries)


# -- in the CIB ----------------------------------------------------------------------------------


class Edit(Struct, frozen=True):
    """A plan that changes entries: what ``host.cib.push`` carries out.

    ``changes``: the names of what is in the set before or after; empty if nothing is to be done.
    """

    before: str
    after: str
    changes: tuple[str, ...]


def entries(text: str) -> Entries:
    """The entries in the CIB ``text``, in their order there."""
    found = _set(_tree(text))
    pairs = [] if found is None else found.iterfind("nvpair")
    return tuple(_read(pair) for pair in pairs if pair.get("name", "").startswith(f"{SET}-"))


def edit(text: str, wanted: Entries) -> Edit:
    """The plan that makes these the entries."""
    if entries(text) == wanted:
        return Edit(text, text, ())
    tree = _tree(text)
    section, found = tree.find("configuration/crm_config"), _set(tree)
    if found is None:
        # Last: pcs and crm_attribute write to the first that there is.
        found = ET.SubElement(section, "cluster_property_set", id=SET)
    old = {pair.get("name"): pair for pair in found.iterfind("nvpair")}
    new = {f"{SET}-{entry.token}": _value(entry) for entry in wanted}
    for name in old.keys() - new.keys():
        if str(name).startswith(f"{SET}-"):
            found.remove(old[name])
    for name, value in new.items():
        pair = old.get(name)
        if pair is None:
            pair = ET.SubElement(found, "nvpair", id=name, name=name)
        pair.set("value", value)
    if not len(found):
        section.remove(found)
    told = tuple(sorted({str(name) for name in old} | set(new)))
    return Edit(text, ET.tostring(tree, encoding="unicode"), told)


def check_name(owner: str) -> None:
    """Refuse an owner's name that an entry cannot hold."""
    if not _NAME.fullmatch(owner):
        raise HakubeError(f"{owner!r} is no name for an owner of the turn: letters, digits, _.:@-")


def _tree(text: str) -> ET.Element:
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    return ET.fromstring(text, parser=parser)


def _set(tree: ET.Element) -> ET.Element | None:
    return tree.find(f"configuration/crm_config/cluster_property_set[@id='{SET}']")


def _value(entry: Entry) -> str:
    words = {
        "owner": entry.owner,
        "holds": "yes" if entry.holds else "no",
        "last": "yes" if entry.last else "no",
        "lease": f"{entry.lease:g}",
        "serial": entry.serial,
        "since": entry.since,
    }
    return " ".join(f"{name}={value}" for name, value in words.items())


def _read(pair: ET.Element) -> Entry:
    words = dict(word.partition("=")[::2] for word in pair.get("value", "").split())
    name = pair.get("name", "")
    try:
        return Entry(
            owner=words["owner"],
            token=name.removeprefix(f"{SET}-"),
            lease=float(words["lease"]),
            since=words["since"],
            last=words["last"] == "yes",
            holds=words["holds"] == "yes",
            serial=int(words["serial"]),
        )
    except (KeyError, ValueError):
        raise HakubeError(
            f"the entry {name} of the cluster's turn makes no sense: {pair.get('value')!r}; "
            f"`cibadmin --delete --xml-text '<cluster_property_set id=\"{SET}\"/>'` removes all "
            "entries"
        ) from None
