"""Corosync's totem: what its file is to say, whose numbers stand there, and who changes them. Pure.

A file with numbers that are none of our profiles' was written by somebody for a reason. It stays,
and a person is told, unless the pillar itself speaks of timing. All nodes must have the same
numbers, so one node, the speaker, changes them on all, and only when all can be reached.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from saltext_hakube.core.config import Config
from saltext_hakube.core.corosync import Corosync, Running
from saltext_hakube.core.membership import Observed, members, speaker
from saltext_hakube.core.timing import TOTEM, Effective, Totem, effective, least_consensus


def wanted(config: Config, conf: Corosync) -> Totem | None:
    """What corosync's file is to say; None where it says what somebody else has decided."""
    if config.timing_given or config.cluster.totem != Totem() or conf.totem in _ours(conf):
        return _as_totem(config.totem)
    return None


def works(totem: Totem, conf: Corosync) -> Running:
    """What corosync makes of a file with all three numbers (corosync.conf(5))."""
    more = totem.token_coefficient * max(len(conf.members) - 2, 0)
    return Running(totem.token + more, totem.consensus)


def way(before: Running, target: Totem, conf: Corosync) -> tuple[Totem, ...]:
    """What to write one after the other, and to read once more at the end, to come to ``target``.

    A link is pinged every quarter of the token, looked at every 0.2 s, and given up after half of
    the token; with a new token corosync takes over these times of the one *before* (3.1.7 and
    3.1.9). At once from 1000 to 3000 ms, links that were still to be given up after 0.5 s were
    pinged every 0.75 s, and down for two seconds; back, the members were formed anew (measured).
    In steps so small that no ping comes too late no link goes down.
    """
    after = works(target, conf).token
    low, high = sorted((before.token, after))
    between = [low]
    while (token := _next(between[-1])) < high:
        between.append(token)
    on_the_way = between[1:] if before.token <= after else reversed(between[1:])
    return (*map(_step, on_the_way), target)


def _next(token: int) -> int:
    # Its ping comes in time: more / 4 + 200 < token / 2. Below 900 that is no step at all.
    return max(2 * token - 810, token + token // 7 + 1)


def _step(token: int) -> Totem:
    return Totem(token=token, token_coefficient=0, consensus=least_consensus(token, 0, 0))


def _ours(conf: Corosync) -> set[Totem]:
    """Nothing, the profiles' numbers, and those on the way from one to the other."""
    profiles = [_as_totem(effective(profile, Totem(), 0)) for profile in TOTEM]
    ways = (way(works(old, conf), new, conf) for old in profiles for new in profiles)
    return {Totem(), *(step for steps in ways for step in steps)}


def speaks(config: Config, observed: Observed) -> bool:
    """Whether it is this node that changes the totem: the first that is alive, or is about to be.

    Where the cluster does not run yet it is the first of all: after the start it would find that
    there is something left to do.
    """
    names = members(config, observed.corosync)
    alive = observed.online | {config.node} if observed.online else names[:1]
    return config.node == next(name for name in names if name in alive)


def due(config: Config, observed: Observed) -> bool:
    """Whether this node has to change it: on itself, on another, or only what corosync has read."""
    return speaks(config, observed) and _differs(config, observed)


def possible(config: Config, observed: Observed) -> bool:
    """Whether it is due and can be done now."""
    return due(config, observed) and observed.updates and not _absent(config, observed)


def change(config: Config, conf: Corosync) -> str:
    """What is about to be done, for a person."""
    old, new = told(conf.totem), told(wanted(config, conf))
    was = f"it was {old}" if old != new else "not all nodes have it"
    return f"set corosync's timing in ms: {new} ({was})"


def warnings(config: Config, observed: Observed) -> Iterator[str]:
    """What a person should know of it though nothing is done."""
    conf = observed.corosync
    target = wanted(config, conf)
    if target is None:
        yield (
            f"corosync.conf has a timing that is none of hakube's and stays: {told(conf.totem)}; "
            f"write hakube:timing or hakube:cluster:totem to have {told(_as_totem(config.totem))}"
        )
        return
    absent = _absent(config, observed)
    if not _differs(config, observed):
        return
    if absent:
        yield (
            f"corosync's timing is to be {told(target)}, which all nodes must be told together; "
            f"apply again when {', '.join(absent)} is back"
        )
    elif not speaks(config, observed):
        yield (
            f"corosync's timing here is {told(conf.totem)}; {speaker(config, observed)} sets "
            f"{told(target)} on all nodes"
        )
    elif not observed.updates:
        yield (
            f"pcs is older than 0.10.8 here, and cannot set corosync's timing to {told(target)}; "
            "write that into the section totem of /etc/corosync/corosync.conf, then `pcs cluster "
            "sync` and `pcs cluster reload corosync`"
        )


def told(totem: Totem) -> str:
    """For a person."""
    given = {name: value for name, value in structs.asdict(totem).items() if value is not None}
    return ", ".join(f"{name} {value}" for name, value in given.items()) or "its own defaults"


def _differs(config: Config, observed: Observed) -> bool:
    conf = observed.corosync
    target = wanted(config, conf)
    if target is None:
        return False
    if any(file.totem != target for file in (conf, *observed.others.values())):
        return True
    return observed.totem is not None and observed.totem != works(target, conf)


def _absent(config: Config, observed: Observed) -> list[str]:
    """The members that would not be told. pcs then changes the others' files, and reloads none."""
    others = [name for name in observed.corosync.names if name != config.node]
    # Before the cluster runs here nobody is known to be online.
    alive = observed.online or others
    return [name for name in others if name in observed.silent or name not in alive]


def _as_totem(found: Effective) -> Totem:
    return Totem(**structs.asdict(found))
