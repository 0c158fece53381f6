"""
The cluster by hand
===================

What a person does with a running cluster: take a node out of it and back, let Pacemaker leave
things as they are, forget failures; :py:mod:`hakube_pcs_moves
<saltext_hakube.modules.hakube_pcs_moves>` moves resources. All of these are called as
``hakube_pcs.FUNCTION``, like those of :py:mod:`hakube_pcs <saltext_hakube.modules.hakube_pcs>`.

The configuration (CIB) is changed by one versioned patch, compare-and-swap, and never by ``pcs``.
A function that finds everything as asked for changes nothing and says so. Those that change
something take

- ``test=True``: only say what would be done;
- ``wait``: how many seconds they wait until the cluster is at rest, and then look whether it has
  done what was asked; 0: they return at once.

and return a mapping with ``changed`` (True, False, or None where ``test`` stopped it), ``comment``
(a sentence), ``before`` and ``after`` (what each function says), and ``problems`` (a line for each
thing that is not as asked for after the wait).

What is not in the pillar stays as it is at a ``state.apply``: standby, maintenance, moves and bans
that are made here are not undone by it.
"""

import msgspec

from saltext_hakube import face
from saltext_hakube.host import administration, edits
from saltext_hakube.host.administration import How

__virtualname__ = "hakube_pcs"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def standby(node=None, test=None, wait=60):
    """
    Put a node into standby: it stays a member, and its resources go to other nodes.

    node
        The node's name in the cluster. Default: the node that this minion is.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (True: in standby), ``problems``
    (what still runs on the node).

    Raises an error if no cluster runs here, it has no quorum, or it has no such node.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.standby
        salt node1 hakube_pcs.standby node3 test=True
    """
    return _standby(node, True, test, wait)


def unstandby(node=None, test=None, wait=60):
    """
    Take a node out of standby, also out of the one that would end when it is booted.

    A standby that a failure brought about (``on-fail=standby``) ends with :py:func:`cleanup`.

    node
        The node's name in the cluster. Default: the node that this minion is.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (True: in standby), ``problems``.

    Raises an error if no cluster runs here, it has no quorum, or it has no such node.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.unstandby
        salt node1 hakube_pcs.unstandby node3
    """
    return _standby(node, False, test, wait)


def maintenance_on(node=None, resource=None, test=None, wait=0):
    """
    Let Pacemaker leave things as they are: it starts, stops and watches nothing.

    Of the whole cluster where neither a node nor a resource is named.

    node
        The name of a node: everything on it. Default: not only a node.

    resource
        The id of a primitive, group, clone or bundle: it, and what is in it. Default: not only a
        resource.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 0.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (True: in maintenance), ``problems``.

    Raises an error if no cluster runs here, it has no quorum, or it has no such node or resource,
    or if both are named.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.maintenance_on
        salt node1 hakube_pcs.maintenance_on node=node2
        salt node1 hakube_pcs.maintenance_on resource=haproxy-clone
    """
    return _maintenance(True, node, resource, test, wait)


def maintenance_off(node=None, resource=None, test=None, wait=60):
    """
    End what :py:func:`maintenance_on` began: Pacemaker looks at everything and manages it again.

    Each of the three (cluster, node, resource) ends by itself: a resource stays in maintenance
    while its node or the cluster is.

    node
        The name of a node. Default: not only a node.

    resource
        The id of a primitive, group, clone or bundle. Default: not only a resource.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (True: in maintenance), ``problems``.

    Raises an error if no cluster runs here, it has no quorum, or it has no such node or resource,
    or if both are named.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.maintenance_off
        salt node1 hakube_pcs.maintenance_off node=node2
    """
    return _maintenance(False, node, resource, test, wait)


def cleanup(resource=None, node=None, test=None, wait=60):
    """
    Let the cluster forget failures: their counts, and the bans that came of them.

    What has failed is looked at again, and started where it may run; what is well is not touched.
    Mend the cause first.

    resource
        The id of a primitive, group, clone or bundle. Default: all.

    node
        The name of a node. Default: all.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    wait
        Seconds to wait until the cluster is at rest, 0 to 3600. Default: 60.

    Returns ``changed``, ``comment``, ``before`` and ``after`` (each a mapping with ``failures``, a
    list of lines, and ``failcounts``, a list of mappings with ``resource``, ``node``, ``count``),
    ``problems`` (what has failed again).

    Where a monitor of it has not answered yet it is waited for, up to 20 seconds: a cleanup in its
    midst leaves the cluster waiting for minutes (pacemaker 2.1.5).

    Raises an error if no cluster runs here, it has no quorum, or it has no such node or resource;
    also where such a monitor does not answer, or where a file stands for the cluster.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.cleanup
        salt node1 hakube_pcs.cleanup haproxy node=node2
    """
    with face.told():
        how, machine = How.checked(_testing(test), wait), face.machine(__opts__)
        done = administration.cleanup(machine, _name(resource), _name(node), how)
    where = (f" of {resource}" if resource else "") + (f" on {node}" if node else "")
    return done.told(
        already=f"No failures{where}: nothing to do",
        would=f"The failures{where} would be forgotten",
        did=f"The failures{where} are forgotten",
    )


def failcounts(resource=None, node=None):
    """
    How often resources have failed, and where, since the last cleanup. Changes nothing.

    resource
        The id of a primitive, group, clone or bundle. Default: all.

    node
        The name of a node. Default: all.

    Returns a list of mappings with ``resource``, ``node``, ``count`` (1000000 is INFINITY: a failed
    start or stop), ``last`` (the last time, ISO 8601 in UTC, or None), ``threshold`` (the
    migration-threshold of the resource) and ``banned`` (whether it may not run there any more until
    a :py:func:`cleanup`). Empty: nothing has failed.

    Raises an error if no cluster runs here, or it has no such node or resource; also where a file
    stands for the cluster.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.failcounts
        salt node1 hakube_pcs.failcounts haproxy-clone
    """
    with face.told():
        machine = face.machine(__opts__)
        found = administration.fail_counts(machine, _name(resource), _name(node))
    return [{**msgspec.to_builtins(item), "banned": item.banned} for item in found]


def _standby(node, on, test, wait):
    with face.told():
        how, machine = How.checked(_testing(test), wait), face.machine(__opts__)
        own = face.facts(__grains__, __opts__).names
        node = edits.this_node(machine, own) if node is None else str(node)
        done = administration.standby(machine, node, on, how)
    state = "in standby" if on else "out of standby"
    return done.told(
        already=f"{node} is {state} already",
        would=f"{node} would be put {state}",
        did=f"{node} is {state}",
    )


def _maintenance(on, node, resource, test, wait):
    with face.told():
        how, machine = How.checked(_testing(test), wait), face.machine(__opts__)
        done = administration.maintenance(machine, on, _name(node), _name(resource), how)
    what = node or resource or "The cluster"
    state = "in maintenance" if on else "out of maintenance"
    return done.told(
        already=f"{what} is {state} already",
        would=f"{what} would be put {state}",
        did=f"{what} is {state}",
    )


def _testing(test):
    return __opts__.get("test", False) if test is None else test


def _name(value):
    """A name on the command line that looks like a number arrives as one."""
    return None if value is None else str(value)
