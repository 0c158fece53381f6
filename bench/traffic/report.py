"""The figures as a table, and what was asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Seconds in which the sessions on an apiserver that hangs must be gone.
GONE = 5.0


def missed(told: dict[str, Any]) -> list[str]:
    """What was asked and is not so, a line each."""
    story, hang, stall = told["story"], told["hang"], told["stall"]
    found = []

    def must(good: bool, text: str) -> None:
        if not good:
            found.append(text)

    must(not told["baseline"]["against"], f"before any change: {told['baseline']['against']}")
    must(not story["refused"], f"{story['refused']} changes were refused")
    must(not story["failed"], f"changes: {story['failed']} requests failed ({story['reasons']})")
    must(not story["writes_failed"], f"changes: {story['writes_failed']} writes failed")
    must(not story["cut"], f"changes: {story['cut']} watches were cut")
    must(not story["deaf"], f"changes: {story['deaf']} times a watch heard nothing for 5 s")
    must(not story["holder_moved"], "changes: the VIP moved")
    for which in ("current", "old"):
        sessions = hang[which]
        stay = sessions["sessions"] - sessions["gone"]
        must(not stay, f"apiserver hangs: {stay} sessions of the {which} worker stayed")
        last = sessions["last"]
        must(not last or last <= GONE, f"apiserver hangs: {which} worker, gone after {last} s")
    must(not hang["cut_elsewhere"], f"apiserver hangs: {hang['cut_elsewhere']} cut on others")
    must(not stall["cut"], f"etcd stalls: {stall['cut']} watches were cut")
    return found


def lines(told: dict[str, Any]) -> Iterator[str]:
    machine, story, hang, stall = (told[name] for name in ("machine", "story", "hang", "stall"))
    base = told["baseline"]
    yield (
        f"haproxy {told['haproxy']}; {told['watches']} watches, {base['rate']:g} new connections a "
        f"second; {machine['cores']} cores, load {machine['load'][0]:.1f} before, "
        f"{machine['load'][1]:.1f} after"
    )
    yield ""
    yield "| | seconds | connections | failed | longest, s | watches cut | ended by the apiserver |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    asked = base["requests"]
    yield _row("no change", asked["seconds"], asked, base["broken"], 0)
    title = f"{story['count']} changes"
    yield _row(title, story["elapsed"], story, story["cut"], story["ended_by_the_server"])
    yield _row("an apiserver hangs, others", "", hang["requests"], hang["cut_elsewhere"], "")
    title = f"etcd frozen {stall['frozen']} s"
    asked = stall["requests"]
    yield _row(title, asked["seconds"], asked, stall["cut"], stall["ended_by_the_server"])
    yield ""
    seconds = story["seconds"]
    yield (
        f"Changes: {seconds['median']} s each, at most {seconds['longest']} s; "
        f"{story['on_removed_servers']} watches broke on servers that were taken away. Reloads: "
        f"{_each(story['reloads'])}; old workers at the end: {_each(story['old_workers'])}."
    )
    for which in ("current", "old"):
        it = hang[which]
        if it["sessions"]:
            yield (
                f"Apiserver hangs: {it['gone']} of {it['sessions']} sessions of the {which} worker "
                f"gone, after {it['first']} to {it['last']} s."
            )
    if hang["requests"]["failed"]:
        yield f"The last new connection that failed: {hang['requests']['last']} s after."
    if stall["requests"]["reasons"]:
        yield f"Failed while etcd was frozen: {stall['requests']['reasons']}"
    yield ""
    found = missed(told)
    yield "Missed: " + "; ".join(found) if found else "All that is asked holds."


def _each(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _row(title: str, seconds: Any, asked: dict[str, Any], cut: Any, ended: Any) -> str:
    cells = [title, seconds, asked["sent"], asked["failed"], asked.get("longest", ""), cut, ended]
    return f"| {' | '.join(map(str, cells))} |"
