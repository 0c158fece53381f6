"""
Single groups, clones, bundles and tags of the cluster
======================================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`. What is in a group, clone or bundle has to be there
before it.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import Bundle, Clone, Group, Tag

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def group_present(name, members, meta=None, options=None, description=None, allow_disruption=None):
    """
    The group is there: its members start in this order, on one node, and stop in the reverse.

    What is in the group and is no member any more stays, as a resource of its own.

    name
        The group's id.

    members
        List of primitive resources, which are there and in no other group or clone.

    meta
        Mapping of meta attributes, or a list of sets. Default: none.

    options
        Mapping of parameters that all members' agents get. Default: none.

    description
        Text for people. Default: what stands there stays.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed, such as ``members: a b -> b a``; fails as ``hakube_pcs.managed``
    does.

    .. code-block:: yaml

        web:
          hakube_pcs.group_present:
            - members: [web-address, web-server]
    """
    parts = {"members": members, "meta": meta, "options": options, "description": description}
    return single.present(__salt__, __opts__, (Group, name), parts, allow_disruption)


def group_absent(name, allow_disruption=None):
    """
    There is no such group. It is dissolved: its members stay, as resources of their own.

    name
        The group's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name the group and the constraints that were on it, which go as well. The state fails if
    a clone is of the group and more than one member is in it.

    .. code-block:: yaml

        web:
          hakube_pcs.group_absent
    """
    return single.absent(__salt__, __opts__, (Group, name), allow_disruption)


def clone_present(name, member, meta=None, options=None, description=None, allow_disruption=None):
    """
    The clone is there: its member runs on many nodes.

    name
        The clone's id.

    member
        The primitive resource or group that is cloned; it has to be there.

    meta
        Mapping of meta attributes, such as ``interleave``, ``clone-max``, ``promotable``; or a list
        of sets. Default: none.

    options
        Mapping of parameters that the members' agents get. Default: none.

    description
        Text for people. Default: what stands there stays.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        web-clone:
          hakube_pcs.clone_present:
            - member: web
            - meta: {interleave: true}
    """
    parts = {"member": member, "meta": meta, "options": options, "description": description}
    return single.present(__salt__, __opts__, (Clone, name), parts, allow_disruption)


def clone_absent(name, allow_disruption=None):
    """
    There is no such clone. Its member stays, as a resource that runs once.

    name
        The clone's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name the clone and the constraints that were on it, which go as well.

    .. code-block:: yaml

        web-clone:
          hakube_pcs.clone_absent
    """
    return single.absent(__salt__, __opts__, (Clone, name), allow_disruption)


def bundle_present(
    name,
    container=None,
    options=None,
    network=None,
    ports=None,
    storage=None,
    member=None,
    meta=None,
    attributes=None,
    description=None,
    allow_disruption=None,
):
    """
    The bundle is there: containers on many nodes, each with an instance of the member in it.

    name
        The bundle's id.

    container
        ``podman``, ``docker`` or ``rkt``. Default: podman.

    options
        Mapping of the container's options: ``image``, and such as ``replicas``, ``run-command``.

    network
        Mapping of the network's options, such as ``ip-range-start``; with a member it needs that or
        ``control-port``. Default: none.

    ports
        List of mappings with ``port``, ``internal-port`` or ``range``. Default: none.

    storage
        List of mappings with ``source-dir`` (or ``source-dir-root``), ``target-dir``, ``options``.
        Default: none.

    member
        The primitive resource that runs in it. Default: none, the image runs by itself.

    meta
        Mapping of meta attributes, or a list of sets. Default: none.

    attributes
        Mapping of instance attributes. Default: none.

    description
        Text for people. Default: what stands there stays.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        httpd:
          hakube_pcs.bundle_present:
            - options: {image: 'registry.example/httpd:2.4', replicas: 2}
            - network: {ip-range-start: 192.0.2.131, host-netmask: 24}
            - ports: [{port: 80}]
    """
    parts = {
        "container": container,
        "options": options,
        "network": network,
        "ports": ports,
        "storage": storage,
        "member": member,
        "meta": meta,
        "attributes": attributes,
        "description": description,
    }
    return single.present(__salt__, __opts__, (Bundle, name), parts, allow_disruption)


def bundle_absent(name, allow_disruption=None):
    """
    There is no such bundle.

    name
        The bundle's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    The state fails if a resource is in it, which would start outside of its container: take both
    out at once, with ``absent`` of ``hakube_pcs.managed``.

    .. code-block:: yaml

        httpd:
          hakube_pcs.bundle_absent
    """
    return single.absent(__salt__, __opts__, (Bundle, name), allow_disruption)


def tag_present(name, members, allow_disruption=None):
    """
    The tag is there: a name for several things, which constraints and permissions may use.

    name
        The tag's id.

    members
        List of ids that are there: resources, constraints, nodes ...

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        all-addresses:
          hakube_pcs.tag_present:
            - members: [web-address, mail-address]
    """
    parts = {"members": members}
    return single.present(__salt__, __opts__, (Tag, name), parts, allow_disruption)


def tag_absent(name, allow_disruption=None):
    """
    There is no such tag; what it named stays.

    name
        The tag's id.

    allow_disruption
        As for ``hakube_pcs.resource_present``.

    Changes name the tag and the constraints that were on it, which go as well.

    .. code-block:: yaml

        all-addresses:
          hakube_pcs.tag_absent
    """
    return single.absent(__salt__, __opts__, (Tag, name), allow_disruption)
