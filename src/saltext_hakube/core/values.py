r"""The kinds of single values in a pillar, with the words that an error uses for them.

Patterns end in ``\Z``: ``$`` also matches before a line end, which would get into a file.
"""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

Port = Annotated[int, Meta(ge=1, le=65535, description="a port number, 1 to 65535")]

# An XML id (NCName), which is what pacemaker's schema asks of everything in the CIB.
Id = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*\Z",
        description="a name of letters, digits, '.', '_', '-' that begins with a letter or '_'",
    ),
]

NodeName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\Z",
        description="a host name: letters, digits, '.', '-'",
    ),
]

ClusterName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z",
        description="a name of at most 64 letters, digits, '.', '_', '-'",
    ),
]

# Judged in core.addresses, which can say more than that it is wrong.
Address = Annotated[str, Meta(pattern=r"^[!-~]+\Z", description="an IPv4 or IPv6 address")]

Interface = Annotated[
    str,
    Meta(
        # What the kernel accepts (dev_valid_name), in ASCII.
        pattern=r"^(?!\.\.?\Z)[!-.0-9;-~]{1,15}\Z",
        description="a network interface, such as eth0",
    ),
]

# The unit of a systemd resource, with or without its suffix; instances have an '@'.
Unit = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.@:\\-]+\Z",
        description="a systemd unit, such as kube-apiserver",
    ),
]

FilePath = Annotated[
    str,
    Meta(
        pattern=r"^/[^\x00-\x1f\x7f\ud800-\udfff]*[^/\x00-\x1f\x7f\ud800-\udfff]\Z",
        description="an absolute path to a file",
    ),
]

PackageName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9+._:~@-]*\Z",
        description="a package's name, such as haproxy",
    ),
]

RepositoryId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*\Z",
        description="the id of a repository, such as highavailability",
    ),
]

MinionId = Annotated[
    str, Meta(pattern=r"^[!-.0-~]{1,255}\Z", description="the id of a Salt minion")
]

Seconds = Annotated[int, Meta(ge=1, le=86400, description="a whole number of seconds, 1 to 86400")]

Secret = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]+\Z",
        description="a password of one line, in quotes",
    ),
]

# An attribute in the CIB's XML: 64 bits are what pacemaker counts in, and XML has no controls.
Scalar = Annotated[
    bool
    | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    | float
    | Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]*\Z")],
    Meta(description="text of one line, a number, or true or false"),
]

# The id of an object in a CIB that somebody made: whatever its schema took. What we create has
# to be an Id, which the plan sees to.
ObjectId = Annotated[
    str,
    Meta(
        pattern=r"^[^\s\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+\Z",
        description="a name without spaces",
    ),
]

AttributeName = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]+\Z",
        description="the name of an attribute",
    ),
]

# An attribute's text. Line ends are what people write into descriptions and commands.
Text = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]*\Z",
        description="text",
    ),
]

# What pacemaker reads as a time: a number with or without a unit, or an ISO 8601 duration.
Duration = Annotated[
    Annotated[int, Meta(ge=0, le=2**31 - 1)]
    | Annotated[
        str,
        Meta(pattern=r"^([0-9]{1,10}\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?|P[0-9YMWDTHS.]+)\Z"),
    ],
    Meta(description="a duration, such as 10s, 500ms or 2min (a number alone is seconds)"),
]

# What stands in place of a secret wherever a person or a log can see it.
MASKED = "********"

# Names that say so themselves. What is hidden in vain costs less than what is shown.
SECRET_NAME = re.compile(
    r"pass|pwd|(^|[_-])pw([_-]|$)|secret|token|community|private|key|auth|cred|hexadecimal|bearer"
    r"|cookie|(^|[_-])(pin|kg|psk|otp)([_-]?code)?([_-]|$)",
    re.IGNORECASE,
)

# Fence agents are many and name their secrets as they like (hexadecimal_kg, session_id, email):
# of their options only these are shown. Taken from fence-agents' lib/fencing.py and the device
# options of pacemaker-fenced(7).
HARMLESS = re.compile(
    r"ip|ipaddr|ipaddress|ipport|ip_family|hostname|host|hostlist|nodename|nodes?|port|plug|slot"
    r"|username|user|userid|login|lanplus|privlvl|cipher|interface|method|action|option|module_name"
    r"|power_\w+|pcmk_\w+|ssl(_(secure|insecure))?|secure|telnet|inet[46]_only|(use_)?sudo"
    r"|(\w+_)?(timeout|delay|wait|retries|retry|attempts)|delay_\w+|retry_\w+|stonith_status_sleep"
    r"|devices|missing_as_off|verbose|verbose_level|quiet|type|snmp_version"
    r"|region|zone|datacenter|provides|priority"
)


def is_secret(option: str, agent: str | None = None) -> bool:
    """Whether an option may hold a secret.

    ``agent``: what the option belongs to, as ``ocf:heartbeat:IPaddr2`` or ``stonith:fence_apc``.
    A fence agent's options are secrets but for a few known ones; all others are judged by name.
    """
    if agent is not None and agent.startswith(("stonith:", "fence_")):
        return is_fence_secret(option)
    return bool(SECRET_NAME.search(option)) and not option.endswith(("_script", "_file"))


def hides(name: str, agent: str | None, value: object) -> bool:
    """Whether a value must not be shown: by its name, or because it has such a name=value in it."""
    if is_secret(name, agent):
        return True
    return isinstance(value, str) and any(
        is_secret(word.partition("=")[0].lstrip("(-")) for word in value.split() if "=" in word
    )


def is_fence_secret(option: str) -> bool:
    """Whether an option of a fence device may hold a secret."""
    return HARMLESS.fullmatch(option) is None
