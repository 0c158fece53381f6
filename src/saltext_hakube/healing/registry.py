"""Which clusters this master heals, read from its own pillar (never from what a minion says).

The pillar is the one that the master rendered for each minion last and keeps in its cache
(``minion_data_cache``): nothing is rendered here. So a change counts after
``saltutil.refresh_pillar`` on the cluster's nodes, and at most FRESH seconds later. What was read
is kept in a file, for the reactor, the schedule and ``salt-run`` are different processes.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import salt.cache
import salt.key
import salt.utils.master
import salt.utils.minions
from salt.exceptions import SaltException

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.healing import clusters, places
from saltext_hakube.healing.clusters import Known
from saltext_hakube.host import files, lock

log = logging.getLogger(__name__)

FRESH = 180.0  # seconds
#: A minion that nobody knows makes it read again, but no more often: its id may be invented.
AGAIN = 60.0
#: Seconds for another one who reads it, where it has to be read anew.
PATIENCE = 10.0
#: Minions whose cached pillar is damaged; where it is more, it is rather the cache that fails.
DAMAGED = 20

_kept: dict[Path, tuple[int, Known]] = {}


def known(opts: Mapping[str, Any], *, stranger: bool = False, fresh: bool = False) -> Known:
    """What the master knows. ``stranger``: somebody reports whom it does not know. ``fresh``:
    read anew whatever its age."""
    folder = places.folder(opts)
    found = kept(folder)
    age = time.time() - found.at if found else None
    limit = 0.0 if fresh else AGAIN if stranger else FRESH
    if found and age is not None and 0 <= age < limit:
        return found
    # Who reads it just now may have begun before what is to be seen was there.
    with lock.held(folder / ".registry.lock", PATIENCE if fresh else 0.0) as mine:
        return _read(opts, folder) if mine else found or Known()


def kept(folder: Path) -> Known | None:
    """What was read last, however old it is."""
    file = folder / ".registry.json"
    try:
        stamp = file.stat().st_mtime_ns
        if folder not in _kept or _kept[folder][0] != stamp:
            _kept[folder] = (stamp, msgspec.json.decode(file.read_bytes(), type=Known))
    except (OSError, msgspec.MsgspecError):
        return None
    return _kept[folder][1]


def _read(opts: Mapping[str, Any], folder: Path) -> Known:
    if not opts.get("minion_data_cache", True):
        raise HakubeError(
            "minion_data_cache is off on this master; the healing reads the clusters from that "
            "cache: take the setting out of the master's configuration"
        )
    now = time.time()
    found = clusters.gather(pillars(opts), now, rendered(opts))
    # It has keys in it; what is lost is read once more.
    try:
        text = msgspec.json.encode(found)
        files.write(folder / ".registry.json", text, mode=0o600, durable=False)
    except HakubeError as error:  # it is known all the same
        log.error("hakube: %s", error)
    for name, why in found.faults.items():
        log.warning("hakube: cluster %s: nothing is done: %s", name, why)
    return found


def rendered(opts: Mapping[str, Any]) -> clusters.Rendered:
    """Minion -> when the cached pillar was rendered (Unix time)."""
    cache = salt.cache.factory(dict(opts))

    def at(minion: str) -> float | None:
        # 3008 keeps pillars together, 3006 all that is known of a minion.
        for bank, key in (("pillar", minion), (f"minions/{minion}", "data")):
            with contextlib.suppress(SaltException):
                if cache.contains(bank, key):
                    return cache.updated(bank, key)
        return None

    return at


def pillars(opts: Mapping[str, Any]) -> dict[str, Any]:
    """What stands under ``hakube`` in the pillar of each accepted minion that has it; Unread where
    the cache has a damaged one. Raises HakubeError."""
    try:
        found = _cached(opts, "*", "glob")  # of a look into a cache; nobody is asked
    except SaltException:
        found = _one_by_one(opts)
    return {
        minion: data["hakube"]
        for minion, data in found.items()
        if isinstance(data, Mapping) and data.get("hakube")
    }


def _one_by_one(opts: Mapping[str, Any]) -> dict[str, Any]:
    """The pillars without those that are damaged, of which one keeps Salt from giving any: Salt
    syncs no file of its cache, so a power cut may tear some."""
    ids = salt.utils.minions.CkMinions(dict(opts)).check_minions("*", "glob")["minions"]
    found: dict[str, Any] = {}
    damaged = 0
    parts = [sorted(ids)]
    while parts:
        part = parts.pop()
        try:
            found |= _cached(opts, part, "list")
        except SaltException as error:
            half = len(part) // 2
            if half:
                parts += [part[:half], part[half:]]
                continue
            damaged += 1
            if damaged > DAMAGED:
                raise HakubeError(f"the cached pillars cannot be read: {error}") from None
            found[part[0]] = {"hakube": clusters.Unread(f"{error}")}
    return found


def _cached(opts: Mapping[str, Any], target: str | list[str], kind: str) -> dict[str, Any]:
    """The pillars in the cache. Raises SaltException."""
    util = salt.utils.master.MasterPillarUtil(
        target, tgt_type=kind, grains_fallback=False, pillar_fallback=False, opts=dict(opts)
    )
    found: dict[str, Any] = util.get_minion_pillar()
    return found
