"""Why a minion has no pillar ``hakube``: not rendered, under another key, or none at all."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

KEY = "hakube"
BELOW = ("cluster", "vip")  # keys of it that nobody else's pillar has together
LONGEST = 300  # characters of what Salt says


def error(pillar: Mapping[str, Any]) -> str:
    """What Salt says of a pillar that it could not render, in a line; empty where it could."""
    errors = pillar.get("_errors")
    texts = [errors] if isinstance(errors, str) else errors or ()
    lines = [line.strip() for text in texts for line in str(text).splitlines()]
    first = next((line for line in lines if line), "")
    if not first:
        return ""
    told = first[:LONGEST].rstrip(" .:;")
    return f"{KEY}: the pillar was not rendered: {told}; mend the SLS, then saltutil.refresh_pillar"


def missing(pillar: Mapping[str, Any]) -> str:
    """What to tell of a pillar without ``hakube``, in a line."""
    told = error(pillar)
    if told:
        return told
    names = {name.lower(): name for name in pillar if isinstance(name, str) and name != KEY}
    near = difflib.get_close_matches(KEY, names, n=1, cutoff=0.8)
    if near:
        return f"{KEY}: this minion has no such pillar, but {names[near[0]]}; write it {KEY}"
    below = [name for name in BELOW if name in pillar]
    if below:
        return (
            f"{KEY}: this minion has no such pillar, but {' and '.join(below)} at the top; "
            f"indent that below {KEY}:"
        )
    return (
        f"{KEY}: this minion has no such pillar; give it one (pillar.example/minimal.sls is a "
        "start), then saltutil.refresh_pillar"
    )
