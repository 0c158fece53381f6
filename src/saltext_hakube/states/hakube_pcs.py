"""
The cluster and its objects
===========================

States for the Pacemaker cluster of the pillar ``hakube``. All of them can be applied to all nodes
at the same moment, and say under ``test=True`` what they would do.
"""

from saltext_hakube import face

__virtualname__ = "hakube_pcs"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def cluster_formed(name):
    """
    This machine is a running part of the declared cluster.

    The password of ``hacluster`` is set, pcsd runs, the hosts are authenticated, the cluster is
    set up once by the first node of the pillar and started on all; corosync and pacemaker are
    enabled. A node that is declared later is added. Corosync's timing is that of the pillar
    (``hakube:timing``); one node changes it, while the cluster runs. Before anything is touched
    every peer's pcsd must answer within ``hakube:cluster:peers_timeout`` seconds (default 30):
    while no cluster is formed, apply to all nodes at the same time.

    name
        Any text; the cluster and its nodes are those of the pillar.

    Changes are the steps that were done. The state fails, naming the node that was waited for, when
    a wait ends, and when the machine is part of another cluster.

    .. code-block:: yaml

        kube-cluster:
          hakube_pcs.cluster_formed
    """
    return face.converge(
        name,
        __opts__["test"],
        __salt__["hakube_cluster.plan"],
        __salt__["hakube_cluster.apply"],
    )


def units_handed_over(name, units=None):
    """
    The units that Pacemaker manages are not enabled: systemd would start them beside it at boot.

    What runs of them goes on running until ``cluster_formed`` is about to form the cluster, and is
    stopped there.

    name
        Any text.

    units
        List of systemd units. Default: those of the pillar's resources.

    Changes are what was done to each unit. A unit that is not installed is passed over.

    .. code-block:: yaml

        pacemaker-manages:
          hakube_pcs.units_handed_over:
            - units: [haproxy, kube-apiserver]
    """
    return face.converge(
        name,
        __opts__["test"],
        lambda: __salt__["hakube_cluster.plan_units"](units),
        lambda: __salt__["hakube_cluster.apply_units"](units),
    )


def managed(name, objects=None, absent=None, purge=None, allow_disruption=None):
    """
    The cluster's objects are those that are declared.

    Planned as a whole against the CIB and pushed as one versioned patch by whichever node comes
    first; then waits until the cluster is at rest, ``hakube:cluster:settle_timeout`` seconds at
    most (default 300). Objects that are not declared are left alone, and so are an administrator's
    ``target-role``, ``is-managed``, ``maintenance``, standby, moves and bans. What is declared
    absent is stopped, then removed.

    name
        Any text.

    objects
        Objects by kind and id, as in ``hakube:objects``. Without this, ``absent`` and ``purge``:
        all that the pillar ``hakube`` declares.

    absent
        Names by kind, as in ``hakube:absent``.

    purge
        List of kinds, as in ``hakube:purge``: of these all that is not declared is removed.

    allow_disruption
        True: do it although it disturbs more than ``hakube:safety`` allows. Default: as the pillar
        has it.

    Changes are, for each object by its id, what was done and what differed; the comment says what
    the cluster's scheduler makes of it. The state fails, and nothing is changed, if that is more
    than ``hakube:safety`` allows; it fails if a resource could not be started, and says which and
    where.

    .. code-block:: yaml

        kube-resources:
          hakube_pcs.managed

        our-database:
          hakube_pcs.managed:
            - objects:
                primitives:
                  db:
                    agent: ocf:heartbeat:pgsql
                    operations: {monitor: {interval: 10s, timeout: 30s}}
                colocations:
                  db-with-vip: {resource: db, with_resource: vip, options: {score: INFINITY}}
            - absent: {orders: [old-order]}
    """
    parts = {"objects": objects, "absent": absent, "purge": purge}
    return face.converge(
        name,
        __opts__["test"],
        lambda: __salt__["hakube_pcs.plan"](**parts, allow_disruption=allow_disruption),
        lambda: __salt__["hakube_pcs.apply"](**parts, allow_disruption=allow_disruption),
    )
