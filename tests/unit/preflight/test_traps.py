"""The table of codes: each has a check, tests of both kinds, and a section in the docs."""

import re
from pathlib import Path

import pytest
from msgspec import structs

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.preflight.codes import OF_THE_PILLAR, TITLES
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Observed
from saltext_hakube.core.preflight.traps import CHECKS, chosen, judge

from . import (
    test_apiserver,
    test_certificates,
    test_cluster,
    test_haproxy,
    test_kubernetes,
    test_machine,
    test_network,
    test_peers,
    test_units,
)
from .world import NOW, config, haproxy, is_fine, program, server

TESTS = (
    *(test_network, test_peers, test_certificates, test_apiserver),
    *(test_kubernetes, test_haproxy, test_units, test_cluster, test_machine),
)
DOCS = Path(__file__).parents[3] / "docs/preflight.md"


def sections():
    """What stands below each heading of a code."""
    parts = re.split(
        r"^### `([a-z0-9-]+)`.*$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_code_has_a_check_and_every_check_a_code():
    assert list(TITLES) == list(dict.fromkeys(TITLES))
    assert set(CHECKS) == set(TITLES)


def test_every_code_has_a_test_that_makes_the_trap():
    made = {case[0] for module in TESTS for case in module.TRAPS}
    assert made == set(TITLES)


@pytest.mark.parametrize("code", TITLES)
def test_on_a_healthy_machine_none_is_found(code):
    is_fine(code)


def test_every_code_has_a_section_in_the_docs_with_what_why_and_what_to_do():
    found = sections()
    assert list(found) == list(TITLES)
    for code, text in found.items():
        assert len(text.split()) > 25, code
        assert "**Do:**" in text, code


def test_a_code_is_a_word_that_can_be_read_and_a_title_is_one_line():
    for code, title in TITLES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code)
        assert len(title) < 80


def test_where_nothing_could_be_seen_nothing_is_fine_or_found_but_what_the_pillar_says():
    said = judge(config(), Observed(now=NOW))
    alone = {*OF_THE_PILLAR, "unfenced-node", "health-check-blind"}
    # What the pillar does not ask for, or has no version of, is nothing to look at.
    asked = {"insecure-frontend", "too-busy-for-fast"}
    assert said.findings == ()
    assert set(said.passed) == alone | asked
    assert set(said.unseen) == set(TITLES) - alone - asked


def test_errors_come_first_and_each_finding_has_its_code():
    observed = haproxy(text="frontend a\n")
    servers = server(health=401).servers
    said = judge(config(), structs.replace(observed, servers=servers))
    assert [(it.severity, it.code) for it in said.findings] == [
        ("error", "health-check-refused"),
        ("warning", "haproxy-without-timeouts"),
    ]


def test_a_code_with_a_finding_and_something_unseen_is_in_both_and_has_not_passed():
    observed = server(health=401)
    servers = {**observed.servers, "node3": server(health=Unseen("silent")).servers["node2"]}
    said = judge(config(), structs.replace(observed, servers=servers))
    assert [it.code for it in said.findings] == ["health-check-refused"]
    assert said.unseen == {"health-check-refused": "node3: silent"}
    assert "health-check-refused" not in said.passed


def test_only_what_is_asked_for_is_looked_at():
    observed = program("kube-apiserver", shutdown_delay_duration=None)
    said = judge(config(), observed, chosen(["clock-skew", "disk-full"], None))
    assert said.passed == ("clock-skew", "disk-full")
    assert said.findings == ()


@pytest.mark.parametrize(
    ("only", "skip", "ignored", "left"),
    [
        (None, None, (), set(TITLES)),
        (None, "disk-full, clock-skew", (), set(TITLES) - {"disk-full", "clock-skew"}),
        (None, None, ("disk-full",), set(TITLES) - {"disk-full"}),
        ("disk-full clock-skew", ["disk-full"], (), {"clock-skew"}),
        (["disk-full"], None, (), {"disk-full"}),
        ([], None, (), set()),
    ],
)
def test_codes_are_chosen_by_name(only, skip, ignored, left):
    assert set(chosen(only, skip, ignored)) == left


@pytest.mark.parametrize(
    ("only", "skip", "words"),
    [
        ("disc-full", None, "only: 'disc-full' is no code; did you mean disk-full? "),
        (None, ["x", 7], "skip: 'x' is no code; docs/preflight.md has all of them\nskip: 7 is no"),
        (7, None, "only: expected a list of codes"),
    ],
)
def test_an_unknown_code_is_told_with_the_nearest_one(only, skip, words):
    with pytest.raises(ConfigError) as caught:
        chosen(only, skip)
    assert str(caught.value).startswith(words)


def test_an_unknown_code_in_the_pillar_is_one_line_with_its_path():
    with pytest.raises(ConfigError) as caught:
        config({"preflight:ignore": ["clock-skew", "disc-full"]})
    (line,) = caught.value.problems
    assert line.startswith("hakube:preflight:ignore:1: 'disc-full' is wrong; expected a code of")


def test_the_pillar_can_ignore_codes():
    assert config({"preflight:ignore": ["clock-skew"]}).preflight.ignore == ("clock-skew",)
