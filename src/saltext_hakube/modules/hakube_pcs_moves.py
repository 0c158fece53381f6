"""
Moves and bans
==============

Where resources run, by the word of a person. Called as ``hakube_pcs.FUNCTION``; what all of them
take and return says :py:mod:`hakube_pcs_admin <saltext_hakube.modules.hakube_pcs_admin>`.
"""

from saltext_hakube import face
from saltext_hakube.host import placement
from saltext_hakube.host.administration import How

__virtualname__ = "hakube_pcs"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def move(resource, node, lifetime="1h", test=None, wait=60):
    """
    Move a resource to a node, until the lifetime ends; then Pacemaker decides again.

    Made as a location constraint that ends by itself (``cli-prefer-RESOURCE``). It takes the place
    of a former move of the resource, and of a ban from this node. Where one with the same end, a
    minute more or less, stands already, nothing is changed. Moves that never end are refused: a
    forgotten one is found at the next outage.

    resource
        The id of a primitive or group.

    node
        The name of the node that it is to run on.

    lifetime
        How long: seconds, or text such as 30min, 2h, PT1H, P1D; at most 366 days. Default: 1h.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (the moves and bans of the resource,
    each as :py:func:`moves` tells them), ``problems`` (that it does not run there).

    Raises an error if no cluster runs here, it has no quorum, it has no such node or resource, the
    resource is a clone or in one, or the lifetime is none.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.move VIP-apiserver node2
        salt node1 hakube_pcs.move VIP-apiserver node2 lifetime=10min
    """
    with face.told():
        how, machine = How.checked(_testing(test), wait), face.machine(__opts__)
        resource, node = str(resource), str(node)
        done = placement.move(machine, resource, node, lifetime, how)
    return done.told(
        already=f"{resource} is moved to {node} already",
        would=f"{resource} would be moved to {node}",
        did=f"{resource} is moved to {node}",
    )


def ban(resource, node, lifetime=None, test=None, wait=60):
    """
    Keep a resource off a node, until :py:func:`clear` or until a lifetime ends.

    Made as a location constraint (``cli-ban-RESOURCE-on-NODE``); holds even if the node is the last
    one. Where one with the same end, a minute more or less, stands already, nothing is changed.

    resource
        The id of a primitive, group, clone or bundle.

    node
        The name of the node.

    lifetime
        How long: seconds, or text such as 30min, 2h, PT1H, P1D; at most 366 days. Default: until
        it is cleared.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (the moves and bans of the resource,
    each as :py:func:`moves` tells them), ``problems`` (what of it still runs there).

    Raises an error if no cluster runs here, it has no quorum, it has no such node or resource, the
    resource is in a clone, or the lifetime is none.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.ban scheduler node1
        salt node1 hakube_pcs.ban scheduler node1 lifetime=2h
    """
    with face.told():
        how, machine = How.checked(_testing(test), wait), face.machine(__opts__)
        resource, node = str(resource), str(node)
        done = placement.ban(machine, resource, node, lifetime, how)
    return done.told(
        already=f"{resource} is banned from {node} already",
        would=f"{resource} would be banned from {node}",
        did=f"{resource} is banned from {node}",
    )


def clear(resource=None, node=None, expired=False, test=None, wait=60):
    """
    Remove moves and bans, whoever made them (``crm_resource`` and ``pcs`` make the same).

    resource
        The id of a primitive, group, clone or bundle. Required, unless ``expired`` is True.

    node
        The name of a node: only those to or from it. Default: all.

    expired
        True: only those that are over, which have no effect any more. Default: False.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (moves and bans, each as
    :py:func:`moves` tells them), ``problems``.

    Raises an error if no cluster runs here, it has no quorum, or it has no such node or resource.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.clear VIP-apiserver
        salt node1 hakube_pcs.clear scheduler node=node1
        salt node1 hakube_pcs.clear expired=True
    """
    with face.told():
        how, machine = How.checked(_testing(test), wait), face.machine(__opts__)
        done = placement.clear(machine, _name(resource), _name(node), bool(expired), how)
    left = [item["id"] for item in done.after]
    gone = ", ".join(item["id"] for item in done.before if item["id"] not in left)
    return done.told(
        already="No such move or ban", would=f"Would be removed: {gone}", did=f"Removed: {gone}"
    )


def moves(resource=None):
    """
    The moves and bans that stand in the cluster, those that are over too. Changes nothing.

    resource
        The id of a primitive, group, clone or bundle. Default: all.

    Returns a list of mappings with ``id``, ``kind`` (move or ban), ``resource``, ``node``, ``end``
    (ISO 8601 in UTC; None: never) and ``expired``.

    Raises an error if no cluster runs here, or it has no such resource.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.moves
        salt node1 hakube_pcs.moves VIP-apiserver
    """
    with face.told():
        return placement.standing(face.machine(__opts__), _name(resource))


def _testing(test):
    return __opts__.get("test", False) if test is None else test


def _name(value):
    """A name on the command line that looks like a number arrives as one."""
    return None if value is None else str(value)
