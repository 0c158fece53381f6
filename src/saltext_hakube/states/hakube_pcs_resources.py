"""
Single resources and templates of the cluster
=============================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. Each is one object
given to what ``hakube_pcs.managed`` is made of: planned against the CIB, refused where it disturbs
more than ``hakube:safety`` allows, pushed as one versioned patch, then waited for until the cluster
is at rest. Every node may apply it at the same moment. For several objects in one patch there is
``hakube_pcs.managed``.

An object says everything about itself: an option, meta attribute or operation that the state does
not name is dropped, but for what administrators set (``target-role``, ``is-managed``,
``maintenance``) and the description. Where it stands (in a group or clone) stays as it is. A value
that is masked (``********``, as ``hakube_pcs.show`` and ``export`` have it) keeps the one that is
there. What differs only in spelling, as ``60s`` and ``1min``, is no change.

Changes are ``{ID: {"action": "update primitive", "option ip": "192.0.2.7 -> 192.0.2.8"}}``, secrets
masked; the comment says what the cluster's scheduler makes of it. A state fails, and nothing is
changed, if an argument is wrong, something that it refers to is not there, or it disturbs too much.
It fails if a resource could not be started or stopped, and says which and where.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import Primitive, Template

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def resource_present(
    name,
    agent=None,
    template=None,
    options=None,
    meta=None,
    operations=None,
    utilization=None,
    description=None,
    allow_disruption=None,
):
    """
    The primitive resource is there, with exactly these options, meta attributes and operations.

    name
        The resource's id.

    agent
        Such as ``ocf:heartbeat:IPaddr2``, ``systemd:haproxy``. It has an agent or a template.

    template
        The id of a template to make it of, in place of an agent.

    options
        Mapping of the agent's parameters; or a list of sets with ``values``, ``rule``, ``score``.
        Default: none. Passwords belong into a pillar, not on a command line.

    meta
        Mapping of meta attributes, or a list of sets. Default: none.

    operations
        Mapping of operations to their attributes, or a list with ``name``, ``attributes``,
        ``options``, ``meta``. Without a ``monitor`` nobody sees a failure. Default: none.

    utilization
        Mapping of what it takes of a node's capacity. Default: none.

    description
        Text for people. Default: what stands there stays.

    allow_disruption
        True: do it although it disturbs more than ``hakube:safety`` allows. Default: as the pillar
        has it.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        web-address:
          hakube_pcs.resource_present:
            - agent: ocf:heartbeat:IPaddr2
            - options: {ip: 192.0.2.80, cidr_netmask: 24}
            - operations:
                monitor: {interval: 10s, timeout: 20s}
    """
    parts = {
        "agent": agent,
        "template": template,
        "options": options,
        "meta": meta,
        "operations": operations,
        "utilization": utilization,
        "description": description,
    }
    return single.present(__salt__, __opts__, (Primitive, name), parts, allow_disruption)


def resource_absent(name, allow_disruption=None):
    """
    There is no such primitive resource.

    It is stopped first, then removed, and with it the constraints and fencing levels that are on
    it, its place in tags, and a group or clone in which nothing is left.

    name
        The resource's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name all that was removed. The state fails if the resource does not stop within
    ``hakube:cluster:settle_timeout`` seconds (default 300); it is not removed then.

    .. code-block:: yaml

        web-address:
          hakube_pcs.resource_absent
    """
    return single.absent(__salt__, __opts__, (Primitive, name), allow_disruption)


def template_present(
    name,
    agent,
    options=None,
    meta=None,
    operations=None,
    utilization=None,
    description=None,
    allow_disruption=None,
):
    """
    The template is there: what several resources have in common.

    name
        The template's id.

    agent
        The agent of the resources that are made of it.

    options
        As for ``hakube_pcs.resource_present``.

    meta
        As for ``hakube_pcs.resource_present``.

    operations
        As for ``hakube_pcs.resource_present``.

    utilization
        As for ``hakube_pcs.resource_present``.

    description
        Text for people. Default: what stands there stays.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        address:
          hakube_pcs.template_present:
            - agent: ocf:heartbeat:IPaddr2
            - operations: {monitor: {interval: 10s}}
    """
    parts = {
        "agent": agent,
        "options": options,
        "meta": meta,
        "operations": operations,
        "utilization": utilization,
        "description": description,
    }
    return single.present(__salt__, __opts__, (Template, name), parts, allow_disruption)


def template_absent(name, allow_disruption=None):
    """
    There is no such template.

    name
        The template's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    The state fails if a resource is made of it.

    .. code-block:: yaml

        address:
          hakube_pcs.template_absent
    """
    return single.absent(__salt__, __opts__, (Template, name), allow_disruption)
