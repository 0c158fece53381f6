"""The healing on a real master: from a minion's event to the record of what was decided."""

import json
import shutil
import time
from pathlib import Path

import pytest
from salt.runner import RunnerClient

from saltext_hakube.core.remedy.words import PROBES
from saltext_hakube.healing import ask, cycle, places, registry
from saltext_hakube.host import ledger

STANDIN = Path(__file__).with_name("healing_standin.py")
TAG = "salt/beacon/node1/hakube/report"


def waited(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


@pytest.fixture(scope="module")
def standin(master, minion, client):
    with master.state_tree.base.temp_file("_modules/hakube_heal.py", STANDIN.read_text()):
        assert client.cmd("node1", "saltutil.sync_modules", timeout=60)["node1"]
        yield
    client.cmd("node1", "saltutil.sync_modules", timeout=60)


class Healing:
    """One cluster of one node. ``say``: what the node answers; ``send``: its events."""

    def __init__(self, master, client, root):
        self.client, self.root = client, root
        self.opts = dict(master.config)
        self.folder = places.cluster(self.opts, "heal")
        self._begin()
        self.runner = RunnerClient(self.opts)
        len(self.runner.functions)

    def _begin(self):
        """With nothing known; an event of the test before may be worked on still."""
        with cycle.hold(self.folder, "heal", "the tests", wait=60):
            for path in self.folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def report(self, down=()):
        looks = {name: {"value": "down" if name in down else "up"} for name in PROBES}
        head = {"format": 1, "cluster": "heal", "node": "node1", "boot": "b", "seq": 1, "at": 1.0}
        return head | {"looks": looks, "quorate": True, "online": ["node1"]}

    def say(self, down=(), mended=False):
        # At once: a job of an event before may read it just now.
        new = self.root / "new.json"
        new.write_text(json.dumps(self.report(down)))
        new.replace(self.root / ("mended.json" if mended else "report.json"))

    def send(self, *events, **more):
        events = [{"tag": tag, "data": data} for tag, data in events]
        told = self.client.cmd("node1", "hakube_heal.send", [events], kwarg=more, timeout=120)
        assert told["node1"] == len(events)

    def run(self, function, *args, **kwargs):
        return self.runner.cmd(f"hakube.{function}", list(args), kwarg=kwargs, print_event=False)

    def looked(self, condition, what):
        """As ``waited``, while the schedule's job runs as it does on a master."""

        def look():
            if condition():
                return True
            self.run("reconcile")
            return condition()

        waited(look, what)

    @property
    def records(self):
        return [(r.kind, r.data) for r in ledger.read(places.cluster(self.opts, "heal"), "heal")[0]]

    @property
    def kinds(self):
        return [kind for kind, _ in self.records]

    @property
    def jobs(self):
        file = self.root / "jobs"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def healing(request, master, root, pillar, minimal):
    client = request.getfixturevalue("client")
    request.getfixturevalue("standin")
    found = Healing(master, client, root)

    def declare(**heal):
        cluster = {**minimal["cluster"], "name": "heal", "nodes": {"node1": "192.0.2.11"}}
        pillar({**minimal, "cluster": cluster, "heal": heal})
        client.cmd("node1", "saltutil.refresh_pillar", kwarg={"wait": True}, timeout=60)
        registry.known(found.opts, fresh=True)

    found.declare = declare
    declare(mode="observe")
    found.say()
    yield found
    registry.known(found.opts, fresh=True)
    found.runner.destroy()


def test_an_event_has_the_node_asked_and_what_it_says_written_down(healing):
    healing.send((TAG, healing.report()))
    waited(lambda: "observed" in healing.kinds, "the record of a report")
    assert healing.jobs[0][0] == "report"
    assert "only observes" in healing.jobs[0][1]["hold"]


def test_what_is_broken_is_acted_on_and_every_step_is_written_down(healing):
    healing.declare(mode="act", settle=1)
    healing.say(mended=True)
    healing.say(down=["files.drift"])
    healing.send((TAG, healing.report(down=["files.drift"])))
    waited(lambda: "closed" in healing.kinds, "the end of the incident")
    order = [healing.kinds.index(kind) for kind in ("opened", "acting", "acted", "closed")]
    assert order == sorted(order)
    (acting,) = [data for kind, data in healing.records if kind == "acting"]
    assert healing.jobs[0][1]["hold"] == ""
    assert (acting["node"], acting["component"], acting["rung"]) == ("node1", "files", "files")


def test_people_see_it_with_salt_run_beside_the_functions_that_were_there(healing, salt_run):
    healing.declare(mode="act", settle=1)
    healing.say(mended=True)
    healing.say(down=["files.drift"])
    healing.run("reconcile", cluster="heal")
    shown = salt_run.run("--out=txt", "hakube.history", "heal").stdout
    assert "files-node1-1" in shown
    assert "mended" in healing.run("explain", "files-node1-1")
    assert "heal" in healing.run("status")
    assert "hakube_incidents_total" in healing.run("metrics")
    assert "made again as they were" in healing.run("replay", "heal")
    wrong = salt_run.run("hakube.explain", "none-1")
    assert "none-1" in wrong.data["error"]
    assert "Traceback" not in wrong.stdout + wrong.stderr
    assert wrong.returncode == 1
    # Two files are one runner: Salt merges them.
    assert {"hakube.doctor", "hakube.master_config", "hakube.observe"} <= set(
        healing.runner.functions
    )


def hostile(healing):
    """Events that any minion can send: no one of them may change anything."""
    good = healing.report()
    evil = "x\nevil:\n  local.cmd.run:\n    - tgt: '*'\n    - args: [{cmd: id}]"
    down = {"haproxy.process": {"value": "down", "why": evil}}
    for tag in (
        "salt/beacon/*/hakube/report",
        "salt/beacon/a/b/hakube/report",
        f"{TAG}\n",
        "salt/beacon/../hakube/report",
        "salt/beacon/nobody/hakube/report",
    ):
        yield tag, good
    for data in (
        {},
        {"cluster": "heal"},
        good | {"cluster": "other"},
        good | {"cluster": "../heal"},
        good | {"node": "node2"},
        good | {"node": evil},
        good | {"looks": {evil: {"value": "down"}}},
        good | {"looks": "x" * 260_000},
        good | {"news": [{"kind": "resource", "at": 1.0}] * 1100},
        good | {"tgt": "*", "fun": "cmd.run", "arg": ["id"], "user": "Reactor"},
        good | {"__kwarg__": True, "seq": -1, "looks": down},
        good | {"at": "now", "looks": down},
        {"data": good, "id": "node1"},
    ):
        yield TAG, data


def test_what_is_forged_changes_nothing(healing):
    healing.run("reconcile", cluster="heal")
    before, jobs = healing.records, len(healing.jobs)
    assert before
    events = list(hostile(healing))
    healing.send(*events)
    # A job's return is an event, too, and any minion can send one that looks like it.
    healing.send(("salt/job/20260101000000000000/ret/node1", {"id": "node1", "return": {}}))
    # Behind it in the queue is one that is good: when that is known, all were seen.
    healing.say(down=["disk.space"])
    healing.send((TAG, healing.report(down=["disk.space"])))
    healing.looked(lambda: "opened" in healing.kinds, "the incident of the report behind them")
    later = {kind for kind, _ in healing.records[len(before) :]}
    assert later <= {"seen", "observed", "opened", "decided"}
    assert {name for name, _ in healing.jobs} == {"report"}
    assert len(healing.jobs) <= jobs + 10


def test_a_report_that_says_what_is_known_asks_nobody(healing):
    healing.run("reconcile", cluster="heal")
    healing.say(down=["disk.space"])
    jobs = len(healing.jobs)
    told = healing.run("observe", TAG, healing.report())
    assert told == {"ran": False, "why": "nothing new"}
    assert len(healing.jobs) == jobs
    assert healing.run("observe", TAG, healing.report(down=["disk.space"]))["ran"] is True
    assert len(healing.jobs) > jobs


def test_while_it_is_paused_nothing_is_done(healing):
    healing.declare(mode="act", settle=1)
    told = healing.run("pause", "heal", "new switches", for_=3600)
    assert told["node"] == "all"
    healing.say(down=["files.drift"])
    healing.run("reconcile", cluster="heal")
    assert {name for name, _ in healing.jobs} == {"report"}
    assert healing.jobs[-1][1]["hold"] == "paused: new switches"
    gates = [data["gates"] for kind, data in healing.records if kind == "decided"][-1]
    assert "paused" in [gate["name"] for gate in gates if not gate["ok"]]
    healing.say(mended=True)
    healing.run("resume", "heal")
    healing.run("reconcile", cluster="heal")
    assert "act" in [name for name, _ in healing.jobs]


def test_a_node_that_does_not_answer_is_silent(healing):
    (healing.root / "report.json").unlink()
    healing.run("reconcile", cluster="heal")
    assert any(kind == "silent" and data["node"] == "node1" for kind, data in healing.records)


@pytest.mark.parametrize(
    ("function", "arguments", "why"),
    [
        ("pause", {"cluster": "heal", "reason": ""}, "a reason is needed"),
        ("pause", {"cluster": "heal", "reason": "x", "node": "n"}, "has no node 'n'"),
        ("pause", {"cluster": "none", "reason": "x"}, "there is no cluster 'none'"),
        ("pause", {"cluster": "heal", "reason": "x", "for_": "long"}, "for_: 'long'"),
        ("pause", {"cluster": "heal", "reason": "x", "until": "2001-01-01"}, "is over"),
        ("reconcile", {"cluster": "*"}, "there is no cluster '*'"),
    ],
)
def test_a_person_who_asks_wrongly_is_told_in_one_line(healing, function, arguments, why):
    told = healing.run(function, **arguments)
    assert why in told["error"]
    assert "\n" not in told["error"]
    assert told["retcode"] == 1


def test_a_storm_of_events_loses_no_open_incident(healing):
    """The small form of bench/storm.py: forged, doubled, reordered, and one that is true."""
    healing.run("reconcile", cluster="heal")
    healing.say(down=["disk.space"])
    events = [
        (TAG, healing.report(down=[name]) | {"boot": f"b{number}"})
        for number in range(10)
        for name in list(PROBES)[:20]
    ]
    healing.send(*events)
    healing.looked(lambda: "opened" in healing.kinds, "the incident")
    asked = [name for name, _ in healing.jobs].count("report")
    assert asked < 40


@pytest.fixture
def ghost(master):
    """A minion that the master has accepted, but that is not there."""
    keys = Path(master.config["pki_dir"]) / "minions"
    shutil.copy(keys / "node1", keys / "ghost")
    yield "ghost"
    (keys / "ghost").unlink()


@pytest.mark.parametrize("how", ["event", "id", "syndic"])
def test_a_minion_that_answers_for_another_is_not_believed(healing, ghost, how):
    """Salt believes the last two, and has them in its job cache."""
    asker = ask.Asker(healing.opts)
    forge = {"how": how, "victim": ghost}
    told = asker(["node1", ghost], "hakube_heal.report", 12, hold=forge)
    assert told["node1"].good
    assert ghost not in told or not told[ghost].good
    if how == "syndic":
        assert "not believed" in told[ghost].value


def test_what_a_node_cannot_begin_it_refuses_and_says_why(healing):
    (told,) = ask.Asker(healing.opts)(["node1"], "hakube_heal.act", 20, rung="x").values()
    assert (told.good, told.value["result"]) == (True, "refused")
    assert "component" in told.value["why"]


def test_an_answer_that_came_too_late_is_found_in_the_job_cache(healing):
    asker = ask.Asker(healing.opts)
    about = {"rung": "hand", "component": "slow", "incident": "i"}
    found = asker(["node1"], "hakube_heal.act", 1, **about)["node1"]
    assert (found.value, found.good) == (None, False)
    assert asker.late("node1", found.ticket) is None
    told = waited(lambda: asker.late("node1", found.ticket), "the late answer")
    assert (told.good, told.value["result"]) == (True, "done")
    # It is no answer to another question, nor anybody else's.
    assert asker.late("node1", found.ticket._replace(nonce="0" * 32)) is None
    assert asker.late("node2", found.ticket) is None
