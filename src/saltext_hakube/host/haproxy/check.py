"""Is a haproxy.cfg good? haproxy itself says, asked as its unit would start it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from saltext_hakube.core.errors import CommandError
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.haproxy import verdict
from saltext_hakube.core.haproxy.secrets import masked
from saltext_hakube.core.haproxy.verdict import Verdict
from saltext_hakube.host.haproxy.unit import loads, start_command
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

TIMEOUT = 60.0  # seconds for haproxy -c; thousands of certificates take some


def version() -> str:
    """The installed haproxy's version, such as ``2.6.12``. Raises NotInstalled."""
    result = run(["haproxy", "-v"], timeout=TIMEOUT)
    found = re.search(r"version (\d+(?:\.\d+)*)", result.stdout)
    if not found:
        raise CommandError(("haproxy", "-v"), result.returncode, result.output)
    return found[1]


def check(machine: Machine, config: str, unit: str, content: bytes) -> Verdict:
    """What haproxy would say of the file ``config`` if it had this content.

    It is asked as the unit would start it: with the unit's arguments and the other files that it
    loads. Raises NotInstalled.
    """
    alone = ["haproxy", "-f", config]
    argv = start_command(machine, config, unit) if loads(machine, config, unit) else alone
    with tempfile.TemporaryDirectory(prefix="hakube-") as folder:
        # Only "default-path config" makes a file's place matter; then it stands beside the real
        # one for a moment, under a name that haproxy skips when it loads a folder, and that is no
        # other check's. (What a killed one leaves goes with the next write of the file.)
        beside = b"default-path" in content and machine.path(config).parent.is_dir()
        place = machine.path(config).parent if beside else Path(folder)
        name = Path(config).name
        candidate = place / (f".{name}.hakube-{os.getpid()}" if beside else name)
        try:
            candidate.touch(0o600)
            candidate.write_bytes(content if machine.live else _below(machine, content))
            places = _places(machine, config, argv, candidate, Path(folder))
            result = run(units.check(argv, places), timeout=TIMEOUT, ok=None)
        finally:
            candidate.unlink(missing_ok=True)
    output = result.output.replace(str(candidate), config)
    said = verdict.read(result.returncode, _masked(output))
    if said.good:
        return said
    return msgspec.structs.replace(said, errors=(*said.errors, *_missing(machine, content)))


def _places(
    machine: Machine, config: str, argv: list[str], candidate: Path, folder: Path
) -> dict[str, str | None]:
    """What to load in place of each file and folder of the unit."""
    places: dict[str, str | None] = {}
    for loaded in units.files(argv):
        path = machine.path(loaded)
        if loaded == config:
            places[loaded] = str(candidate)
        elif loaded.rstrip("/") == str(Path(config).parent):
            places[loaded] = str(_with_candidate(path, Path(config).name, candidate, folder))
        elif not machine.live:
            places[loaded] = str(path) if path.exists() else None
    return places


def _with_candidate(path: Path, name: str, candidate: Path, folder: Path) -> Path:
    """A folder of configuration files as it would be with the candidate in it."""
    copy = folder / "files"
    copy.mkdir()
    for file in path.glob("*.cfg"):
        if file.name != name:
            (copy / file.name).symlink_to(file)
    (copy / name).symlink_to(candidate)
    return copy


def _below(machine: Machine, content: bytes) -> bytes:
    """For a folder that stands for a machine: its files where it has them."""

    def moved(found: re.Match) -> bytes:
        path = machine.path(found[0].decode("utf-8", "surrogateescape"))
        return bytes(path) if path.exists() else found[0]

    return re.sub(rb"(?<=[ \t\"'])/[^\s\"'#,]+", moved, content)


def _masked(text: str) -> str:
    return (masked(text.encode()) or b"").decode()


def _missing(machine: Machine, content: bytes) -> Iterator[str]:
    """The commonest reason on a new machine, with its remedy."""
    for name in sorted(set(verdict.authorities(content))):
        if name.startswith("/") and not machine.path(name).exists():
            yield (
                f"{name} is not on this machine yet: bring the cluster's CA there first (kubeadm "
                "does on init and join), or set hakube:haproxy:ca_file, or hakube:haproxy:verify "
                "to none, which checks the servers without knowing that they are yours"
            )
