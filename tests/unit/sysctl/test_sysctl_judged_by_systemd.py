"""systemd-sysctl and the kernel as judges of what a file means.

They run in a network namespace of their own and are told to touch two keys only, both of which
belong to a network namespace: this machine's settings stay as they are.
"""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltext_hakube.core import sysctl

PLACES = [Path("/usr/lib/systemd/systemd-sysctl"), Path("/lib/systemd/systemd-sysctl")]
PROGRAM = next(filter(Path.exists, PLACES), None)
DEFAULTS = {"net/ipv4/ip_nonlocal_bind": "0", "net/ipv4/ip_default_ttl": "64"}
SCRIPT = f"{PROGRAM} {' '.join(f'--prefix=/{key}' for key in DEFAULTS)} {{file}} 2>/dev/null; " + (
    "cat " + " ".join(f"/proc/sys/{key}" for key in DEFAULTS)
)

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="systemd-sysctl is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root"),
]

SPELLINGS = ["net.ipv4.ip_nonlocal_bind", "net/ipv4/ip_nonlocal_bind", "net.ipv4.ip_default_ttl"]
LINES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "\t", "-", " - ", "#", ";"]),
        st.sampled_from([*SPELLINGS, "/net.ipv4.ip_default_ttl", "net.ipv4.*"]),
        st.sampled_from(["=", " = ", "", "\t=", "=="]),
        st.sampled_from(["0", "1", "0 ", "", "x"]),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    ),
)
FILES = st.lists(LINES, max_size=6).map("".join)


def kernel(file, text):
    """What the kernel has after systemd-sysctl read this file in a new network namespace."""
    file.write_bytes(text.encode())
    command = ["unshare", "--net", "sh", "-c", SCRIPT.format(file=file)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return dict(zip(DEFAULTS, result.stdout.split(), strict=True))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("sysctl") / "test.conf"


@settings(max_examples=60, deadline=None)
@given(text=FILES)
def test_the_last_word_on_a_key_is_the_one_that_the_kernel_gets(file, text):
    result = kernel(file, text)
    for key, setting in ((key, sysctl.last(text, key)) for key in DEFAULTS):
        # A pattern sets only keys that no line names; 0 is no time to live, nothing else a number.
        takes = {"1"} if key.endswith("ttl") else {"0", "1"}
        if setting is None:
            assert "*" in text or result[key] == DEFAULTS[key]
        elif setting.value in takes:
            assert result[key] == setting.value
        elif setting.value not in ("", None):
            assert result[key] == DEFAULTS[key]


@settings(max_examples=40, deadline=None)
@given(text=FILES, value=st.sampled_from(["0", "1"]))
def test_the_kernel_gets_what_was_declared_whatever_else_the_file_holds(file, text, value):
    after = sysctl.with_values(text, {"net.ipv4.ip_nonlocal_bind": value})
    assert kernel(file, after)["net/ipv4/ip_nonlocal_bind"] == value
