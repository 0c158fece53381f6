"""The pillar's part ``hakube:preflight``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from saltext_hakube.core.preflight.codes import TITLES

Code = Annotated[
    Literal[tuple(TITLES)],
    Meta(description="a code of docs/preflight.md, such as clock-skew"),
]


class Preflight(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``ignore``: traps that nobody is to be told of."""

    ignore: Annotated[tuple[Code, ...], Meta(description="a list of codes")] = ()
