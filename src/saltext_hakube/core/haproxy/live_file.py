"""What a configuration file means for servers: each with all that it inherits, as haproxy sees it.

A server that is added at run time inherits nothing from ``default-server``
("add server" in haproxy's management.txt), so its options are needed spelled out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

import msgspec

from saltext_hakube.core.haproxy.syntax import header, words

# Options that haproxy 2.6 to 3.x take in `add server` and that mean the same there as in the file.
FLAGS = frozenset(
    {"backup", "check", "check-send-proxy", "check-ssl", "disabled", "send-proxy", "send-proxy-v2"}
    | {"ssl"}
)
VALUED = frozenset(
    {"addr", "alpn", "ca-file", "check-alpn", "check-proto", "check-sni", "ciphers", "ciphersuites"}
    | {"downinter", "error-limit", "fall", "fastinter", "inter", "maxconn", "maxqueue", "minconn"}
    | {
        "observe",
        "on-error",
        "on-marked-down",
        "on-marked-up",
        "port",
        "proto",
        "rise",
        "slowstart",
    }
    | {"sni", "ssl-max-ver", "ssl-min-ver", "verify", "verifyhost", "weight"}
)
_OPPOSITES = {"enabled": "disabled", **{f"no-{flag}": flag for flag in FLAGS}}
# Servers stand only in these.
BALANCING = ("backend", "listen")
_TIME = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Words(msgspec.Struct, frozen=True):
    """A section: the words of its header and of its lines."""

    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    @property
    def keyword(self) -> str:
        """Such as ``backend``."""
        return self.header[0]

    @property
    def name(self) -> str:
        """The name, empty where it has none."""
        return self.header[1] if len(self.header) > 1 else ""


class FileServer(msgspec.Struct, frozen=True):
    """A server of the file. ``words``: all that applies to it, inherited first.

    ``options`` are the same by their names, where all of them are known to mean at run time what
    they mean in the file; ``unknown`` is the first that is not.
    """

    backend: str
    name: str
    address: str  # a plain IP address, or the file's word where it is none
    port: int | None
    words: tuple[str, ...]
    options: dict[str, tuple[str, ...]]
    unknown: str = ""

    @property
    def checked(self) -> bool:
        """Whether haproxy checks its health."""
        return "check" in self.options

    @property
    def disabled(self) -> bool:
        """Whether it starts in maintenance."""
        return "disabled" in self.options

    @property
    def weight(self) -> int:
        """Its weight, 1 where the file has none."""
        return self.number("weight", 1)

    @property
    def fixed(self) -> bool:
        """Whether its address is one, not a name to be looked up."""
        return self.port is not None and _ip(self.address) is not None

    def number(self, option: str, default: int) -> int:
        """The number that an option has; the default where it has none."""
        value = self.options.get(option, ("",))[0]
        return int(value) if value.isdecimal() else default


class Proxy(msgspec.Struct, frozen=True):
    """A ``backend`` or ``listen``: ``lines`` are those that do not concern servers."""

    name: str
    lines: tuple[tuple[str, ...], ...]
    inherited: tuple[tuple[str, ...], ...]
    servers: dict[str, FileServer]

    def last(self, *said: str) -> tuple[str, ...]:
        """What follows these words where they are said last, its own lines before inherited."""
        for lines in (self.lines, self.inherited):
            for line in reversed(lines):
                if line[: len(said)] == said:
                    return line[len(said) :]
        return ()

    def has(self, *keywords: str) -> str:
        """The first of these keywords that stands in its own lines; empty where none does."""
        return next((line[0] for line in self.lines if line[0] in keywords), "")


def sections(text: str) -> tuple[Words, ...]:
    """The file's sections without comments, quotes and indentation.

    What stands before the first one, conditions mostly, is one without a keyword.
    """
    found: list[tuple[tuple[str, ...], list[tuple[str, ...]]]] = [(("",), [])]
    for line in text.splitlines():
        said = tuple(words(line))
        if header(line):
            found.append((said, []))
        elif said:
            found[-1][1].append(said)
    return tuple(Words(head, tuple(lines)) for head, lines in found)


def conditional(found: Sequence[Words]) -> bool:
    """Whether what the file means depends on the machine (``.if``)."""
    return any(line[0].startswith(".") for section in found for line in section.lines)


def proxies(found: Sequence[Words]) -> dict[str, Proxy]:
    """The proxies with servers, by their names."""
    return {
        section.name: _proxy(section, _inherited(found, place))
        for place, section in enumerate(found)
        if section.keyword in BALANCING
    }


def duration(text: str) -> float | None:
    """Seconds of a time such as ``2s`` or ``500`` (milliseconds)."""
    found = re.fullmatch(r"(\d+)(us|ms|s|m|h|d)?", text)
    return int(found[1]) * _TIME[found[2] or "ms"] if found else None


def _inherited(found: Sequence[Words], place: int) -> tuple[tuple[str, ...], ...]:
    """The lines of the ``defaults`` that apply to the section at this place."""
    head = found[place].header
    name = head[head.index("from") + 1] if "from" in head[1:-1] else ""
    if not name and found[place].keyword == "defaults":
        return ()
    for at in range(place - 1, -1, -1):
        section = found[at]
        if section.keyword == "defaults" and name in ("", section.name):
            return (*_inherited(found, at), *section.lines)
    return ()


def _proxy(section: Words, inherited: tuple[tuple[str, ...], ...]) -> Proxy:
    defaults = [word for line in inherited if line[0] == "default-server" for word in line[1:]]
    servers: dict[str, FileServer] = {}
    lines = []
    for line in section.lines:
        if line[0] == "default-server":
            defaults += line[1:]
        elif line[0] == "server" and len(line) > 2:
            servers[line[1]] = _server(section.name, line, defaults)
        else:
            lines.append(line)
    return Proxy(section.name, tuple(lines), inherited, servers)


def _server(backend: str, line: tuple[str, ...], defaults: Sequence[str]) -> FileServer:
    address, port = _address(line[2])
    said = (*defaults, *line[3:])
    options, unknown = _options(said)
    return FileServer(backend, line[1], address, port, said, options, unknown)


def _options(said: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], str]:
    """The options by their names, later ones winning, and the first that is not known."""
    options: dict[str, tuple[str, ...]] = {}
    rest = iter(said)
    for word in rest:
        if word in _OPPOSITES:
            options.pop(_OPPOSITES[word], None)
        elif word in FLAGS:
            options[word] = ()
        elif word in VALUED:
            options[word] = (next(rest, ""),)
        else:
            return options, word
    return options, ""


def _address(word: str) -> tuple[str, int | None]:
    """Address and port of ``192.0.2.1:80``, ``[2001:db8::1]:80``, ``2001:db8::1:80``."""
    host, _, port = word.rpartition(":")
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    plain = _ip(inner)
    # 99999 would become 34463 (`set server ... port`), not be refused.
    if plain is None or not port.isdecimal() or not 0 < int(port) < 65536:
        return word, None
    return plain, int(port)


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
