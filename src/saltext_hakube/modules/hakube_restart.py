"""
systemd restarts what crashed
=============================

Drop-ins for the units of haproxy, corosync and pacemaker (``90-hakube.conf``), by which systemd
itself restarts them at once when they crash; Pacemaker turns that off in the units that it manages,
and its monitor sees a death only later. A stop stays a stop, by Pacemaker or a person. A haproxy
that crashes four times within 5 seconds stays down, and is Pacemaker's again.

Nothing is restarted for a change here; systemd only reads its units again.

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at and
changed, and systemd is not told.
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core import restart
from saltext_hakube.host import restart as host

__virtualname__ = "hakube_restart"

# In ``changes``, beside the units' names.
RELOAD = "daemon-reload"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_restart: systemd is Linux"
    return __virtualname__


def plan(absent=False):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    absent
        Whether the drop-ins are to be removed. Default: false.

    The pillar says which unit is haproxy's (``hakube:haproxy:unit``). A drop-in of ours for another
    unit, as haproxy's was before, goes.

    Returns ``{"changes": {...}, "comment": "...", "warnings": []}``. ``changes`` has a unified diff
    for each unit whose drop-in differs, and ``daemon-reload`` (true) where systemd has to read its
    units again.

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_restart.plan
        salt '*' hakube_restart.plan absent=True
    """
    with face.told():
        return _outcome(_plan(absent), absent, "Would be changed")


def apply(absent=False):
    """
    Write the drop-ins, and let systemd read them. Nothing is restarted.

    absent
        Whether to remove them instead. Default: false.

    Returns the same as :py:func:`plan`, with what was changed.

    Fails where a file cannot be written, or systemd does not answer.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_restart.apply
    """
    with face.told():
        found = _plan(absent)
        host.apply(face.machine(__opts__), found)
        return _outcome(found, absent, "Changed")


def remove():
    """
    Remove the drop-ins: :py:func:`apply` with ``absent=True``.

    Returns the same as :py:func:`plan`, with what was changed. Needs no pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_restart.remove
    """
    return apply(absent=True)


def _plan(absent):
    machine = face.machine(__opts__)
    if absent:
        return host.plan(machine, None)
    return host.plan(machine, face.config(__pillar__, __grains__, __opts__).haproxy.unit)


def _outcome(found, absent, comment):
    changes = {
        restart.unit(path): face.diff(old, new, path) for path, (old, new) in found.files.items()
    }
    if found.reload:
        changes[RELOAD] = True
    if not changes:
        comment = "Already absent" if absent else "Already as declared"
    return face.outcome(changes, "; ".join((comment, *found.notes)))
