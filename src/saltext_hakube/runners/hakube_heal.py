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
from saltext_hakube.healing import fleet, people, telling

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


def _logged(function, *args):
    """The same for what the reactor and the schedule call: nobody looks at what is returned."""
    said = _told(function, *args)
    if said.get("error"):
        log.error("hakube.%s: %s", function.__name__, said["error"])
    return said


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
    return _logged(fleet.observe, tag, data)


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
    return _logged(fleet.reconcile, cluster)


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

    Returns ``{"cluster": "", "node": "", "reason": ""}`` when it is written down; ``but`` is there,
    too, where the budget holds open incidents: which ones, until when, and which limit is reached.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.resume k8s
        salt-run hakube.resume k8s 'the disk is new' node=node2
    """
    return _told(people.resume, cluster, reason, node=node)


def retry(incident, reason="tried anew", cluster=None):
    """
    Try an open incident anew, with all the rungs of its ladder: also one that was given up.

    Pauses stay, and budgets hold: it may wait for them. What was given up and is not tried by
    anybody is tried anew by itself after an hour, then two, four, up to a day.

    incident
        Its name, as ``status`` and ``history`` show it.

    reason
        Why, for the ledger. Default: tried anew.

    cluster
        The cluster's name; needed only where several have an incident of this name.

    Returns ``{"cluster": "", "incident": "", "reason": ""}`` when it is written down; ``but`` is
    there, too, where the budget holds it: until when, and which limit is reached.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.retry haproxy-node1-3
        salt-run hakube.retry haproxy-node1-3 'the disk is new'
    """
    return _told(people.retry, incident, reason, cluster)


def status(cluster=None):
    """
    Show how all clusters are: nodes, VIP, components, open incidents, what would be done next.

    Says also what keeps the healing from working: pillars that disagree, a master without reactor
    or schedule, a ledger that is damaged. Nobody is asked: it is what is known.

    cluster
        The name of one. Default: all, with a screen each up to three, else with a line each, those
        first that have something open.

    Returns text.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.status
        salt-run hakube.status k8s
    """
    return _told(telling.status, cluster)


def history(cluster, limit=50):
    """
    Show the incidents of a cluster, a line each: when, what, what was done, what came of it; and
    what a node did without a master (``node1, alone``, by the node's own clock).

    cluster
        Its name (``hakube:cluster:name``).

    limit
        The last so many lines. Default: 50.

    Returns text.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.history k8s
        salt-run hakube.history k8s limit=5
    """
    return _told(telling.past, cluster, limit)


def explain(incident, cluster=None):
    """
    Tell an incident as a story: what was seen, what each gate said, what was done, what came of it.

    incident
        Its name, as ``status`` and ``history`` show it.

    cluster
        The cluster's name; needed only where several have an incident of this name.

    Returns text.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.explain haproxy-node1-3
    """
    return _told(telling.explain, incident, cluster)


def replay(cluster, policy=None):
    """
    Make all decisions that the ledger has once more, and show which are others now.

    cluster
        Its name (``hakube:cluster:name``).

    policy
        A mapping, as ``hakube:heal``: what they would have been with it; what it does not have is
        as it was declared then. Default: as declared then; then all are to be the same.

    Returns text: how many decisions there were, and a line for each that is another one. With a
    policy also what is to be done by it, counted, and a line for each, and why nothing is to be
    done about the other incidents: ``policy='{mode: act}'`` says what the mode ``observe`` would
    have done. Each is decided on what was known then: what an action would have led to nobody
    knows, so each is told once for its incident, and none counts for a budget.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.replay k8s
        salt-run hakube.replay k8s policy='{mode: act}'
        salt-run hakube.replay k8s policy='{mode: act, rungs: {haproxy: [files, hand]}}'
    """
    return _told(telling.again, cluster, policy)


def metrics(file=None):
    """
    Print what Prometheus wants to know: counters of what was seen and done, gauges of how it is.

    file
        Write it there instead, whole, for node_exporter's textfile collector: a whole path that
        ends in ``.prom``, in a folder that is there. For a job of the schedule.

    Returns text in Prometheus' format, or what was written.

    CLI Example:

    .. code-block:: bash

        salt-run --out=txt hakube.metrics
        salt-run hakube.metrics /var/lib/node_exporter/hakube.prom
    """
    return _told(telling.page, file)
