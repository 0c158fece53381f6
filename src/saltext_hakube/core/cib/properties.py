"""Cluster properties: edit the values of those that are declared, leave all others."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.attributes import plain_set
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.meaning import same
from saltext_hakube.core.cib.objects import Property

# The set that pacemaker itself and all tools write to.
OPTIONS = "cib-bootstrap-options"


def edit_property(cib: Cib, wanted: Property) -> Iterator[Change]:
    """Make the cluster property have this value."""
    section = cib.section("crm_config")
    pair = next((p for p in section.iter("nvpair") if p.attrib.get("name") == wanted.id), None)
    before = None if pair is None else pair.attrib.get("value")
    if same(wanted.id, before, wanted.value):
        return
    if pair is None:
        # cib-bootstrap-options has precedence over other sets (Pacemaker Explained, options).
        found = cib.ids.get(OPTIONS)
        if found is None:
            found = plain_set(section, "cluster_property_set")
        if found is None:
            found = cib.add(section, "cluster_property_set", id=OPTIONS)
        identity = f"{found.attrib['id']}-{wanted.id}"
        cib.add(found, "nvpair", id=identity, name=wanted.id, value=wanted.value)
    else:
        pair.attrib["value"] = wanted.value
    yield Change(
        action="create" if pair is None else "update",
        kind="property",
        id=wanted.id,
        details={"value": (before, wanted.value)},
    )
