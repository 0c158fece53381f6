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
from saltext_hakube.core.timing import TOTEM, Effective, Totem, effective


def wanted(config: Config, conf: Corosync) -> Totem | None:
    """What corosync's file is to say; None where it says what somebody else has decided."""
    free = (Totem(), *(_as_totem(effective(profile, Totem(), 0)) for profile in TOTEM))
    if config.timing_given or config.cluster.totem != Totem() or conf.totem in free:
        return _as_totem(config.totem)
    return None


def works(totem: Totem, conf: Corosync) -> Running:
    """What corosync makes of a file with all three numbers (corosync.conf(5))."""
    more = totem.token_coefficient * max(len(conf.members) - 2, 0)
    return Running(totem.token + more, totem.consensus)


def links_follow(before: Running, after: Running) -> bool:
    """Whether the file shall be read once more, for the timers of the links to go by the token.

    With the token's own change corosync takes over those of the token before (3.1.7, measured).
    A link must fail faster than the token, else it takes its node along though there is a second
    link: so they have to follow a token that falls. One that rises to more than its double would
    let every link fail for two seconds: a link is asked every quarter of the token, and given up
    after half of the old one. Then they stay fast until corosync is started again.
    """
    return after.token < 2 * before.token


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
