"""
hakube-probe, the slow eyes of a node
=====================================

A small daemon that looks at the components of Kubernetes on this node, the cluster, the VIP on the
network, files, certificates and disks (see the execution module ``hakube_probe``). It is run by
systemd, enabled and started here, and goes on without Salt and without Pacemaker. With
``test=True`` the same is planned and shown.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_probe"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_probe: systemd is Linux"
    return __virtualname__


def installed(name):
    """
    Make sure that the daemon is installed, told what the pillar says, enabled, and runs. It
    is restarted where its program, its configuration or its unit changed.

    name
        Any name; it only tells this state from others.

    Changes: ``program``, ``config``, ``unit``, ``service``, as ``hakube_probe.plan`` returns them.
    Fails where it does not start.

    .. code-block:: yaml

        hakube-probe:
          hakube_probe.installed: []
    """
    return _converge(name, absent=False)


def absent(name):
    """
    Make sure that nothing of the daemon is left: it is stopped and disabled, its files are removed.

    name
        Any name; it only tells this state from others.

    Changes: as for :py:func:`installed`.

    .. code-block:: yaml

        hakube-probe-absent:
          hakube_probe.absent: []
    """
    return _converge(name, absent=True)


def _converge(name, absent):
    plan, apply = (partial(__salt__[f"hakube_probe.{s}"], absent=absent) for s in ("plan", "apply"))
    return face.converge(name, __opts__["test"], plan, apply)
