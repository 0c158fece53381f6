"""
The beacon, set up on this node
===============================

The beacon ``hakube`` tells the master when something of this node is not well (see there). It goes
live in a minion that runs, beside the beacons that are there. The minion also gets a job in its
schedule, which does what this node may do while its master is away (``hakube_heal.alone``), where
the pillar allows that (``hakube:heal:mode: act`` and ``hakube:heal:alone``).
"""

from __future__ import annotations

import glob
from pathlib import Path

import salt.utils.yaml

from saltext_hakube import face
from saltext_hakube.core.remedy import beacon as pure
from saltext_hakube.host import alone, files, voice, waits, wholefiles
from saltext_hakube.host.remedy import claim

__virtualname__ = "hakube_beacon"

ANSWER = 15  # seconds for the minion to answer at its own event bus
ALIVE = 30  # seconds until the beacon must have looked; it does once a second


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def plan(absent=False):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    absent
        Whether the beacon is to be taken away. Default: false.

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...], "problems": [...]}``.
    ``changes`` has ``settings`` (what the beacon is told: a diff of /etc/hakube/beacon.json),
    ``minion`` (a diff of our file in the minion's ``minion.d``, and of what Salt saved of its
    schedule there, where our job is to go), and ``live`` (what the minion that runs is told:
    ``refresh pillar``, ``add beacon``, ``remove beacon``, ``add schedule``, ``remove schedule``),
    each only where something is to be done. ``problems``: why the beacon cannot run, in one line
    each: the pillar has ``beacons``, but not ``hakube: []`` among them (Salt ignores all others
    then), or a person disabled it.

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_beacon.plan
    """
    with face.told():
        return _outcome(_plan(absent), "Would be changed", absent)


def apply(absent=False):
    """
    Set the beacon up, and see that it looks.

    absent
        Whether to take it away instead. Default: false.

    Returns the same as :py:func:`plan`, with what was changed. Where no minion runs on this machine
    (masterless), that is said, and it goes live with the minion's start.

    Fails where a file cannot be written, or where the beacon does not look within 30 seconds.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_beacon.apply
    """
    with face.told():
        planned = _plan(absent)
        if not planned["problems"]:
            _write(planned)
            for step in planned["live"] or ():
                _tell(step)
            if planned["runs"] and not absent:
                _see()
        return _outcome(planned, "Changed", absent)


def remove():
    """
    Take the beacon away: :py:func:`apply` with ``absent=True``.

    Returns the same as :py:func:`plan`, with what was changed. Needs no pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_beacon.remove
    """
    return apply(absent=True)


def _plan(absent):
    """The files and steps; ``runs``: whether a minion runs that can be told."""
    live = _live()
    machine = face.machine(__opts__)
    own, job = _own_path(), False
    found = {"problems": [], "warnings": [], "live": (), "runs": live is not None}
    settings, content = None, None
    in_pillar = pure.in_pillar(__pillar__.get("beacons"))
    if not absent:
        config = face.config(__pillar__, __grains__, __opts__)
        settings = pure.settings(config.cluster.name, config.node, config.heal)
        job = pure.acts(config.heal)
        written = pure.own(_files(), beacon="beacons" not in __pillar__, job=job)
        content, found["warnings"] = written.content, list(written.warnings)
        if "beacons" in __pillar__ and not in_pillar:
            found["problems"].append(pure.PILLAR)
        elif live is not None and (disabled := pure.disabled(live)):
            found["problems"].append(disabled)
    else:
        found["live"] = pure.steps_absent(live) if live is not None else ()
        if in_pillar:
            found["warnings"].append("the pillar has the beacon still: take beacons:hakube out")
    found["settings"] = wholefiles.changes(machine, {voice.SETTINGS: settings})
    if live is not None and not absent:
        beats = live.beats or bool(found["settings"])
        found["live"] = pure.steps(live._replace(beats=beats), pillar=in_pillar, job=job)
    old = files.read(own)
    found["minion"] = {} if old == content else {str(own): (old, content)}
    if not job:
        found["minion"] |= _saved()
    return found


def _outcome(found, comment, absent):
    changes = {
        kind: "\n".join(face.diff(*both, path) for path, both in found[kind].items())
        for kind in ("settings", "minion")
        if found[kind]
    }
    if found["live"]:
        changes["live"] = list(found["live"])
    if not changes:
        comment = "Already absent" if absent else "Already as declared"
    if not found["runs"]:
        comment += "; no minion answers on this machine, so nothing goes live before its start"
    if found["problems"]:
        # Nothing is done then; and it is told also where nothing is left to write.
        changes.setdefault("live", [])
        comment = "Nothing was changed"
    return {**face.outcome(changes, comment, found["warnings"]), "problems": found["problems"]}


def _own_path():
    conf = Path(__opts__["conf_file"]).parent
    return conf / Path(__opts__.get("default_include") or "minion.d/*.conf").parent / pure.FILE


def _saved():
    """What must change in the schedule that Salt saved so that our job is not in it.

    Salt saves all jobs of a minion whenever any is changed for good, its mine's at each start
    (salt: utils.schedule.persist), and starts with them.
    """
    path = _own_path().with_name("_schedule.conf")
    saved = _yaml(path)
    if not pure.is_scheduled(saved.get("schedule")):
        return {}
    jobs = {name: job for name, job in saved["schedule"].items() if name != pure.JOB}
    new = salt.utils.yaml.safe_dump({**saved, "schedule": jobs})
    return {str(path): (files.read(path), new.encode())}


def _files():
    """What the minion's own files have of the keys that could hide each other."""
    name = __opts__["conf_file"]
    include = Path(name).parent / (__opts__.get("default_include") or "minion.d/*.conf")
    # It may be an absolute pattern, which Path.glob refuses.
    others = [it for it in glob.glob(str(include)) if it != str(_own_path())]  # noqa: PTH207
    keys = {key for path in others for key, value in _yaml(path).items() if value}
    return pure.Files(name, _yaml(name), keys)


def _yaml(path):
    text = files.read(Path(path))
    try:
        found = salt.utils.yaml.safe_load(text) if text else {}
    except salt.utils.yaml.YAMLError:
        return {}  # the minion could not read it either
    return found if isinstance(found, dict) else {}


def _live():
    """What the minion that runs has; None where none answers."""
    where = {"return_yaml": False, "timeout": ANSWER}
    pillar = __salt__["beacons.list"](include_opts=False, **where)
    if not isinstance(pillar, dict):
        return None
    opts = __salt__["beacons.list"](include_pillar=False, **where)
    jobs = __salt__["schedule.list"](return_yaml=False)
    beats = voice.beats(face.machine(__opts__))
    return pure.Live(opts or {}, pillar, pure.is_scheduled(jobs), beats)


def _write(planned):
    machine = face.machine(__opts__)
    wholefiles.write(machine, planned["settings"])
    if not machine.path(voice.SETTINGS).exists():
        voice.forget(machine)
        alone.forget(machine)
        claim.forget(machine.path(str(claim.FOLDER)))
    for path, (_, new) in planned["minion"].items():
        if new is None:
            files.remove(Path(path))
        else:
            files.write(Path(path), new)


def _tell(step):
    """Tell the minion that runs, by its event bus."""
    beacon = {"name": pure.NAME, "beacon_data": pure.ENTRY}
    job = {"name": pure.JOB, "schedule": {pure.JOB: dict(pure.SCHEDULED)}, "persist": False}
    if step == pure.REFRESH:
        __salt__["saltutil.refresh_pillar"](wait=True, timeout=ALIVE)
    elif step == pure.ADD:
        # The extension may be newer than the minion's start.
        __salt__["event.fire"]({}, "beacons_refresh")
        __salt__["event.fire"]({"func": "add", **beacon}, "manage_beacons")
    elif step == pure.REVIVE:
        __salt__["event.fire"]({}, "beacons_refresh")
    elif step == pure.REMOVE:
        __salt__["event.fire"]({"func": "delete", "name": pure.NAME}, "manage_beacons")
    elif step == pure.ADD_JOB:
        __salt__["event.fire"]({"func": "add", **job}, "manage_schedule")
    elif step == pure.REMOVE_JOB:
        __salt__["event.fire"]({"func": "delete", **job}, "manage_schedule")


def _see():
    """The beacon looks. Raises TimedOut."""
    machine = face.machine(__opts__)
    failure = (
        f"the beacon hakube did not look within {ALIVE} s; the minion's log says why (a minion "
        "that was started before this extension was installed may need a restart)"
    )
    waits.wait(lambda: voice.beats(machine), ALIVE, failure)
