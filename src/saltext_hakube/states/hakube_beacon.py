"""
The beacon, set up
==================

The beacon ``hakube`` tells the master when something of this node is not well (see the beacon, and
the execution module ``hakube_beacon``). It goes live in a minion that runs, beside other beacons,
and it is verified that it looks. With ``test=True`` the same is planned and shown.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_beacon"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_beacon: Linux only"
    return __virtualname__


def present(name):
    """
    Make sure that the beacon runs, as the pillar has it (``hakube:heal``), now and after a restart
    of the minion, and that the minion's schedule calls what the node may do without its master
    (``hakube:heal:alone``).

    name
        Any name; it only tells this state from others.

    Changes: ``settings``, ``minion``, ``live``, as ``hakube_beacon.plan`` returns them. Fails where
    the pillar has ``beacons`` without ``hakube: []`` among them, as Salt looks at no others then;
    where a person disabled it; where the beacon does not look within 30 seconds.

    .. code-block:: yaml

        hakube-beacon:
          hakube_beacon.present: []
    """
    return _converge(name, absent=False)


def absent(name):
    """
    Make sure that nothing of the beacon is left, in the minion that runs and in its files.

    name
        Any name; it only tells this state from others.

    Changes: as for :py:func:`present`.

    .. code-block:: yaml

        hakube-beacon-absent:
          hakube_beacon.absent: []
    """
    return _converge(name, absent=True)


def _converge(name, absent):
    plan, apply = (
        partial(__salt__[f"hakube_beacon.{step}"], absent=absent) for step in ("plan", "apply")
    )
    return face.converge(name, __opts__["test"], plan, apply)
