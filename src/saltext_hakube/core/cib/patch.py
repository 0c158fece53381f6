"""A versioned patch: what crm_diff found, addressed to one version of the configuration. Pure.

The cluster counts epoch up when the configuration changes and num_updates when the status does,
and does that itself also for a patch. So a patch says only from which version it comes: with
num_updates it is for exactly the CIB that was read; without, for its configuration, whatever the
status has become meanwhile. It never carries the attributes of <cib> itself: have-quorum and
dc-uuid change without a new epoch, and old ones would be written over them.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

from msgspec import Struct

from saltext_hakube.core.cib import xmltext
from saltext_hakube.core.errors import HakubeError

# Any that knows patches of format 2 (pacemaker 1.1.12 and later).
FEATURES = "3.0.14"
# What a tool that edits a copy of the CIB counts up there.
COUNTERS = frozenset({"admin_epoch", "epoch", "num_updates"})


class Version(Struct, frozen=True):
    """Which CIB this is."""

    admin_epoch: str
    epoch: str
    num_updates: str


def root(text: str) -> dict[str, str]:
    """The attributes of <cib>, without reading the rest."""
    try:
        for _event, element in ET.iterparse(io.StringIO(text), events=("start",)):
            return dict(element.attrib)
    except ET.ParseError as error:
        raise HakubeError(f"the CIB is not well-formed XML: {error}") from None
    raise HakubeError("the CIB is empty")


def version(text: str) -> Version:
    """The version of the CIB."""
    found = root(text)
    return Version(*(found.get(name, "0") for name in ("admin_epoch", "epoch", "num_updates")))


def quorate(text: str) -> bool:
    """Whether the cluster has a say and somebody who decides, by what it wrote into its CIB.

    crm_mon tells the same from the same attributes; they follow corosync in about 0.3 s.
    """
    found = root(text)
    return found.get("have-quorum") == "1" and bool(found.get("dc-uuid"))


def configuration(text: str) -> tuple[str, str, str]:
    """What tells whether two CIBs have the same configuration: its epochs and its text."""
    seen = version(text)
    begin, end = text.find("<configuration"), text.rfind("</configuration>")
    return seen.admin_epoch, seen.epoch, text[begin:end]


def featured(text: str) -> str:
    """The CIB with a feature set: for one without it crm_diff writes patches of pacemaker 1.0."""
    if "crm_feature_set" in root(text):
        return text
    return re.sub("<cib(?=[\\s>/])", f'<cib crm_feature_set="{FEATURES}"', text, count=1)


def edits(diff: str) -> str:
    """The changes in a patch of crm_diff's, of no version; the empty text if there are none."""
    if not diff.strip():
        return ""
    found = []
    read = xmltext.parse(diff, "crm_diff's patch")
    if read.get("format") != "2":
        raise HakubeError(f"crm_diff wrote a patch of format {read.get('format')}, not of 2")
    for change in read.iterfind("change"):
        if change.get("path") == "/cib":
            names = {item.get("name") for item in change.iter("change-attr")}
            if not names <= COUNTERS:
                changed = ", ".join(sorted(str(name) for name in names - COUNTERS))
                raise HakubeError(f"a patch must not change the attributes of <cib>: {changed}")
        else:
            found.append(ET.tostring(change, encoding="unicode"))
    return "".join(found)


def patch(changes: str, source: Version, *, exact: bool = True) -> str:
    """The patch with these changes for this version; if not ``exact``, for its configuration."""
    updates = f' num_updates="{source.num_updates}"' if exact else ""
    return (
        f'<diff format="2"><version><source admin_epoch="{source.admin_epoch}" '
        f'epoch="{source.epoch}"{updates}/></version>{changes}</diff>'
    )
