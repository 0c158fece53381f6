"""One line of haproxy.cfg: words, and the sections that it may open."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saltext_hakube.core.haproxy.document import sections_of
from saltext_hakube.core.haproxy.syntax import header, words

from .judge import judged, needs_haproxy


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("   \t \n", []),
        ("# all comment", []),
        ("bind :80 # with a comment", ["bind", ":80"]),
        ("global#this is the global section", ["global"]),
        ("bind\t:80\r\n", ["bind", ":80"]),
        ("server a b\r ignored", ["server", "a", "b"]),
        (r"with\ blank\#hash", ["with blank#hash"]),
        (r"b\x61ckend x", ["backend", "x"]),
        ('"a b"' + "'c d' e", ["a bc d", "e"]),
        ('"say \\"x\\"" y', ['say "x"', "y"]),
        (r"'no \escape' y", [r"no \escape", "y"]),
        ('"" backend b', ["", "backend", "b"]),
        ("user bob password 'a # b' # c", ["user", "bob", "password", "a # b"]),
        ("non\xa0breaking and\u2028separators", ["non\xa0breaking", "and\u2028separators"]),
        ("server a \\", ["server", "a", "\\"]),
    ],
)
def test_a_line_has_the_words_that_haproxy_sees(line, expected):
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("frontend web", ("frontend", "web")),
        ("\t   backend    b   # x", ("backend", "b")),
        ("defaults", ("defaults", "")),
        ("defaults web from base", ("defaults", "web")),
        ("listen web 0.0.0.0:80", ("listen", "web")),
        ("'listen' \"web\"", ("listen", "web")),
        ("default_backend web", None),
        ("no backend b", None),
        ("# frontend web", None),
        ("Frontend web", None),
    ],
)
def test_a_section_is_opened_by_its_keyword_alone(line, expected):
    assert header(line) == expected


LINES = [
    "global",
    "  defaults",
    "defaults named",
    "frontend f{n}",
    "\tbackend b{n}#x",
    "listen l{n} # backend c",
    '"frontend" g{n}',
    "'back'end h{n}",
    "b\\x61ckend i{n}",
    "frontend\\ j",
    '"listen k{n}"',
    "userlist u{n}",
    "zzz",
    "   zzz zzz # zzz",
    "\r",
    "",
    "# frontend no",
    "#backend no",
    '"" frontend no',
    "cache c{n}",
    "zzz \\",
    "default_backend b",
]


@needs_haproxy
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=12))
def test_haproxy_finds_the_same_section_around_each_line(lines, tmp_path_factory):
    # "unknown keyword 'zzz' in 'backend' section" tells which section haproxy thinks it is in.
    lines = [line.replace("{n}", str(number)) + "\n" for number, line in enumerate(lines)]
    _, output = judged("".join(lines).encode(), tmp_path_factory.mktemp("syntax"))
    told = re.findall(r"haproxy\.cfg:(\d+)\]\s*: unknown keyword 'zzz' in '([\w-]+)' sec", output)
    found = sections_of(lines)
    for number, keyword in told:
        keyword = {"users": "userlist"}.get(keyword, keyword)  # noqa: PLW2901 (its word for it)
        around = [s for s in found if s.start < int(number) <= s.stop]
        assert [section.key.split()[0] for section in around] == [keyword]
