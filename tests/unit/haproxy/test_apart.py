"""Sections that inherit nothing from the file's defaults."""

import pytest

from saltext_hakube.core.haproxy import apart, process, wanted
from saltext_hakube.core.haproxy.document import parse, with_sections
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section

from .judge import complaints, judged, needs_haproxy

WEB = Section("frontend web", ("mode tcp", "bind :80", "option tcplog"), apart=True)
PLAIN = Section("listen plain", ("bind :81",))
OURS = wanted.wanted(
    Haproxy(insecure=True, verify="none"), "192.0.2.100", [Server("a", "192.0.2.11")]
)


def statements(text):
    """The lines without comments and indentation."""
    lines = (line.strip() for line in text.decode().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_they_stand_before_the_first_defaults_behind_an_empty_one():
    text = b"global\n# common\ndefaults\n mode http\ndefaults b\nlisten x\n"
    changed = with_sections(text, [WEB, PLAIN])
    assert statements(changed) == [
        *("global", "defaults hakube", "frontend web", "mode tcp", "bind :80"),
        *("defaults", "mode http", "defaults b", "listen x", "listen plain", "bind :81"),
    ]
    assert changed.endswith(b"plain\n")
    assert b"\n# common\ndefaults\n" in changed
    assert with_sections(changed, [WEB, PLAIN]) == changed
    assert with_sections(changed, []) == text


def test_without_a_defaults_there_is_nothing_to_keep_away():
    changed = with_sections(b"global\nlisten x\n", [WEB])
    assert statements(changed)[:3] == ["global", "listen x", "frontend web"]
    assert apart.BARRIER.header not in statements(changed)


def test_they_move_when_somebody_writes_a_defaults_above_them():
    changed = with_sections(b"global\nlisten x\n", [WEB])
    edited = changed.replace(b"listen x\n", b"defaults\n disabled\nlisten x\n")
    again = statements(with_sections(edited, [WEB]))
    assert again.index("frontend web") < again.index("defaults") < again.index("listen x")


def test_one_that_was_taken_over_stays_as_comments_where_it_was():
    text = b"global\ndefaults\nlisten x\nfrontend web\n bind :1\nlisten y"
    changed = with_sections(text, [WEB])
    assert b"listen x\n# >>> hakube kubernetes: frontend web (edits here are lost)\n#| " in changed
    assert statements(changed).count("frontend web") == 1
    assert statements(changed).index("frontend web") < statements(changed).index("defaults")
    assert with_sections(changed, [WEB]) == changed
    assert with_sections(changed, []) == text
    beside = with_sections(changed, [Section(WEB.header, WEB.lines)])
    assert statements(beside).count("frontend web") == 1
    assert statements(beside).index("frontend web") > statements(beside).index("listen x")
    assert with_sections(beside, [WEB]) == changed


def test_another_owner_of_other_sections_moves_nothing():
    text = with_sections(b"global\ndefaults\nlisten x\n", [WEB])
    both = with_sections(text, [PLAIN], owner="other")
    assert with_sections(both, [WEB]) == both
    assert with_sections(with_sections(both, []), [WEB]) == both
    assert with_sections(both, [], owner="other") == text


def test_a_defaults_of_another_owner_is_kept_away_too():
    text = with_sections(b"listen x\n", [Section("defaults", ("disabled",))], owner="other")
    found = statements(with_sections(text, [WEB]))
    assert found.index("frontend web") < found.index("defaults")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"global\n log a local0\ndefaults\n log global\n", ["log global"]),
        (b"global\n log a local0\ndefaults\n mode tcp\n", ["log global"]),
        (b"global\n log a local0\nlisten x\n", ["log global"]),
        (b"global\ndefaults\n log b local1 # here\n log c local2\n", None),
        (b"global\ndefaults\n log global\n", []),
        (b"defaults\n log global\nglobal\n log a local0\n", []),
        (b"global\ndefaults\n mode tcp\n", []),
        (b"global\n log a local0\ndefaults\n no log\n", []),
    ],
)
def test_they_log_where_the_others_log(text, expected):
    changed = with_sections(text, [WEB, Section("listen own", ("log d local3",), apart=True)])
    block = next(block for block in parse(changed).blocks if block.key == WEB.key)
    lines = [line.strip() for line in block.text]
    if expected is None:
        expected = ["log b local1 # here", "log c local2"]
    assert [line for line in lines if line.startswith("log ")] == expected
    assert ("option tcplog" in lines) == bool(expected)  # haproxy warns of a format without logs
    assert lines[1] == "mode tcp"
    assert statements(changed).count("log d local3") == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("global\n# c\ndefaults\n", 1),
        ("global\n\n# c\n# d\n  'defaults' x\n", 2),
        ("global\n.if 1\ndefaults\n.else\ndefaults\n.endif\nlisten x\n", 1),
        ("global\n.if 1\n maxconn 1\ndefaults\n.endif\n", None),
        ("global\n.if 1\ndefaults\n.else\n maxconn 1\n.endif\n", None),
        ("global\n.if 1\ndefaults\n.endif\n maxconn 1\n", None),
        ("global\n.if 1\n.if 1\ndefaults\n.endif\n.endif\nlisten x\n", 1),
        ("listen x\n", None),
    ],
)
def test_the_place_is_one_where_a_section_may_begin(text, line):
    assert apart.place(text.splitlines(keepends=True)) == line


@needs_haproxy
@pytest.mark.parametrize(
    "line",
    [
        "option forwardfor",
        "option transparent",
        "option external-check",
        "stats enable",
        "cookie c insert",
        "default-server ssl verify none",
        "default-server proto h2",
        "default-server track other/s",
        "default-server cookie c",
        "http-check connect ssl",
        "email-alert level alert",
        "load-server-state-from-file global",
        "errorfiles unknown",
        "default_backend unknown",
    ],
)
def test_haproxy_says_nothing_new_whatever_the_defaults_say(line, tmp_path):
    timeouts = " timeout connect 1s\n timeout client 1s\n timeout server 1s\n"
    text = f"global\ndefaults\n mode http\n{timeouts} {line}\nbackend other\n".encode()
    _, before = judged(text + b"listen l\n bind 127.0.0.1:7\n", tmp_path)
    with_ours = with_sections(text + b"listen l\n bind 127.0.0.1:7\n", OURS, base=process.BASE)
    _, after = judged(with_ours, tmp_path)
    assert complaints(after) == complaints(before)
