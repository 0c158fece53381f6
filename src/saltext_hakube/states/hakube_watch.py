"""
hakube-watch, the eyes on this node's haproxy and the VIP
=========================================================

A small daemon that steers the VIP by the health of the local haproxy, and closes what haproxy
leaves open on a dead server (see the execution module ``hakube_watch``, and docs/watch.md). It is
run by systemd, enabled and started here, and goes on without Salt. With ``test=True`` the same is
planned and shown.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_watch"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_watch: systemd is Linux"
    return __virtualname__


def installed(name):
    """
    Make sure that the daemon is installed as the pillar has it (``hakube:watch``,
    ``hakube:reflex``), enabled, and runs. It is restarted where its program, its configuration or
    its unit changed.

    name
        Any name; it only tells this state from others.

    Changes: ``program``, ``config``, ``unit``, ``service``, as ``hakube_watch.plan`` returns them.
    Fails where it does not start.

    .. code-block:: yaml

        hakube-watch:
          hakube_watch.installed: []
    """
    return _converge(name, absent=False)


def absent(name):
    """
    Make sure that nothing of the daemon is left: it is stopped and disabled, its files are removed.
    The rules in the cluster that look at its attributes are to go before it (``hakube.watch`` and
    ``hakube.clean`` see to that).

    name
        Any name; it only tells this state from others.

    Changes: as for :py:func:`installed`.

    .. code-block:: yaml

        hakube-watch-absent:
          hakube_watch.absent: []
    """
    return _converge(name, absent=True)


def _converge(name, absent):
    plan, apply = (partial(__salt__[f"hakube_watch.{s}"], absent=absent) for s in ("plan", "apply"))
    return face.converge(name, __opts__["test"], plan, apply)
