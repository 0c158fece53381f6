"""
The healing, on the master
==========================

What ``salt-run hakube.FUNCTION`` offers beside ``master_config`` and ``doctor``. ``observe`` and
``reconcile`` are called by the reactor and the schedule, which ``salt-run hakube.master_config``
prints; the others are for people.

A node's event is only a hint whom to ask: what is acted on is what the nodes answer to a job.
Which nodes a cluster has, and what may be done there, is what the master's pillar says
(``hakube:cluster`` and ``hakube:heal``), not what a minion says. All that was seen, decided and
done is in the cluster's ledger, below ``CACHEDIR/hakube`` (another place: ``hakube: {folder: DIR}``
in the master's configuration).

Where something is wrong with what was asked, or cannot be done, ``{"error": TEXT, "retcode": 1}``
is returned, and the exit code of ``salt-run`` is 1.

With several masters, one heals: give the others ``hakube: {heal: observe}`` in their configuration.
"""

from __future__ import annotations

import logging

from salt.exceptions import SaltException

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.healing import fleet, people

__virtualname__ = "hakube"

log = logging.getLogger(__name__)


def __virtual__():
    return __virtualname__


def _told(function, *args, **kwargs):
    """Call it; an error is returned as text, for what a runner raises Salt prints as a traceback
    (salt.client.mixins, SyncClientMixin.low)."""
    try:
        return function(__opts__, *args, **kwargs)
    except (HakubeError, OSError, SaltException) as error:
        return {"error": str(error), "retcode": 1}
    except Exception:
        log.exception("hakube")
        return {"error": "an error of hakube's own; the log has it", "retcode": 1}


def observe(tag, data):
    """
    Look at the cluster of a node that says how it is. The reactor calls it.

    tag
        The event's: ``salt/beacon/MINION/hakube/report``. Any other is nothing.

    data
        The event's data: a report. It is believed in nothing; the nodes are asked.

    Returns ``{"ran": true or false, "why": "", "cluster": "", "rounds": 0, "actions": 0}``. ``why``
    says why it is nothing; ``rounds``: how often the nodes were asked.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.observe salt/beacon/node1/hakube/report '{}'
    """
    return _told(fleet.observe, tag, data)


def reconcile(cluster=None):
    """
    Look at each cluster that is due, and heal it. The schedule calls it every 15 s.

    Finds what no event tells of: nodes that are silent, events that were lost, repairs that are
    stuck. A cluster with nothing open is asked every ``hakube:heal:reassert`` seconds (less often
    if there are many), any other one each time.

    cluster
        The name of one, which is then looked at now. Default: all that are due.

    Returns ``{"clusters": 1, "due": 1, "ran": 1, "actions": 0, "failed": {}}``: how many are
    healed, were due, were looked at (and not just then by another one), how much was done, and
    cluster -> why nothing is done.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.reconcile
        salt-run hakube.reconcile k8s
    """
    return _told(fleet.reconcile, cluster)


def pause(cluster, reason, node=None, for_=None, until=None):
    """
    Look on and do nothing, from now on. What is being done at this moment comes to its end.

    cluster
        Its name (``hakube:cluster:name``).

    reason
        Why, for those who find it paused. At most 300 letters.

    node
        Only do nothing on this node. Default: in the whole cluster.

    for_
        Seconds after which it ends by itself. Default: when somebody resumes it.

    until
        When it ends, instead: ``2026-12-24T18:00`` (the master's time) or Unix time.

    Returns ``{"cluster": "", "node": "", "reason": "", "until": ""}`` when it is written down.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.pause k8s 'new switches' for_=7200
        salt-run hakube.pause k8s 'disk of node2 is swapped' node=node2
    """
    return _told(people.pause, cluster, reason, node=node, seconds=for_, until=until)


def resume(cluster, reason="resumed", node=None):
    """
    End a pause, and try anew what was given up.

    cluster
        Its name (``hakube:cluster:name``).

    reason
        Why, for the ledger. Default: resumed.

    node
        Only end the pause of this node. Default: that of the whole cluster.

    Returns ``{"cluster": "", "node": "", "reason": ""}`` when it is written down.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.resume k8s
        salt-run hakube.resume k8s 'the disk is new' node=node2
    """
    return _told(people.resume, cluster, reason, node=node)
