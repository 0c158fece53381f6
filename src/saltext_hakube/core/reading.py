"""Read plain data (a pillar, a state's arguments) into typed structs, naming every wrong place.

msgspec judges the single values. The walk around it is ours because a person needs what msgspec's
errors leave out: the key inside a mapping (``hakube:cluster:nodes:node2``), the keys that are
allowed instead, and all problems at once, not the first.

The kinds are those that a pillar needs: structs, ``dict[name, kind]``, ``tuple[kind, ...]``,
scalars, and unions with at most one mapping and one list among their members. A struct that stands
in a mapping may have one field that is the key there (``Meta(extra={"key": True})``).

What a problem shows of the data is a scalar in a scalar's place, never the content of a mapping
or list (a password may stand in it), and nothing where the key says that the value is a secret.
By default ``values.is_secret`` says that of a key; the kind of a mapping may bring a judge of its
own: ``Annotated[dict[...], Meta(extra={"is_secret": judge})]``.
"""

from __future__ import annotations

import contextlib
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.values import is_secret

PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "a mapping",
    tuple: "a list",
}
# msgspec looks at text as UTF-8, which JSON's lone surrogates have no form in.
WRONG = (msgspec.ValidationError, UnicodeEncodeError)
TEXT = (str, bytes, bytearray)  # sequences, too, in Python's eyes
SIMPLE = re.compile(r"[A-Za-z0-9_.@-]{1,60}")
SHOWN = 60  # characters of a value or key; a line of an error stays one line
# What a key and its value look like where YAML did not see two: passwd=x, passwd:x, "passwd x".
BROKEN_LINE = re.compile(r"[=:\s]")

Judge = Callable[[str], bool]


def read(value: Any, kind: Any, path: str) -> Any:
    """The value as ``kind``. Raises ConfigError with one line for each problem."""
    problems: list[str] = []
    try:
        result = _read(value, kind, path, problems, secret=False)
    except RecursionError:
        raise ConfigError([f"{path}: nested too deep to be meant"]) from None
    if problems:
        raise ConfigError(problems)
    return result


def shown(value: Any) -> str:
    """A value as an error shows it: on one line, short, of a mapping or list only that it is."""
    if value is None:
        return "an empty value"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, TEXT):
        return "a list"
    # Python refuses to print an int of more than 4300 digits.
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    if isinstance(value, (str, bytes, int, float)):
        text = ascii(value) if isinstance(value, bytes) else repr(value)
        return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return f"a {type(value).__name__}"  # YAML's dates and times


def _read(
    value: Any, kind: Any, path: str, problems: list[str], secret: bool, *, key: str | None = None
) -> Any:
    """``key``: under which the value stands in a mapping of such values."""
    about = _about(kind)
    structure = about.structure(value)
    if structure is None:
        return _read_scalar(value, about, path, problems, secret or about.judge is not None)
    if _is_struct(structure):
        return _read_struct(value, structure, path, problems, key)
    if len(value) < about.shortest:
        problems.append(f"{path}: empty; expected {_expected(kind)}")
    elif len(value) > about.longest:
        problems.append(f"{path}: {len(value)} are too many; expected {_expected(kind)}")
    if get_origin(structure) is dict:
        return _read_mapping(value, structure, path, problems, about.judge)
    return _read_list(value, structure, path, problems, secret)


class _About(NamedTuple):
    """What a kind is made of. ``containers``: structs, dicts and tuples, and what their data is."""

    kind: Any
    containers: tuple[tuple[Any, type], ...]
    scalars: tuple[Any, ...]
    scalar: Any
    judge: Judge | None
    shortest: int
    longest: float

    def structure(self, value: Any) -> Any:
        """The struct, dict or tuple kind that a value can only be meant for; None for a scalar."""
        for member, fits in self.containers:
            if isinstance(value, fits) and not isinstance(value, TEXT):
                return member
        return None


# A pillar has many values of few kinds: to look at each kind once takes a third of the time.
@cache
def _about(kind: Any) -> _About:
    containers = [member for member in _members(kind) if _is_container(member)]
    scalars = [member for member in _members(kind) if not _is_container(member)]
    meta = _meta(kind)
    return _About(
        kind,
        tuple((it, Sequence if get_origin(it) is tuple else Mapping) for it in containers),
        tuple(scalars),
        reduce(or_, scalars) if scalars else None,
        (getattr(meta, "extra", None) or {}).get("is_secret"),
        getattr(meta, "min_length", None) or 0,
        getattr(meta, "max_length", None) or math.inf,
    )


def _members(kind: Any) -> list[Any]:
    """The kinds that a union allows, however it is nested; of any other kind itself."""
    bare = _bare(kind)
    if get_origin(bare) in (Union, types.UnionType):
        return [one for member in get_args(bare) for one in _members(member)]
    # The constraints of a scalar stand in its annotation.
    return [bare if _is_container(bare) else kind]


def _read_struct(
    value: Any, kind: type[msgspec.Struct], path: str, problems: list[str], name: str | None
) -> Any:
    fields, hints = _fields(kind)
    before = len(problems)
    given = {}
    if name is not None and (key := _key_field(kind)) is not None:
        fields = {other: field for other, field in fields.items() if other != key}
        given[key] = name
    for key, item in value.items():
        if key in fields:
            own = fields[key].name
            hidden = _is_hidden(key, hints[own])
            given[own] = _read(item, hints[own], f"{path}:{key}", problems, hidden)
            continue
        near = difflib.get_close_matches(_name(key), fields, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        problems.append(
            f"{path}:{_name(key)}: unknown key; {hint}allowed here: {', '.join(fields)}"
        )
    for key, field in fields.items():
        if field.required and key not in value:
            problems.append(f"{path}:{key}: missing; expected {_expected(hints[field.name])}")
    return kind(**given) if len(problems) == before else None


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A struct's fields by their names in a pillar, and their kinds."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    return fields, typing.get_type_hints(kind, include_extras=True)


def _is_hidden(key: str, kind: Any) -> bool:
    """Whether a field's value is not shown: by its name, unless its kind says otherwise."""
    for part in (kind, *get_args(kind)):
        for meta in getattr(part, "__metadata__", ()):
            if "secret" in (getattr(meta, "extra", None) or {}):
                return meta.extra["secret"]
    return is_secret(key)


@cache
def _key_field(kind: type[msgspec.Struct]) -> str | None:
    """The field that is the key of a mapping of such structs; None where there is none."""
    for name, hint in _fields(kind)[1].items():
        metas = [it for it in getattr(hint, "__metadata__", ()) if isinstance(it, msgspec.Meta)]
        if any((it.extra or {}).get("key") for it in metas):
            return name
    return None


def _read_mapping(
    value: Any, kind: Any, path: str, problems: list[str], judge: Judge | None
) -> Any:
    key_kind, item_kind = get_args(kind)
    secret = judge or is_secret
    result = {}
    for key, item in value.items():
        try:
            name = msgspec.convert(key, key_kind)
        except WRONG:
            problems.append(
                f"{path}: the name {_name(key, secret)} is wrong; "
                f"expected {_expected(key_kind)}{_quotes(key, key_kind)}"
            )
            continue
        # A key with a value in it is a broken line of YAML.
        shown_ = _name(name, secret) if BROKEN_LINE.search(name) else name
        result[name] = _read(item, item_kind, f"{path}:{shown_}", problems, secret(name), key=name)
    return result


def _read_list(value: Any, kind: Any, path: str, problems: list[str], secret: bool) -> Any:
    item_kind = get_args(kind)[0]
    return tuple(
        _read(item, item_kind, f"{path}:{index}", problems, secret)
        for index, item in enumerate(value)
    )


def _read_scalar(value: Any, about: _About, path: str, problems: list[str], secret: bool) -> Any:
    if about.scalars and not (isinstance(value, float) and not math.isfinite(value)):
        with contextlib.suppress(*WRONG):
            return msgspec.convert(value, about.scalar)
    if value is None:
        wrong = "empty"
    elif secret:
        wrong = "the value (not shown) is wrong"
    elif isinstance(value, TEXT) and not set(about.scalars) - {type(None)}:
        wrong = "text is wrong"  # in place of a mapping, which it may be a broken line of
    elif isinstance(value, str) and BROKEN_LINE.search(value) and is_secret(value):
        wrong = "the text (not shown) is wrong"
    else:
        wrong = f"{shown(value)} is wrong"
    hint = _meant(value, about, path) or _quotes(value, about.kind) or _blank(value, about, secret)
    problems.append(f"{path}: {wrong}; expected {_expected(about.kind)}{hint}")
    return None


def _meant(value: Any, about: _About, path: str) -> str:
    """A hint where one word stands in place of a mapping, and is a choice of one of its keys."""
    word = "none" if value is False else value
    if about.scalars or not isinstance(word, str) or ":" not in path:
        return ""
    for kind, _ in about.containers:
        for name, hint in _fields(kind)[1].items() if _is_struct(kind) else ():
            if word in _choices(hint):
                return f"; did you mean {path.rpartition(':')[2]}: {{{name}: {word}}}?"
    return ""


def _blank(value: Any, about: _About, secret: bool) -> str:
    """A hint where blanks are all that is wrong with a text that is not shown."""
    if secret and about.scalars and isinstance(value, str) and "\n" not in value:
        with contextlib.suppress(*WRONG):
            msgspec.convert("".join(value.split()), about.scalar)
            return " (there is a blank in it)"
    return ""


def _choices(kind: Any) -> tuple[Any, ...]:
    """The words of a kind that has only certain ones."""
    found = [_bare(member) for member in _members(kind)]
    return tuple(word for it in found if get_origin(it) is typing.Literal for word in get_args(it))


def _expected(kind: Any) -> str:
    """What a person should write there: the kind's description, or words for what it is made of."""
    meta, bare = _meta(kind), _bare(kind)
    if meta is not None and meta.description:
        return meta.description
    if get_origin(bare) in (Union, types.UnionType):
        parts = [_expected(member) for member in get_args(bare) if member is not type(None)]
        return " or ".join(parts)
    if get_origin(bare) is typing.Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(bare))
    if _is_struct(bare):
        names = ", ".join(field.encode_name for field in msgspec.structs.fields(bare))
        return f"a mapping with the keys {names}"
    return PLAIN[get_origin(bare) or bare]


def _quotes(value: Any, kind: Any) -> str:
    """A hint where quotes decided what YAML made of a value (1.20, 0123, yes, a date; "6443")."""
    scalars = {_bare(member) for member in _members(kind)} - {type(None)}
    if isinstance(value, str):
        return " (without quotes)" if int in scalars and value.isdecimal() else ""
    if isinstance(value, bool) and (words := _choices(kind)):
        if value is False and "none" in words:
            return " (YAML reads off as false; write none)"
        return " (YAML reads yes, no, on, off so; write words in quotes)"
    plain = value is not None and not isinstance(value, (Mapping, Sequence))
    number = isinstance(value, (bool, int, float))
    if plain and str in scalars and not (number and {int, float} & scalars):
        return " (write text in quotes)"
    return ""


def _name(key: Any, secret: Judge = is_secret) -> str:
    """A key as part of an error. One such as ``{password=x}`` gives, with a typo for the colon."""
    if isinstance(key, str) and SIMPLE.fullmatch(key):
        return key
    if isinstance(key, str) and "=" not in key and not secret(key):
        return shown(key)
    return "(not shown)" if isinstance(key, (str, bytes)) else shown(key)


def _is_container(kind: Any) -> bool:
    return _is_struct(kind) or get_origin(_bare(kind)) in (dict, tuple)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _meta(kind: Any) -> msgspec.Meta | None:
    """The description and limits that stand at the kind itself or at a union's one member."""
    if get_origin(kind) is Annotated:
        return next((part for part in get_args(kind)[1:] if isinstance(part, msgspec.Meta)), None)
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        return _meta(members[0]) if len(members) == 1 else None
    return None
