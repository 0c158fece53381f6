"""What the states for single objects share: one declared object, planned and applied as any other.

The functions that do it say ``objects:orders:NAME:first`` in their errors; a state has arguments
of its own, so there it is ``first``, or ``order NAME`` where it is none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from salt.exceptions import CommandExecutionError

from saltext_hakube import face
from saltext_hakube.core.cib.kinds import BY_TYPE
from saltext_hakube.core.cib.objects import NodeValues, Object

VIRTUAL = "hakube_pcs"
Dunder = Mapping[str, Any]
# How the engine calls things, and how the state does.
Words = dict[str, str]


def virtual(grains: Dunder) -> str | tuple[bool, str]:
    """What ``__virtual__`` of these states says."""
    return VIRTUAL if grains.get("kernel") == "Linux" else (False, "hakube works on Linux only")


def present(
    salt: Dunder,
    opts: Dunder,
    described: tuple[type[Object], str],
    parts: Mapping[str, Any],
    allow_disruption: bool | None = None,
    *,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The object that is ``described`` by kind and name is there, with these parts.

    What is None was not given. ``options``: arguments that are a short form of options.
    """
    kind, name = described
    place = f"objects:{BY_TYPE[kind].key}:{name}"
    short = given(options or {})
    words = {f"{place}:options:{key}: ": f"{key}: " for key in short}

    def body() -> dict[str, Any]:
        found = given(parts)
        return {**found, "options": _with(short, found.get("options", {}))} if short else found

    return declared(salt, opts, described, body, allow_disruption, words=words)


def declared(
    salt: Dunder,
    opts: Dunder,
    described: tuple[type[Object], str],
    body: Callable[[], Any],
    allow_disruption: bool | None = None,
    *,
    words: Words | None = None,
) -> dict[str, Any]:
    """The same for what stands under the object's name in a pillar; ``body`` may fail."""
    kind, name = described
    key = BY_TYPE[kind].key
    return _converge(
        (salt, opts, name),
        lambda: {"objects": {key: {name: body()}}, "allow_disruption": allow_disruption},
        {**(words or {}), **_words("objects", kind, name), f"objects:{key}: ": ""},
    )


def absent(
    salt: Dunder,
    opts: Dunder,
    described: tuple[type[Object], str],
    allow_disruption: bool | None = None,
) -> dict[str, Any]:
    """The object is not there."""
    kind, name = described
    key = BY_TYPE[kind].key
    return _converge(
        (salt, opts, name),
        lambda: {"absent": {key: [name]}, "allow_disruption": allow_disruption},
        {f"absent:{key}:0: ": "name: ", **_words("absent", kind, name)},
    )


class OnNode(NamedTuple):
    """A value of a node; ``part``: attributes or utilization."""

    part: str
    name: str
    node: str


def on_node(
    salt: Dunder, opts: Dunder, what: OnNode, value: Any, allow_disruption: bool | None = None
) -> dict[str, Any]:
    """The node has this value."""
    part, name, node = what
    words = {
        f"objects:nodes:{node}:{part}:{name}: ": "value: ",
        f"objects:nodes:{node}:{part}: ": "",
        **_words("objects", NodeValues, node),
        "objects:nodes: ": "node: ",
    }
    objects = {"nodes": {node: {part: {name: value}}}}
    arguments = {"objects": objects, "allow_disruption": allow_disruption}
    return _converge((salt, opts, name), lambda: arguments, words)


def not_on_node(
    salt: Dunder, opts: Dunder, what: OnNode, allow_disruption: bool | None = None
) -> dict[str, Any]:
    """The node has no such value."""
    part, name, node = what
    words = {f"absent:nodes:{node}:{part}:0: ": "name: ", "absent:nodes: ": "node: "}
    arguments = {
        "absent": {"nodes": {node: {part: [name]}}},
        "allow_disruption": allow_disruption,
    }
    return _converge((salt, opts, name), lambda: arguments, words)


def given(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Without the arguments that were not given."""
    return {key: value for key, value in parts.items() if value is not None}


def _converge(
    state: tuple[Dunder, Dunder, str], build: Callable[[], dict[str, Any]], words: Words
) -> dict[str, Any]:
    salt, opts, name = state

    def call(function: str) -> face.Outcome:
        try:
            return salt[f"hakube_pcs.{function}"](**build())
        except CommandExecutionError as error:
            raise type(error)(_told(str(error), words)) from None

    def plan() -> face.Outcome:
        try:
            return call("plan")
        except face.NotThere as error:
            if not opts["test"]:
                raise
            # A state before this one may be about to make it: under test nothing was made.
            waits.append(str(error))
            return face.outcome()

    waits: list[str] = []
    ret = face.converge(name, opts["test"], plan, lambda: call("apply"))
    if waits:
        ret.update(result=None, comment=f"Fails unless a state before it makes it: {waits[0]}")
    return ret


def _words(root: str, kind: type[Object], name: str) -> Words:
    described = BY_TYPE[kind]
    place = f"{root}:{described.key}:{name}"
    return {f"{place}: ": f"{described.name} {name}: ", f"{place}:": ""}


def _told(text: str, words: Words) -> str:
    for engine, state in words.items():
        text = text.replace(engine, state)
    return text


def _with(short: Mapping[str, Any], options: Any) -> Any:
    if not isinstance(options, Mapping):
        return options  # which is an error of its own
    twice = [key for key in short if key in options]
    if twice:
        raise CommandExecutionError(f"{twice[0]}: it stands in options, too; leave one of them out")
    return {**options, **short}
