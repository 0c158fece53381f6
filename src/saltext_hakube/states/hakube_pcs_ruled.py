"""
Properties and defaults of the cluster that hold by a rule
==========================================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`. Such a set is one object, with its rule, score and
all its values.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import (
    RuledOperationDefaults,
    RuledProperties,
    RuledResourceDefaults,
)

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def ruled_properties_present(name, rule, values=None, score=None, allow_disruption=None):
    """
    These cluster properties hold where the rule does.

    name
        The id of the set, if it has to be made; one with the same rule is the same set.

    rule
        When they hold: a mapping with ``expression`` or ``date``, or ``all`` or ``any`` of more.

    values
        Mapping of properties to values, all that the set has. Default: none.

    score
        Of several sets that hold the one with the highest score wins. Default: none, which is 0.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes show the whole set, before and after; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        at-night:
          hakube_pcs.ruled_properties_present:
            - rule:
                date: {operation: date_spec}
                date_spec: {hours: 0-5}
            - values: {batch-limit: 1}
    """
    parts = {"rule": rule, "values": values, "score": score}
    return single.present(__salt__, __opts__, (RuledProperties, name), parts, allow_disruption)


def ruled_properties_absent(name, allow_disruption=None):
    """
    There is no such set of cluster properties by a rule.

    name
        The id of the set.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        at-night:
          hakube_pcs.ruled_properties_absent
    """
    return single.absent(__salt__, __opts__, (RuledProperties, name), allow_disruption)


def ruled_resource_defaults_present(name, rule, values=None, score=None, allow_disruption=None):
    """
    These defaults hold for the resources, or at the times, that the rule names.

    name
        The id of the set, if it has to be made; one with the same rule is the same set.

    rule
        A mapping with ``resource`` (class, provider, type) or ``date``, or ``all`` or ``any`` of
        more.

    values
        Mapping of meta attributes to values, all that the set has. Default: none.

    score
        As for ``hakube_pcs.ruled_properties_present``.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes show the whole set, before and after; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        addresses-may-move:
          hakube_pcs.ruled_resource_defaults_present:
            - rule:
                resource: {class: ocf, provider: heartbeat, type: IPaddr2}
            - values: {resource-stickiness: 0}
    """
    parts = {"rule": rule, "values": values, "score": score}
    return single.present(
        __salt__, __opts__, (RuledResourceDefaults, name), parts, allow_disruption
    )


def ruled_resource_defaults_absent(name, allow_disruption=None):
    """
    There is no such set of defaults for resources by a rule.

    name
        The id of the set.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        addresses-may-move:
          hakube_pcs.ruled_resource_defaults_absent
    """
    return single.absent(__salt__, __opts__, (RuledResourceDefaults, name), allow_disruption)


def ruled_operation_defaults_present(name, rule, values=None, score=None, allow_disruption=None):
    """
    These defaults hold for the operations that the rule names.

    name
        The id of the set, if it has to be made; one with the same rule is the same set.

    rule
        A mapping with ``operation`` (name, interval), ``resource`` or ``date``, or ``all`` or
        ``any`` of more.

    values
        Mapping of attributes to values, all that the set has. Default: none.

    score
        As for ``hakube_pcs.ruled_properties_present``.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes show the whole set, before and after; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        monitors-are-patient:
          hakube_pcs.ruled_operation_defaults_present:
            - rule:
                operation: {name: monitor}
            - values: {timeout: 60s}
    """
    parts = {"rule": rule, "values": values, "score": score}
    return single.present(
        __salt__, __opts__, (RuledOperationDefaults, name), parts, allow_disruption
    )


def ruled_operation_defaults_absent(name, allow_disruption=None):
    """
    There is no such set of defaults for operations by a rule.

    name
        The id of the set.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        monitors-are-patient:
          hakube_pcs.ruled_operation_defaults_absent
    """
    return single.absent(__salt__, __opts__, (RuledOperationDefaults, name), allow_disruption)
