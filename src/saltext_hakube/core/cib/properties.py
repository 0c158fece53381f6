"""Cluster properties: edit the values of those that are declared, leave all others."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.attributes import effective, plain_sets
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.meaning import same
from saltext_hakube.core.cib.objects import Property

# The set that pacemaker itself and all tools write to.
OPTIONS = "cib-bootstrap-options"


# Pacemaker 3 has a second name for some; either is read.
ALIASES = (frozenset({"stonith-enabled", "fencing-enabled"}),)


def edit_property(cib: Cib, wanted: Property) -> Iterator[Change]:
    """Make the cluster property have this value."""
    section = cib.section("crm_config")
    # cib-bootstrap-options has precedence over other sets (Pacemaker Explained, options).
    sets = plain_sets(section, "cluster_property_set")
    sets.sort(key=lambda item: item.attrib.get("id") != OPTIONS)
    names = next((alias for alias in ALIASES if wanted.id in alias), {wanted.id})
    pairs = [pair for name, pair in effective(sets).items() if name in names]
    details = {
        pair.attrib["name"]: (pair.attrib.get("value"), wanted.value)
        for pair in pairs
        if not same(wanted.id, pair.attrib.get("value"), wanted.value)
    }
    for pair in pairs:
        if pair.attrib["name"] in details:
            pair.attrib["value"] = wanted.value
    if not pairs:
        found = sets[0] if sets else cib.add(section, "cluster_property_set", id=OPTIONS)
        identity = f"{found.attrib['id']}-{wanted.id}"
        cib.add(found, "nvpair", id=identity, name=wanted.id, value=wanted.value)
        details = {wanted.id: (None, wanted.value)}
    if details:
        action = "update" if pairs else "create"
        told = {"value" if name == wanted.id else name: both for name, both in details.items()}
        yield Change(action=action, kind="property", id=wanted.id, details=told)
