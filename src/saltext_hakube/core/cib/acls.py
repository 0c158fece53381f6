"""Access control: roles with permissions, and the users and groups that have them.

Of schemas since 2.0. What older ones had (permissions of a user without a role) is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.converge import Shape, converge, own
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.elements import Part
from saltext_hakube.core.cib.objects import AclGroup, AclRole, AclUser
from saltext_hakube.core.cib.pairs import texts
from saltext_hakube.core.cib.words import Missing, Wrong

SECTION = "acls"
PERMISSION = ("kind", "xpath", "reference", "object-type", "attribute", "description")
OF_WHAT = ("xpath", "reference", "object-type")


def edit_role(cib: Cib, wanted: AclRole) -> Iterator[Change]:
    """Make the role be there, with these permissions."""
    permissions = []
    for number, given in enumerate(wanted.permissions):
        permission = texts(given)
        identity = f"{wanted.id}-{permission.get('kind')}-{number}"
        permissions.append(Element("acl_permission", {"id": identity, **permission}))

    def check() -> None:
        for given in wanted.permissions:
            _check(cib, texts(given))

    part = Part("permissions", ("acl_permission",), permissions, PERMISSION)
    shape = Shape(
        kind="acl role",
        tag="acl_role",
        section=SECTION,
        attributes={},
        description=wanted.description,
        parts=(part,),
        check=check,
    )
    yield from converge(cib, wanted.id, shape, own(cib, wanted.id, "acl_role"))


def edit_user(cib: Cib, wanted: AclUser) -> Iterator[Change]:
    """Make the user have these roles."""
    # The id of a user is no XML id: a resource may have the same one.
    element = cib.by_name.get(("acl_target", wanted.id))
    if element is None:
        element = cib.add(cib.section(SECTION), "acl_target", id=wanted.id)
        for change in _edit_roles(cib, wanted, "acl user", "acl_target", element) or ():
            yield Change(action="create", kind=change.kind, id=wanted.id, details=change.details)
        if not wanted.roles and wanted.name is None:
            yield Change(action="create", kind="acl user", id=wanted.id)
        return
    yield from _edit_roles(cib, wanted, "acl user", "acl_target", element)


def edit_group(cib: Cib, wanted: AclGroup) -> Iterator[Change]:
    """Make the group have these roles."""
    element = own(cib, wanted.id, "acl_group")
    yield from _edit_roles(cib, wanted, "acl group", "acl_group", element)


def _edit_roles(
    cib: Cib, wanted: AclUser | AclGroup, kind: str, tag: str, element: Element | None
) -> Iterator[Change]:

    def check() -> None:
        for role in wanted.roles:
            found = cib.ids.get(role)
            if found is None or found.tag != "acl_role":
                raise Missing(f"its role {role} is no role of the cluster")

    references = [Element("role", {"id": role}) for role in wanted.roles]
    attributes = {} if wanted.name is None else {"name": wanted.name}
    part = Part("roles", ("role",), references)
    shape = Shape(kind, tag, SECTION, attributes, ("name",), parts=(part,), check=check)
    yield from converge(cib, wanted.id, shape, element)


def _check(cib: Cib, permission: dict[str, str]) -> None:
    if permission.get("kind") not in ("read", "write", "deny"):
        raise Wrong("each permission needs kind: read, write or deny")
    given = [name for name in OF_WHAT if name in permission]
    if len(given) != 1:
        raise Wrong(f"each permission needs exactly one of {', '.join(OF_WHAT)}")
    if "attribute" in permission and "object-type" not in permission:
        raise Wrong("a permission's attribute belongs to an object-type")
    if "reference" in permission and permission["reference"] not in cib.ids:
        raise Wrong(
            f"its permission's reference {permission['reference']} is nothing in the cluster"
        )


def read_role(_cib: Cib, element: Element) -> AclRole | None:
    """A role as it would be declared; None for one of the old schemas."""
    found = tuple(
        {name: value for name, value in it.attrib.items() if name != "id"}
        for it in element.iterfind("acl_permission")
    )
    if any(child.tag in ("read", "write", "deny") for child in element):
        return None
    return AclRole(
        id=element.attrib["id"], permissions=found, description=element.attrib.get("description")
    )


def read_user(_cib: Cib, element: Element) -> AclUser:
    """A user as it would be declared."""
    return AclUser(id=element.attrib["id"], roles=_roles(element), name=element.attrib.get("name"))


def read_group(_cib: Cib, element: Element) -> AclGroup:
    """A group as it would be declared."""
    return AclGroup(id=element.attrib["id"], roles=_roles(element), name=element.attrib.get("name"))


def _roles(element: Element) -> tuple[str, ...]:
    return tuple(it.attrib.get("id", "") for it in element.iterfind("role"))
