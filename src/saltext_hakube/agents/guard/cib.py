"""Whether the guard may take the address away: by Pacemaker's own file of the CIB.

The file is there while Pacemaker is not, and holds what was so last: Pacemaker writes it anew as a
whole after each change of the configuration, on every node.
"""

from __future__ import annotations

from pathlib import Path

from saltext_hakube.agents.ground.pacemaker import GIVES_UP, Unreadable, view

FILE = "/var/lib/pacemaker/cib/cib.xml"


def against(node: str, resource: str, lives: bool, path: str = FILE) -> str:
    """What speaks against it, in some words; empty where nothing does.

    ``lives``: the stack does, and the trouble is the quorum. Only then somebody follows the
    no-quorum-policy; a Pacemaker that is dead lets nothing run, and stops nothing.
    """
    try:
        seen = view(Path(path).read_bytes(), node, resource)
    except OSError as error:
        return f"whether a person keeps it there is not known: {path}: {error.strerror}"
    except Unreadable as error:
        return f"whether a person keeps it there is not known: {path}: {error}"
    if seen.hands_off:
        return seen.hands_off
    if lives and seen.policy not in GIVES_UP:
        return f"no-quorum-policy is {seen.policy}"
    return ""
