"""
hakube-probe, the slow eyes of a node
=====================================

A small daemon of this project, run by systemd and not by Salt or Pacemaker, both of which it
outlives. It looks at what ``hakube_watch`` need not see within a fraction of a second: the
components of Kubernetes on this node and their leases, the cluster and its failures, who answers
for the VIP on the network, the files of hakube, certificates and disks. It only looks; what is
done about it is decided elsewhere. With it comes an alert agent, by which Pacemaker tells what
happens.

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at and
changed, and nothing is enabled or started.
"""

from __future__ import annotations

from saltext_hakube import daemons, face
from saltext_hakube.core.probe import DAEMON
from saltext_hakube.host import probe as host

__virtualname__ = "hakube_probe"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_probe: systemd is Linux"
    return __virtualname__


def plan(absent=False):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    absent
        Whether the daemon is to be removed. Default: false.

    What it looks at follows from the pillar, from the command lines of the components of Kubernetes
    on this node (their units or manifests), and from haproxy's file. Which files it takes for
    changed follows from what an apply would write, whatever is in them now.

    Returns ``{"changes": {...}, "comment": "...", "warnings": []}``. ``changes`` has ``program``
    (what happens to it, in a word), ``config`` and ``unit`` (unified diffs), ``service`` (a list
    of ``enable``, ``start``, ``restart``, ``stop``, ``disable``), ``/etc/hakube/files.json`` (a
    word: which files are hakube's, and what they should be) and
    ``/usr/local/lib/hakube/hakube-alert`` (a word: Pacemaker's alert agent), each only where
    something is to be done. ``warnings`` names
    files of which it cannot be said what they should be.

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_probe.plan
        salt '*' hakube_probe.plan absent=True
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

        salt '*' hakube_probe.apply
    """
    with face.told():
        return daemons.applied(__opts__, DAEMON, _plan(absent), absent, host.apply)


def remove():
    """
    Stop the daemon, disable it and take its files away: :py:func:`apply` with ``absent=True``.

    Returns the same as :py:func:`plan`, with what was changed. Needs no pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_probe.remove
    """
    return apply(absent=True)


def status():
    """
    Return what the daemon has seen.

    Returns a mapping:

    - ``age``: seconds since it wrote that; ``at`` and ``started``: Unix times of that and of its
      start; ``interval``: seconds from one time to the next
    - ``probes``: by name, such as ``apiserver.livez``: ``value`` (``up``, ``down`` or ``unknown``),
      ``why`` (a line, also where there is something to say though it is up), ``at`` (Unix time of
      that look), ``every`` (seconds from look to look), ``took`` (seconds), ``evidence`` (lists of
      texts by their kind, such as ``failed``), and ``clock`` (seconds since the machine's start)
    - ``cluster``: what Pacemaker says, null where it does not: ``maintenance`` (of the cluster or
      this node), ``standby`` (this node), ``quorate``, ``online`` (nodes), ``holder`` (whether it
      runs the VIP here), and ``at`` (Unix time)
    - ``pid``, ``build``: of the daemon; ``format``: of this mapping, 1

    Fails where the daemon does not run, or is 5 seconds late with its next look.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_probe.status
    """
    with face.told():
        return daemons.seen(__opts__, DAEMON)


def _plan(absent):
    machine = face.machine(__opts__)
    if absent:
        return host.plan_absent(machine)
    return host.plan(machine, face.config(__pillar__, __grains__, __opts__))
