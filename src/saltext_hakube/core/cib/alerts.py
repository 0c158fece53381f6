"""Alerts: programs that are told what happens in the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib import pairs, words
from saltext_hakube.core.cib.change import Change, prefixed
from saltext_hakube.core.cib.converge import Shape, converge, edit_attributes, own
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.elements import Part
from saltext_hakube.core.cib.objects import Alert, Recipient
from saltext_hakube.core.cib.words import Wrong

OPTIONS, META = "instance_attributes", "meta_attributes"


def edit_alert(cib: Cib, wanted: Alert) -> Iterator[Change]:
    """Make the alert be there, with these options, selection and recipients."""
    if wanted.attributes and "attributes" not in (wanted.select or ()):
        raise Wrong("attributes are told only with `attributes` in its select")
    select = [] if wanted.select is None else [_select(wanted)]
    shape = Shape(
        kind="alert",
        tag="alert",
        section="alerts",
        attributes={"path": wanted.path},
        description=wanted.description,
        pairs=(("option", OPTIONS, wanted.options), ("meta", META, wanted.meta)),
        parts=(Part("select", ("select",), select),),
    )
    before = own(cib, wanted.id, "alert")
    changes = list(converge(cib, wanted.id, shape, before))
    details = _edit_recipients(cib, cib.ids[wanted.id], wanted)
    if details and not changes:
        changes = [Change(action="update", kind="alert", id=wanted.id)]
    for change in changes:
        change.details.update(details)
        yield change


def _select(wanted: Alert) -> Element:
    element = Element("select")
    for name in dict.fromkeys(wanted.select or ()):
        part = Element(f"select_{name}")
        element.append(part)
        for attribute in wanted.attributes if name == "attributes" else ():
            identity = pairs.as_id(f"{wanted.id}-{attribute}")
            part.append(Element("attribute", {"id": identity, "name": attribute}))
    return element


def _edit_recipients(cib: Cib, alert: Element, wanted: Alert) -> dict:
    details: dict[str, tuple[str | None, str | None]] = {}
    actual = {it.attrib.get("id", ""): it for it in alert.findall("recipient")}
    for name, element in actual.items():
        if name not in wanted.recipients:
            details[f"recipient {name}"] = (element.attrib.get("value"), None)
            cib.remove(element)
    for name, recipient in wanted.recipients.items():
        element = actual.get(name)
        if element is None:
            if name in cib.ids:
                raise Wrong(f"the id of its recipient {name} is taken; choose another name")
            words.check_id(name)
            element = cib.add(alert, "recipient", id=name)
        details |= _edit_recipient(cib, element, name, recipient)
    return details


def _edit_recipient(cib: Cib, element: Element, name: str, wanted: Recipient) -> dict:
    shape = Shape("", "", "", {"value": wanted.value}, description=wanted.description)
    details = edit_attributes(cib, element, shape)
    if "value" in details:
        details = {"": details.pop("value"), **details}
    details |= prefixed("option", pairs.edit(cib, element, OPTIONS, wanted.options))
    details |= prefixed("meta", pairs.edit(cib, element, META, wanted.meta))
    return {f"recipient {name} {what}".strip(): values for what, values in details.items()}


def read_alert(cib: Cib, element: Element) -> Alert:
    """An alert as it would be declared."""
    select = element.find("select")
    selected = None
    if select is not None:
        names = [it.tag.removeprefix("select_") for it in select if isinstance(it.tag, str)]
        selected = tuple(sorted(names))
    return Alert(
        id=element.attrib["id"],
        path=element.attrib.get("path", ""),
        select=selected,
        attributes=tuple(it.attrib.get("name", "") for it in element.iter("attribute")),
        recipients={
            it.attrib["id"]: Recipient(value=it.attrib.get("value", ""), **_common(cib, it))
            for it in element.iterfind("recipient")
        },
        **_common(cib, element),
    )


def _common(cib: Cib, element: Element) -> dict:
    return {
        "options": pairs.read(cib, element, OPTIONS),
        "meta": pairs.read(cib, element, META),
        "description": element.attrib.get("description"),
    }
