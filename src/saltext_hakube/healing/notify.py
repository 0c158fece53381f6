"""Tell people what happened: by a Salt returner, a webhook, or both (``hakube:heal``).

After the ledger was given back, in a bounded time, so it never holds a repair up. What came of it
is written down; a webhook's address is a secret (many have a token in it) and never is.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import salt.minion
import salt.utils.jid

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import wording
from saltext_hakube.core.remedy.decision import Cluster, Record
from saltext_hakube.healing import wishes

#: Seconds for both ways together.
LIMIT = 10.0


class Ways(NamedTuple):
    """How people are told; an address is a secret."""

    webhook: str | None = None
    returner: str | None = None


#: Records that are for people.
NEWS = frozenset(
    {"opened", "acted", "gave_up", "retried", "closed"}
    | {"storm", "paused", "resumed", "recovered"}
)
MOST = 50
_OVER = {"gave_up": "given up", "retried": "tried anew", "closed": "closed"}


def tell(
    opts: Mapping[str, Any], cluster: Cluster, folder: Path, records: Iterable[Record]
) -> dict[str, str]:
    """Tell what of the records is for people, and leave it to the ledger's next writer to write
    down that it was told, or why it could not be. Way -> what came of it; nothing where nothing is
    to be told. Raises HakubeError where it cannot be left to anybody."""
    lines = [line(record) for record in records if record.kind in NEWS][:MOST]
    ways = Ways(cluster.policy.webhook, cluster.policy.returner)
    came = say(opts, cluster.name, ways, lines) if lines else {}
    if came:
        outcome = {"lines": lines, "ways": came}
        wishes.leave(folder, wishes.Wish(kind="told", at=time.time(), data=outcome))
    return came


def say(opts: Mapping[str, Any], cluster: str, by: Ways, lines: list[str]) -> dict[str, str]:
    """Tell these lines, by all ways that there are; way -> what came of it."""
    ways: dict[str, Callable[[], None]] = {}
    if by.webhook:
        ways["webhook"] = lambda: _post(str(by.webhook), message(opts, cluster, lines))
    if by.returner:
        ways["returner"] = lambda: _return(opts, str(by.returner), cluster, lines)
    return _bounded(ways)


def failed(came: Mapping[str, str]) -> str:
    """In words, which ways do not work; empty where all do."""
    bad = [f"{way}: {what}" for way, what in came.items() if what != "told"]
    return f"people are not told: {'; '.join(bad)}" if bad else ""


def line(record: Record) -> str:
    """A record in one line."""
    data = record.data
    told = wording.around(record.kind, data)
    if record.kind == "opened":
        told = f"opened: {wording.mapping(data.get('incident')).get('why', '')}"
    elif record.kind == "acted":
        told = f"{wording.step(data)} on {data.get('node')}: {wording.result(data)}"
    elif record.kind in _OVER:
        told = f"{_OVER[record.kind]}: {data.get('why', '')}"
    return wording.clean(f"{record.incident}: {told}" if record.incident else told)


def message(opts: Mapping[str, Any], cluster: str, lines: list[str]) -> dict[str, Any]:
    return {
        "source": "hakube",
        "master": opts.get("id", ""),
        "cluster": cluster,
        "text": f"hakube, cluster {cluster}:\n" + "\n".join(lines),
        "lines": lines,
    }


def _bounded(ways: Mapping[str, Callable[[], None]]) -> dict[str, str]:
    """Go all ways at once; way -> what came of it. One that hangs is left behind."""
    came: dict[str, str] = {}

    def go(name: str, way: Callable[[], None]) -> None:
        try:
            way()
            came[name] = "told"
        except Exception as error:  # whatever a returner raises
            came[name] = _harmless(error)

    threads = [
        threading.Thread(target=go, args=(name, way), daemon=True) for name, way in ways.items()
    ]
    end = time.monotonic() + LIMIT
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return {name: came.get(name, f"no answer within {LIMIT:g} s") for name in ways}


def _harmless(error: Exception) -> str:
    """What went wrong, without an address that may be in the text."""
    if isinstance(error, urllib.error.HTTPError):
        return f"failed: HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"failed: {type(error.reason).__name__}"
    if isinstance(error, HakubeError):
        return f"failed: {error}"
    return f"failed: {type(error).__name__}"


def _post(url: str, content: Mapping[str, Any]) -> None:
    """``url``: http or https, as the pillar's reader has it."""
    request = urllib.request.Request(
        url,
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "hakube"},
    )
    # Longer than it is waited for (_bounded), so that of one that hangs the same is always told.
    with urllib.request.urlopen(request, timeout=2 * LIMIT) as response:
        response.read(1000)


def _return(opts: Mapping[str, Any], returner: str, cluster: str, lines: list[str]) -> None:
    minion = salt.minion.MasterMinion(dict(opts), states=False, rend=False)
    try:
        function = f"{returner}.returner"
        if function not in minion.returners:
            raise HakubeError(f"this master has no returner {returner}")
        minion.returners[function](
            {
                "id": opts.get("id", "master"),
                "jid": salt.utils.jid.gen_jid(dict(opts)),
                "fun": "hakube.told",
                "fun_args": [cluster],
                "return": {"cluster": cluster, "lines": lines},
                "success": True,
                "retcode": 0,
            }
        )
    finally:
        minion.destroy()
