"""
hakube-guard, the guard over the VIP
====================================

A small daemon of this project, run by systemd and not by Salt or Pacemaker, both of which it
outlives. A node whose cluster stack died, or that lost quorum, would keep the VIP's address while
the others start it anew: the guard gives it up before that. And it announces the address whenever
it has come or the others may have forgotten where it is. docs/guard.md tells the rest.

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at and
changed, and nothing is enabled or started.
"""

from __future__ import annotations

from saltext_hakube import daemons, face
from saltext_hakube.core.guard import DAEMON
from saltext_hakube.host import daemon
from saltext_hakube.host import guard as host

__virtualname__ = "hakube_guard"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_guard: systemd is Linux"
    return __virtualname__


def plan(absent=False):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    absent
        Whether the daemon is to be removed. Default: false.

    The pillar says what it does (``hakube:reflex:guard``, ``hakube:reflex:announce``).

    Returns ``{"changes": {...}, "comment": "...", "warnings": []}``. ``changes`` has ``program``
    (what happens to it, in a word), ``config`` and ``unit`` (unified diffs) and ``service`` (a list
    of ``enable``, ``start``, ``restart``, ``stop``, ``disable``), each only where something is to
    be done.

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_guard.plan
        salt '*' hakube_guard.plan absent=True
    """
    with face.told():
        return daemons.planned(DAEMON, _plan(absent), absent)


def apply(absent=False):
    """
    Install the daemon, enable it and start it; restart it where anything of it changed.

    absent
        Whether to remove it instead: stop, disable, take its files away. Default: false.

    Returns the same as :py:func:`plan`, with what was changed.

    Fails where a file cannot be written, or the daemon does not start (its journal says why). It
    starts without a cluster, too.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_guard.apply
    """
    with face.told():
        return daemons.applied(__opts__, DAEMON, _plan(absent), absent)


def remove():
    """
    Stop the daemon, disable it and take its files away: :py:func:`apply` with ``absent=True``.

    Returns the same as :py:func:`plan`, with what was changed. Needs no pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_guard.remove
    """
    return apply(absent=True)


def status():
    """
    Return what the daemon sees now, since when, and what it did last.

    Returns a mapping:

    - ``age``: seconds since it looked; ``at`` and ``started``: Unix times of that and of its start
    - ``interval``: seconds from one sample to the next
    - ``stack``: ``corosync`` and ``pacemaker``, as it sees them; ``trouble``: what is wrong with
      them, empty where nothing is, and ``since`` (Unix time); ``due``: when it acts next unless
      that ends (Unix time), or null
    - ``totem``: ``token``, ``consensus`` and ``patience`` (how long a dead stack is waited for), in
      seconds
    - ``quorate``: whether this node is in a part of the cluster that may act; null where nobody
      says; ``members``: how many nodes that part has
    - ``address``: ``here``, whether this machine serves at the VIP's address, ``state``, why it
      does not although it has it (IPv6: ``tentative``, ``dadfailed``; else null), and ``since``
      (Unix time); ``link``: whether its link is up
    - ``gave_up``: null, or ``at`` (Unix time) and ``why`` it took the address away
    - ``actions``: the last ones, each with ``at`` (Unix time), ``what`` and ``why``
    - ``pid``, ``build``: of the daemon; ``format``: of this mapping, 1

    Fails where the daemon does not run, or is 5 seconds late with its next look.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_guard.status
    """
    with face.told():
        return daemons.seen(__opts__, DAEMON)


def _plan(absent):
    machine = face.machine(__opts__)
    if absent:
        return daemon.plan_absent(machine, DAEMON)
    return host.plan(machine, face.config(__pillar__, __grains__, __opts__))
