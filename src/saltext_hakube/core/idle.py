"""Resources that should run and do not, though nothing of theirs failed: out of crm_mon's XML.

An agent that is missing fails no action: pacemaker looks first whether the resource runs already,
is told "not installed" by each node, and leaves it stopped without a word.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Collection

NOT_INSTALLED = "5"  # OCF_ERR_INSTALLED


def idle(text: str, names: Collection[str]) -> tuple[list[str], list[str]]:
    """Which of these resources run on no node: those that cannot, those that need not be wrong.

    ``text`` is what ``crm_mon --inactive --output-as=xml`` prints. A line each, with the remedy.
    """
    root = ET.fromstring(text)
    shown: dict[str, list[ET.Element]] = {}
    for element in root.iter("resource"):
        shown.setdefault(element.get("id", "").partition(":")[0], []).append(element)
    cannot, others = [], []
    for name in sorted(shown.keys() & set(names)):
        if not all(map(_should_run_and_does_not, shown[name])):
            continue
        missing = _not_installed(root, name)
        if missing:
            cannot.append(
                f"{name} runs on no node: its agent, or what that needs, is not installed on "
                f"{', '.join(missing)}; install it, then `salt-call hakube_pcs.cleanup {name}`"
            )
        elif all(element.get("managed") == "false" for element in shown[name]):
            others.append(f"{name} runs on no node, and is unmanaged or in maintenance")
        else:
            others.append(
                f"{name} runs on no node, though nothing of it failed; `crm_resource --why "
                f"--resource {name}` tells more"
            )
    return cannot, others


def _should_run_and_does_not(element: ET.Element) -> bool:
    return (
        element.get("active") == "false"
        and element.get("orphaned") == "false"
        and element.get("target_role", "Started") != "Stopped"
    )


def _not_installed(root: ET.Element, name: str) -> list[str]:
    """The nodes on which its last look or start found something missing."""
    return sorted(
        node.get("name", "?")
        for node in root.iterfind("node_history/node")
        for history in node.iterfind("resource_history")
        if history.get("id", "").partition(":")[0] == name
        and any(item.get("rc") == NOT_INSTALLED for item in history.iterfind("operation_history"))
    )
