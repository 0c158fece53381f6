"""Kernel settings: the file that sets them at boot, and the running value in /proc/sys.

A plan looks at both, for either can be wrong alone: `sysctl -w` and a reboot undo each other.
Where a folder stands for the machine there is no kernel to ask; only the file counts then.

What a key was before our first change (its lines in the file, its running value) is remembered;
a key that is set no more gets that back, once. What happens to it afterwards is not ours.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from saltext_hakube.core import sysctl
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import files, remembered
from saltext_hakube.host.machine import Machine

# sysctl.d(5); a file hides those of the same name in the folders after its own.
FOLDERS = (
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
)
# procps' `sysctl --system` reads it last; systemd only where a link in sysctl.d leads to it.
SYSCTL_CONF = "/etc/sysctl.conf"

SUBJECT = "sysctl"

Texts = list[tuple[str, str]]


@dataclass(frozen=True)
class Plan:
    """What would change. ``new`` None: there is no file then. ``running``: key -> (old, new).
    ``keys``: whether each is to be set (else it is set no more)."""

    file: str
    old: bytes | None
    new: bytes | None
    running: dict[str, tuple[str, str]]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    keys: Mapping[str, bool] = field(default_factory=dict)


def plan(machine: Machine, file: str, values: Mapping[str, str | None]) -> Plan:
    """What must change so that each key has its value at boot and now. None: we set it no more.

    Raises ConfigError for a key that cannot be one, HakubeError where the kernel lacks it.
    """
    declared = {sysctl.check_key(key): value for key, value in values.items() if value is not None}
    dropped = [sysctl.check_key(key) for key, value in values.items() if value is None]
    old = files.read(machine.path(file))
    memory = recall(machine, file)
    restored = {key: memory[name] for key in dropped if (name := sysctl.canonical(key)) in memory}
    text = sysctl.without(_decode(old), [key for key in dropped if key not in restored])
    for key, was in restored.items():
        text = sysctl.with_lines(text, key, was.lines) if was.ours else text
    text = sysctl.with_values(text, declared)
    new: bytes | None = text.encode(errors="surrogateescape")
    # An empty file has one use, to hide another of its name: only what we emptied ourselves goes.
    if not text.strip() and new != old:
        new = None
    boot = _texts(machine, file, text)
    notes, warnings = [], []
    for key, value in declared.items():
        warnings += _undone_at_boot(machine, boot, file, key, value)
    running = {}
    if machine.live:
        wanted = {**declared, **{key: _value_without_us(boot, key) for key in dropped}}
        for key, was in restored.items():
            wanted[key] = (was.running or wanted[key]) if was.ours else None
        for key, value in wanted.items():
            now = get_running(key, needed=key in declared)
            if value is None and now is not None and key not in restored:
                warnings.append(f"{key}: keeps its running value ({now}) until a reboot")
            elif value is not None and now is not None and not sysctl.same(now, value):
                running[key] = (now, value)
    else:
        notes.append(f"the running value is left out: {machine.root} stands for the machine")
    keys = {sysctl.canonical(key): key in declared for key in values}
    return Plan(file, old, new, running, tuple(notes), tuple(warnings), keys)


def apply(machine: Machine, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
    """Do what the plan says, up to the first thing that fails; returns what was done, and why no
    more. Raises what failed where nothing was done before it.

    The kernel comes first: it refuses a bad value, which shall not be in a file at the next boot.
    """
    done = replace(plan, new=plan.old, running={})
    try:
        # Before anything is changed, or it could be lost what was there.
        _remember(machine, plan)
        for key, (old, value) in plan.running.items():
            set_running(key, value)
            done = replace(done, running={**done.running, key: (old, value)})
        path = machine.path(plan.file)
        if plan.new is not None and plan.new != plan.old:
            files.write(path, plan.new)
        elif plan.new is None and plan.old is not None:
            files.remove(path)
        _forget(machine, plan)
    except (HakubeError, OSError) as error:
        if not done.running:
            raise
        return done, (str(error),)
    return plan, ()


class Was(NamedTuple):
    """What a key was before our first change. ``ours``: it is not given back yet."""

    lines: tuple[str, ...]
    running: str | None
    ours: bool


def recall(machine: Machine, file: str) -> dict[str, Was]:
    """What is remembered of keys in this file; what does not look like it is not."""
    keys = remembered.read(machine, SUBJECT).get(file)
    found = {}
    for key, was in keys.items() if isinstance(keys, dict) else ():
        with contextlib.suppress(TypeError, KeyError, AttributeError):
            running = was["running"]
            found[key] = Was(
                tuple(str(line) for line in was["lines"]),
                running if isinstance(running, str) else None,
                was["ours"] is True,
            )
    return found


def _remember(machine: Machine, plan: Plan) -> None:
    memory = recall(machine, plan.file)
    text = _decode(plan.old)
    for key, declared in plan.keys.items():
        changes = plan.new != plan.old or key in map(sysctl.canonical, plan.running)
        if declared and changes and not (key in memory and memory[key].ours):
            running = get_running(key, needed=False) if machine.live else None
            memory[key] = Was(tuple(sysctl.lines(text, key)), running, True)
    _keep(machine, plan.file, memory)


def _forget(machine: Machine, plan: Plan) -> None:
    memory = recall(machine, plan.file)
    for key, declared in plan.keys.items():
        if not declared and key in memory:
            memory[key] = memory[key]._replace(ours=False)
    _keep(machine, plan.file, memory)


def _keep(machine: Machine, file: str, memory: Mapping[str, Was]) -> None:
    data = remembered.read(machine, SUBJECT)
    kept = {key: {**was._asdict(), "lines": list(was.lines)} for key, was in memory.items()}
    if kept:
        remembered.write(machine, SUBJECT, {**data, file: kept})


def get_running(key: str, needed: bool = True) -> str | None:
    """The kernel's value. Where it has no such key: None, or HakubeError if it is ``needed``."""
    path = _proc(key)
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        if not needed:
            return None
        cause = "the kernel module that brings it is not loaded"
        if path.is_relative_to("/proc/sys/net/ipv6"):
            cause = "IPv6 is switched off (kernel parameter ipv6.disable=1) or not loaded"
        raise HakubeError(f"{key}: this kernel has no {path}; {cause}") from None
    except OSError as error:
        raise HakubeError(f"{key}: cannot read {path}: {error.strerror}") from None


def set_running(key: str, value: str) -> None:
    """Give the kernel this value. Raises HakubeError with what the kernel answers."""
    path = _proc(key)
    try:
        # Not write_text(): a closed file's late flush could hide the kernel's answer.
        with path.open("wb", buffering=0) as file:
            file.write(value.encode() + b"\n")
    except OSError as error:
        raise HakubeError(
            f"{key}: the kernel does not take {value!r}: {error.strerror} ({path})"
        ) from None


def boot_order(machine: Machine, also: str | None = None) -> list[str]:
    """The files that systemd-sysctl reads, in its order: by name, and the last one counts.

    ``also``: a file that is taken as there already.
    """
    names: dict[str, str] = {}
    for folder in FOLDERS:
        place = machine.path(folder)
        found = {f.name for f in place.iterdir() if not f.is_dir()} if place.is_dir() else set()
        if also is not None and str(Path(also).parent) == folder:
            found.add(Path(also).name)
        for name in found:
            if name.endswith(".conf") and not name.startswith("."):
                names.setdefault(name, f"{folder}/{name}")
    return [names[name] for name in sorted(names, key=os.fsencode)]


def at_boot(machine: Machine, key: str) -> tuple[str, str | None] | None:
    """The file with the last word on this key at boot, and the value it gives (None: none)."""
    found = sysctl.deciding([(n, _text(machine, n)) for n in boot_order(machine)], key)
    return (found[0], found[1].value) if found else None


def _texts(machine: Machine, file: str, text: str) -> Texts:
    """What will be read at boot once ``file`` holds ``text``."""
    return [
        (name, text if _same_file(machine, name, file) else _text(machine, name))
        for name in boot_order(machine, file)
    ]


def _undone_at_boot(machine: Machine, boot: Texts, file: str, key: str, value: str) -> list[str]:
    """Sentences about what would give the key another value at the next boot."""
    if not any(_same_file(machine, name, file) for name, _ in boot):
        return [
            f"{file} is not read at boot: put it into {FOLDERS[0]}, with a name that ends in "
            ".conf and that no other file there has"
        ]
    found = []
    conf = [] if _same_file(machine, SYSCTL_CONF, file) else [SYSCTL_CONF]
    extra = [(name, _text(machine, name)) for name in conf]
    for texts, reader in ((boot, "at boot"), (extra, "by `sysctl --system`")):
        name, setting = sysctl.deciding(texts, key) or (None, None)
        if setting is not None and not (setting.value and sysctl.same(setting.value, value)):
            found.append(
                f"{key}: line {setting.number} of {name} says {setting.value or 'not to set it'} "
                f"and is read after {file} {reader}; remove that line"
            )
    return found


def _value_without_us(boot: Texts, key: str) -> str | None:
    """The value of a key that we set no more: that of the other files, else the kernel's own."""
    decided = sysctl.deciding(boot, key)
    if decided is not None and decided[1].value is not None:
        return decided[1].value
    return sysctl.KERNEL_DEFAULTS.get(sysctl.canonical(key))


def _same_file(machine: Machine, one: str, other: str) -> bool:
    return one == other or machine.path(one).resolve() == machine.path(other).resolve()


def _proc(key: str) -> Path:
    return Path("/proc/sys") / sysctl.canonical(sysctl.check_key(key))


def _text(machine: Machine, name: str) -> str:
    return _decode(files.read(machine.path(name)))


def _decode(content: bytes | None) -> str:
    return (content or b"").decode(errors="surrogateescape")
