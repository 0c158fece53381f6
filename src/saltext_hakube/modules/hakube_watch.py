"""
hakube-watch, the eyes on this node's haproxy and the VIP
=========================================================

A small daemon of this project, run by systemd and not by Salt. It looks at the local haproxy (its
process, its data path, its servers) and at the VIP's address and link, keeps the node attributes
that steer the VIP, tells Pacemaker of an address that went, and cleans up after a repaired
haproxy.cfg; the pillar's ``hakube:reflex`` turns each of these off.

After a reload haproxy's old workers check nothing: what they have open on a server that dies would
stay open until ``timeout server``. hakube-watch closes it, in old workers and in the unchecked copy
of the backend, when the current worker finds the server down while another one is up.
docs/watch.md tells the rest.

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at and
changed, and nothing is enabled or started.
"""

from __future__ import annotations

from saltext_hakube import daemons, face
from saltext_hakube.core.watch import DAEMON
from saltext_hakube.host import daemon
from saltext_hakube.host import watch as host

__virtualname__ = "hakube_watch"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_watch: systemd is Linux"
    return __virtualname__


def plan(absent=False):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    absent
        Whether the daemon is to be removed. Default: false.

    The pillar says how it runs (``hakube:watch``, ``hakube:reflex``, ``hakube:haproxy``).

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` has ``program``
    (what happens to it, in a word), ``config`` and ``unit`` (unified diffs) and ``service`` (a list
    of ``enable``, ``start``, ``restart``, ``stop``, ``disable``), each only where something is to
    be done. A warning says what it cannot do, as where haproxy has no master socket.

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.plan
        salt '*' hakube_watch.plan absent=True
    """
    with face.told():
        return daemons.planned(DAEMON, _plan(absent), absent)


def apply(absent=False):
    """
    Install the daemon, enable it and start it; restart it where anything of it changed.

    absent
        Whether to remove it instead: stop, disable, take its files away. Default: false.

    Returns the same as :py:func:`plan`, with what was changed.

    Fails where a file cannot be written, or the daemon does not start (its journal says why).

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.apply
    """
    with face.told():
        return daemons.applied(__opts__, DAEMON, _plan(absent), absent)


def remove():
    """
    Stop the daemon, disable it and take its files away: :py:func:`apply` with ``absent=True``.

    Returns the same as :py:func:`plan`, with what was changed. Needs no pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.remove
    """
    return apply(absent=True)


def status():
    """
    Return what the daemon sees now, since when, and what it did last.

    Returns a mapping:

    - ``age``: seconds since it looked; ``at`` and ``started``: Unix times of that and of its start
    - ``interval``: seconds from one look to the next
    - ``haproxy``: ``stats`` and ``master``, its sockets, each with ``path``, ``problem`` (null
      where it answers) and ``since`` (Unix time)
    - ``servers``: all servers in the current worker, each with ``backend``, ``name``, ``address``,
      ``status`` and ``check`` (haproxy's words), ``sessions``, ``since`` (seconds in this status)
    - ``workers``: ``current``, a process id, and ``old``, those that were replaced and go on with
      their sessions
    - ``dead``: the addresses whose sessions are closed, and why
    - ``verdict``: ``value`` (``green``, ``red``, ``unknown``), ``why``, ``since`` (Unix time)
    - ``eyes``: what led to it: ``process``, ``path``, ``servers``, ``address``, ``link``,
      ``attribute``
    - ``file``: what is wrong with haproxy's file where haproxy failed; empty where nothing is
    - ``actions``: the last 20, each with ``at`` (Unix time), ``what`` and ``why``
    - ``pid``, ``build``: of the daemon; ``format``: of this mapping, 1

    Fails where the daemon does not run, or is 5 seconds late with its next look.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.status
    """
    with face.told():
        return daemons.seen(__opts__, DAEMON)


def _plan(absent):
    machine = face.machine(__opts__)
    if absent:
        return daemon.plan_absent(machine, DAEMON)
    return host.plan(machine, face.config(__pillar__, __grains__, __opts__))
