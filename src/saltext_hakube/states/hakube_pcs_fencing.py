"""
Single fence devices and fencing levels of the cluster
======================================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`.
"""

from saltext_hakube import face, single
from saltext_hakube.core.cib.objects import FencingLevel, Primitive
from saltext_hakube.core.reading import read
from saltext_hakube.core.schema import FenceAgent

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def stonith_present(
    name,
    agent,
    options=None,
    meta=None,
    operations=None,
    description=None,
    allow_disruption=None,
):
    """
    The fence device (stonith) is there, with exactly these options, meta attributes and operations.

    Of its options only those known to be harmless are shown in changes. Write passwords into a
    pillar, or use the agent's ``password_script``; never a command line.

    name
        The device's id.

    agent
        The fence agent, such as ``fence_ipmilan``, with or without ``stonith:`` before it.

    options
        Mapping of the agent's options; or a list of sets with ``values``, ``rule``, ``score``.
        Default: none.

    meta
        Mapping of meta attributes, or a list of sets. Default: none.

    operations
        Mapping of operations to their attributes. Default: none; without a ``monitor`` nobody sees
        that the device is gone.

    description
        Text for people. Default: what stands there stays.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        fence-node1:
          hakube_pcs.stonith_present:
            - agent: fence_ipmilan
            - options:
                ip: 192.0.2.201
                username: admin
                password: {{ pillar['ipmi_password'] }}
                pcmk_host_list: node1
            - operations: {monitor: {interval: 60s}}
    """

    def device():
        with face.told():
            bare = read(agent, FenceAgent, "agent").removeprefix("stonith:")
        parts = {
            "agent": f"stonith:{bare}",
            "options": options,
            "meta": meta,
            "operations": operations,
            "description": description,
        }
        return single.given(parts)

    return single.declared(__salt__, __opts__, (Primitive, name), device, allow_disruption)


def stonith_absent(name, allow_disruption=None):
    """
    There is no such fence device; it goes from the fencing levels as well.

    The same as ``hakube_pcs.resource_absent``: a device is a primitive resource.

    name
        The device's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        fence-node1:
          hakube_pcs.stonith_absent
    """
    return single.absent(__salt__, __opts__, (Primitive, name), allow_disruption)


def fencing_level_present(
    name,
    index,
    devices,
    target=None,
    target_pattern=None,
    target_attribute=None,
    target_value=None,
):
    """
    These devices fence a target together, at this level.

    name
        The level's id, if it has to be made; one of the same target and index is the same level.

    index
        A whole number from 1; the lowest is tried first.

    devices
        List of fence devices, which are there; all of them have to succeed.

    target
        A node's name; or give a pattern or an attribute.

    target_pattern
        A regular expression of nodes' names.

    target_attribute
        An attribute of nodes; with ``target_value``.

    target_value
        The value of that attribute.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        node1-first-by-ipmi:
          hakube_pcs.fencing_level_present:
            - target: node1
            - index: 1
            - devices: [fence-node1]
    """
    parts = {
        "index": index,
        "devices": devices,
        "target": target,
        "target_pattern": target_pattern,
        "target_attribute": target_attribute,
        "target_value": target_value,
    }
    return single.present(__salt__, __opts__, (FencingLevel, name), parts)


def fencing_level_absent(name):
    """
    There is no fencing level of this id; its devices stay.

    name
        The level's id.

    .. code-block:: yaml

        node1-first-by-ipmi:
          hakube_pcs.fencing_level_absent
    """
    return single.absent(__salt__, __opts__, (FencingLevel, name))
