"""What holds for any environment file, with real readers as judges.

systemd's own parser is at hand without a running systemd: systemd-tmpfiles expands ``%W`` and its
like to values from os-release, which it reads with the code that reads ``EnvironmentFile=``.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from saltext_hakube.core import envfile
from saltext_hakube.core.errors import ConfigError

# The variables of os-release that tmpfiles.d(5) has a specifier for.
SPECIFIERS = {"ID": "o", "VARIANT_ID": "W", "VERSION_ID": "w", "BUILD_ID": "B"}
NAMES = st.sampled_from(list(SPECIFIERS))

SNIPPETS = [*" \t\n\r\"'\\#;=$`%ab", "\\\n", "\r\n", '="', "='", "\n#", " # c", "export ", "é"]
NOISE = st.lists(st.sampled_from(SNIPPETS) | NAMES | NAMES.map("\n{}=".format), max_size=40)
FILES = NOISE.map("".join)
VALUES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \"'\\#;=$`\n\t"), max_size=30
).filter(lambda value: not envfile.UNWRITABLE.search(value))

FAST = settings(max_examples=300, deadline=None)
SLOW = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def edited(text, values):
    """The file with the values; a file that ends inside a quote is refused, as it should be."""
    try:
        return envfile.with_values(text, values)
    except ConfigError as error:
        assert "never closed" in str(error)
        assume(False)


@FAST
@given(FILES, NAMES, VALUES)
def test_what_was_written_is_read_back(text, name, value):
    assert envfile.get(edited(text, {name: value}), name) == value


@FAST
@given(FILES, NAMES, VALUES)
def test_writing_twice_changes_nothing(text, name, value):
    once = edited(text, {name: value})
    assert envfile.with_values(once, {name: value}) == once


@FAST
@given(FILES, NAMES, VALUES)
def test_other_variables_keep_their_values(text, name, value):
    after = edited(text, {name: value})
    for continued in (False, True):
        others = [
            [(a.name, a.value) for a in envfile.assignments(t, continued) if a.name != name]
            for t in (text, after)
        ]
        assert others[0] == others[1]


@FAST
@given(FILES, NAMES, VALUES)
def test_only_the_assignment_that_counts_is_touched(text, name, value):
    after = edited(text, {name: value})
    old = envfile.counting(text, name)
    if old is None:
        assert after.startswith(text)
    else:
        assert after.startswith(text[: old.start])
        assert after.endswith(text[old.end :])


@FAST
@given(FILES.filter(lambda text: not text or text.endswith("\n")), NAMES, VALUES)
def test_adding_and_removing_gives_back_the_original_bytes(text, name, value):
    assume(envfile.get(text, name) is None and name not in text)
    after = edited(text, {name: value})
    assume(after.startswith(text + name))
    assert envfile.without(after, [name]) == text


@FAST
@given(FILES, NAMES)
def test_removing_leaves_no_assignment_and_keeps_the_others(text, name):
    try:
        after = envfile.without(text, [name])
    except ConfigError:
        return
    for continued in (False, True):
        before = [a[:2] for a in envfile.assignments(text, continued) if a.name != name]
        assert [a[:2] for a in envfile.assignments(after, continued)] == before


@FAST
@given(st.binary(max_size=200), VALUES)
def test_no_file_is_too_broken_to_be_kept(content, value):
    text = content.decode(errors="surrogateescape")
    after = edited(text, {"ID": value})
    assert content.strip(b" \t\n\r\\") in after.encode(errors="surrogateescape") or "ID" in text


@pytest.fixture(scope="module")
def systemd(tmp_path_factory):
    """A function that reads a file as this machine's systemd does."""
    if not shutil.which("systemd-tmpfiles"):
        pytest.skip("systemd-tmpfiles is not installed")
    root = tmp_path_factory.mktemp("systemd")
    (root / "etc").mkdir()
    rules = root / "rules.conf"
    rules.write_text("".join(f"f+ /{n} 0644 - - - >%{s}<\n" for n, s in SPECIFIERS.items()))

    def read(text):
        (root / "etc/os-release").write_bytes(text.encode(errors="surrogateescape"))
        command = ["systemd-tmpfiles", f"--root={root}", "--create", str(rules)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return {name: (root / name).read_bytes()[1:-1].decode() for name in SPECIFIERS}

    return read


@pytest.fixture(scope="module")
def continued():
    """Whether this machine's systemd continues a comment after a backslash (before 254)."""
    output = subprocess.run(
        ["systemd-tmpfiles", "--version"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return int(re.search(r"systemd (\d+)", output)[1]) < 254


@SLOW
@given(text=FILES)
def test_files_are_read_as_systemd_reads_them(systemd, continued, text):
    ours = {a.name: a.value for a in envfile.assignments(text, continued)}
    assert {name: ours.get(name, "") for name in SPECIFIERS} == systemd(text)


@SLOW
@given(text=FILES, name=NAMES, value=VALUES)
def test_systemd_reads_what_was_written(systemd, text, name, value):
    assert systemd(edited(text, {name: value}))[name] == value


SHELL_LINES = st.lists(
    st.sampled_from(
        ["", "# comment", "  # X=1 \\", "X=1", "X='a b'", 'X="a\\\nb" # c', "Y=$X", "export Z=1"]
    ),
    max_size=6,
)


@SLOW
@given(lines=SHELL_LINES, value=VALUES)
def test_a_shell_reads_what_was_written(tmp_path_factory, lines, value):
    file: Path = tmp_path_factory.getbasetemp() / "sourced.env"
    after = edited("\n".join(lines), {"X": value})
    file.write_bytes(after.encode())
    script = f'. {file}; printf %s "$X"'
    output = subprocess.run(["sh", "-c", script], capture_output=True, check=True, timeout=60)
    assert output.stdout.decode() == value
