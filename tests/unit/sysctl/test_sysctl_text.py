"""sysctl.d files: what a line says, and what an edit leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core import sysctl
from saltext_hakube.core.errors import ConfigError

KEY = "net.ipv4.ip_nonlocal_bind"


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("192.0.2.100", {"net.ipv4.ip_nonlocal_bind": "1"}),
        ("2001:db8::64", {"net.ipv6.ip_nonlocal_bind": "1"}),
    ],
)
def test_a_vip_needs_the_setting_of_its_own_protocol(address, values):
    assert sysctl.for_vip(address) == values


def test_the_pillar_defaults_to_the_file_of_the_document():
    assert sysctl.Sysctl().file == "/etc/sysctl.d/haproxy.conf"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/5.forwarding", "net/ipv4/conf/eth0.5/forwarding"),
        ("net.ipv4.ip_forward", "net//ipv4/ip_forward"),
    ],
)
def test_both_spellings_of_a_key_are_the_same_key(one, other):
    assert sysctl.canonical(one) == sysctl.canonical(other)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{KEY} = 1\n"),
        ("# mine\n", f"# mine\n{KEY} = 1\n"),
        ("a.b=1", f"a.b=1\n{KEY} = 1\n"),
        (f"{KEY}=0\n", f"{KEY}=1\n"),
        (f"{KEY}=1\n", f"{KEY}=1\n"),
        (f"{KEY}=", f"{KEY}=1"),
        (f"\t-{KEY}  =  0 \r\nx.y = 2\r\n", f"\t-{KEY}  =  1 \r\nx.y = 2\r\n"),
        ("net/ipv4/ip_nonlocal_bind = 0\n", "net/ipv4/ip_nonlocal_bind = 1\n"),
        (f"#{KEY}=0\n;{KEY}=0\n", f"#{KEY}=0\n;{KEY}=0\n{KEY} = 1\n"),
        (f"{KEY}=0\nx.y=2\n{KEY}=0\nz=3\n", f"x.y=2\n{KEY}=1\nz=3\n"),
        (f"{KEY}=1\n{KEY}=1\n", f"{KEY}=1\n"),
        (f"{KEY}=1\n-{KEY}\n", f"{KEY} = 1\n"),
        ("net.ipv4.*=0\n", f"net.ipv4.*=0\n{KEY} = 1\n"),
        ("\udcff\udcfe\n", f"\udcff\udcfe\n{KEY} = 1\n"),
    ],
)
def test_a_value_is_set_where_its_last_line_stands(before, after):
    assert sysctl.with_values(before, {KEY: "1"}) == after


def test_numbers_between_other_blanks_are_the_same_value():
    text = "net.ipv4.ip_local_port_range = 32768   60999\n"
    assert sysctl.with_values(text, {"net.ipv4.ip_local_port_range": "32768\t60999"}) == text


def test_removing_takes_every_line_of_the_key_and_no_other():
    text = f"# {KEY}\n{KEY}=0\nx.y=1\n-net/ipv4/ip_nonlocal_bind=1\n-{KEY}"
    assert sysctl.without(text, [KEY]) == f"# {KEY}\nx.y=1\n"


@pytest.mark.parametrize("key", ["", "net ipv4", "../../etc/passwd", "net.ipv4.*", "-a.b", "a=b"])
def test_what_cannot_be_a_key_is_refused(key):
    with pytest.raises(ConfigError, match="is no sysctl key"):
        sysctl.with_values("", {key: "1"})


@pytest.mark.parametrize("value", [True, 1.5, None, [1], "", "1\n2"])
def test_what_cannot_be_a_value_is_refused_with_the_key(value):
    with pytest.raises(ConfigError, match=KEY):
        sysctl.check_value(KEY, value)


@pytest.mark.parametrize(("value", "text"), [(1, "1"), (" 2 ", "2"), ("1 2", "1 2")])
def test_numbers_and_text_are_values(value, text):
    assert sysctl.check_value(KEY, value) == text


KEYS = st.sampled_from([KEY, "net/ipv4/ip_nonlocal_bind", "net.ipv4.ip_default_ttl", "a.b/c.d"])
FILES = st.lists(
    st.sampled_from([*" \t\n\r\0#;=-./1*", "\r\n", " = ", "\n-", "net.ipv4.*"]) | KEYS,
    max_size=40,
).map("".join)
VALUES = st.sampled_from(["0", "1", "64", "1 2"])


@given(FILES, KEYS, VALUES)
def test_what_was_written_is_read_back_and_writing_twice_changes_nothing(text, key, value):
    after = sysctl.with_values(text, {key: value})
    assert sysctl.same(sysctl.last(after, key).value, value)
    assert sysctl.with_values(after, {key: value}) == after


@given(FILES, KEYS, VALUES)
def test_lines_of_other_keys_stay_byte_for_byte(text, key, value):
    def others(text):
        ours = {s.number for s in sysctl.settings(text) if s.key == sysctl.canonical(key)}
        lines = [m[0] for m in sysctl.LINE.finditer(text)]
        return "".join(line for i, line in enumerate(lines, 1) if i not in ours)

    after = sysctl.with_values(text, {key: value})
    assert others(after).removesuffix("\n") == others(text).removesuffix("\n")


@given(FILES, KEYS, VALUES)
def test_adding_and_removing_gives_back_the_original_bytes(text, key, value):
    if text.endswith("\n") and sysctl.last(text, key) is None:
        assert sysctl.without(sysctl.with_values(text, {key: value}), [key]) == text


@given(st.binary(max_size=200))
def test_no_file_is_too_broken_to_be_kept(content):
    text = content.decode(errors="surrogateescape")
    after = sysctl.with_values(text, {KEY: "1"}).encode(errors="surrogateescape")
    assert after.startswith(content)


@given(FILES, KEYS, VALUES)
def test_what_a_keys_lines_were_comes_back(text, key, value):
    old = sysctl.lines(text, key)
    after = sysctl.with_lines(sysctl.with_values(text, {key: value}), key, old)
    assert sysctl.lines(after, key) == old
    if len(old) == 1:
        # A line alone comes back where it was, unless it had to be made a line of its own.
        assert after == text or sysctl.last(text, key).value is None
    if not old and text.endswith("\n"):
        assert after == text
    others = [s[:2] for s in sysctl.settings(text) if s.key != sysctl.canonical(key)]
    assert [s[:2] for s in sysctl.settings(after) if s.key != sysctl.canonical(key)] == others


@given(FILES, KEYS, st.lists(st.text(max_size=20), max_size=3))
def test_no_memory_makes_it_crash(text, key, old):
    sysctl.with_lines(text, key, old)
