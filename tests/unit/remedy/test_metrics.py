"""Prometheus' text, read again by Prometheus' own parser."""

import pytest

from saltext_hakube.core.remedy import fold, ledger, metrics
from saltext_hakube.core.remedy.decision import Cluster, Record, State
from saltext_hakube.core.remedy.policy import Heal
from tests.unit.remedy.stage import Stage, hung_apiserver


def page(*stages, after=1.0):
    clusters = [(it.cluster, it.state, metrics.counted(it.records)) for it in stages]
    return metrics.text(clusters, stages[0].now + after)


def samples(text):
    """The page as Prometheus reads it: name and labels -> value."""
    parser = pytest.importorskip("prometheus_client.parser")
    found = {}
    for family in parser.text_string_to_metric_families(text):
        for it in family.samples:
            key = (it.name, *sorted(it.labels.items()))
            assert key not in found
            found[key] = it.value
    return found


def of(found, name, **labels):
    return found[("hakube_" + name, *sorted({"cluster": "k8s", **labels}.items()))]


def test_what_happened_is_counted():
    found = samples(page(hung_apiserver()))
    assert of(found, "reports_total", node="node2") == 3
    assert of(found, "incidents_total", component="apiserver") == 1
    assert of(found, "incidents_closed_total", component="apiserver") == 1
    assert of(found, "actions_total", rung="kill", result="done") == 1
    assert of(found, "actions_mended_total", rung="kill") == 1
    assert of(found, "gates_no_total", gate="votes") == 1


def test_what_never_happened_is_there_and_zero():
    """Else an alert on an increase misses the first."""
    found = samples(page(Stage()))
    assert of(found, "actions_total", rung="kill", result="failed") == 0
    assert of(found, "incidents_total", component="disk") == 0
    assert of(found, "gates_no_total", gate="budget") == 0
    assert of(found, "storms_total") == 0


def test_how_it_is_now():
    stage = Stage()
    stage.look()
    stage.down["node2", "apiserver.livez"] = "no answer"
    stage.silent.add("node3")
    stage.pause("new switches", node="node1", until=stage.now + 60)
    stage.look()
    stage.look(70)
    found = samples(page(stage, after=2.5))
    assert of(found, "component_value", node="node2", component="apiserver") == 0
    assert of(found, "component_value", node="node1", component="apiserver") == 1
    assert of(found, "component_value", node="node3", component="apiserver") == -1
    assert of(found, "component_value", node="", component="vip") == 1
    assert of(found, "report_age_seconds", node="node1") == 2.5
    assert of(found, "node_silent", node="node3") == 1
    assert of(found, "open_incidents", component="apiserver") == 1
    assert of(found, "vip_holder", node="node1") == 1
    assert of(found, "paused", node="node1") == 0
    assert of(found, "mode", mode="act") == 1
    stage.pause("for ever")
    stage.down["node1", "haproxy.process"] = "exit code 1"
    stage.look()
    found = samples(page(stage))
    assert of(found, "paused", node="") == 1
    assert of(found, "storm") == 1


def test_counters_go_on_when_the_ledgers_oldest_files_are_gone():
    stage = hung_apiserver()
    whole = metrics.counted(stage.records)
    for cut in range(1, len(stage.records)):
        before, later = stage.records[:cut], stage.records[cut:]
        state = fold.snapshot(fold.fold(before), stage.now)
        snapshot = metrics.carried(state, before)
        # As the ledger keeps it, and with another snapshot after it.
        lines, _ = ledger.encode([snapshot], "k8s", ledger.Head())
        kept = ledger.read(lines, "k8s").records
        assert metrics.counted([*kept, *later]) == whole
        again = metrics.carried(fold.snapshot(stage.state, stage.now), [*kept, *later])
        assert metrics.counted([again]) == whole
        assert fold.fold(kept) == fold.fold([state])


def test_a_snapshot_without_counts_takes_nothing_away():
    stage = hung_apiserver()
    plain = fold.snapshot(stage.state, stage.now)
    assert metrics.counted([*stage.records, plain]) == metrics.counted(stage.records)


def test_counts_of_a_later_version_are_carried_on_and_not_shown():
    later = Record(kind="snapshot", at=1.0, data={"counts": [["dreams_total", "x", 3]]})
    carried = metrics.carried(Record(kind="snapshot", at=2.0), [later])
    assert carried.data["counts"] == [["dreams_total", "x", 3]]
    stage = Stage()
    stage.records.append(carried)
    assert "dreams" not in page(stage)


def test_each_metric_has_its_help_and_type_once_for_all_clusters():
    text = page(hung_apiserver(), Stage(name="other"))
    heads = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads)) == len(metrics.COUNTERS | metrics.GAUGES)
    found = samples(text)
    assert of(found, "mode", mode="act") == 1
    assert found["hakube_mode", ("cluster", "other"), ("mode", "act")] == 1
    # Only of reports that came there is an age.
    assert 'hakube_report_age_seconds{cluster="other"' not in text


def test_labels_are_escaped():
    name = 'a"b\\c\nd'
    cluster = Cluster(name=name, nodes={"node1": "node1"}, policy=Heal())
    found = samples(metrics.text([(cluster, State(), metrics.counted([]))], 1.0))
    assert found["hakube_storm", ("cluster", name)] == 0
    assert metrics.text([], 1.0) == ""
