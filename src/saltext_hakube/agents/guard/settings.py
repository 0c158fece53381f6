"""The configuration: /etc/hakube/guard.json."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import NamedTuple


class Wrong(Exception):
    """It cannot be used; the text says why."""


class Settings(NamedTuple):
    """``interface``, ``prefix``: of the VIP, None where the pillar leaves them to Pacemaker.

    ``resource``: the VIP's name in the cluster. ``guard``: give the address up; ``announce`` it.
    """

    node: str
    address: str
    interface: str | None
    prefix: int | None
    resource: str
    guard: bool
    announce: bool
    sample: str


def settings(path: str) -> Settings:
    """Read it. Raises Wrong."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        vip = data["vip"]
        return Settings(
            node=str(data["node"]),
            address=str(ipaddress.ip_address(vip["address"])),
            interface=vip["interface"],
            prefix=vip["prefix"],
            resource=str(data["resource"]),
            guard=bool(data["guard"]),
            announce=bool(data["announce"]),
            sample=str(data["sample"]),
        )
    except OSError as error:
        raise Wrong(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise Wrong(f"{path} is no JSON as it is wanted: {error}") from None
    except (KeyError, TypeError) as error:
        raise Wrong(f"{path} is not as it is wanted: {error!r}") from None
