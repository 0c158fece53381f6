"""A cluster on paper whose master decides: what it writes down is what stories are told of."""

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Cluster, Pause, State
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.report import Look, News, Report
from saltext_hakube.core.remedy.words import PROBES

NODES = ("node1", "node2", "node3")
NOON = 1764069600.0  # 2025-11-25 11:20:00 UTC


class Stage:
    """``down``: (node, probe) -> why, or a Look; what stands there is down at each ``look``."""

    def __init__(self, name="k8s", **policy):
        self.cluster = Cluster(
            name=name,
            nodes={node: f"{node}.example" for node in NODES},
            policy=Heal(**{"mode": "act", **policy}),
        )
        self.state, self.records, self.now = State(), [], NOON
        self.down, self.silent, self.news = {}, set(), {}
        self.since, self.seq, self.more = {}, 0, {}

    def keep(self, step):
        assert not step.refused
        self.state = step.state
        self.records += step.records
        return step

    def report(self, node):
        self.seq += 1
        looks = {}
        for probe in PROBES:
            wrong = self.down.get((node, probe))
            since = self.since.setdefault((node, probe, bool(wrong)), self.now - 0.5)
            if wrong is None:
                looks[probe] = Look(value="up", since=since)
            elif isinstance(wrong, Look):
                looks[probe] = wrong
            else:
                looks[probe] = Look(value="down", why=wrong, since=since)
        return Report(
            format=1,
            cluster=self.cluster.name,
            node=node,
            boot="b1",
            seq=self.seq,
            at=self.now - 0.2,
            looks=looks,
            news=self.news.get(node, []),
            quorate=True,
            online=[it for it in NODES if it not in self.silent],
            holder=node == "node1",
            **self.more.get(node, {}),
        )

    def look(self, after=1.0):
        """Time goes on, all are asked, and it is decided."""
        self.now += after
        for node in NODES:
            if node in self.silent:
                self.keep(decide.silent(self.cluster, self.state, node, self.now))
            else:
                report = self.report(node)
                self.keep(decide.heard(self.cluster, self.state, report, self.now))
        return self.keep(decide.decide(self.cluster, self.state, self.now))

    def until_action(self, looks=40):
        for _ in range(looks):
            step = self.look()
            if step.action:
                return step.action
        raise AssertionError("nothing was done")

    def act(self, action, answer, took=1.5):
        self.keep(decide.begun(self.state, action, self.now))
        self.now += took
        self.keep(decide.ended(self.state, action, answer, self.now))

    def pause(self, reason, until=None, node=""):
        pause = Pause(since=self.now, until=until, reason=reason, node=node)
        self.keep(decide.paused(self.state, pause, self.now))

    def resume(self, reason, node=""):
        self.keep(decide.resumed(self.state, node, reason, self.now))


def hung_apiserver():
    """An apiserver hangs; it is killed, and well again."""
    stage = Stage()
    stage.look()
    for probe in ("apiserver.livez", "apiserver.readyz"):
        stage.down["node2", probe] = Look(
            value="down", why="no answer within 2 s", since=stage.now, evidence={"how": ["silent"]}
        )
    action = stage.until_action()
    answer = {"result": "done", "why": "", "did": ["SIGKILL to 4242"], "verified": True}
    stage.act(action, answer, took=2.5)
    stage.down.clear()
    stage.news["node2"] = [
        News(
            kind="resource",
            at=stage.now,
            node="node2",
            resource="apiserver",
            task="monitor",
            rc="7",
        )
    ]
    stage.look()
    stage.look()
    assert not stage.state.incidents
    return stage
