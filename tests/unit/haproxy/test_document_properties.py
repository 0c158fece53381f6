"""Sections of ours in any haproxy.cfg: nothing of it is ever lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltext_hakube.core.haproxy import apart, process, wanted
from saltext_hakube.core.haproxy.document import parse, render, sections_of, with_sections
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.section import Section

from .judge import FIELD, NO_LISTENER, complaints, judged, needs_haproxy

OURS = wanted.wanted(
    Haproxy(insecure=True, verify="none"), "192.0.2.100", [Server("a", "192.0.2.11")]
)
DECLARABLE = (
    *OURS,
    Section("listen x", ("bind :1",)),
    Section("global", ("maxconn 1",)),
    Section("defaults d", ("mode tcp",)),
    Section("listen empty"),
)
LINES = [
    b"global",
    b"defaults",
    b"defaults d from e",
    b"\tlisten x # c",
    b"frontend apiserver-secure",
    b"  frontend   'apiserver-secure'",
    b"backend kube-apiservers-secure",
    b"  mode tcp",
    b"bind :1 name 'a # b'",
    b"# comment",
    b"#",
    b"",
    b"   \t",
    b"\\",
    b'"open quote',
    b"\xff\xfe\x00\x85\xa0",
    "\u2028\u0085\x0b\x0c".encode(),
    b"  # last words",
]
texts = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda lines, end: b"".join(line + ending for line, ending in lines) + end,
        st.lists(
            st.tuples(st.sampled_from(LINES), st.sampled_from([b"\n", b"\n", b"\r\n"])), max_size=14
        ),
        st.one_of(st.just(b""), st.sampled_from(LINES)),
    ),
)
declared = st.lists(st.sampled_from(DECLARABLE), unique_by=lambda section: section.key, max_size=5)


def replaceable(text, sections):
    """Whether none of these stands in the text more than once."""
    found = [section.key for section in sections_of(parse(text).original)]
    return all(found.count(section.key) <= 1 for section in sections)


@settings(deadline=None)
@given(text=texts, sections=declared)
def test_taking_ours_out_gives_the_original_bytes(text, sections):
    if replaceable(text, sections):
        changed = with_sections(text, sections, base=process.BASE)
        assert with_sections(changed, [], base=process.BASE) == text


@settings(deadline=None)
@given(text=texts, sections=declared)
def test_declaring_the_same_again_changes_nothing(text, sections):
    if replaceable(text, sections):
        changed = with_sections(text, sections, base=process.BASE)
        assert with_sections(changed, sections, base=process.BASE) == changed


@settings(deadline=None)
@given(text=texts, first=declared, second=declared)
def test_what_was_declared_in_between_leaves_no_trace(text, first, second):
    if replaceable(text, [*first, *second]):
        changed = with_sections(with_sections(text, first), second)
        assert with_sections(changed, []) == text
        keys = {block.key for block in parse(changed).blocks}
        assert keys - {apart.BARRIER.key} == {section.key for section in second}


@settings(deadline=None)
@given(text=texts, sections=declared)
def test_declared_sections_are_sections_of_the_file_with_exactly_their_lines(text, sections):
    if replaceable(text, sections) and b".if" not in text:
        changed = with_sections(text, sections).decode("utf-8", "surrogateescape")
        lines = [f"{line}\n" for line in changed.split("\n")]
        found = {section.key: section for section in sections_of(lines)}
        logs = apart.logs(lines, {section.key for section in sections if section.apart})
        for section in sections:
            rendered = (apart.completed(section, logs) if section.apart else section).rendered()
            start = found[section.key].start
            assert tuple(lines[start : start + len(rendered)]) == rendered
            assert lines[start + len(rendered)] == f"# <<< hakube kubernetes: {section.key}\n"


@given(text=st.binary(max_size=300))
def test_any_bytes_are_read_and_written_back(text):
    if b"hakube" not in text:
        assert render(parse(text)) == text


@given(texts, st.lists(st.integers(0, 400), max_size=3), st.sampled_from(LINES))
def test_no_damage_to_our_marks_makes_it_fail_or_lose_a_foreign_line(text, places, extra):
    # Lines of ours are deleted, or foreign ones put between them.
    if not replaceable(text, OURS):
        return
    lines = with_sections(text, OURS).split(b"\n")
    foreign = Section("listen theirs", ("bind :7",))
    for place in places:
        if lines[place % len(lines)].startswith(b"#"):
            del lines[place % len(lines)]
    lines[len(lines) // 2 : len(lines) // 2] = [b"listen theirs", b"    bind :7", extra]
    damaged = b"\n".join(lines)
    if replaceable(damaged, OURS):
        mended = with_sections(damaged, OURS)
        assert "".join(foreign.rendered()).encode() in mended.replace(b"#| ", b"")


@pytest.mark.parametrize("file", FIELD, ids=lambda file: file.stem)
def test_a_configuration_from_the_field_survives(file):
    text = file.read_bytes()
    changed = with_sections(text, OURS, base=process.BASE)
    assert with_sections(changed, OURS, base=process.BASE) == changed
    assert with_sections(changed, [], base=process.BASE) == text
    kept = [line for line in text.splitlines() if line.strip()]
    for line in kept:
        assert line in changed


@needs_haproxy
@pytest.mark.parametrize("file", FIELD, ids=lambda file: file.stem)
def test_haproxy_says_of_the_result_what_it_said_of_the_original(file, tmp_path):
    text = file.read_bytes()
    before, said_before = judged(text, tmp_path)
    after, said_after = judged(with_sections(text, OURS, base=process.BASE), tmp_path)
    if "Missing LF on last line" in said_before or not sections_of(parse(text).original):
        assert after in (0, before)  # what ours add is what was missing
    else:
        assert complaints(said_after) == complaints(said_before)
        assert (after == 0) == (before == 0) or before == NO_LISTENER
