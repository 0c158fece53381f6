"""The reflex: what heals within a second or two, without Salt (``hakube:reflex``).

And what its two halves have to call by the same name: hakube-watch sets attributes of its node,
location constraints of the VIP look at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from saltext_hakube.core.cib.meaning import number, text

# 1 (green), 0 (red), not there or empty: nobody looks. Transient, set by attrd_updater.
HAPROXY = "hakube-haproxy"
# 1 while the node's haproxy has a server up, else 0. No constraint looks at it: the watches of
# the other nodes do.
SERVERS = "hakube-servers"

# Scores of the VIP on a node. Nothing is negative: a node with a negative total never runs it, so
# all red, or nobody looking while a cluster is made, would stop it. A red holder (500) goes to a
# green or an unknown node; a holder of whom nothing is known (1200) and a green one (1500) stay,
# and so does a red one where all are. Checked on all combinations of three nodes with
# crm_simulate of pacemaker 2.0, 2.1 and 3.0.
STICKINESS = 500
GREEN = 1000
UNKNOWN = 700


# Pacemaker hears of a lost node twice within milliseconds (corosync's quorum, its process group),
# and writes that down. One that begins to plan while it still writes sleeps for a second
# (do_pe_invoke_callback); one that waits a moment after each such news does not.
GATHER = {"transition-delay": "50ms"}


class Reflex(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parts of the reflex, each of which can be turned off.

    ``restart``: systemd restarts a haproxy, corosync or pacemaker that crashed. ``steer``: the VIP
    follows the health of the local haproxy, and with ``servers`` also whether that one has a
    server up. ``hand_over``: an address that went without Pacemaker is told to it. ``repair``:
    what failed because of haproxy's file is cleaned up when the file is good again. ``guard``: a
    node whose cluster stack died, or that lost quorum, gives the address up. ``announce``: the
    holder announces the address. ``gather``: Pacemaker plans a moment after the last of several
    news, not after the first (``transition-delay``, where ``hakube:properties`` has none); with
    the timing ``fast`` it is on.

    ``steer``, ``servers``, ``hand_over`` and ``repair`` are hakube-watch's, and need it.
    """

    restart: bool = True
    steer: bool = True
    servers: bool = True
    hand_over: bool = True
    repair: bool = True
    guard: bool = True
    announce: bool = True
    gather: bool = False


def warnings(meta: Mapping[str, Any]) -> list[str]:
    """What is wrong with meta attributes of the VIP (``hakube:resources:vip:meta``) if it is to
    follow haproxy."""
    name = "resource-stickiness"
    if name not in meta:
        return []
    least, most = GREEN - UNKNOWN, UNKNOWN
    given = meta[name]
    value = 0 if given is None else number(text(given))
    if least < value < most:
        return []
    harm = (
        "a red node may keep the VIP" if value >= most else "the VIP may leave a node for nothing"
    )
    shown = "empty" if given is None else text(given)
    return [
        f"hakube:resources:vip:meta:{name}: {shown}: with hakube:reflex:steer {harm}; "
        f"leave it out (it is {STICKINESS} then), or between {least} and {most}"
    ]
