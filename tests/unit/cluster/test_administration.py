"""What people do by hand, as values: names, switches, lifetimes, and what crm_mon tells."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from saltext_hakube.core.administration import modes, moves, names
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.status import FailCount, fail_counts, read

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=timezone.utc)

# What crm_mon printed in a cluster of three nodes with a failed resource: of 2.1.5 and 3.0.0 in the
# lab, of 2.0.5 with CIB_file on the CIB of the former.
PRINTED = sorted((Path(__file__).parent / "crm_mon").glob("*.xml"))


def cib(crm_config="", nodes="", resources="", constraints="", status=""):
    return Cib.parse(
        f"<cib epoch='1'><configuration><crm_config>{crm_config}</crm_config>"
        f"<nodes>{nodes}</nodes><resources>{resources}</resources>"
        f"<constraints>{constraints}</constraints></configuration><status>{status}</status></cib>"
    )


def primitive(name):
    return f"<primitive id='{name}' class='ocf' provider='pacemaker' type='Dummy'/>"


# -- names ----------------------------------------------------------------------------------------


def test_of_many_names_an_error_shows_a_dozen_and_the_near_one():
    found = cib(resources="".join(primitive(f"r{number:02}") for number in range(1, 41)))
    with pytest.raises(ConfigError) as error:
        names.resource(found, "r399")
    assert str(error.value) == (
        "resource r399: the cluster has none of this name; did you mean r39? (there is r01, r02, "
        "r03, r04, r05, r06, r07, r08, r09, r10, r11, r12 and 28 more)"
    )


def test_where_there_is_none_at_all_that_is_said():
    with pytest.raises(ConfigError, match=r"node x: the cluster has none .*, and no node at all"):
        names.node(cib(), "x")


def test_an_id_of_something_else_is_no_resource():
    with pytest.raises(ConfigError, match="resource o: the cluster has none"):
        names.resource(cib(constraints="<rsc_order id='o' first='a' then='b'/>"), "o")


def test_a_group_in_a_clone_is_placed_by_the_clone_and_has_primitives_of_its_own():
    inside = f"<group id='g'>{primitive('a')}{primitive('b')}</group>"
    found = cib(resources=f"<clone id='c'>{inside}</clone>")
    assert names.placeable(found, "c").tag == "clone"
    for name in ("a", "g"):
        with pytest.raises(ConfigError, match=r"in the clone c.*; name c"):
            names.placeable(found, name)
    for name in ("g", "c"):
        assert names.primitives(found, name) == {"a", "b"}


# -- switches -------------------------------------------------------------------------------------


def pair(identity, name, value):
    return f"<nvpair id='{identity}' name='{name}' value='{value}'/>"


def node(sets):
    return f"<node id='1' uname='n'>{sets}</node>"


@pytest.mark.parametrize("value", ["on", "true", "YES", "1"])
def test_all_of_pacemakers_words_for_true_are_on(value):
    sets = f"<instance_attributes id='s'>{pair('p', 'standby', value)}</instance_attributes>"
    found = cib(nodes=node(sets))
    assert list(modes.turn(found, modes.standby(found, "n"), True)) == []
    (change,) = modes.turn(found, modes.standby(found, "n"), False)
    assert change.details == {"standby": (value, None)}
    assert "standby" not in found.text()


def test_off_in_one_set_and_on_in_another_ends_as_one_value():
    sets = "".join(
        f"<instance_attributes id='s{n}'>{pair(f'p{n}', 'standby', value)}</instance_attributes>"
        for n, value in enumerate(("off", "on", "off"))
    )
    found = cib(nodes=node(sets))
    switch = modes.standby(found, "n")
    assert modes.is_on(switch)
    list(modes.turn(found, switch, False))
    assert not modes.is_on(switch)
    list(modes.turn(found, switch, True))
    assert found.text().count('"standby"') == 1


def test_a_set_with_a_rule_and_one_that_is_referred_to_are_somebody_elses():
    rule = "<rule id='r' score='0' boolean-op='and'><date_expression id='d' operation='gt'/></rule>"
    ruled = f"<meta_attributes id='m'>{rule}{pair('p', 'maintenance', 'true')}</meta_attributes>"
    lent = "<meta_attributes id-ref='m'/>"
    text = f"<primitive id='a' class='lsb' type='x'>{ruled}{lent}</primitive>"
    found = cib(resources=text)
    switch = modes.maintenance(found, resource="a")
    assert not modes.is_on(switch)
    list(modes.turn(found, switch, True))
    assert found.ids["a-meta_attributes"].find("nvpair").attrib["value"] == "true"
    list(modes.turn(found, switch, False))
    assert found.ids["p"].attrib["value"] == "true"


def test_the_clusters_maintenance_goes_where_pacemakers_tools_put_it():
    other = f"<cluster_property_set id='mine'>{pair('p', 'x', 'y')}</cluster_property_set>"
    own = "<cluster_property_set id='cib-bootstrap-options'/>"
    found = cib(crm_config=other + own)
    list(modes.turn(found, modes.maintenance(found), True))
    added = found.ids["cib-bootstrap-options-maintenance-mode"]
    assert found.parent(added).attrib["id"] == "cib-bootstrap-options"


@pytest.mark.parametrize(("value", "on"), [("on", True), ("off", False)])
def test_the_standby_until_reboot_is_seen_where_it_is(value, on):
    attributes = f"<instance_attributes id='t'>{pair('p', 'standby', value)}</instance_attributes>"
    states = (
        "<node_state id='1' uname='n'><transient_attributes id='1'>"
        f"{attributes}</transient_attributes></node_state><node_state id='2' uname='m'/>"
    )
    found = cib(nodes=node(""), status=states)
    assert modes.until_reboot(found, "n") is on
    assert not modes.until_reboot(found, "m")


# -- moves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90),
        ("90", 90),
        ("10min", 600),
        ("2h", 7200),
        ("PT1H", 3600),
        ("P1DT2H", 93600),
        (" 30s ", 30),
        ("1500ms", 1),
    ],
)
def test_a_lifetime_is_a_number_of_seconds_or_pacemakers_words(value, seconds):
    assert moves.lifetime(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    ["", "soon", "1 fortnight", "-1h", -1, 0, "0", "400ms", True, None, 1.5, [], "P1M", "9" * 30],
)
def test_what_is_no_lifetime_is_told(value):
    with pytest.raises(ConfigError, match=r"lifetime: .* (is no duration|out of range)"):
        moves.lifetime(value)


def placed(constraints):
    return cib(nodes=node(""), resources=primitive("a"), constraints=constraints)


@pytest.mark.parametrize(
    ("ends", "end", "expired"),
    [
        ("2026-11-24 09:57:07Z", "2026-11-24T09:57:07Z", False),
        ("2026-11-24 08:57:07Z", "2026-11-24T08:57:07Z", True),
        ("2026-11-24 10:01:11 +01:00", "2026-11-24T09:01:11Z", False),
        ("2026-11-24 05:30:11 -03:45", "2026-11-24T09:15:11Z", False),
        # Each node reads this one in its own zone.
        ("2026-11-24 08:57:07", "2026-11-24 08:57:07", False),
        ("2026-99-24 08:57:07Z", "2026-99-24 08:57:07Z", False),
    ],
)
def test_an_end_is_told_in_utc_or_as_it_stands(ends, end, expired):
    rule = (
        "<rule id='r' score='-INFINITY' boolean-op='and'>"
        "<expression id='e' attribute='#uname' operation='eq' value='n'/>"
        f"<date_expression id='d' operation='lt' end='{ends}'/></rule>"
    )
    text = f"<rsc_location id='cli-ban-a-on-n' rsc='a' role='Started'>{rule}</rsc_location>"
    (found,) = moves.standing(placed(text))
    assert found.told(NOW) == {
        "id": "cli-ban-a-on-n",
        "kind": "ban",
        "resource": "a",
        "node": "n",
        "end": end,
        "expired": expired,
    }


def test_constraints_that_were_declared_are_no_moves():
    declared = "<rsc_location id='location-a-n' rsc='a' node='n' score='INFINITY'/>"
    found = placed(declared)
    assert moves.standing(found) == ()
    assert list(moves.clear(found, "a", None, None)) == []


@pytest.mark.parametrize(("seconds", "changes"), [(0, 0), (59, 0), (-59, 0), (60, 1), (-3600, 1)])
def test_ends_that_are_less_than_a_minute_apart_are_one(seconds, changes):
    found = placed("")
    end = NOW + timedelta(hours=1)
    assert len(list(moves.move(found, "a", "n", end))) == 1
    again = list(moves.move(found, "a", "n", end + timedelta(seconds=seconds)))
    assert [change.action for change in again] == ["update"] * changes


# -- what crm_mon tells ---------------------------------------------------------------------------


@pytest.mark.parametrize("printed", PRINTED, ids=lambda path: path.stem)
def test_fail_counts_are_read_of_every_generation(printed):
    (count,) = fail_counts(printed.read_text())
    assert (count.resource, count.threshold, count.banned) == ("single", 1_000_000, False)
    assert count.node in ("node1", "node2")
    assert count.count in (1, 2)
    assert count.last.startswith("2026-11-24T09:0")
    assert count.last.endswith("Z")


@pytest.mark.parametrize("printed", PRINTED, ids=lambda path: path.stem)
def test_a_failure_is_told_without_the_word_for_its_end(printed):
    (failure,) = read(printed.read_text()).failures
    assert failure.resource == "single"
    assert failure.reason in ("error, Simulated failure", "Error occurred, Simulated failure")


def test_three_generations_are_there():
    assert [path.stem for path in PRINTED] == ["2.0.5", "2.1.5", "3.0.0"]


@pytest.mark.parametrize(
    ("count", "threshold", "banned"),
    [(1, 3, False), (3, 3, True), (4, 3, True), (10**6, 10**6, True), (5, 0, False)],
)
def test_a_node_is_closed_to_a_resource_from_its_threshold_on(count, threshold, banned):
    assert FailCount("a", "n", count, None, threshold).banned is banned


def test_infinity_is_a_million_and_no_failure_is_not_listed():
    item = "<resource_history id='{}' migration-threshold='3' {}/>"
    text = item.format("a", "fail-count='INFINITY'") + item.format("b", "")
    node = f"<node name='n'>{text}</node>"
    (found,) = fail_counts(f"<crm_mon><node_history>{node}</node_history></crm_mon>")
    assert found == FailCount("a", "n", 1_000_000, None, 3)
