"""haproxy on this machine: is a file good, and does the running process have it."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from saltext_hakube.core.errors import CommandError, HakubeError, Refused, TimedOut
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.haproxy import verdict
from saltext_hakube.core.haproxy.secrets import masked
from saltext_hakube.core.haproxy.verdict import Verdict
from saltext_hakube.host import files, systemd
from saltext_hakube.host import unread as notes
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

CHECK = 60.0  # seconds for haproxy -c; thousands of certificates take some
LOADED = 30.0  # seconds for a new worker to appear after a reload
# Seconds until a unit of Type=notify that is not "reloading" (any more) has made up its mind: the
# master says RELOADING before it tries and READY after it, and tries to bind for 2 s.
DECIDED = 3.0
# haproxy 3.1 and later fork the worker first and let it bind: it tries for 2 s (MAX_START_RETRIES
# times 10 ms in its src/haproxy.c). Before that a worker is forked only when all is well.
SETTLED = {True: 2.5, False: 0.2}

# Where systemd looks for units, first match wins (systemd.unit(5)).
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


def version() -> str:
    """The installed haproxy's version, such as ``2.6.12``. Raises NotInstalled."""
    result = run(["haproxy", "-v"], timeout=CHECK)
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
        # one for a moment, under a name that haproxy skips when it loads a folder.
        beside = b"default-path" in content and machine.path(config).parent.is_dir()
        place = machine.path(config).parent if beside else Path(folder)
        name = Path(config).name
        candidate = place / (f".{name}.hakube-check" if beside else name)
        try:
            candidate.touch(0o600)
            candidate.write_bytes(content if machine.live else _below(machine, content))
            places = _places(machine, config, argv, candidate, Path(folder))
            result = run(units.check(argv, places), timeout=CHECK, ok=None)
        finally:
            candidate.unlink(missing_ok=True)
    output = result.output.replace(str(candidate), config)
    said = verdict.read(result.returncode, _masked(output))
    if said.good:
        return said
    return msgspec.structs.replace(said, errors=(*said.errors, *_missing(machine, content)))


def start_command(machine: Machine, config: str, unit: str) -> list[str]:
    """How the unit starts haproxy; where no unit says so, with this file only."""
    read = lambda name: _text(machine.path(name))  # noqa: E731
    argv = units.command(list(_unit_texts(machine, unit)), read)
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


def unread(machine: Machine, unit: str) -> bool:
    """Whether haproxy runs with what was in the file before our last change of it.

    So it is if that change was killed between the write and the reload.
    """
    return notes.exists(unit) and running(machine, unit)


def replace(machine: Machine, config: str, unit: str, old: bytes | None, new: bytes) -> bool:
    """Write the file and let a running haproxy read it; True where one was running.

    If it does not take the new content, what it had read before is put back. Raises Refused then.
    """
    path = machine.path(config)
    if not running(machine, unit):
        _put(path, new)
        if machine.live:
            notes.forget(unit)  # it will read the file when it starts
        return False
    before = notes.last_read(unit, old)
    notes.remember(unit, before, new)
    try:
        _put(path, new)
    except HakubeError:
        if before == old:  # the file is as it was
            notes.forget(unit)
        else:
            notes.remember(unit, before, old or b"")
        raise
    try:
        reload(unit)
    except HakubeError as error:
        told = f"{unit} did not take the new {config}: {error}"
        if before == new:
            told += "\nThe file stays as it is: what it was before is not known"
            raise Refused(told) from None
        _put_back(path, unit, before, told)
    notes.forget(unit)
    return True


def _put_back(path: Path, unit: str, before: bytes | None, told: str) -> None:
    """Undo a change that haproxy did not take; always raises Refused."""
    try:
        _put(path, before or b"")
    except HakubeError as second:
        raise Refused(f"{told}\nThe old file could not be put back: {second}") from None
    told += "\nThe old file was put back, and"
    try:
        reload(unit)
    except HakubeError as second:
        raise Refused(f"{told} {unit} did not take that one either: {second}") from None
    notes.forget(unit)
    raise Refused(f"{told} {unit} runs with it") from None


def reload(unit: str) -> None:
    """Let haproxy read its configuration, and see that it did.

    systemd calls a reload done when the signal is sent; a port that is taken shows only in that
    the master forks no new worker and goes on with the old one.
    """
    main = systemd.main_pid(unit)
    before = _children(main)
    systemd.reload(unit)
    if before:
        _wait_for_worker(unit, main, before)
    if not systemd.active(unit):
        raise CommandError(("systemctl", "reload", unit), 0, f"{unit} is not active any more")


def _wait_for_worker(unit: str, main: int, before: set[int]) -> None:
    """Wait until the master has forked a worker that stays; raises TimedOut if it does not."""
    modern = tuple(int(part) for part in re.findall(r"\d+", version())[:2]) >= (3, 1)
    patience = DECIDED if "notify" in systemd.properties(unit, "Type").get("Type", "") else LOADED
    end = time.monotonic() + LOADED
    quiet_since = time.monotonic()
    new_since: dict[int, float] = {}
    while time.monotonic() < min(end, quiet_since + patience):
        now = time.monotonic()
        new_since = {pid: new_since.get(pid, now) for pid in _children(main) - before}
        if any(now - since >= SETTLED[modern] for since in new_since.values()):
            return
        state = systemd.properties(unit, "ActiveState").get("ActiveState")
        if state not in ("active", "reloading"):
            return  # the caller tells
        if state == "reloading" or new_since:
            quiet_since = now
        time.sleep(0.05)
    raise TimedOut(
        "no new worker came up after the reload, so the old one goes on with the old "
        f"configuration (a port that is taken? journalctl -u {unit} has haproxy's reason)"
    )


def _children(pid: int) -> set[int]:
    """The processes whose parent this is; none where the kernel does not tell."""
    text = _text(Path(f"/proc/{pid}/task/{pid}/children")) if pid else None
    return {int(word) for word in (text or "").split()}


def _put(path: Path, content: bytes) -> None:
    """A file that nothing is left of was ours altogether."""
    if content:
        files.write(path, content)
    else:
        files.remove(path)


def _unit_texts(machine: Machine, unit: str) -> Iterator[str]:
    """The unit's file and its drop-ins, in the order in which systemd reads them."""
    name = unit if unit.endswith(".service") else f"{unit}.service"
    names = [name]
    if "@" in name:
        names.append(re.sub(r"@[^.]*", "@", name, count=1))
    folders = [machine.path(folder) for folder in _UNIT_FOLDERS]
    texts = (_text(folder / one) for one in names for folder in folders)
    yield next((text for text in texts if text), "")
    dropins: dict[str, Path] = {}
    for folder in folders:
        for one in names:
            for path in sorted((folder / f"{one}.d").glob("*.conf")):
                dropins.setdefault(path.name, path)
    for _, path in sorted(dropins.items()):
        yield _text(path) or ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        return None


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
