"""The screen says how a cluster is, and what decide() would do next."""

from msgspec.structs import replace

from saltext_hakube.core.remedy import decide, screen
from saltext_hakube.core.remedy.decision import Attempt, State
from tests.unit.remedy.stage import Stage

LIVEZ, READYZ = ("node2", "apiserver.livez"), ("node2", "apiserver.readyz")


def shown(stage, step=None, after=1.0):
    return screen.status(stage.cluster, stage.state, stage.now + after, step)


def row(lines, name):
    """The cells of a row of the table."""
    (found,) = [line for line in lines if line.startswith(f"  {name} ")]
    return found[len(name) + 2 :].split()


def test_a_cluster_that_is_well_is_one_table():
    stage = Stage()
    lines = shown(stage, stage.look())
    assert lines[0] == "k8s: all well; VIP on node1; mode act"
    assert lines[2].split() == ["node1", "node2", "node3", "cluster"]
    assert row(lines, "heard") == ["1.0", "s", "ago"] * 3
    assert row(lines, "haproxy") == ["up", "up", "up", "-"]
    assert row(lines, "vip") == ["up", "up", "up", "up"]
    assert lines[-1] == "next: nothing, nothing is open"
    assert max(len(line) for line in lines) <= 80


def test_what_is_down_and_silent_is_seen_at_once():
    stage = Stage()
    stage.look()
    stage.down[LIVEZ] = stage.down["node1", "vip.owner"] = "no answer"
    stage.silent.add("node3")
    stage.look()
    lines = shown(stage)
    assert row(lines, "apiserver") == ["up", "DOWN", "?", "-"]
    assert row(lines, "vip") == ["up", "up", "?", "DOWN"]
    assert row(lines, "heard")[-3:] == ["SILENT", "1.0", "s"]
    for _ in range(4):
        stage.look(50)
    assert row(shown(stage), "quorum") == ["yes", "yes", "?"]


def test_what_would_be_done_next_is_the_last_word():
    stage = Stage()
    stage.look()
    stage.down[LIVEZ] = stage.down[READYZ] = "no answer within 2 s"
    lines = shown(stage, stage.look())
    assert lines[-2].startswith("next: nothing; it looks again in ")
    assert lines[-1] == "  apiserver-node2-1: kill; against it: votes"
    assert "  kill waits: votes: node2 says so, once; a second look is waited for" in lines
    lines = shown(stage, stage.look())
    assert lines[0].startswith("k8s: 1 open incident; ")
    why = "kill (kill what hangs, so that Pacemaker recovers it)"
    assert lines[-1] == f"next: {why} on node2, for apiserver-node2-1"


def test_what_was_done_and_is_under_way_is_told_with_the_incident():
    stage = Stage()
    stage.look()
    stage.down["node1", "files.drift"] = "1 file"
    action = stage.until_action()
    stage.act(action, {"result": "failed", "why": "disk full"})
    lines = shown(stage)
    assert "  files on node1: it failed (disk full); it is being verified" in lines
    attempt = Attempt(rung="move", node="node1", component="vip", began=1.0)
    (found,) = stage.state.incidents.values()
    given_up = replace(found, attempts=(attempt,), gave_up=True)
    stage.state = State(incidents={found.id: given_up})
    lines = shown(stage)
    assert "  move on node1 is under way" in lines
    assert f"  GIVEN UP: people have to look; then `salt-run hakube.retry {found.id}`" in lines


def test_of_what_was_not_done_nothing_is_said_to_have_failed_to_help():
    stage = Stage()
    stage.down[LIVEZ] = stage.down[READYZ] = "no answer"
    stage.look()
    (found,) = stage.state.incidents.values()
    idle = [
        Attempt(
            rung="hand",
            node="node2",
            component="apiserver",
            began=1.0,
            ended=2.0,
            result=result,
            why="a reason",
            mended=False,
        )
        for result in ("nothing", "refused")
    ]
    tried = replace(found, attempts=tuple(idle))
    lines = screen.status(
        stage.cluster, replace(stage.state, incidents={found.id: tried}), stage.now
    )
    assert "  hand on node2: there was nothing to do (a reason)" in lines
    assert "  hand on node2: the node refused (a reason)" in lines


def test_while_a_repair_runs_and_is_verified_nothing_reads_as_giving_up():
    stage = Stage()
    stage.look()
    stage.down["node2", "files.drift"] = "1 file"
    action = stage.until_action()
    stage.keep(decide.begun(stage.state, action, stage.now))
    lines = shown(stage, stage.look())
    assert "  files on node2 is under way" in lines
    assert lines[-1] == f"  {action.incident}: files on node2 is under way"
    stage.keep(decide.ended(stage.state, action, {"result": "done"}, stage.now))
    lines = shown(stage, decide.decide(stage.cluster, stage.state, stage.now))
    assert "  files on node2: done; it is being verified" in lines
    assert lines[-1] == f"  {action.incident}: files on node2: it is being verified"
    assert not any("no rung" in line for line in lines)


def test_each_thing_that_is_down_is_told_once():
    stage = Stage()
    stage.look()
    stage.down[LIVEZ] = "no answer"
    stage.look()
    stage.down[READYZ] = "HTTP status 500"
    lines = shown(stage, stage.look())
    assert (
        "  node2: the apiserver is not alive (/livez) (no answer); "
        "the apiserver is not ready (/readyz) (HTTP status 500)"
    ) in lines


def test_pause_storm_and_maintenance_stand_above_all():
    stage = Stage(mode="observe")
    stage.pause("disk of node2", node="node2", until=stage.now + 60)
    stage.pause("new switches")
    stage.more["node1"] = {"busy": "state.apply"}
    stage.more["node2"] = {"standby": True}
    for node in ("node1", "node2"):
        stage.down[node, "haproxy.process"] = "exit code 1"
    lines = shown(stage, stage.look())
    assert lines[0].endswith("; mode observe")
    assert lines[1] == "PAUSED node2 until 2025-11-25 11:21:00+00:00: disk of node2"
    assert lines[2] == "PAUSED as a whole until somebody resumes it: new switches"
    assert lines[3] == "STORM: most nodes went bad at once; nothing is done for 1 min 59 s more"
    assert row(lines, "at work") == ["state.apply", "standby", "-"]
    assert not any("PAUSED node2" in line for line in shown(stage, after=61))


def test_what_is_down_and_no_incident_is_told():
    stage = Stage()
    stage.look()
    stage.down["node1", "disk.space"] = "/var is 99 % full"
    stage.look()
    stage.state = State(reports=stage.state.reports, heard=stage.state.heard)
    lines = shown(stage)
    told = lines.index("down, and no incident:")
    assert lines[told + 1] == "  node1: a disk is nearly full (/var is 99 % full)"


def test_of_nodes_that_never_answered_nothing_is_known():
    lines = shown(Stage())
    assert lines[0] == ("k8s: nobody has been heard yet; VIP on no node that answers; mode act")
    assert row(lines, "heard") == ["never"] * 3
    assert row(lines, "haproxy") == ["?", "?", "?", "-"]


def test_a_node_that_was_never_heard_is_not_well():
    stage = Stage()
    stage.silent.add("node3")
    for _ in range(2):
        assert stage.look() and not stage.state.incidents
    assert shown(stage)[0] == ("k8s: all well but node3, never heard yet; VIP on node1; mode act")
    stage.silent.clear()
    stage.look()
    assert shown(stage)[0] == "k8s: all well; VIP on node1; mode act"


def test_where_nothing_is_watched_nothing_is_said_to_be_well():
    stage = Stage(mode="none")
    for heard in (False, True):
        if heard:  # before it was turned off
            stage.down[LIVEZ] = "no answer"
            stage.keep(decide.heard(stage.cluster, stage.state, stage.report("node2"), stage.now))
        told = "k8s: mode none: nothing is watched"
        assert screen.line(stage.cluster, stage.state, stage.now) == told
        assert shown(stage)[0] == told


def test_more_nodes_than_fit_stand_below_each_other():
    stage = Stage()
    nodes = {f"node{n}": f"node{n}" for n in range(1, 8)}
    stage.cluster = replace(stage.cluster, nodes=nodes)
    lines = shown(stage)
    assert [line.split() for line in lines if "node1" in line or "node7" in line] == [
        ["node1", "node2", "node3", "node4", "node5"],
        ["node6", "node7", "cluster"],
    ]


def test_a_cluster_in_one_line_has_all_that_matters():
    stage = Stage()
    stage.look()
    assert screen.line(stage.cluster, stage.state, stage.now) == (
        "k8s: all well; VIP on node1; mode act"
    )
    stage.down[LIVEZ] = "no answer"
    stage.silent.add("node3")
    stage.pause("new switches")
    stage.look()
    assert screen.line(stage.cluster, stage.state, stage.now) == (
        "k8s: 1 open incident; VIP on node1; mode act; PAUSED; SILENT node3; apiserver-node2-1"
    )


def test_no_text_of_a_node_moves_the_cursor():
    stage = Stage()
    stage.look()
    stage.down[LIVEZ] = "\x1b[2J\nnext: nothing\r"
    stage.more["node1"] = {"busy": "\x1b]0;x\x07"}
    lines = shown(stage, stage.look())
    assert all(line.isprintable() for line in lines)
    assert len([line for line in lines if line.startswith("next:")]) == 1
