"""All sections that a pillar asks for: the API's, the process's, and what it declares freely."""

from __future__ import annotations

from collections.abc import Sequence

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy import kubernetes, process
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section, declared

PATH = "hakube:haproxy:sections"

# What others inherit from, or haproxy wants first.
_EARLY = ("global", "defaults")


def wanted(options: Haproxy, vip: str, servers: Sequence[Server]) -> tuple[Section, ...]:
    """The sections in the order in which they stand. Raises ConfigError."""
    free = declared(options.sections, PATH)
    early = tuple(section for section in free if section.header.split()[0] in _EARLY)
    late = tuple(section for section in free if section not in early)
    api = kubernetes.sections(options, vip, servers)
    return (*process.section(options), *early, *api, *late)


def problems(options: Haproxy, vip: str, servers: Sequence[Server]) -> list[str]:
    """What is wrong with the sections that the pillar declares freely, one line each."""
    try:
        keys = {section.key for section in declared(options.sections, PATH)}
    except ConfigError as error:
        return list(error.problems)
    ours = [section.key for section in kubernetes.sections(options, vip, servers)]
    return [
        f"{PATH}: '{key}' is written from the other keys of hakube:haproxy; add lines to it with "
        "frontend_options or backend_options, or give yours another name"
        for key in ours
        if key in keys
    ]
