"""What the eyes of a node see, out of the samples of its two daemons, as one answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

KEPT = 20  # actions, of both together


def together(samples: Mapping[str, Mapping[str, Any] | str]) -> dict[str, Any]:
    """``samples``: by daemon what it left, or why there is nothing of it."""
    watch, guard = (_told(samples.get(name)) for name in ("hakube-watch", "hakube-guard"))
    eyes = watch.get("eyes") or {}
    verdict = watch.get("verdict") or {"value": "unknown", "why": "nobody looks", "since": None}
    address = eyes.get("address") or guard.get("address") or {}
    return {
        "verdict": _timed(verdict),
        "holder": address.get("here"),
        "sees": {
            **{name: _timed(seen) for name, seen in eyes.items()},
            "address": _timed(address) or None,
            "cluster": {
                "stack": guard.get("stack"),
                "quorate": guard.get("quorate"),
                "members": guard.get("members"),
                "trouble": guard.get("trouble"),
                "since": _time(guard.get("since")),
            }
            if guard
            else None,
        },
        "gave_up": _timed(guard.get("gave_up")),
        "did": sorted(_did(samples), key=lambda one: one["at"])[-KEPT:],
        "problems": [
            *(text for text in samples.values() if isinstance(text, str)),
            *([watch["file"]] if watch.get("file") else []),
        ],
    }


def _did(samples: Mapping[str, Mapping[str, Any] | str]) -> Iterator[dict[str, Any]]:
    for who, sample in samples.items():
        for action in _told(sample).get("actions", ()):
            yield {**_timed(action), "who": who}


def _told(sample: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    return sample if isinstance(sample, Mapping) else {}


def _timed(seen: Any) -> Any:
    """The same, with times that people read."""
    if not isinstance(seen, Mapping):
        return seen
    times = {name: _time(seen[name]) for name in ("at", "since") if name in seen}
    return {**seen, **times}


def _time(seconds: Any) -> str | None:
    if not isinstance(seconds, (int, float)):
        return None
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
