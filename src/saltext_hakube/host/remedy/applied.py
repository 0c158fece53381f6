"""What was applied last, by hakube-probe's manifest: a repair goes back to that, and no further.

The pillar or the extension may have changed since then. To bring that to the node is an apply's
affair, and a person's decision; a repair that did it would roll a change out behind his back.
"""

from __future__ import annotations

import json
from typing import Any

from saltext_hakube.core import manifest, probe
from saltext_hakube.core.config import Config
from saltext_hakube.host import daemon, files
from saltext_hakube.host import manifest as ours
from saltext_hakube.host import probe as eyes
from saltext_hakube.host.machine import Machine

Entries = dict[str, dict[str, Any]]


def unapplied(machine: Machine, config: Config) -> set[str]:
    """The files of ours of which an apply would make something else than was applied last; of none
    that is known where there is no manifest."""
    then = _then(machine)
    if not then:
        return set()
    parts, _problems = ours.parts(machine, config)
    told = probe.config(config, eyes.place(machine, config))
    own = daemon.wanted(machine, probe.DAEMON, told)
    now = _entries(manifest.text(ours.whole(machine, config) | own, parts))
    return {path for path in then.keys() & now.keys() if then[path] != now[path]}


def like(machine: Machine, path: str, content: bytes) -> bool:
    """Whether the content has what was applied last of this file of others; also where nobody
    knows what that was."""
    pieces = _then(machine).get(path, {}).get("pieces", ())
    text = "\n" + content.decode("utf-8", "surrogateescape")
    return all(str(piece) in text for piece in pieces)


def _then(machine: Machine) -> Entries:
    return _entries(files.read(machine.path(probe.MANIFEST)) or b"")


def _entries(text: bytes) -> Entries:
    """By path. What cannot be read is as if there was none."""
    try:
        return {str(it["path"]): it for it in json.loads(text)["files"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
