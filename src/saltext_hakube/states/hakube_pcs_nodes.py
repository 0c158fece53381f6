"""
Single values of the cluster's nodes
====================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`. Other values that a node has stay, among them
``standby`` and ``maintenance``, which administrators set. Rules of constraints may use an
attribute: a change may move resources.
"""

from saltext_hakube import single

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def node_attribute_present(name, node, value, allow_disruption=None):
    """
    The node has this attribute, for good (not only until it leaves the cluster).

    name
        The attribute.

    node
        The node's name in the cluster.

    value
        Text, a number, true or false.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes are ``{NODE: {"attribute NAME": "r1 -> r2"}}``; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        rack-of-node1:
          hakube_pcs.node_attribute_present:
            - name: rack
            - node: node1
            - value: r1
    """
    found = single.OnNode("attributes", name, node)
    return single.on_node(__salt__, __opts__, found, value, allow_disruption)


def node_attribute_absent(name, node, allow_disruption=None):
    """
    The node has no such attribute.

    name
        The attribute.

    node
        The node's name in the cluster.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        rack-of-node1:
          hakube_pcs.node_attribute_absent:
            - name: rack
            - node: node1
    """
    found = single.OnNode("attributes", name, node)
    return single.not_on_node(__salt__, __opts__, found, allow_disruption)


def node_utilization_present(name, node, value, allow_disruption=None):
    """
    The node has this much of a capacity, of which resources take their ``utilization``.

    name
        The capacity, such as ``memory``.

    node
        The node's name in the cluster.

    value
        A whole number.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes are ``{NODE: {"utilization NAME": "2048 -> 4096"}}``; fails as ``hakube_pcs.managed``
    does.

    .. code-block:: yaml

        memory-of-node1:
          hakube_pcs.node_utilization_present:
            - name: memory
            - node: node1
            - value: 4096
    """
    found = single.OnNode("utilization", name, node)
    return single.on_node(__salt__, __opts__, found, value, allow_disruption)


def node_utilization_absent(name, node, allow_disruption=None):
    """
    The node has no such capacity declared.

    name
        The capacity.

    node
        The node's name in the cluster.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        memory-of-node1:
          hakube_pcs.node_utilization_absent:
            - name: memory
            - node: node1
    """
    found = single.OnNode("utilization", name, node)
    return single.not_on_node(__salt__, __opts__, found, allow_disruption)
