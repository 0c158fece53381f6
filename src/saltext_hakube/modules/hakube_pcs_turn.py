"""
The cluster's turn
==================

A step that disturbs a node (a reload, a restart) is done by one node at a time: the one that has
the cluster's turn, which is kept in the configuration of the cluster (CIB). The states take it and
give it back by themselves; these functions are for a person who wants to know why a node waits.
They are called as ``hakube_pcs.FUNCTION``, like those of :py:mod:`hakube_pcs
<saltext_hakube.modules.hakube_pcs>`.
"""

from msgspec import to_builtins

from saltext_hakube import face
from saltext_hakube.host import rollout
from saltext_hakube.host import turn as door

__virtualname__ = "hakube_pcs"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def turn():
    """
    Who has the cluster's turn, and who waits for it. Changes nothing.

    Returns a list of mappings, empty where nobody wants it: ``owner``, ``holds`` (True: has it;
    False: waits), ``since`` (by the owner's clock), ``lease`` (seconds of silence after which the
    others take it for dead), ``last`` (lets all others go first, as the VIP's holder does),
    ``serial`` (grows as long as the owner is alive), ``token``.

    Raises an error if no cluster runs here.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.turn
    """
    with face.told():
        return _told(door.show(face.machine(__opts__)))


def turn_drop(owner=None):
    """
    Take the cluster's turn away from whoever has it, so that the next may go on.

    Nobody has to do this for an owner that died: its turn ends after its lease. It is for one that
    is stuck. What that node is doing now is not stopped by it: its next step fails, saying so.

    owner
        Remove all that this owner has and waits for. Default: whoever has the turn; those who wait
        go on waiting.

    Returns what was removed, as :py:func:`turn` tells it; empty if there was nothing.

    Raises an error if no cluster runs here or it has no quorum.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.turn_drop
        salt node1 hakube_pcs.turn_drop owner=node2
    """
    with face.told():
        return _told(door.drop(face.machine(__opts__), owner))


def refused():
    """
    Which changes a node has made and taken back, so that the others do not make them. Changes
    nothing.

    Returns a list of mappings, empty where there are none: ``what`` (what was changed: a unit, such
    as haproxy), ``node`` (who tried), ``digest`` (tells one change from another), ``since`` (by
    that node's clock).

    Raises an error if no cluster runs here.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.refused
    """
    with face.told():
        return _told(rollout.refused(face.machine(__opts__)))


def refused_drop(what=None):
    """
    Forget what was taken back, so that any node may try it again.

    Nobody has to do this where the node that tried is still there: applied to, it tries again, and
    when it succeeds so may the others. It is for one that is gone.

    what
        Of this subject only, such as haproxy. Default: all.

    Returns what was forgotten, as :py:func:`refused` tells it; empty if there was nothing.

    Raises an error if no cluster runs here or it has no quorum.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.refused_drop
    """
    with face.told():
        return _told(rollout.forget(face.machine(__opts__), what))


def _told(entries):
    return [to_builtins(entry) for entry in entries]
