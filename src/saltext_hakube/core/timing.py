"""How fast a failure is taken for one: the profiles of ``hakube:timing``, and corosync's totem.

A profile is a choice between two prices. ``safe`` takes longer to believe that something is dead;
``fast`` sometimes believes it of what is only slow.

Power cut, until the VIP is elsewhere: token + consensus until a new membership is formed, and 0.2
to 0.3 s for Pacemaker (measured on three nodes: 2.4 s with fast's numbers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Profile = Literal["safe", "fast"]

# corosync 3.1 starts with a token of 150 ms and more ("Not appropriate token ..." at 100). This
# token is no secret.
Token = Annotated[
    int,
    Meta(
        ge=200,
        le=600000,
        description="a whole number of milliseconds, 200 to 600000",
        extra={"secret": False},
    ),
]
Milliseconds = Annotated[
    int, Meta(ge=0, le=600000, description="a whole number of milliseconds, 0 to 600000")
]


class Totem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Corosync's own timing, in milliseconds, over that of the profile.

    ``token``: so long without the token and a node is suspected. ``token_coefficient``: so much
    is added for each node above two. ``consensus``: so long they may then take to agree on who is
    left; by default 1.2 times the token with what is added to it.
    """

    token: Token | None = None
    token_coefficient: Milliseconds | None = None
    consensus: Token | None = None


class Effective(Struct, frozen=True):
    """What corosync is told, in milliseconds."""

    token: int
    token_coefficient: int
    consensus: int


# Without a coefficient the numbers are what they say, whatever the number of nodes: corosync's
# default of 650 ms adds to token and consensus alike (corosync.conf(5)).
#
# safe: corosync's own token (3000 since 3.1). 6.6 s and 0.3, where corosync's default for three
# nodes is 8.03 and 0.3. The price: a node that lost its power is missed for that long.
# fast: 2.2 s and 0.3. The price: a node that is not scheduled for a second (a busy machine, a
# virtual one that is migrated, a snapshot) is put out of a healthy cluster.
TOTEM: Mapping[Profile, tuple[int, int]] = {"safe": (3000, 0), "fast": (1000, 0)}

# What the profile says under ``hakube:haproxy``. The numbers of safe are the defaults of
# haproxy.options, which has their sources: an apiserver that hangs is down after 3.8 s at most.
# fast: inter + T + fastinter + T with T = 500 ms are 2.3 s at most: the server of a node that lost
# its power is down before the VIP is elsewhere, after 2.4 s. fastinter is no less than 300 ms so
# that two failures in a row do not fall into one hiccup. The price: an apiserver that takes 0.5 s
# for a TLS handshake, or 0.7 s for an answer, looks down. /readyz asks etcd, so one that stalls for
# 0.7 s makes all apiservers look down at once, which cuts every watch.
# (Measured on 2.6, one of three servers silent, 8 runs: down after 0.8 to 1.9 s. Until then every
# second or third new connection waits for timeouts.connect once; one that waits at the moment when
# the server is marked down is closed by on-marked-down.)
HAPROXY: Mapping[Profile, Mapping[str, Any]] = {
    "safe": {
        "inter": "1200ms",
        "fastinter": "200ms",
        "fall": 2,
        "timeouts": {"connect": "1200ms", "check": "3s"},
    },
    "fast": {
        "inter": "1s",
        "fastinter": "300ms",
        "fall": 2,
        "timeouts": {"connect": "500ms", "check": "700ms"},
    },
}

# What it says under ``hakube:reflex``. Where a lost node is missed after 2.2 s, a second of
# Pacemaker's sleep is much. The price: each of its plans begins 50 ms later, which an address that
# went (0.4 s without it) has to wait, too.
REFLEX: Mapping[Profile, Mapping[str, Any]] = {"safe": {"gather": False}, "fast": {"gather": True}}


def under(data: Any) -> Any:
    """The pillar's raw data with the profile's defaults below what it says itself.

    So what the pillar says counts, also where it is the default of the other profile. What is none
    of the mappings it should be stays as it is, for the reader to tell.
    """
    profile = data.get("timing", "safe") if isinstance(data, Mapping) else None
    if not isinstance(profile, str) or profile not in HAPROXY:
        return data
    defaults = {"haproxy": HAPROXY[profile], "reflex": REFLEX[profile]}
    return {**data, **{key: _under(data.get(key, {}), its) for key, its in defaults.items()}}


def _under(given: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(given, Mapping):
        return given
    inner = {
        name: _under(given.get(name, {}), value)
        for name, value in defaults.items()
        if isinstance(value, Mapping)
    }
    return {**defaults, **given, **inner}


def effective(profile: Profile, own: Totem, nodes: int) -> Effective:
    """The profile's totem with the pillar's own numbers over it, for so many nodes."""
    token, coefficient = TOTEM[profile]
    token = token if own.token is None else own.token
    coefficient = coefficient if own.token_coefficient is None else own.token_coefficient
    consensus = least_consensus(token, coefficient, nodes)
    return Effective(token, coefficient, consensus if own.consensus is None else own.consensus)


def least_consensus(token: int, coefficient: int, nodes: int) -> int:
    """1.2 times the token as it is with so many nodes, in whole milliseconds (corosync.conf(5))."""
    full = token + coefficient * max(nodes - 2, 0)
    return -(-full * 6 // 5)


def problems(totem: Effective, nodes: int) -> list[str]:
    """Why corosync should not be told this. It would not say so itself: 3.1.7 takes any consensus
    from 50 ms on, and then forms one membership after the other."""
    least = least_consensus(totem.token, totem.token_coefficient, nodes)
    if totem.consensus >= least:
        return []
    return [
        f"hakube:cluster:totem:consensus: {totem.consensus} is less than 1.2 times the token of "
        f"{nodes} nodes, which corosync needs to agree; leave it out, or make it {least} or more"
    ]
