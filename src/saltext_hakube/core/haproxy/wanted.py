"""All sections that a pillar asks for: the API's, the process's, and what it declares freely."""

from __future__ import annotations

from collections.abc import Sequence

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy import apart, kubernetes, process
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section, declared, line_problem

PATH = "hakube:haproxy:sections"

# What others inherit from, or haproxy wants first.
_EARLY = ("global", "defaults")
_PROXIES = ("defaults", "frontend", "backend", "listen")


def wanted(options: Haproxy, vip: str, servers: Sequence[Server]) -> tuple[Section, ...]:
    """The sections in the order in which they stand. Raises ConfigError."""
    free = declared(options.sections, PATH)
    early = tuple(section for section in free if section.header.split()[0] in _EARLY)
    late = tuple(section for section in free if section not in early)
    api = kubernetes.sections(options, vip, servers)
    return (*process.section(options), *early, *api, *late)


def problems(options: Haproxy, vip: str, servers: Sequence[Server]) -> list[str]:
    """What is wrong with what the pillar writes freely, one line each."""
    found = [*_lines("frontend_options", options), *_lines("backend_options", options)]
    try:
        keys = {section.key for section in declared(options.sections, PATH)}
    except ConfigError as error:
        return [*found, *error.problems]
    ours = [section.header.split() for section in kubernetes.sections(options, vip, servers)]
    # haproxy takes a frontend and a backend of one name, but then nobody knows which is meant.
    taken = {name for _keyword, name in ours} | {apart.BARRIER.header.split()[1]}
    found += [
        f"{PATH}: '{key}' has a name that is hakube's own; add lines to what hakube writes with "
        "frontend_options or backend_options, or give yours another name"
        for key in keys
        if key.split()[0] in _PROXIES and key.split()[-1] in taken
    ]
    if options.stats_socket == options.api_socket != "none":
        found.append(
            f"hakube:haproxy:api_socket: {options.api_socket} is also the stats_socket; give each "
            "its own path"
        )
    return found


def _lines(key: str, options: Haproxy) -> list[str]:
    """What is wrong with further lines of our own sections."""
    told = ((number, line_problem(line)) for number, line in enumerate(getattr(options, key), 1))
    return [f"hakube:haproxy:{key}: line {number}: {text}" for number, text in told if text]
