"""
The cluster's objects
=====================

Resources, groups, clones, constraints, properties and fence devices of the Pacemaker cluster,
planned against the truth (the CIB's XML) and changed by one versioned patch. Which ``pcs`` is
installed makes no difference: it is not used here.

Used by the state ``hakube_pcs.managed``.
"""

import msgspec

from saltext_hakube import face
from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.plan import plan as make_plan
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.topology import topology
from saltext_hakube.core.values import MASKED, is_secret
from saltext_hakube.host import cib, settle

__virtualname__ = "hakube_pcs"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def show():
    """
    The objects that stand in the cluster, whoever made them.

    Returns a list of mappings with ``type`` (Primitive, Group, Clone, Order, Colocation, Property),
    ``id`` and what belongs to each type; secrets are masked. Rules, resource sets, bundles and
    other kinds of constraints are not listed.

    Raises an error if no cluster runs here.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.show
    """
    with face.told():
        return [_shown(item) for item in objects(cib.read(face.machine(__opts__)))]


def plan():
    """
    What would change in the cluster so that it means what the pillar ``hakube`` declares.

    Changes nothing. Where no cluster runs yet, the plan is that of an empty one, and says so.

    Returns a mapping with ``changes`` (``{id: {"action": "create clone", ...}}``; what differs only
    in spelling, as 60s and 1min, is no change; secrets are masked), ``comment`` and ``warnings``
    (failed actions that nobody has cleaned up).

    Raises an error if the pillar is wrong or an object refers to one that does not exist.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.plan
    """
    with face.told():
        config, machine = _config(), face.machine(__opts__)
        text = cib.find(machine)
        if text is None:
            planned = make_plan(topology(config), EMPTY)
            comment = "No cluster runs here yet; this is what will be created in it"
            return face.outcome(planned.told(), comment)
        planned = make_plan(topology(config), text)
        wrong, mended = settle.failures(machine, topology(config))
        warnings = [] if planned.changes else [*wrong, *mended]
        return face.outcome(planned.told(), _summary(planned), warnings)


def apply():
    """
    Make the cluster mean what the pillar declares, by one patch, then wait until it is at rest.

    Any node may run this, all at once: the patch is compare-and-swap, so one node's is taken and
    the others find nothing left to do. Waits at most ``hakube:cluster:settle_timeout`` seconds
    (default 300).

    Returns the mapping of :py:func:`plan` with what was changed, and ``problems``: a line for each
    resource that could not be started or stopped, or that the wait came to its end.

    Raises an error if no cluster runs here, it has no quorum, or others changed it again and
    again for 60 s.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.apply
    """
    with face.told():
        config, machine = _config(), face.machine(__opts__)
        wanted = topology(config)
        settle.check_quorum(machine)
        done = cib.push(machine, lambda text: make_plan(wanted, text))
        # Also where another node was faster: that its change works is what was asked for.
        wrong, mended = settle.wait(machine, wanted, config.cluster.settle_timeout)
        return {**face.outcome(done.told(), _summary(done), mended), "problems": wrong}


def _config():
    return face.config(__pillar__, __grains__, __opts__)


def _shown(item):
    data = msgspec.to_builtins(item)
    for name in data.get("options", ()):
        if is_secret(name, data.get("agent")):
            data["options"][name] = MASKED
    return data


def _summary(planned):
    count = len(planned.changes)
    if not count:
        return "The cluster is as declared"
    return f"{count} change{'s' if count > 1 else ''}: " + "; ".join(
        f"{change.action} {change.kind} {change.id}" for change in planned.changes
    )
