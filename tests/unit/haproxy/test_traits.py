"""Files drawn out of traits that files from the field have, alone and together."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saltext_hakube.core.haproxy import process, wanted
from saltext_hakube.core.haproxy.document import parse, sections_of, with_sections
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section

from .judge import NO_LISTENER, complaints, judged, needs_haproxy

OURS = wanted.wanted(
    Haproxy(insecure=True, verify="none"), "192.0.2.100", [Server("a", "192.0.2.11")]
)
OTHERS = (Section("listen others", ("mode tcp", "bind 127.0.0.1:7001", "timeout client 1s")),)
TIMEOUTS = "    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n"

GLOBALS = ("", "global\n", "global\n    log 127.0.0.1 local0\n", " global # x\n\tmaxconn 9\n\n")
DEFAULTS = (
    "",
    f"defaults\n    mode tcp\n{TIMEOUTS}",
    f"defaults\n    mode http\n    log global\n    option httplog\n{TIMEOUTS}",
    f"# all\n\n# of them\ndefaults\n    mode http\n    option forwardfor\n{TIMEOUTS}",
    f"defaults named\n    log 127.0.0.1 local2\n    default-server ssl verify none\n{TIMEOUTS}",
    f".if 1\ndefaults\n{TIMEOUTS}.else\ndefaults\n    mode http\n.endif\n",
    f".if 1\n    # only a comment\ndefaults\n{TIMEOUTS}.endif\n",
    f"defaults\n    disabled\n    mode tcp\n{TIMEOUTS}",
    "defaults ruled\n    mode http\n    http-request deny if FALSE\n    timeout client 1s\n",
)
SECTIONS = (
    "",
    "listen one\n    bind 127.0.0.1:7101\n",
    "frontend two\n\tbind 127.0.0.1:7102\n\n\t# why\n\tdefault_backend two\nbackend two\n",
    "userlist people\n    user eve insecure-password 'a # b' # c\n",
    "peers us\n    peer other 127.0.0.1:7103\n",
    "frontend apiserver-secure\n    bind 127.0.0.1:7104\n    maxconn 7\n",
    "backend kube-apiservers-secure # ours once\n",
    ".if 0\nlisten never\n    nonsense\n.endif\n",
    "# >>> a mark of others: frontend x\nlisten three\n    bind 127.0.0.1:7105\n# <<< it ends\n",
    "listen broken\n    no such thing\n",
    "# said in latin-1: \udce9t\udce9\nlisten four\r\n    bind 127.0.0.1:7106\r\n",
)
files = st.builds(
    lambda parts, end: ("".join(parts) + end).encode("utf-8", "surrogateescape"),
    st.builds(
        lambda first, defaults, sections: (*first, *defaults, *sections),
        st.permutations(GLOBALS).map(lambda found: found[:1]),
        st.lists(st.sampled_from(DEFAULTS), max_size=2),
        st.lists(st.sampled_from(SECTIONS), max_size=4, unique=True),
    ),
    st.sampled_from(("", "", "\n", "# the end\n")),
)


def put(text, sections, owner="kubernetes"):
    return with_sections(text, sections, owner=owner, base=process.BASE)


@settings(deadline=None, max_examples=60)
@given(files)
def test_every_line_stays_in_its_order_and_comes_back(text):
    changed = put(text, OURS)
    assert put(changed, OURS) == changed
    assert put(changed, []) == text
    kept = iter(line.removeprefix(b"#| ") for line in changed.splitlines(keepends=True))
    assert all(line in kept for line in text.splitlines(keepends=True))


@settings(deadline=None, max_examples=60)
@given(files, st.permutations(("kubernetes", "others")), st.permutations(("kubernetes", "others")))
def test_two_owners_come_and_go_in_any_order(text, come, go):
    declared = {"kubernetes": OURS, "others": OTHERS}
    both = text
    for owner in come:
        both = put(both, declared[owner], owner)
    for owner in (*come, *go):
        assert put(both, declared[owner], owner) == both
    left = both
    for owner in go:
        left = put(left, [], owner)
    assert left == text
    if sections_of(parse(text).original):  # else the first to come brings the base
        again = put(put(both, [], go[0]), declared[go[0]], go[0])
        assert sorted(again.splitlines()) == sorted(both.splitlines())


@needs_haproxy
@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(text=files)
def test_haproxy_finds_no_fault_that_it_had_not_found_before(text, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("traits")
    before, said_before = judged(text, tmp_path)
    after, said_after = judged(put(text, OURS), tmp_path)
    replaced = (b"apiserver-secure", b"kube-apiservers-secure")
    if before in (0, NO_LISTENER) and b"listen" in text and not any(n in text for n in replaced):
        assert after == 0
        assert not complaints(said_after) - complaints(said_before)
