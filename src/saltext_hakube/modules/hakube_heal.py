"""
What this node has to say of itself
===================================

Small daemons look at this node, the beacon ``hakube`` makes verdicts of what they see, and tells
the master when one changes. The master believes no event: it asks here (``hakube_heal.report``).
What is then done is in ``hakube_heal.act``.
"""

from __future__ import annotations

from datetime import datetime, timezone

from salt.exceptions import CommandExecutionError

from saltext_hakube import face, jobs
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import alone as pure
from saltext_hakube.core.remedy.lines import line
from saltext_hakube.core.remedy.report import read
from saltext_hakube.core.remedy.words import OFF, PROBES
from saltext_hakube.host import alone as host
from saltext_hakube.host import voice

__virtualname__ = "hakube_heal"

DEADLINE = 60  # seconds for an action


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def report(hold=None):
    """
    Return what this node has to say of itself: the beacon's verdicts of a second ago.

    hold
        What the master's own healing gives, and nobody else: the reason why nothing is to be done
        just now, or an empty text. From then on the node knows that it has a master, and when it is
        left alone; with a reason it does nothing alone (see :py:func:`alone`). Default: none; it is
        noted nowhere that somebody asked.

    Returns a mapping:

    - ``format``: 1; ``cluster``, ``node``: whose report it is; ``boot``: the machine's start, as
      the kernel names it
    - ``seq``: grows from report to report while the machine runs; ``at``: Unix time
    - ``looks``: for each probe ``value`` (``up``, ``down``, ``unknown``), ``why``, ``since`` (Unix
      time) and ``evidence`` (kind -> lines)
    - ``news``: what Pacemaker told in the last minute: ``kind`` (``node``, ``fencing``,
      ``resource``), ``node``, ``resource``, ``task``, ``rc``, ``desc``, ``at`` (Unix time)
    - ``maintenance``, ``standby``, ``quorate`` (null: unknown), ``online`` (nodes), ``holder``
      (whether the VIP's address is here), ``busy`` (a state run on this node, empty: none)
    - ``alone``: what the node did while its master was away: ``at``, ``rung``, ``component``,
      ``result``, ``why``
    - ``beacon``: empty, or why these are not the beacon's own verdicts: it is off, so that each
      is what one look says now

    Fails where the node was not told yet for which cluster it speaks (state ``hakube.beacon``), or
    is not to be watched any more (``hakube:heal:mode: none``).

    CLI Example:

    .. code-block:: bash

        salt 'node1' hakube_heal.report
    """
    with face.told():
        machine = face.machine(__opts__)
        if hold is not None:
            host.asked(machine, line(hold))
        try:
            found, beacon = voice.present(machine, jobs.state_run(__opts__), host.acts(machine))
        except voice.Unset:
            if not _is_off():
                raise
            raise HakubeError(f"{OFF}: nothing is watched") from None
        return {**found, "beacon": beacon}


def _is_off():
    """Whether the pillar has it so. One that is wrong says nothing."""
    try:
        return not face.config(__pillar__, __grains__, __opts__).heals
    except HakubeError:
        return False


def status():
    """
    Return what is not well on this node, for people. Times are in UTC.

    Returns a mapping:

    - ``down``: probe -> why it is down, and since when
    - ``unknown``: probe -> why nothing is known
    - ``up``: the probes that are well
    - ``around``: ``maintenance``, ``standby``, ``quorate``, ``online``, ``holder``, ``busy``
    - ``news``: what Pacemaker told in the last minute, a line each
    - ``alone``: ``away``: seconds since a master asked (or since the machine's start), ``would``:
      what the node would do alone now, or why nothing, ``did``: what it did, a line each
    - ``beacon``: empty, or what is wrong with the beacon

    Fails as :py:func:`report` does.

    CLI Example:

    .. code-block:: bash

        salt 'node1' hakube_heal.status
        salt-call hakube_heal.status
    """
    found = report()
    looks = {
        value: {name: one for name, one in sorted(found["looks"].items()) if one["value"] == value}
        for value in ("down", "unknown", "up")
    }
    down, unknown = looks["down"].items(), looks["unknown"].items()
    around = ("maintenance", "standby", "quorate", "online", "holder", "busy")
    with face.told():
        choice, away = _choice(found)
    would = f"{choice.rung} for {choice.component}: " if choice.component else ""
    return {
        "down": {name: f"{one['why']} (since {_utc(one['since'])})" for name, one in down},
        "unknown": {name: one["why"] for name, one in unknown},
        "up": list(looks["up"]),
        "around": {key: found[key] for key in around},
        "news": [_news(one) for one in found["news"]],
        "alone": {
            "away": round(away),
            "would": would + choice.why,
            "did": [_act_line(one) for one in found["alone"]],
        },
        "beacon": found["beacon"],
    }


def alone(test=None):
    """
    Do what this node may do without its master, if there is anything: at most one thing.

    test
        Only tell what would be done. Default: the minion's ``test`` option.

    A schedule of the minion calls this, which goes on while there is no master
    (state ``hakube_beacon.present``). The pillar says what is allowed (``hakube:heal:alone``).
    Nothing is done while a master asks for this node's reports, nor where none has ever asked.

    Returns ``{"component": ..., "rung": ..., "result": ..., "why": ...}``; ``component`` and
    ``rung`` are empty where nothing is done, and ``why`` says why. ``result``: ``nothing``,
    ``would``, or what :py:func:`act` says.

    Fails as :py:func:`report` does, and where this runs already.

    CLI Example:

    .. code-block:: bash

        salt-call --local hakube_heal.alone test=True
    """
    dry = __opts__["test"] if test is None else test
    with face.told():
        machine = face.machine(__opts__)
        with host.locked(machine):
            found = report()
            choice, _ = _choice(found)
            if not choice.component or dry:
                return _result(choice, "would" if choice.component else "nothing", choice.why)
            policy = voice.settings(machine).alone
            account = pure.spend(host.account(machine), choice, policy, found["at"])
            host.write(machine, account)  # before it is done: it counts, whatever becomes of it
            result, why = _act(choice, found)
            host.write(machine, pure.spent(account, result, why))
            return _result(choice, result, why)


def _choice(found):
    """What the node would do alone now, and for how many seconds its master has been away."""
    machine = face.machine(__opts__)
    away = host.away(machine)
    # What was applied, and what the minion's pillar says now: who turns the healing off, and then
    # stops the master, is not to be healed against.
    config = face.config(__pillar__, __grains__, __opts__)
    rights = voice.settings(machine).rights.within(config.heal.mode)
    return pure.choose(host.account(machine), away, read(found), rights, found["at"]), away


def _act(choice, found):
    """Do it; what came of it, and why."""
    probes = {name: one for name, one in found["looks"].items() if one["value"] == "down"}
    evidence = {
        kind: lines
        for name, one in probes.items()
        if PROBES[name].component == choice.component
        for kind, lines in one["evidence"].items()
    }
    try:
        done = __salt__["hakube_heal.act"](
            choice.rung,
            choice.component,
            f"alone: {choice.component}",
            deadline=DEADLINE,
            test=False,
            evidence=evidence,
        )
    except CommandExecutionError as error:  # it was not begun
        return "refused", line(error)
    return done["result"], line(done["why"])


def _result(choice, result, why):
    return {"component": choice.component, "rung": choice.rung, "result": result, "why": why}


def _act_line(one):
    told = f" ({one['why']})" if one["why"] else ""
    return f"{_utc(one['at'])} {one['rung']} for {one['component']}: {one['result']}{told}"


def _news(one):
    words = (one["kind"], one["resource"], one["task"], one["node"] and f"on {one['node']}")
    told = " ".join(word for word in words if word)
    return f"{_utc(one['at'])} {told}: {one['desc'] or one['rc']}"


def _utc(seconds):
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")
