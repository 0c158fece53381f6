"""The one file of configuration that a master needs: hakube's files, its reactor, its schedule.

Salt replaces a setting of the main file by that of the same name in master.d, and joins those of
master.d among each other. So what the main file alone has is repeated, where we would hide it; what
another file of master.d has is not, or it would count twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import salt.utils.yaml

from saltext_hakube.core.remedy.policy import ROUND

FILE = "/etc/salt/master.d/hakube.conf"
BACKENDS = "fileserver_backend"
TAG = "salt/beacon/*/hakube/report"
SLS = "salt://hakube/reactor/report.sls"
JOB = "hakube-reconcile"
#: Seconds: an event that was lost costs no more than this. A run that lasts longer is not doubled.
EVERY = ROUND


def text(opts: Mapping[str, Any]) -> str:
    """The file's content."""
    main = Path(opts["conf_file"])
    own = _settings(main)
    lines = [
        f"# {FILE} (restart salt-master when it changes)",
        "# hakube's SLS files come out of the installed package. A file of the same path in a",
        "# backend before it takes their place.",
    ]
    # One may stand there twice: Salt joins the lists of master.d, and git is gitfs, too.
    backends = [name for name in dict.fromkeys(opts[BACKENDS]) if name != "hakube"]
    if BACKENDS in own:
        lines += _warning(BACKENDS, main, own[BACKENDS])
    lines += [f"{BACKENDS}:", *(f"  - {name}" for name in (*backends, "hakube"))]
    lines += [
        "",
        f"# The healing (docs/healing.md): an event of a node, and a look at all every {EVERY} s.",
    ]
    others = _others(main, opts.get("default_include") or "master.d/*.conf")
    lines += _reactor(main, own.get("reactor"), "reactor" in others)
    lines += _schedule(main, own.get("schedule"), "schedule" in others)
    return "\n".join(lines)


def _reactor(main: Path, given: Any, elsewhere: bool) -> list[str]:
    if isinstance(given, str) and not elsewhere:
        return [
            f"# {main} has `reactor: {given}`, a file. Put this into that file:",
            f"#   - '{TAG}':",
            f"#       - {SLS}",
        ]
    lines = []
    repeated = []
    if given and not elsewhere and isinstance(given, list):
        repeated = [entry for entry in given if not (isinstance(entry, dict) and TAG in entry)]
        lines += _warning("reactor", main, given)
    lines += ["reactor:", *_dumped(repeated)]
    return [*lines, f"  - '{TAG}':", f"      - {SLS}"]


def _schedule(main: Path, given: Any, elsewhere: bool) -> list[str]:
    lines = []
    repeated = {}
    if given and not elsewhere and isinstance(given, dict):
        repeated = {name: job for name, job in given.items() if name != JOB}
        lines += _warning("schedule", main, given)
    lines += ["schedule:", *_dumped(repeated)]
    return [
        *lines,
        f"  {JOB}:",
        "    function: hakube.reconcile",
        f"    seconds: {EVERY}",
        "    maxrunning: 1",
        "    return_job: false",
    ]


def _warning(name: str, main: Path, given: Any) -> list[str]:
    kind = "mapping" if isinstance(given, dict) else "list"
    return [
        f"# WARNING: this {kind} replaces {name} in {main}, which is",
        *(f"#   {line}" for line in _dump(given)),
        "# It is repeated here. Change it here from now on.",
    ]


def _dumped(content: Any) -> list[str]:
    return [f"  {line}" for line in _dump(content)] if content else []


def _dump(content: Any) -> list[str]:
    dumped: str = salt.utils.yaml.safe_dump(content, default_flow_style=False)
    return dumped.strip().splitlines()


def _others(main: Path, pattern: str) -> set[str]:
    """The settings of the files in master.d beside ours."""
    found: set[str] = set()
    included = main.parent / pattern
    for path in sorted(included.parent.glob(included.name)):
        if path.name != Path(FILE).name:
            found |= set(_settings(path))
    return found


def _settings(path: Path) -> dict[str, Any]:
    """What a configuration file sets; nothing where it cannot be read."""
    try:
        found = salt.utils.yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, salt.utils.yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def missing(opts: Mapping[str, Any]) -> list[str]:
    """What of the healing this master's configuration does not have."""
    found = []
    reactor, schedule = opts.get("reactor"), opts.get("schedule")
    # A reactor that is a file is not read here.
    if not isinstance(reactor, str) and "hakube/reactor/report.sls" not in str(reactor):
        found.append("reactor")
    if "hakube.reconcile" not in str(schedule):
        found.append("schedule")
    return found
