"""sysctl.d files: read, and edited line by line with everything foreign kept byte for byte.

The format is that of sysctl.d(5). Text is bytes decoded with ``surrogateescape``, so that any
file survives. Two spellings of one key are the same key: ``net.ipv4.x`` and ``net/ipv4/x``.

A key that is declared stands once afterwards: on its last line, which is the one that counts.
Its earlier lines go, for procps' ``sysctl --system`` applies every line in turn and would set
the old value for a moment, and because two truths in one file mislead whoever reads it (the
document's ``echo ... >>``, run twice, leaves such lines).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct, field

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.values import FilePath

NONLOCAL_BIND = {4: "net.ipv4.ip_nonlocal_bind", 6: "net.ipv6.ip_nonlocal_bind"}
# What the kernel has where nobody sets it (Documentation/networking/ip-sysctl.rst).
KERNEL_DEFAULTS = dict.fromkeys(("net/ipv4/ip_nonlocal_bind", "net/ipv6/ip_nonlocal_bind"), "0")

# A line with its end. systemd's read_line() ends one at "\n", "\r" and NUL alike.
LINE = re.compile(r"([^\n\r\0]*)(\r\n|[\n\r\0]|\Z)")
ASSIGNMENT = re.compile(r"[ \t]*-?[ \t]*(?P<key>[^=]*?)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*")
# A key to be left alone (a leading "-", no "="): it also cancels an earlier assignment.
EXCLUSION = re.compile(r"[ \t]*-[ \t]*(?P<key>[^=]*?)[ \t]*")
KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*")


Key = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*\Z",
        description="a sysctl key, such as net.ipv4.ip_forward",
    ),
]
# No half of a character (a surrogate), which no file can hold.
_TEXT = r"^(?![^\n]*[\ud800-\udfff])[^\x00\n\r]*[^\s\x00][^\x00\n\r]*\Z"
Value = Annotated[
    int | Annotated[str, Meta(pattern=_TEXT)],
    Meta(description="a number, or text of one line in quotes"),
]


class Sysctl(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pillar's part ``hakube:sysctl``. ``file``: the document's, by default. ``values``:
    further keys beside the one that the VIP needs."""

    file: FilePath = "/etc/sysctl.d/haproxy.conf"
    values: dict[Key, Value] = field(default_factory=dict)


class Setting(NamedTuple):
    """A line that says something of a key. ``value`` None: the line cancels what stood before."""

    key: str
    value: str | None
    number: int
    start: int
    end: int


def wanted(options: Sysctl, address: str) -> dict[str, str]:
    """All that the pillar wants: what it lists, and what its VIP needs. Raises ConfigError."""
    listed = {key: check_value(key, value) for key, value in options.values.items()}
    needed = for_vip(address)
    taken = {canonical(key) for key in needed}
    return {key: value for key, value in listed.items() if canonical(key) not in taken} | needed


def problems(options: Sysctl, address: str) -> list[str]:
    """What is wrong with the listed keys among themselves and with the VIP's, one line each."""
    path, found = "hakube:sysctl:values", []
    seen: dict[str, str] = {}
    for key in options.values:
        if canonical(key) in seen:
            found.append(f"{path}:{key}: is the same key as {seen[canonical(key)]}; list it once")
        seen.setdefault(canonical(key), key)
    for key, value in for_vip(address).items():
        listed = seen.get(canonical(key))
        if listed is not None and not same(str(options.values[listed]), value):
            found.append(
                f"{path}:{listed}: haproxy needs {value} to bind to the VIP on every node; leave "
                "it out"
            )
    return found


def for_vip(address: str) -> dict[str, str]:
    """What haproxy needs to bind to a VIP that another node holds at the moment."""
    return {NONLOCAL_BIND[ipaddress.ip_address(address).version]: "1"}


def canonical(key: str) -> str:
    """The key as its path below /proc/sys, as systemd's sysctl_normalize() finds it.

    A first separator that is a slash leaves all others as they are; after a first dot, dots
    and slashes change places (interface names hold dots: ``net.ipv4.conf.eth0/5.forwarding``).
    """
    first = re.search(r"[./]", key)
    if first is not None and first[0] == ".":
        key = key.translate(str.maketrans("./", "/."))
    return re.sub(r"/+", "/", key).strip("/")


def settings(text: str) -> list[Setting]:
    """What each line sets, with its place in the text. Patterns (globs) are settings of no key."""
    found = []
    for number, line in enumerate(LINE.finditer(text), 1):
        if not line[1].strip(" \t") or line[1].lstrip(" \t")[0] in "#;":
            continue
        match = ASSIGNMENT.fullmatch(line[1]) or EXCLUSION.fullmatch(line[1])
        if match is None:
            continue
        value = match.groupdict().get("value")
        found.append(Setting(canonical(match["key"]), value, number, line.start(), line.end()))
    return found


def last(text: str, key: str) -> Setting | None:
    """The line that counts for this key, if there is one."""
    return next((s for s in reversed(settings(text)) if s.key == canonical(key)), None)


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text in which each key has its value, on one line.

    A line that already says so is untouched; another keeps its place, indentation, spelling,
    dash and line end, and only its value changes. A key without a line gets one at the end.
    """
    for key, value in values.items():
        check_key(key)
        ours = [s for s in settings(text) if s.key == canonical(key)]
        if not ours:
            gap = "" if not text or text[-1] in "\n\r\0" else "\n"
            text += f"{gap}{key} = {value}\n"
            continue
        kept = ours[-1]
        if kept.value is None or not same(kept.value, value):
            line = _with_value(text[kept.start : kept.end], key, value)
            text = text[: kept.start] + line + text[kept.end :]
        text = _cut(text, ours[:-1])
    return text


def without(text: str, keys: Iterable[str]) -> str:
    """The text without any line of these keys."""
    names = {canonical(key) for key in keys}
    return _cut(text, [s for s in settings(text) if s.key in names])


def lines(text: str, key: str) -> list[str]:
    """The key's lines, as they stand there."""
    return [text[s.start : s.end] for s in settings(text) if s.key == canonical(key)]


def with_lines(text: str, key: str, old: Iterable[str]) -> str:
    """The text in which these lines (as ``lines`` gave them) stand in place of the key's own.

    Where the key has none any more, somebody took it out: nothing is put back.
    """
    ours = [s for s in settings(text) if s.key == canonical(key)]
    if not ours:
        return text
    last = ours[-1]
    return _cut(text[: last.start] + "".join(old) + text[last.end :], ours[:-1])


def same(one: str, other: str) -> bool:
    """Whether two values mean the same: the kernel prints several numbers with tabs between."""
    return one.split() == other.split()


def check_key(key: str) -> str:
    """The key, if it can be one. Raises ConfigError."""
    path = canonical(key)
    if not KEY.fullmatch(key) or not path or {".", ".."} & set(path.split("/")):
        raise ConfigError([f"{key!r} is no sysctl key; write one such as net.ipv4.ip_forward"])
    return key


def check_value(key: str, value: object) -> str:
    """The value as text. Raises ConfigError."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ConfigError(
            [f"{key}: {value!r} is no value of a sysctl; write a number, or text in quotes"]
        )
    text = str(value).strip()
    if not text or re.search(r"[\n\r\0]", text):
        raise ConfigError([f"{key}: the value must be one line of text; it is {value!r}"])
    return text


def deciding(files: Iterable[tuple[str, str]], key: str) -> tuple[str, Setting] | None:
    """The file and line with the last word on this key.

    ``files``: names and texts in the order in which they are read. Within and between files the
    last line counts; a pattern never overrules a key that is named.
    """
    found = None
    for name, text in files:
        setting = last(text, key)
        found = (name, setting) if setting is not None else found
    return found


def _with_value(line: str, key: str, value: str) -> str:
    body, end = LINE.match(line).groups()
    match = ASSIGNMENT.fullmatch(body)
    if match is None:
        return f"{key} = {value}{end}"
    return body[: match.start("value")] + value + body[match.end("value") :] + end


def _cut(text: str, settings: Iterable[Setting]) -> str:
    for setting in sorted(settings, reverse=True, key=lambda s: s.start):
        text = text[: setting.start] + text[setting.end :]
    return text
