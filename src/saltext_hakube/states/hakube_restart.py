"""
systemd restarts what crashed
=============================

Drop-ins by which systemd restarts a crashed haproxy, corosync or pacemaker at once (see the
execution module ``hakube_restart``). Nothing is restarted for a change of them. With ``test=True``
the same is planned and shown.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_restart"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_restart: systemd is Linux"
    return __virtualname__


def managed(name):
    """
    Make sure that systemd restarts haproxy (the unit ``hakube:haproxy:unit`` of the pillar),
    corosync and pacemaker when they crash.

    name
        Any name; it only tells this state from others.

    Changes: the units' names with unified diffs of their drop-ins, ``daemon-reload``.

    .. code-block:: yaml

        hakube-restart:
          hakube_restart.managed: []
    """
    return _converge(name, absent=False)


def absent(name):
    """
    Make sure that none of these drop-ins is left: restarts are what the units and Pacemaker say.

    name
        Any name; it only tells this state from others.

    Changes: as for :py:func:`managed`.

    .. code-block:: yaml

        hakube-restart-absent:
          hakube_restart.absent: []
    """
    return _converge(name, absent=True)


def _converge(name, absent):
    parts = (partial(__salt__[f"hakube_restart.{s}"], absent=absent) for s in ("plan", "apply"))
    plan, apply = parts
    return face.converge(name, __opts__["test"], plan, apply)
