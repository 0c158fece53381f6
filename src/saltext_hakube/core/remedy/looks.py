"""What the programs of a node saw, as looks: the files in /run/hakube, read strictly. Pure.

    watch    hakube-watch: haproxy, and the VIP's address
    guard    hakube-guard: corosync, Pacemaker's processes
    probe    hakube-probe: everything else, and what Pacemaker says

A file that is not there, torn, of another format or old makes unknown, never down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from saltext_hakube.core.remedy.lines import evidence, line
from saltext_hakube.core.remedy.report import MEMBERS, NAME
from saltext_hakube.core.remedy.verdict import OFTEN, STALE, Seen, Verdict
from saltext_hakube.core.remedy.voice import Around
from saltext_hakube.core.remedy.words import PROBES, Value

# Seconds. Pacemaker's own view is as old as its last question; what changed on the wire since is
# not held against it, nor what it was just about to do then.
SETTLED = 2.0

WATCHED = ("haproxy.process", "haproxy.stats", "haproxy.backends", "haproxy.request", "vip.address")
GUARDED = ("corosync.quorum", "pacemaker.process")
#: Seconds without a word of a program, or of the beacon, after which the node is blind. A restart
#: takes one or two.
BLIND = 60.0
LEFT_NOTHING = "it has left nothing"

Seconds = Annotated[float, Meta(gt=0, le=86400)]


class _Socket(Struct):
    path: str | None
    problem: str | None = None


class _Haproxy(Struct):
    stats: _Socket


class _Process(Struct):
    unit: str
    state: str
    pid: int


class _Path(Struct):
    asks: str | None
    problem: str | None = None


class _Servers(Struct):
    state: str


class _Address(Struct):
    here: bool
    since: float
    ip: str = "its address"


class _Link(Struct):
    interface: str | None
    up: bool | None


class _Eyes(Struct):
    process: _Process
    path: _Path
    servers: _Servers
    address: _Address | None
    link: _Link | None


class Watch(Struct):
    """Of hakube-watch's sample what is used. ``eyes``: None where it is only to close sessions."""

    format: Literal[1]
    clock: float
    interval: Seconds
    haproxy: _Haproxy
    eyes: _Eyes | None = None


class _Corosync(Struct):
    alive: bool
    hangs: bool


class _Pacemaker(Struct):
    alive: bool


class _Stack(Struct):
    corosync: _Corosync
    pacemaker: _Pacemaker


class Guard(Struct):
    """Of hakube-guard's sample what is used."""

    format: Literal[1]
    clock: float
    interval: Seconds
    stack: _Stack
    trouble: str
    quorate: bool | None
    address: _Address


class Pacemaker(Struct):
    """What Pacemaker says of this node. ``holder``: the VIP is started here."""

    maintenance: bool | None = None
    standby: bool | None = None
    quorate: bool | None = None
    online: list[str] | None = None
    holder: bool | None = None
    at: float | None = None


class Probe(Struct):
    """hakube-probe's sample; one part of it may be of another shape without the others."""

    format: Literal[1]
    clock: float
    probes: dict[str, Any]
    cluster: Any = None


class _Probed(Struct):
    value: Value
    clock: float
    every: Seconds
    at: float = 0.0
    why: str = ""
    evidence: dict[str, Any] = {}


class Samples(NamedTuple):
    """Each a sample, or why there is none."""

    watch: Watch | str
    guard: Guard | str
    probe: Probe | str


def decode(text: bytes, kind: Any) -> Any:
    """The sample that a file's bytes are, or what is wrong with them."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return line(f"it cannot be read: {error}")


def seen(
    samples: Samples, now: float, before: Mapping[str, Verdict] = MappingProxyType({})
) -> dict[str, Seen]:
    """A look for each probe. ``now``: CLOCK_BOOTTIME; ``before``: the verdicts until now."""
    probed = _probed(samples.probe)
    pacemaker = _pacemaker(samples.probe, probed, now)
    # hakube-probe tells of these, too: later, and with less to go by.
    ours = GUARDED if isinstance(samples.guard, Guard) else ()
    return {
        **{name: _nothing("hakube-probe", samples.probe, now) for name in PROBES},
        **_watched(samples.watch, pacemaker, now),
        **_guarded(samples.guard, now),
        **{name: _look(one) for name, one in probed.items() if name not in ours},
        **_eyes(samples, before, now),
    }


def _eyes(samples: Samples, before: Mapping[str, Verdict], now: float) -> dict[str, Seen]:
    """Whether each program still says what it sees. Who reads this is the beacon, which looks."""
    found = {"eyes.beacon": Seen("up", now, OFTEN)}
    for program, sample in samples._asdict().items():
        name = f"eyes.{program}"
        value, why = _says(sample, program, now)
        if value == "down" and not _long(before.get(name), now):
            value = "unknown"
        found[name] = Seen(value, now, OFTEN, line(why))
    return found


def _long(last: Verdict | None, now: float) -> bool:
    """Whether nobody has known for so long that it is no pause any more."""
    if last is None or last.value == "up":
        return False
    return last.value == "down" or now - last.since >= BLIND


def _says(sample: Watch | Guard | Probe | str, program: str, now: float) -> tuple[Value, str]:
    if isinstance(sample, str):
        # The others may be turned off in the pillar; where the beacon is, hakube-probe is.
        off = sample == LEFT_NOTHING and program != "probe"
        return ("unknown" if off else "down"), f"hakube-{program}: {sample}"
    every = OFTEN if isinstance(sample, Probe) else sample.interval
    if -1 <= now - sample.clock <= _limit(every):
        return "up", ""
    return "down", f"hakube-{program} says nothing new"


def around(samples: Samples, before: Around, busy: str, now: float) -> Around:
    """What the looks are weighed with. That somebody has the cluster in maintenance stays so until
    Pacemaker says otherwise."""
    watch, guard = (_fresh(one, now) for one in (samples.watch, samples.guard))
    told = _pacemaker(samples.probe, _probed(samples.probe), now) or Pacemaker()
    quorate = told.quorate
    if isinstance(guard, Guard):
        stack = guard.stack
        lives = stack.corosync.alive and not stack.corosync.hangs and stack.pacemaker.alive
        quorate = guard.quorate if lives else False
    holder = told.holder
    for sample in (guard, watch):
        address = sample.address if isinstance(sample, Guard) else None
        if isinstance(sample, Watch) and sample.eyes:
            address = sample.eyes.address
        holder = address.here if address else holder
    return Around(
        maintenance=before.maintenance if told.maintenance is None else told.maintenance,
        standby=before.standby if told.standby is None else told.standby,
        busy=line(busy),
        quorate=quorate,
        online=_members(told.online or ()),
        holder=bool(holder),
    )


def _members(online: Iterable[str]) -> tuple[str, ...]:
    """Those that a report takes: Pacemaker's remote nodes may have any name, and be many."""
    return tuple(sorted(name for name in online if re.match(NAME, name)))[:MEMBERS]


def _fresh(sample: Watch | Guard | str, now: float) -> Watch | Guard | None:
    """The sample, unless it is old."""
    if isinstance(sample, str):
        return None
    return sample if 0 <= now - sample.clock + 1 <= _limit(sample.interval) + 1 else None


def _limit(every: float) -> float:
    return STALE * max(every, OFTEN)


def _nothing(program: str, sample: Any, now: float) -> Seen:
    why = f"{program}: {sample}" if isinstance(sample, str) else f"{program} does not look at it"
    return Seen("unknown", now, OFTEN, line(why))


def _probed(sample: Probe | str) -> dict[str, _Probed]:
    if isinstance(sample, str):
        return {}
    found = {}
    for name in PROBES.keys() & sample.probes.keys():
        try:
            found[name] = msgspec.convert(sample.probes[name], _Probed)
        except msgspec.ValidationError:
            continue  # it has not looked yet, or is of another release: nobody looks
    return found


def _look(one: _Probed) -> Seen:
    return Seen(one.value, one.clock, one.every, line(one.why), evidence(one.evidence))


def _pacemaker(sample: Probe | str, probed: dict[str, _Probed], now: float) -> Pacemaker | None:
    """What Pacemaker says, unless it does not, or said it long ago; nodes are part of that."""
    nodes = probed.get("pacemaker.nodes")
    if isinstance(sample, str) or sample.cluster is None or nodes is None:
        return None
    if nodes.value == "unknown" or now - nodes.clock > _limit(nodes.every):
        return None
    try:
        told = msgspec.convert(sample.cluster, Pacemaker)
    except msgspec.ValidationError:
        return None
    return told if told.at is not None else msgspec.structs.replace(told, at=nodes.at)


def _watched(sample: Watch | str, told: Pacemaker | None, now: float) -> dict[str, Seen]:
    if isinstance(sample, str):
        return {name: _nothing("hakube-watch", sample, now) for name in WATCHED}
    if sample.eyes is None:
        nobody = "it does not look at this: its configuration is of an older release"
        found = {name: _nothing("hakube-watch", nobody, now) for name in WATCHED}
    else:
        found = {name: Seen("unknown", now, OFTEN) for name in WATCHED}
    judged: dict[str, tuple[Value, str]] = {"haproxy.stats": _stats(sample.haproxy.stats)}
    eyes = sample.eyes
    if eyes is not None:
        judged["haproxy.process"] = _process(eyes.process)
        judged["haproxy.backends"] = _servers(eyes.servers)
        judged["haproxy.request"] = _request(eyes.path)
        judged["vip.address"] = _address(eyes, told)
    for name, (value, why) in judged.items():
        found[name] = Seen(value, sample.clock, sample.interval, line(why))
    return found


def _stats(socket: _Socket) -> tuple[Value, str]:
    if socket.path is None:
        return "unknown", "haproxy has no stats socket"
    if socket.problem:
        return "down", f"{socket.path}: {socket.problem}"
    return "up", "its stats socket answers"


def _process(process: _Process) -> tuple[Value, str]:
    state = process.state.split("/")[0]
    told = f"{process.unit} is {process.state}"
    if state not in ("active", "reloading", "activating", "deactivating", "inactive", "failed"):
        return "unknown", told
    if state in ("active", "reloading") and process.pid:
        return "up", told
    return "down", told if process.pid or state != "active" else f"{told}, its process is gone"


def _servers(servers: _Servers) -> tuple[Value, str]:
    words: dict[str, tuple[Value, str]] = {
        "up": ("up", "haproxy has a server up"),
        "none": ("down", "haproxy has no server up"),
        "silent": ("unknown", "haproxy does not say whether a server is up"),
        "unseen": ("unknown", "haproxy checks no server"),
    }
    return words.get(servers.state, ("unknown", f"its servers are {servers.state}"))


def _request(path: _Path) -> tuple[Value, str]:
    if path.asks is None:
        return "unknown", "haproxy has nothing that can be asked"
    if path.problem:
        return "down", f"{path.asks}: {path.problem}"
    return "up", f"{path.asks} answers"


def _address(eyes: _Eyes, told: Pacemaker | None) -> tuple[Value, str]:
    address, link = eyes.address, eyes.link
    if address is None:
        return "unknown", "this machine's addresses cannot be looked at"
    if link is not None and link.up is False:
        return "down", f"the VIP's interface {link.interface} has no link"
    later = told is not None and (told.at or 0.0) >= address.since + SETTLED
    if told is not None and later and told.holder in (True, False) and told.holder != address.here:
        if told.holder:
            return "down", f"{address.ip} is not here, and Pacemaker takes the VIP for started here"
        return "down", f"{address.ip} is here, and Pacemaker does not take the VIP for started here"
    return "up", f"{address.ip} is {'' if address.here else 'not '}here"


def _guarded(sample: Guard | str, now: float) -> dict[str, Seen]:
    if isinstance(sample, str):
        nothing = _nothing("hakube-guard", sample, now)
        return dict.fromkeys(GUARDED, nothing)
    corosync, pacemaker = sample.stack.corosync, sample.stack.pacemaker
    lives = corosync.alive and not corosync.hangs
    quorum: tuple[Value, str]
    if not lives:
        quorum = "down", "corosync hangs" if corosync.alive else "corosync is dead"
    elif sample.quorate is None:
        quorum = "unknown", "whether there is quorum is not known"
    else:
        quorum = ("up", "quorate") if sample.quorate else ("down", "the node is without quorum")
    process: tuple[Value, str] = ("up", "it lives") if pacemaker.alive else ("down", "it is dead")
    return {
        name: Seen(value, sample.clock, sample.interval, why)
        for name, (value, why) in zip(GUARDED, (quorum, process), strict=True)
    }
