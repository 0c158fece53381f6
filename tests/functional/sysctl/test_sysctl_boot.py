"""What a machine does at boot: which files are read, in which order, and what undoes ours."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saltext_hakube.host import sysctl
from saltext_hakube.host.machine import Machine

KEY = "net.ipv4.ip_nonlocal_bind"
FILE = "/etc/sysctl.d/haproxy.conf"


def lay_out(root, layout):
    for name, text in layout.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Machine(root)


@pytest.mark.parametrize(
    ("layout", "says"),
    [
        ({}, None),
        ({"/etc/sysctl.d/99-x.conf": f"{KEY}=0"}, None),
        ({"/etc/sysctl.d/zz.conf": f"{KEY}=1"}, None),
        ({"/etc/sysctl.d/zz.conf": "net.ipv4.*=0\n"}, None),
        ({"/etc/sysctl.d/zz": f"{KEY}=0"}, None),
        ({"/etc/sysctl.d/zz.conf": f"#\n{KEY}=0"}, "line 2 of /etc/sysctl.d/zz.conf says 0"),
        ({"/usr/lib/sysctl.d/zz.conf": f"{KEY}=0"}, "/usr/lib/sysctl.d/zz.conf says 0"),
        ({"/run/sysctl.d/zz.conf": f"-{KEY}"}, "/run/sysctl.d/zz.conf says not to set it"),
        ({"/etc/sysctl.d/zz.conf": "", "/usr/lib/sysctl.d/zz.conf": f"{KEY}=0"}, None),
        ({"/etc/sysctl.conf": f"{KEY}=0"}, "/etc/sysctl.conf says 0 and is read after"),
    ],
)
def test_a_later_file_that_undoes_ours_is_named(tmp_path, layout, says):
    machine = lay_out(tmp_path, layout)
    warnings = sysctl.plan(machine, FILE, {KEY: "1"}).warnings
    assert len(warnings) == (1 if says else 0)
    assert not says or says in warnings[0]


@pytest.mark.parametrize("name", [".hidden.conf", "x.conf~", "x", "x.conf.d"])
def test_only_conf_files_that_are_not_hidden_count(tmp_path, name):
    machine = lay_out(tmp_path, {f"/etc/sysctl.d/{name}": f"{KEY}=1"})
    assert sysctl.at_boot(machine, KEY) is None


def test_a_folder_named_like_a_file_is_passed_over(tmp_path):
    machine = lay_out(tmp_path, {"/etc/sysctl.d/x.conf/inside": ""})
    assert sysctl.at_boot(machine, KEY) is None


@pytest.mark.parametrize(
    ("file", "layout"),
    [
        ("/etc/haproxy/sysctl.conf", {}),
        ("/etc/sysctl.d/haproxy", {}),
        ("/usr/lib/sysctl.d/haproxy.conf", {FILE: ""}),
    ],
)
def test_a_file_that_is_not_read_at_boot_is_told(tmp_path, file, layout):
    (warning,) = sysctl.plan(lay_out(tmp_path, layout), file, {KEY: "1"}).warnings
    assert f"{file} is not read at boot" in warning


def test_a_file_that_is_read_through_a_link_is_read_at_boot(tmp_path):
    machine = lay_out(tmp_path, {"/etc/sysctl.conf": "", "/etc/sysctl.d/x.conf": ""})
    (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    assert sysctl.plan(machine, "/etc/sysctl.conf", {KEY: "1"}).warnings == ()


def test_a_link_to_dev_null_masks_the_file_of_its_name(tmp_path):
    machine = lay_out(tmp_path, {"/etc/sysctl.d/x": "", "/usr/lib/sysctl.d/zz.conf": f"{KEY}=0"})
    assert len(sysctl.plan(machine, FILE, {KEY: "1"}).warnings) == 1
    (tmp_path / "etc/sysctl.d/zz.conf").symlink_to("/dev/null")
    assert sysctl.plan(machine, FILE, {KEY: "1"}).warnings == ()
    (tmp_path / "etc/sysctl.d/zz.conf").unlink()
    (tmp_path / "etc/sysctl.d/zz.conf").symlink_to("gone")
    assert sysctl.plan(machine, FILE, {KEY: "1"}).warnings == ()


PROGRAM = Path("/usr/lib/systemd/systemd-sysctl")
READ = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
NAMES = ("10-a.conf", "haproxy.conf", "zz.conf", "Z.conf", ".hidden.conf", "b.conf~", "b")
LAYOUTS = st.dictionaries(
    st.builds("{}/{}".format, st.sampled_from(READ), st.sampled_from(NAMES)),
    st.sampled_from([f"{KEY}=0\n", f"{KEY}=1\n", "# none\n", f"-{KEY}\n", f"{KEY}=0\n{KEY}=1\n"]),
    max_size=6,
)


@pytest.mark.skipif(not PROGRAM.exists(), reason="systemd-sysctl is not at its usual place")
@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(layout=LAYOUTS)
def test_the_file_with_the_last_word_is_the_one_that_systemd_obeys(tmp_path_factory, layout):
    root = tmp_path_factory.mktemp("boot")
    machine = lay_out(root, layout)
    for folder in READ:
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    # In mount and network namespaces of its own, which end with the command.
    script = "".join(
        f"mount -t tmpfs none {Path(folder).parent} && mkdir {folder} && "
        if folder in READ[1:3]
        else ""
        for folder in READ
    ) + "".join(f"mount --bind {root}{folder} {folder} && " for folder in READ)
    script += f"{PROGRAM} --prefix=/net/ipv4/ip_nonlocal_bind; "
    script += "cat /proc/sys/net/ipv4/ip_nonlocal_bind"
    command = ["unshare", "--net", "--mount", "sh", "-ec", script]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    _, value = sysctl.at_boot(machine, KEY) or (None, None)
    assert result.stdout.strip() == (value or "0")
