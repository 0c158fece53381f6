"""
Single permissions of the cluster
=================================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`. Permissions count only while the property
``enable-acl`` is true.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import AclGroup, AclRole, AclUser

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def acl_role_present(name, permissions=None, description=None):
    """
    The role is there, with exactly these permissions.

    name
        The role's id.

    permissions
        List of mappings, each with ``kind`` (read, write, deny) and one of ``xpath``, ``reference``
        (an id in the CIB), ``object-type`` (with ``attribute``, if any). Default: none.

    description
        Text for people. Default: what stands there stays.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        observer:
          hakube_pcs.acl_role_present:
            - permissions:
                - {kind: read, xpath: /cib}
    """
    parts = {"permissions": permissions, "description": description}
    return single.present(__salt__, __opts__, (AclRole, name), parts)


def acl_role_absent(name):
    """
    There is no such role; it is taken from the users and groups that have it.

    name
        The role's id.

    .. code-block:: yaml

        observer:
          hakube_pcs.acl_role_absent
    """
    return single.absent(__salt__, __opts__, (AclRole, name))


def acl_user_present(name, roles=None):
    """
    The user of the system has exactly these roles.

    name
        The user's name.

    roles
        List of roles, which are there. Default: none.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        alice:
          hakube_pcs.acl_user_present:
            - roles: [observer]
    """
    return single.present(__salt__, __opts__, (AclUser, name), {"roles": roles})


def acl_user_absent(name):
    """
    The user has no roles in the cluster; it stays a user of the system.

    name
        The user's name.

    .. code-block:: yaml

        alice:
          hakube_pcs.acl_user_absent
    """
    return single.absent(__salt__, __opts__, (AclUser, name))


def acl_group_present(name, roles=None):
    """
    The group of the system has exactly these roles.

    name
        The group's name.

    roles
        List of roles, which are there. Default: none.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        operators:
          hakube_pcs.acl_group_present:
            - roles: [observer]
    """
    return single.present(__salt__, __opts__, (AclGroup, name), {"roles": roles})


def acl_group_absent(name):
    """
    The group has no roles in the cluster; it stays a group of the system.

    name
        The group's name.

    .. code-block:: yaml

        operators:
          hakube_pcs.acl_group_absent
    """
    return single.absent(__salt__, __opts__, (AclGroup, name))
