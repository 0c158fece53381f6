"""
Single properties and defaults of the cluster
=============================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`. Each property and each default is an object of its
own: others stay.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import OperationDefault, Property, ResourceDefault

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def property_present(name, value, allow_disruption=None):
    """
    The cluster property has this value.

    name
        The property, such as ``no-quorum-policy``. Pacemaker 3's second names (``fencing-enabled``)
        are the same property.

    value
        Text, a number, true or false.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes are ``{NAME: {"value": "stop -> freeze"}}``; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        no-quorum-policy:
          hakube_pcs.property_present:
            - value: stop
    """
    return single.declared(__salt__, __opts__, (Property, name), lambda: value, allow_disruption)


def property_absent(name, allow_disruption=None):
    """
    The cluster property is not set: pacemaker's default holds.

    name
        The property.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        no-quorum-policy:
          hakube_pcs.property_absent
    """
    return single.absent(__salt__, __opts__, (Property, name), allow_disruption)


def resource_default_present(name, value, allow_disruption=None):
    """
    The meta attribute has this value for each resource that does not say otherwise.

    name
        The meta attribute, such as ``resource-stickiness``.

    value
        Text, a number, true or false.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes are ``{NAME: {"value": "0 -> 100"}}``; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        resource-stickiness:
          hakube_pcs.resource_default_present:
            - value: 100
    """
    return single.declared(
        __salt__, __opts__, (ResourceDefault, name), lambda: value, allow_disruption
    )


def resource_default_absent(name, allow_disruption=None):
    """
    There is no such default for resources.

    name
        The meta attribute.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        resource-stickiness:
          hakube_pcs.resource_default_absent
    """
    return single.absent(__salt__, __opts__, (ResourceDefault, name), allow_disruption)


def operation_default_present(name, value, allow_disruption=None):
    """
    The attribute has this value for each operation that does not say otherwise.

    name
        The attribute, such as ``timeout``.

    value
        Text, a number, true or false.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes are ``{NAME: {"value": "20s -> 60s"}}``; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        timeout:
          hakube_pcs.operation_default_present:
            - value: 60s
    """
    return single.declared(
        __salt__, __opts__, (OperationDefault, name), lambda: value, allow_disruption
    )


def operation_default_absent(name, allow_disruption=None):
    """
    There is no such default for operations.

    name
        The attribute.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        timeout:
          hakube_pcs.operation_default_absent
    """
    return single.absent(__salt__, __opts__, (OperationDefault, name), allow_disruption)
