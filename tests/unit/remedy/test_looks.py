"""What the programs of a node left, as looks."""

import copy
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.remedy import voice
from saltext_hakube.core.remedy.lines import LINES, LONGEST, evidence, line
from saltext_hakube.core.remedy.looks import (
    BLIND,
    LEFT_NOTHING,
    SETTLED,
    Guard,
    Probe,
    Samples,
    Watch,
    around,
    decode,
    seen,
)
from saltext_hakube.core.remedy.report import plain, read
from saltext_hakube.core.remedy.verdict import Manner, Verdict, judge
from saltext_hakube.core.remedy.voice import Around, Look
from saltext_hakube.core.remedy.words import PROBES

NOW, UNIX = 1000.0, 1_700_000_000.0

WATCH = {
    "format": 1,
    "pid": 7,
    "at": UNIX,
    "clock": NOW - 0.2,
    "interval": 0.25,
    "actions": [],
    "haproxy": {
        "stats": {"path": "/run/haproxy/admin.sock", "since": UNIX, "problem": None},
        "master": {"path": None, "since": UNIX, "problem": None},
    },
    "servers": [],
    "verdict": {"value": "green", "why": "it answers", "since": UNIX},
    "eyes": {
        "process": {"unit": "haproxy", "state": "active/running", "pid": 9, "since": UNIX},
        "path": {"asks": "http://127.0.0.1:8/livez", "since": UNIX, "problem": None},
        "servers": {"state": "up", "since": UNIX},
        "address": {"ip": "192.0.2.100", "here": True, "since": UNIX - 100},
        "link": {"interface": "eth0", "up": True, "since": UNIX},
        "attribute": None,
    },
}
GUARD = {
    "format": 1,
    "clock": NOW - 0.4,
    "interval": 1.0,
    "stack": {
        "corosync": {"alive": True, "hangs": False, "pid": 3},
        "pacemaker": {"alive": True, "pid": 4},
    },
    "trouble": "",
    "quorate": True,
    "members": 3,
    "address": {"here": True, "since": UNIX},
    "link": True,
}


def probed(value="up", every=10.0, **other):
    now = {"at": UNIX - 3, "clock": NOW - 3, "every": every, "took": 0.1, "evidence": {}}
    return {"value": value, "why": value, **now, **other}


PROBE = {
    "format": 1,
    "clock": NOW - 0.5,
    "interval": 1.0,
    "probes": {
        name: probed() for name, it in PROBES.items() if it.component not in ("haproxy", "vip")
    },
    "cluster": {
        "maintenance": False,
        "standby": False,
        "quorate": True,
        "online": ["node2", "node1"],
        "holder": True,
    },
}


def samples(watch=WATCH, guard=GUARD, probe=PROBE):
    kinds = ((watch, Watch), (guard, Guard), (probe, Probe))
    return Samples(*(decode(json.dumps(data).encode(), kind) for data, kind in kinds))


def changed(sample, path, value):
    found = copy.deepcopy(sample)
    *parts, last = path.split(":")
    place = found
    for part in parts:
        place = place[part]
    place[last] = value
    return found


def value(name, **other):
    return seen(samples(**other), NOW)[name].value


def test_where_all_is_well_all_that_was_looked_at_is_up():
    found = seen(samples(), NOW)
    assert found.keys() == PROBES.keys()
    not_up = {name for name, it in found.items() if it.value != "up"}
    assert not_up == {"vip.owner", "vip.request"}  # nobody looked


@pytest.mark.parametrize(
    ("path", "value_", "probe", "expected"),
    [
        ("eyes:process:state", "failed/failed", "haproxy.process", "down"),
        ("eyes:process:state", "inactive/dead", "haproxy.process", "down"),
        ("eyes:process:state", "activating/auto-restart", "haproxy.process", "down"),
        ("eyes:process:state", "reloading/reload", "haproxy.process", "up"),
        ("eyes:process:state", "unknown", "haproxy.process", "unknown"),
        ("eyes:process:pid", 0, "haproxy.process", "down"),
        ("haproxy:stats:problem", "nothing within 0.5 s", "haproxy.stats", "down"),
        ("haproxy:stats:path", None, "haproxy.stats", "unknown"),
        ("eyes:servers:state", "none", "haproxy.backends", "down"),
        ("eyes:servers:state", "silent", "haproxy.backends", "unknown"),
        ("eyes:servers:state", "unseen", "haproxy.backends", "unknown"),
        ("eyes:path:problem", "refused", "haproxy.request", "down"),
        ("eyes:path:asks", None, "haproxy.request", "unknown"),
        ("eyes:link:up", False, "vip.address", "down"),
        ("eyes:link:up", None, "vip.address", "up"),
        ("eyes:address", None, "vip.address", "unknown"),
        ("eyes", None, "haproxy.process", "unknown"),
    ],
)
def test_what_hakube_watch_says(path, value_, probe, expected):
    assert value(probe, watch=changed(WATCH, path, value_)) == expected


@pytest.mark.parametrize(
    ("path", "value_", "probe", "expected"),
    [
        ("quorate", False, "corosync.quorum", "down"),
        ("quorate", None, "corosync.quorum", "unknown"),
        ("stack:corosync:alive", False, "corosync.quorum", "down"),
        ("stack:corosync:hangs", True, "corosync.quorum", "down"),
        ("stack:pacemaker:alive", False, "pacemaker.process", "down"),
    ],
)
def test_what_hakube_guard_says(path, value_, probe, expected):
    assert value(probe, guard=changed(GUARD, path, value_)) == expected


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("holder", [True, False, None])
@pytest.mark.parametrize("ago", [0.0, SETTLED - 0.1, SETTLED, 50.0])
def test_the_address_is_as_pacemaker_has_it_unless_that_looked_before_it_changed(here, holder, ago):
    """``ago``: seconds from the change of the address to Pacemaker's answer."""
    watch = changed(WATCH, "eyes:address:here", here)
    watch["eyes"]["address"]["since"] = UNIX - 3 - ago
    differs = holder is not None and holder != here
    expected = "down" if differs and ago >= SETTLED else "up"
    assert value("vip.address", watch=watch, probe=changed(PROBE, "cluster:holder", holder)) == (
        expected
    )


def test_pacemaker_that_does_not_answer_says_nothing_of_the_address_nor_ends_a_maintenance():
    probe = changed(PROBE, "probes:pacemaker.nodes:value", "unknown")
    probe["cluster"]["holder"] = False
    found = around(samples(probe=probe), Around(maintenance=True), "", NOW)
    assert value("vip.address", probe=probe) == "up"
    assert (found.maintenance, found.online) == (True, ())
    assert not around(samples(), Around(maintenance=True), "", NOW).maintenance


def test_quorum_is_what_the_guard_says_and_a_dead_stack_has_none():
    for path, dead in (("stack:pacemaker:alive", False), ("stack:corosync:hangs", True)):
        assert around(samples(guard=changed(GUARD, path, dead)), Around(), "", NOW).quorate is False
    assert around(samples(guard=changed(GUARD, "quorate", None)), Around(), "", NOW).quorate is None
    old = changed(GUARD, "clock", NOW - 60)
    assert around(samples(guard=old), Around(), "", NOW).quorate is True  # Pacemaker's word


def test_the_holder_is_who_has_the_address():
    watch = changed(WATCH, "eyes:address:here", False)
    assert not around(samples(watch=watch), Around(), "", NOW).holder
    assert around(samples(watch=changed(watch, "clock", NOW - 60)), Around(), "", NOW).holder


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"format": 2}', b"\xff\xfe", b"[" * 100_000])
def test_a_sample_that_is_none_is_unknown_and_says_why(text):
    nothing = Samples(decode(text, Watch), decode(text, Guard), decode(text, Probe))
    found = seen(nothing, NOW)
    assert found.keys() == PROBES.keys()
    assert found.pop("eyes.beacon").value == "up"  # it looks
    assert {it.value for it in found.values()} == {"unknown"}
    assert all("cannot be read" in it.why for it in found.values())


def blind(seconds, **left):
    """The verdicts on the node's eyes after so many seconds with these samples, looked at each
    second; before that all was well."""
    verdicts, kinds = {}, {"watch": Watch, "guard": Guard, "probe": Probe}
    found = samples()
    for after in range(int(seconds) + 6):
        now = NOW + after
        if after >= 5:
            found = found._replace(**left)
        fresh = found._replace(
            **{
                name: msgspec.structs.replace(it, clock=now)
                for name, it in found._asdict().items()
                if name not in left and isinstance(it, kinds[name])
            }
            if after >= 5
            else {
                name: msgspec.structs.replace(it, clock=now) for name, it in found._asdict().items()
            }
        )
        looks = seen(fresh, now, verdicts)
        verdicts = {
            name: judge(verdicts.get(name) or Verdict(since=now), looks[name], now, Manner())
            for name in PROBES
        }
    return {name: it.value for name, it in verdicts.items() if name.startswith("eyes.")}


@pytest.mark.parametrize(
    ("left", "down"),
    [
        ({"probe": LEFT_NOTHING}, {"eyes.probe"}),
        ({"probe": "it cannot be read"}, {"eyes.probe"}),
        ({"watch": samples().watch, "guard": samples().guard}, {"eyes.watch", "eyes.guard"}),
        ({"probe": samples().probe}, {"eyes.probe"}),
        # Turned off in the pillar.
        ({"watch": LEFT_NOTHING, "guard": LEFT_NOTHING}, set()),
        ({}, set()),
    ],
)
def test_a_program_that_says_nothing_for_long_makes_the_node_blind(left, down):
    pause = blind(BLIND - 10, **left)
    assert "down" not in pause.values()
    assert {name for name, value in blind(BLIND + 10, **left).items() if value == "down"} == down


def test_one_probe_of_another_shape_leaves_the_others():
    probe = changed(PROBE, "probes:files.drift", {"value": "sideways"})
    probe["probes"]["of.another.release"] = probed()
    found = seen(samples(probe=probe), NOW)
    assert (found["files.drift"].value, found["disk.space"].value) == ("unknown", "up")
    assert "of.another.release" not in found


def test_a_cluster_of_another_shape_or_of_nulls_leaves_the_probes():
    for cluster in ({"online": 7}, [], dict.fromkeys(("maintenance", "holder", "at", "online"))):
        assert value("disk.space", probe=changed(PROBE, "cluster", cluster)) == "up"
        assert value("vip.address", probe=changed(PROBE, "cluster", cluster)) == "up"


def test_whatever_nodes_pacemaker_has_the_node_goes_on_to_report():
    """Remote nodes have any id for a name, and may be hundreds."""
    odd = ["", "büro", "a\nb", *(f"remote{number}" for number in range(200))]
    probe = changed(PROBE, "cluster:online", ["node1", "node2", *odd])
    now = Look({}, around(samples(probe=probe), Around(), "", NOW), [], NOW, UNIX)
    told = voice.report(voice.listen(voice.begin("b"), now, Manner(), 45).voice, now, "c", "node1")
    assert {"node1", "node2"} < set(read(plain(told)).online)


def test_the_time_of_pacemakers_answer_is_its_own_where_it_has_one():
    probe = changed(PROBE, "cluster", {"holder": False, "at": UNIX - 99})
    assert value("vip.address", probe=probe) == "up"  # asked a second after the address came
    probe["cluster"]["at"] = UNIX - 90
    assert value("vip.address", probe=probe) == "down"


def test_where_the_guard_is_silent_hakube_probe_tells_of_the_stack():
    probe = changed(PROBE, "probes:corosync.quorum:value", "down")
    assert value("corosync.quorum", probe=probe) == "up"
    assert value("corosync.quorum", probe=probe, guard={}) == "down"


@given(st.text(), st.dictionaries(st.text(), st.one_of(st.text(), st.lists(st.text()), st.none())))
def test_what_others_wrote_is_short_and_on_one_line(text, found):
    lines = [line(text), *(one for some in evidence(found).values() for one in some)]
    assert all(len(one) <= LONGEST and len(one.splitlines()) <= 1 for one in lines)
    assert all(len(some) <= LINES for some in evidence(found).values())


def test_of_much_evidence_it_is_told_how_much_more_there_is():
    found = evidence({"files": [f"/{number}" for number in range(100)], "days": 3, "deep": [{}]})
    assert found["files"][-2:] == [f"/{LINES - 2}", f"and {100 - LINES + 1} more"]
    assert (found["days"], found["deep"]) == (["3"], [])
