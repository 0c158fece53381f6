"""A node's voice: what it says of itself, and when. Pure.

heard = listen(voice, look)        # about once a second
report(heard.voice, look, ...)     # what there is to say now, for whoever asks
heard.why                          # why it is to be told unasked; empty: it is not

It is told where a verdict or what is around it changed, where news came, and ``reassert`` seconds
after the last time. A report is whole, so that one that is lost does no harm. ``seq`` is higher in
each: the tenths of a second since the machine's start, so that it needs no memory to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from saltext_hakube.core.remedy.report import FORMAT, Alone, News, Report
from saltext_hakube.core.remedy.report import Look as Told
from saltext_hakube.core.remedy.verdict import Manner, Seen, Verdict, judge
from saltext_hakube.core.remedy.words import PROBES

AGAIN = 5.0  # seconds after a report until other evidence for what is down already is told
KEPT = 60.0  # seconds that news stays in reports: the master asks a moment after the event
MANY = 50  # news at most, the newest
ACTS = 20  # things done alone that are told, the newest

Why = Literal["", "first", "verdict", "around", "news", "evidence", "reassert"]


class Around(Struct, frozen=True):
    """What the verdicts are weighed with (core.remedy.report.Report has the meaning)."""

    maintenance: bool = False
    standby: bool = False
    busy: str = ""
    quorate: bool | None = None
    online: tuple[str, ...] = ()
    holder: bool = False


class Kept(Struct, frozen=True):
    """News, and when it was heard."""

    heard: float
    news: News


class Voice(Struct, frozen=True):
    """Everything that is remembered from look to look. ``told``: when the last report was made;
    ``owes``: other evidence has come since."""

    boot: str
    seq: int = 0
    told: float | None = None
    owes: bool = False
    verdicts: dict[str, Verdict] = {}
    around: Around = Around()
    news: tuple[Kept, ...] = ()


class Heard(NamedTuple):
    """``why``: for what reason a report is due; empty where none is."""

    voice: Voice
    why: Why


class Look(NamedTuple):
    """One look at everything. ``now``: CLOCK_BOOTTIME, ``at``: Unix time."""

    seen: dict[str, Seen]
    around: Around
    news: Sequence[News]
    now: float
    at: float


def begin(boot: str) -> Voice:
    """Nothing is remembered, or it is of before the machine's start."""
    return Voice(boot=boot)


def listen(voice: Voice, look: Look, manner: Manner, reassert: float) -> Heard:
    """What is so after a look, and whether it is to be told."""
    now = look.now
    before = {name: voice.verdicts.get(name) or Verdict(since=now) for name in PROBES}
    after = {name: judge(before[name], look.seen.get(name), now, manner) for name in PROBES}
    owes = voice.owes or any(
        it.value == "down" and it.evidence != before[name].evidence for name, it in after.items()
    )
    why: Why = ""
    if voice.told is None:
        why = "first"
    elif any(before[name].value != after[name].value for name in PROBES):
        why = "verdict"
    elif look.around != voice.around:
        why = "around"
    elif look.news:
        why = "news"
    elif owes and now - voice.told >= AGAIN:
        why = "evidence"
    elif not 0 <= now - voice.told < reassert:
        why = "reassert"
    kept = [one for one in voice.news if 0 <= now - one.heard <= KEPT]
    kept += [Kept(now, one) for one in look.news]
    after_ = Voice(
        boot=voice.boot,
        seq=max(voice.seq + 1, int(now * 10)),
        told=now if why else voice.told,
        owes=owes and not why,
        verdicts=after,
        around=look.around,
        news=tuple(kept[-MANY:]),
    )
    return Heard(after_, why)


def report(
    voice: Voice, look: Look, cluster: str, node: str, alone: Sequence[Alone] = ()
) -> Report:
    """What the voice says after that look."""
    around = voice.around
    ahead = look.at - look.now
    return Report(
        format=FORMAT,
        cluster=cluster,
        node=node,
        boot=voice.boot,
        seq=voice.seq,
        at=round(look.at, 3),
        looks={
            name: Told(
                value=it.value,
                why=it.why,
                since=round(ahead + it.since, 3),
                evidence=it.evidence,
            )
            for name, it in voice.verdicts.items()
        },
        news=[one.news for one in voice.news],
        maintenance=around.maintenance,
        standby=around.standby,
        busy=around.busy,
        quorate=around.quorate,
        online=list(around.online),
        holder=around.holder,
        alone=list(alone)[-ACTS:],
    )
