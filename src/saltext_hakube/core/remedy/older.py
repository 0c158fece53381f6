"""What another version wrote into a ledger, as far as this one can read it; and what not. Pure.

Nothing is left out in silence: a ledger that says more than is known here, or says it in another
way, goes on, and people see what of it does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

LONGEST, MOST = 120, 20  # letters of a line, lines

Tell = Callable[[str], None]


class Unread(Exception):
    """It cannot be read, not even in part."""


def read(data: Any, kind: Any) -> tuple[Any, tuple[str, ...]]:
    """The value, and a line for each part that is left out. Raises msgspec.ValidationError where
    what is left is none."""
    try:
        found = msgspec.convert(data, kind)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        lines: list[str] = []
        try:
            return _part(data, kind, "", lines.append), tuple(lines[:MOST])
        except (Unread, RecursionError):
            raise msgspec.ValidationError(str(error)) from None
    return found, tuple(_more(data, kind))


def _more(data: Any, kind: type[Struct]) -> list[str]:
    """Fields that the value has not, which are nothing where it is read as a whole."""
    more = data.keys() - _names(kind)
    return [_told(f"{it}", "not known here") for it in data if it in more][:MOST] if more else []


@cache
def _names(kind: type[Struct]) -> frozenset[str]:
    # msgspec.structs.fields looks at each annotation anew, and this is asked for each record.
    return frozenset(kind.__struct_encode_fields__)


def _part(data: Any, kind: Any, path: str, tell: Tell) -> Any:
    """``data`` as ``kind``, without what is not. Raises Unread."""
    try:
        return msgspec.convert(data, kind)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        bare = kind.__origin__ if hasattr(kind, "__metadata__") else kind
        if type(None) in get_args(bare) and data is not None:  # something, or None
            bare = next(it for it in get_args(bare) if it is not type(None))
        if isinstance(bare, type) and issubclass(bare, Struct) and isinstance(data, Mapping):
            return _struct(data, bare, path, tell)
        if get_origin(bare) is dict and isinstance(data, Mapping):
            return _mapping(data, bare, path, tell)
        if get_origin(bare) is tuple and isinstance(data, list | tuple):
            return _tuple(data, bare, path, tell)
        raise Unread(str(error)) from None


def _mapping(data: Mapping[Any, Any], kind: Any, path: str, tell: Tell) -> dict[Any, Any]:
    key, value = get_args(kind)
    kept = {}
    for name, it in data.items():
        where = f"{path}:{name}"
        try:
            kept[_part(name, key, where, tell)] = _part(it, value, where, tell)
        except Unread as error:
            tell(_told(where, str(error)))
    return kept


def _tuple(data: Sequence[Any], kind: Any, path: str, tell: Tell) -> tuple[Any, ...]:
    kept = []
    for number, it in enumerate(data):
        where = f"{path}:{number}"
        try:
            kept.append(_part(it, get_args(kind)[0], where, tell))
        except Unread as error:
            tell(_told(where, str(error)))
    return tuple(kept)


def _struct(data: Mapping[str, Any], kind: type[Struct], path: str, tell: Tell) -> Any:
    given: dict[str, Any] = {}
    for field in fields(kind):
        if field.encode_name not in data:
            continue
        where = f"{path}:{field.encode_name}"
        try:
            given[field.name] = _part(data[field.encode_name], field.type, where, tell)
        except Unread as error:
            if field.default is NODEFAULT and field.default_factory is NODEFAULT:
                raise
            tell(_told(where, str(error)))
    known = {field.encode_name for field in fields(kind)}
    for name in data:
        if name not in known:
            tell(_told(f"{path}:{name}", "not known here"))
    try:
        return kind(**given)
    except TypeError as error:  # something that it needs is not there
        raise Unread(str(error)) from None


def _told(path: str, why: str) -> str:
    line = " ".join(f"{path.strip(':')}: {why}".split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
