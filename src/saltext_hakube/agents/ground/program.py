"""How a program begins and ends: its one argument, its configuration, an error of its own."""

from __future__ import annotations

import contextlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from saltext_hakube.agents.ground.journal import ERROR, say

USAGE, WRONG_CONFIGURATION = 64, 78  # of sysexits.h; after the second systemd does not try again
# Seconds. systemd starts it again after 0.2 s, also where it would end at once each time: then the
# journal is not to be flooded. Less than the watchdog's 10 s.
SHORTEST = 5.0

Settings = TypeVar("Settings")


class Wrong(Exception):
    """The configuration cannot be used; the text says why."""


def read(path: str, build: Callable[[dict[str, Any]], Settings]) -> Settings:
    """The settings out of a file of JSON. Raises Wrong."""
    try:
        return build(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise Wrong(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise Wrong(f"{path} is no JSON as it is wanted: {error}") from None
    except (KeyError, TypeError) as error:
        raise Wrong(f"{path} is not as it is wanted: {error!r}") from None


def start(
    name: str,
    arguments: list[str],
    settings: Callable[[str], Settings],
    run: Callable[[Settings], None],
) -> int:
    """Read the configuration that the one argument names, and run. Returns the exit code."""
    if len(arguments) != 1:
        print(f"usage: {name} CONFIGURATION", file=sys.stderr)
        return USAGE
    try:
        found = settings(arguments[0])
    except Wrong as error:
        say(str(error), ERROR)
        return WRONG_CONFIGURATION
    began = time.monotonic()
    try:
        run(found)
    except Exception as error:
        say(f"ends by an error of its own: {error!r}", ERROR)
        with contextlib.suppress(OSError):
            traceback.print_exc()
        time.sleep(max(0.0, SHORTEST - (time.monotonic() - began)))
        return 1
    return 0
