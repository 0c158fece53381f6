"""haproxy's systemd unit on this machine: how it starts haproxy, which files that loads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.host import systemd
from saltext_hakube.host.machine import Machine

# Where systemd looks for units, first match wins (systemd.unit(5)).
FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


def start_command(machine: Machine, config: str, unit: str) -> list[str]:
    """How the unit starts haproxy; where no unit says so, with this file only."""
    read = lambda name: text(machine.path(name))  # noqa: E731
    argv = units.command(list(unit_texts(machine, unit)), read)
    program = Path(argv[0]).name if argv else ""
    if not program.startswith("haproxy") or not units.files(argv):
        return ["haproxy", "-f", config]
    # RHEL 7 starts a wrapper, which takes haproxy's own options.
    wrapped = program == "haproxy-systemd-wrapper" or not machine.live
    return ["haproxy" if wrapped else argv[0], *argv[1:]]


def loads(machine: Machine, config: str, unit: str) -> bool:
    """Whether the unit loads this file."""
    loaded = units.files(start_command(machine, config, unit))
    return config in loaded or str(Path(config).parent) in [path.rstrip("/") for path in loaded]


def running(machine: Machine, unit: str) -> bool:
    """Whether haproxy runs on this machine."""
    return machine.live and systemd.active(unit)


def text(path: Path) -> str | None:
    """A file's content; None where it is missing or may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        return None


def unit_texts(machine: Machine, unit: str) -> Iterator[str]:
    """The unit's file and its drop-ins, in the order in which systemd reads them."""
    name = unit if unit.endswith(".service") else f"{unit}.service"
    names = [name]
    if "@" in name:
        names.append(re.sub(r"@[^.]*", "@", name, count=1))
    folders = [machine.path(folder) for folder in FOLDERS]
    found = (text(folder / one) for one in names for folder in folders)
    yield next((content for content in found if content), "")
    dropins: dict[str, Path] = {}
    for folder in folders:
        for one in names:
            for path in sorted((folder / f"{one}.d").glob("*.conf")):
                dropins.setdefault(path.name, path)
    for _, path in sorted(dropins.items()):
        yield text(path) or ""
