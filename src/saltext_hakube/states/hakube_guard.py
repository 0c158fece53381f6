"""
hakube-guard, the guard over the VIP
====================================

A small daemon that gives up the VIP's address where the cluster stack died or quorum is lost, and
announces it where it came (see the execution module ``hakube_guard``, and docs/guard.md). It is run
by systemd, enabled and started here, and goes on without Salt and without Pacemaker. With
``test=True`` the same is planned and shown.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_guard"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_guard: systemd is Linux"
    return __virtualname__


def installed(name):
    """
    Make sure that the daemon is installed as the pillar has it (``hakube:reflex``), enabled, and
    runs. It is restarted where its program, its configuration or its unit changed.

    name
        Any name; it only tells this state from others.

    Changes: ``program``, ``config``, ``unit``, ``service``, as ``hakube_guard.plan`` returns them.
    Fails where it does not start.

    .. code-block:: yaml

        hakube-guard:
          hakube_guard.installed: []
    """
    return _converge(name, absent=False)


def absent(name):
    """
    Make sure that nothing of the daemon is left: it is stopped and disabled, its files are removed.

    name
        Any name; it only tells this state from others.

    Changes: as for :py:func:`installed`.

    .. code-block:: yaml

        hakube-guard-absent:
          hakube_guard.absent: []
    """
    return _converge(name, absent=True)


def _converge(name, absent):
    plan, apply = (partial(__salt__[f"hakube_guard.{s}"], absent=absent) for s in ("plan", "apply"))
    return face.converge(name, __opts__["test"], plan, apply)
