"""What the faces for the running haproxy share: which one, and its servers as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from saltext_hakube import face
from saltext_hakube.core.declared import alone
from saltext_hakube.core.haproxy.options import Haproxy
from saltext_hakube.core.haproxy.runtime import Server
from saltext_hakube.host.haproxy.keyboard import Keyboard


def keyboard(
    pillar: Mapping[str, Any],
    grains: Mapping[str, Any],
    opts: Mapping[str, Any],
    config: str | None,
    unit: str | None,
) -> Keyboard:
    """The haproxy of the arguments, else of the pillar, else of the distribution's package."""
    options = Haproxy()
    declared = pillar.get("hakube")
    if (config is None or unit is None) and declared and not alone(declared):
        options = face.config(pillar, grains, opts, need_node=False).haproxy
    return Keyboard(face.machine(opts), config or options.config, unit or options.unit)


def by_backend(servers: Iterable[Server]) -> dict[str, dict[str, dict[str, Any]]]:
    """Backend to server to what is known of it."""
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for one in servers:
        told.setdefault(one.backend, {})[one.name] = {
            "status": one.status,
            "state": one.state,
            "serving": one.serving,
            "weight": one.weight,
            "address": one.address,
            "port": one.port,
            "check": one.check_status or None,
            "code": one.check_code,
            "reason": one.check_told,
            "sessions": one.sessions,
            "since": one.since,
        }
    return told
