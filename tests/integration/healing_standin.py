"""A stand-in for hakube_heal on a node: it says what a file tells it to, and writes down each job.

The real one is judged in the lab; here it is the master's half that is judged.
"""

import json
import time
from pathlib import Path

import salt.channel.client
import salt.crypt

__virtualname__ = "hakube_heal"


def __virtual__():
    return __virtualname__


def _folder():
    return Path(__opts__["hakube"]["root"])


def _job(name, **said):
    with (_folder() / "jobs").open("a") as file:
        file.write(json.dumps([name, said]) + "\n")


def report(hold=None):
    _job("report", hold=hold)
    if isinstance(hold, dict):
        _forge(**hold)
    said = json.loads((_folder() / "report.json").read_text())
    return said | {"seq": time.time_ns() // 1000, "at": time.time()}


def act(rung, component, incident, deadline=60, test=None, evidence=None):  # noqa: PLR0917
    _job("act", rung=rung, component=component, incident=incident)
    if component == "slow":
        time.sleep(10)
    mended = _folder() / "mended.json"
    if rung == "files" and mended.exists():
        mended.rename(_folder() / "report.json")
    return {"result": "done", "why": "", "did": [], "verified": None, "took": 0.0}


def send(events, each=1):
    """As the minion sends what its beacons have: tags and data are whatever it likes."""
    auth = salt.crypt.SAuth(__opts__)
    with salt.channel.client.ReqChannel.factory(__opts__) as channel:
        for _ in range(each):
            load = {"id": __opts__["id"], "cmd": "_minion_event", "pretag": None, "events": events}
            channel.send(load | {"tok": auth.gen_token(b"salt")}, timeout=60)
    return len(events)


def _forge(how, victim, **_):
    """Answer the job that runs for another minion, as Salt lets any minion do."""
    folder = Path(__opts__["cachedir"], "proc")
    jid = max(it.name for it in folder.iterdir() if b"hakube_heal.answer" in it.read_bytes())
    answer = {"answer": json.dumps({"forged": how}), "seal": "0" * 64}
    back = {"return": answer, "retcode": 0, "success": True}
    if how == "event":
        load = {"id": victim, "jid": jid, "fun": "x.y"} | back
        return send([{"tag": f"salt/job/{jid}/ret/{victim}", "data": load}])
    auth = salt.crypt.SAuth(__opts__)
    head = {"id": __opts__["id"], "tok": auth.gen_token(b"salt"), "jid": jid, "fun": "x.y"}
    if how == "id":
        body = {"cmd": "_return", "resource_id": victim} | back
    else:
        body = {"cmd": "_syndic_return", "return": {victim: back}}
    with salt.channel.client.ReqChannel.factory(__opts__) as channel:
        return channel.send(head | body, timeout=30)
