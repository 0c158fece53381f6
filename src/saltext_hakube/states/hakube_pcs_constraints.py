"""
Single constraints of the cluster
=================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`.

A constraint is found by what it relates, whatever its id: one with another score or kind, made by
``pcs`` under another name, is changed in place. Moves and bans (``cli-...``) stay an
administrator's. ``options`` is the mapping of the pillar, in the CIB's own words; ``kind``,
``score`` and ``symmetrical`` are short for the option of the same name, which then may not stand
there too.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import Colocation, Location, Order, Ticket

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def order_present(
    name,
    first=None,
    then=None,
    kind=None,
    symmetrical=None,
    sets=None,
    options=None,
    allow_disruption=None,
):
    """
    One resource does its action before another does its own; or whole sets do.

    name
        The constraint's id, if it has to be made.

    first
        The resource, group, clone or tag that comes first.

    then
        What comes after it.

    kind
        ``Mandatory``, ``Optional`` or ``Serialize``. Default: pacemaker's, Mandatory.

    symmetrical
        Whether they stop in the reverse order. Default: pacemaker's, true but for Serialize.

    sets
        List of sets with ``members`` and ``options``, in place of ``first`` and ``then``.

    options
        Mapping of more: ``first-action``, ``then-action``, ``require-all``. Default: none.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        address-before-server:
          hakube_pcs.order_present:
            - first: web-address
            - then: web-clone
            - kind: Optional
    """
    parts = {"first": first, "then": then, "sets": sets, "options": options}
    short = {"kind": kind, "symmetrical": symmetrical}
    return single.present(__salt__, __opts__, (Order, name), parts, allow_disruption, options=short)


def order_absent(name, allow_disruption=None):
    """
    There is no order constraint of this id.

    name
        The constraint's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        address-before-server:
          hakube_pcs.order_absent
    """
    return single.absent(__salt__, __opts__, (Order, name), allow_disruption)


def colocation_present(
    name,
    resource=None,
    with_resource=None,
    score=None,
    sets=None,
    options=None,
    allow_disruption=None,
):
    """
    A resource is placed where another one is, or away from it; or whole sets are.

    name
        The constraint's id, if it has to be made.

    resource
        The resource, group, clone or tag that is placed.

    with_resource
        The one that is placed first.

    score
        A whole number, ``INFINITY`` or ``-INFINITY``. Default: pacemaker's, INFINITY.

    sets
        List of sets with ``members`` and ``options``, in place of ``resource`` and
        ``with_resource``.

    options
        Mapping of more: ``rsc-role``, ``with-rsc-role``, ``node-attribute``. Default: none.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        address-with-server:
          hakube_pcs.colocation_present:
            - resource: web-address
            - with_resource: web-clone
            - score: INFINITY
    """
    parts = {"resource": resource, "with_resource": with_resource, "sets": sets, "options": options}
    short = {"score": score}
    return single.present(
        __salt__, __opts__, (Colocation, name), parts, allow_disruption, options=short
    )


def colocation_absent(name, allow_disruption=None):
    """
    There is no colocation constraint of this id.

    name
        The constraint's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        address-with-server:
          hakube_pcs.colocation_absent
    """
    return single.absent(__salt__, __opts__, (Colocation, name), allow_disruption)


def location_present(
    name,
    resource=None,
    node=None,
    score=None,
    pattern=None,
    rules=None,
    sets=None,
    options=None,
    allow_disruption=None,
):
    """
    A resource prefers or avoids a node, or nodes by rules.

    name
        The constraint's id, if it has to be made.

    resource
        The resource, group, clone or tag; or give a ``pattern`` or ``sets``.

    node
        The node's name; or give ``rules``.

    score
        With a node: a whole number, ``INFINITY`` or ``-INFINITY``. With rules it stands in each.

    pattern
        A regular expression of resources' names.

    rules
        List of rules with ``score`` and ``expression``, ``date``, ``all`` or ``any``.

    sets
        List of sets with ``members`` and ``options``, in place of ``resource``.

    options
        Mapping of more: ``role``, ``resource-discovery``. Default: none.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        address-prefers-node1:
          hakube_pcs.location_present:
            - resource: web-address
            - node: node1
            - score: 100

        address-where-ping-works:
          hakube_pcs.location_present:
            - resource: web-address
            - rules:
                - score: -INFINITY
                  expression: {attribute: pingd, operation: lt, value: 1, type: number}
    """
    parts = {
        "resource": resource,
        "pattern": pattern,
        "node": node,
        "rules": rules,
        "sets": sets,
        "options": options,
    }
    short = {"score": score}
    return single.present(
        __salt__, __opts__, (Location, name), parts, allow_disruption, options=short
    )


def location_absent(name, allow_disruption=None):
    """
    There is no location constraint of this id. A move or ban goes if it is named by its id.

    name
        The constraint's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        address-prefers-node1:
          hakube_pcs.location_absent
    """
    return single.absent(__salt__, __opts__, (Location, name), allow_disruption)


def ticket_present(name, ticket, resource=None, sets=None, options=None, allow_disruption=None):
    """
    A resource, or sets of them, run only where the cluster has a ticket (of booth).

    name
        The constraint's id, if it has to be made.

    ticket
        The ticket's name.

    resource
        The resource, group, clone or tag.

    sets
        List of sets with ``members`` and ``options``, in place of ``resource``.

    options
        Mapping of ``loss-policy`` (stop, demote, fence, freeze) and ``rsc-role``. Default: none.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        web-needs-ticket:
          hakube_pcs.ticket_present:
            - ticket: web-site
            - resource: web
            - options: {loss-policy: stop}
    """
    parts = {"ticket": ticket, "resource": resource, "sets": sets, "options": options}
    return single.present(__salt__, __opts__, (Ticket, name), parts, allow_disruption)


def ticket_absent(name, allow_disruption=None):
    """
    There is no ticket constraint of this id.

    name
        The constraint's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    .. code-block:: yaml

        web-needs-ticket:
          hakube_pcs.ticket_absent
    """
    return single.absent(__salt__, __opts__, (Ticket, name), allow_disruption)
