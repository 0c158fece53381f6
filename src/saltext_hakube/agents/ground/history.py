"""How the history of a resource on a node ends: Pacemaker's last word on it. Pure.

last(node_states, resource) -> Last
awaited(node_states, resource) -> when a monitor was asked for that has not answered yet

Each kind of action has one entry, its last. What is pending has the call-id -1, what ended a higher
one than all before it (also a failure that a person or hakube reported, `asyncmon`). A failure is
there twice, under the number of what failed. Whatever looks unfamiliar is UNCLEAR.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: What it ends with. NOTHING: it has none; STOPPED: a stop, or a look that did not find it;
#: STOPPING, BUSY: a stop, something else is pending; UNCLEAR: all else, as another failure.
NOTHING, STOPPED, STARTED, STOP_FAILED = "nothing", "stopped", "started", "stop failed"
STOPPING, BUSY, UNCLEAR = "stopping", "busy", "unclear"

_RUNNING, _NOT_RUNNING = "0", "7"  # what agents answer: OCF_SUCCESS, OCF_NOT_RUNNING
_DONE, _PENDING, _CANCELLED = "0", "-1", "1"  # op-status: PCMK_EXEC_DONE, _PENDING, _CANCELLED

#: Seconds after which nobody waits for a monitor any more: its timeout (100 s for a systemd unit)
#: and cluster-delay (60 s), with some more.
LONGEST = 180.0


class Last(NamedTuple):
    """``state``: one of those above; ``why``, in some words."""

    state: str
    why: str


def last(states: Iterable[ET.Element], resource: str) -> Last:
    """``states``: what the CIB's status has of the node."""
    history = list(_history(states, resource))
    if not history:
        return Last(NOTHING, "it was never started here")
    pending = [it.get("operation", "?") for it in history if _is_pending(it)]
    if pending:
        kind = "stop" if "stop" in pending else pending[0]
        return Last(STOPPING if kind == "stop" else BUSY, f"Pacemaker is about to {kind} it")
    ended: list[tuple[int, ET.Element]] = []
    for action in history:
        number = action.get("call-id", "")
        if _is_open(action):
            continue  # a recurring monitor that begins says nothing about what is so already
        if not _is_number(number):
            kind = action.get("operation", "?")
            return Last(UNCLEAR, f"the history has a {kind} without a number")
        ended.append((int(number), action))
    if not ended:
        return Last(UNCLEAR, "the history has nothing that has ended")
    newest = max(number for number, _ in ended)
    # A failure that was reported may stand beside the monitor that went well, with its number.
    told = [_ended(action) for number, action in ended if number == newest]
    return next((one for one in told if one.state != STARTED), told[0])


def awaited(states: Iterable[ET.Element], resource: str) -> float:
    """When a monitor that repeats was begun that has not answered yet (Unix time, infinite where it
    is not said); 0 where there is none.

    A systemd unit that is just starting is no answer, so it may take until the next time. To clean
    up before that ends the monitor unheard: the cluster goes on waiting for it, up to LONGEST, and
    does nothing else meanwhile (pacemaker 2.1.5).
    """
    history = list(_history(states, resource))
    begun = [
        action.get("last-rc-change", "")
        for action in history
        if _is_open(action)
        and _repeats(action)
        and not any(_ends(other, action) for other in history)
    ]
    return max((float(it) if _is_number(it) else float("inf") for it in begun), default=0.0)


def _ends(action: ET.Element, monitor: ET.Element) -> bool:
    """Whether a stop or start came after the monitor was begun: nobody waits for it any more, but
    its entry stays."""
    if action.get("operation") not in ("start", "stop"):
        return False
    numbers = action.get("call-id", ""), monitor.get("call-id", "")
    if all(_is_number(it) for it in numbers):
        return int(numbers[0]) > int(numbers[1])
    times = action.get("last-rc-change", ""), monitor.get("last-rc-change", "")
    if not all(_is_number(it) for it in times):
        return False
    # Within a second a start comes before its monitor, a stop after it.
    return int(times[0]) > int(times[1]) - (action.get("operation") == "stop")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _history(states: Iterable[ET.Element], resource: str) -> Iterator[ET.Element]:
    for state in states:
        for one in state.iterfind("lrm/lrm_resources/lrm_resource"):
            if one.get("id") == resource:
                yield from one.iterfind("lrm_rsc_op")


def _is_pending(action: ET.Element) -> bool:
    return _is_open(action) and not _repeats(action)


def _is_open(action: ET.Element) -> bool:
    """Whether it has not ended."""
    return _PENDING in (action.get("call-id"), action.get("op-status"))


def _repeats(action: ET.Element) -> bool:
    return action.get("operation") == "monitor" and action.get("interval", "0") != "0"


def _ended(action: ET.Element) -> Last:
    """What the last thing that Pacemaker did with it says."""
    kind, code = action.get("operation", "?"), action.get("rc-code", "?")
    status, once = action.get("op-status"), action.get("interval", "0") == "0"
    told = f"({kind}: {code})"
    if kind in ("start", "monitor") and (code, status) == (_RUNNING, _DONE):
        return Last(STARTED, f"Pacemaker takes it for started here {told}")
    if kind == "stop" and code == _RUNNING and status == _DONE:
        return Last(STOPPED, "Pacemaker stopped it here")
    # A monitor that repeats, and finds it gone, is a failure: Pacemaker mends it now.
    if kind == "monitor" and code == _NOT_RUNNING and once:
        return Last(STOPPED, "Pacemaker never started it here")
    if kind == "stop" and code.isdigit() and code != _RUNNING and status != _CANCELLED:
        return Last(STOP_FAILED, f"Pacemaker could not stop it here {told}")
    return Last(UNCLEAR, f"Pacemaker knows that it is not well {told}")
