"""
Form the cluster: hosts, corosync, quorum
=========================================

What is not in the cluster's configuration (CIB) and so goes through ``pcs``: the password of the
user ``hacluster``, pcsd, host authentication, setting the cluster up once, adding nodes to it,
the quorum device, corosync's timing. Everything is read from the pillar ``hakube`` (see
:py:func:`hakube.config <saltext_hakube.modules.hakube.config>`); the password never appears in
arguments, output or logs.

Used by the states ``hakube_pcs.cluster_formed`` and ``hakube_pcs.units_handed_over``.
"""

from saltext_hakube import face
from saltext_hakube.core import formation
from saltext_hakube.host import formation as door
from saltext_hakube.host import handover
from saltext_hakube.host.status import status as cluster_status

__virtualname__ = "hakube_cluster"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def plan():
    """
    What is left to do until this machine is a running part of the declared cluster.

    Changes nothing. Returns a mapping with ``changes`` (the steps in their order, as ``{"1 setup":
    "set up the cluster ..."}``; empty: nothing to do), ``comment`` and ``warnings``.

    Raises an error if the pillar is wrong or the machine is part of another cluster.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_cluster.plan
    """
    with face.told():
        config, machine = _config(), face.machine(__opts__)
        if not machine.live:
            return face.outcome(comment="No cluster is formed for a folder that stands for /")
        observed = door.observe(config, machine)
        steps = formation.steps(config, observed)
        warnings = list(formation.warnings(config, observed))
        comment = "This node is to become part of the cluster" if steps else _member(config)
        return face.outcome(_told(steps), comment, warnings)


def apply():
    """
    Do what :py:func:`plan` lists: run on all nodes at the same moment.

    The first node of the pillar sets the cluster up, once, after the pcsd of every other node has
    answered; the others wait. Waits end after ``hakube:cluster:peers_timeout`` (seconds, default
    30) for the peers and ``hakube:cluster:start_timeout`` (seconds, default 180) for the rest.

    Returns the same mapping as :py:func:`plan`, with the steps that were done, and ``problems``:
    why the next one was not, naming the node that was waited for. Raises an error if the pillar
    is wrong or the machine is part of another cluster.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_cluster.apply
    """
    with face.told():
        config, machine = _config(), face.machine(__opts__)
        steps = formation.steps(config, door.observe(config, machine)) if machine.live else ()
        done, problems = door.perform(steps, config, machine)
        return {**face.outcome(_told(done), _member(config)), "problems": problems}


def status():
    """
    The running cluster as this node sees it.

    Returns a mapping: ``dc`` (name or None), ``quorate``, ``online`` (names of the nodes),
    ``running`` (resource: list of nodes), ``failures`` (list of mappings with ``resource``,
    ``node``, ``task``, ``reason``); or None where no cluster runs.

    Raises an error if pacemaker is not installed.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_cluster.status
    """
    with face.told():
        seen = cluster_status()
    if seen is None:
        return None
    return {
        "dc": seen.dc,
        "quorate": seen.quorate,
        "online": sorted(seen.online),
        "running": {name: list(nodes) for name, nodes in sorted(seen.running.items())},
        "failures": [
            {"resource": f.resource, "node": f.node, "task": f.task, "reason": f.reason}
            for f in seen.failures
        ],
    }


def plan_units(units=None):
    """
    What is to do so that Pacemaker, and nobody else, starts and stops the given units.

    Such a unit must not be enabled: systemd would start it beside Pacemaker at boot. What runs of
    them is stopped when the cluster is about to be formed, see :py:func:`plan`. Changes nothing.

    units
        List of systemd units. Default: the units of the pillar's resources (haproxy, apiserver,
        scheduler, controller-manager).

    Returns a mapping with ``changes`` (``{unit: "disable"}``), ``comment``, ``warnings``.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_cluster.plan_units
        salt '*' hakube_cluster.plan_units units='[haproxy]'
    """
    with face.told():
        machine = face.machine(__opts__)
        units = list(_config().units) if units is None else units
        todo = handover.plan(units, machine)
    return face.outcome(
        dict.fromkeys(todo, "disable"),
        f"Pacemaker is to manage {', '.join(units)}" if todo else "Left to Pacemaker",
    )


def apply_units(units=None):
    """
    Do what :py:func:`plan_units` lists.

    units
        List of systemd units. Default: the units of the pillar's resources.

    Returns the same mapping as :py:func:`plan_units`. Raises an error if systemd refuses.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_cluster.apply_units
    """
    with face.told():
        machine = face.machine(__opts__)
        units = list(_config().units) if units is None else units
        done = handover.apply(units, machine)
    return face.outcome(dict.fromkeys(done, "disable"), "Handed over to Pacemaker")


def _config():
    return face.config(__pillar__, __grains__, __opts__)


def _told(steps):
    return {f"{number} {step.kind.value}": step.told for number, step in enumerate(steps, 1)}


def _member(config):
    return f"{config.node} is a running part of the cluster {config.cluster.name}"
