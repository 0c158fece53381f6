"""
The reflex, as people see it
============================

What heals a node within a second or two, without Salt, are two small daemons, hakube-watch and
hakube-guard (docs/reflex.md). This tells what they see on this node, and what they did.
"""

from __future__ import annotations

from saltext_hakube import daemons, face
from saltext_hakube.core import guard, watch
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.seen import together

__virtualname__ = "hakube"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def reflex():
    """
    Return what the eyes of this node see now, since when, and what they did last.

    All times are in UTC, as ``2026-01-31T12:00:00.000Z``. Returns a mapping:

    - ``verdict``: ``value`` (``green``; ``red``, which moves the VIP away; ``unknown``), ``why``,
      ``since``
    - ``holder``: whether this node has the VIP's address; null where nobody looks
    - ``sees``: ``process``, ``path`` (haproxy's process, and its answers), ``servers`` (whether it
      has a server up), ``address``, ``link``, ``attribute`` (what this node says of itself in the
      cluster) and ``cluster`` (``stack``, ``quorate``, ``members``, ``trouble``)
    - ``gave_up``: null, or ``at`` and ``why`` the guard took the address away
    - ``did``: the last 20 actions, the newest last, each with ``at``, ``who`` (the daemon),
      ``what`` and ``why``; the journal has the same lines (``journalctl -u hakube-watch -u
      hakube-guard``)
    - ``problems``: a line for each daemon that does not run, or is late, and for a haproxy.cfg
      with which haproxy does not start: its first wrong place

    ``hakube_watch.status`` and ``hakube_guard.status`` have everything that each of them tells.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube.reflex
    """
    with face.told():
        return together({one.service: _sample(one) for one in (watch.DAEMON, guard.DAEMON)})


def _sample(daemon):
    """What it saw last, or why there is nothing of it."""
    try:
        return daemons.seen(__opts__, daemon)
    except HakubeError as error:
        return str(error)
