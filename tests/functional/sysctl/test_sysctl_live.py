"""hakube_sysctl on a running kernel, in a network namespace that ends with the test.

``net.ipv4.ip_nonlocal_bind`` belongs to the network namespace, so this machine's own value is
never touched. /etc/sysctl.d is a folder of the test, in a mount namespace.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")

KEY = "net.ipv4.ip_nonlocal_bind"
KEY6 = "net.ipv6.ip_nonlocal_bind"
PROC = f"/proc/sys/{KEY.replace('.', '/')}"


@pytest.fixture
def live(tmp_path):
    """A function that runs shell commands and state functions in new namespaces."""
    folder = tmp_path / "sysctl.d"
    folder.mkdir()
    (tmp_path / "minion").write_text(
        json.dumps({"root_dir": str(tmp_path), "file_client": "local", "id": "node1"})
    )
    call = Path(sys.executable).with_name("salt-call")

    def run(*steps, setup=""):
        # Also what hakube remembers of this machine is not this machine's.
        script = f"mount -t tmpfs none /var/lib; mount --bind {folder} /etc/sysctl.d; {setup}\n"
        for step in steps:
            script += f"{call} --local -c {tmp_path} --out=json state.single {step} || true\n"
            script += f"echo; cat {PROC}; echo ---\n"
        command = ["unshare", "--net", "--mount", "sh", "-ec", script]
        output = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=120
        ).stdout
        results = []
        for part in output.split("---\n")[:-1]:
            text, _, value = part.strip().rpartition("\n")
            (ret,) = json.loads(text)["local"].values()
            results.append((ret, value))
        return results

    run.file = folder / "haproxy.conf"
    return run


PRESENT = f"hakube_sysctl.present {KEY} value=1"


def test_both_the_file_and_the_running_value_are_set_once(live):
    (planned, before), (first, after), (second, _) = live(PRESENT + " test=True", PRESENT, PRESENT)
    assert (planned["result"], before) == (None, "0")
    assert (first["result"], after) == (True, "1")
    assert first["changes"] == planned["changes"]
    assert first["changes"]["running"] == {KEY: {"old": "0", "new": "1"}}
    assert f"+{KEY} = 1" in first["changes"]["file"]
    assert live.file.read_text() == f"{KEY} = 1\n"
    assert (second["result"], second["changes"]) == (True, {})


def test_a_wrong_running_value_beside_a_right_file_is_a_change(live):
    live.file.write_text(f"{KEY}=1\n")
    (planned, before), (done, after) = live(PRESENT + " test=True", PRESENT)
    assert (planned["result"], before) == (None, "0")
    assert done["changes"] == planned["changes"] == {"running": {KEY: {"old": "0", "new": "1"}}}
    assert after == "1"


def test_a_wrong_file_beside_a_right_running_value_is_a_change(live):
    live.file.write_text(f"{KEY}=0\n")
    steps = (PRESENT + " test=True", PRESENT)
    (planned, _), (done, after) = live(*steps, setup=f"echo 1 > {PROC}")
    assert planned["result"] is None
    assert list(done["changes"]) == list(planned["changes"]) == ["file"]
    assert after == "1"


def test_absent_gives_the_kernel_its_default_back(live):
    live.file.write_text(f"{KEY}=1\n")
    ((done, after), (again, _)) = live(
        *[f"hakube_sysctl.absent {KEY}"] * 2, setup=f"echo 1 > {PROC}"
    )
    assert (done["result"], after) == (True, "0")
    assert done["changes"]["running"] == {KEY: {"old": "1", "new": "0"}}
    assert not live.file.exists()
    assert again["changes"] == {}


def test_absent_gives_back_what_was_there_before_us_and_then_leaves_it_alone(live):
    live.file.write_text("# mine\nnet/ipv4/ip_default_ttl =  77 \n")
    ttl = "hakube_sysctl.present net.ipv4.ip_default_ttl value={}"
    absent = "hakube_sysctl.absent net.ipv4.ip_default_ttl"
    setup = "echo 66 > /proc/sys/net/ipv4/ip_default_ttl"
    steps = (ttl.format(99), ttl.format(88), absent + " test=True", absent, absent)
    first, second, planned, back, again = (ret for ret, _ in live(*steps, setup=setup))
    assert first["changes"]["running"] == {"net.ipv4.ip_default_ttl": {"old": "66", "new": "99"}}
    assert second["changes"]["running"] == {"net.ipv4.ip_default_ttl": {"old": "99", "new": "88"}}
    assert planned["result"] is None
    assert back["changes"] == planned["changes"]
    assert back["changes"]["running"] == {"net.ipv4.ip_default_ttl": {"old": "88", "new": "66"}}
    assert (again["result"], again["changes"]) == (True, {})
    assert live.file.read_text() == "# mine\nnet/ipv4/ip_default_ttl =  77 \n"


def test_absent_leaves_what_another_file_sets(live):
    live.file.write_text(f"{KEY}=1\n")
    (live.file.parent / "10-other.conf").write_text(f"{KEY}=1\n")
    ((done, after),) = live(f"hakube_sysctl.absent {KEY}", setup=f"echo 1 > {PROC}")
    assert (done["result"], after) == (True, "1")
    assert list(done["changes"]) == ["file"]


def test_a_key_that_the_kernel_lacks_is_one_clear_line_and_no_file(live):
    ((ret, _),) = live("hakube_sysctl.present net.bridge.no_such_key value=1")
    assert ret["result"] is False
    assert ret["comment"] == (
        "net.bridge.no_such_key: this kernel has no /proc/sys/net/bridge/no_such_key; the kernel "
        "module that brings it is not loaded"
    )
    assert not live.file.exists()


def test_without_ipv6_the_cause_is_named(live):
    hide = "mount -t tmpfs none /proc/sys/net/ipv6"
    ((ret, _),) = live(f"hakube_sysctl.present {KEY6} value=1", setup=hide)
    assert ret["result"] is False
    assert "IPv6 is switched off" in ret["comment"]
    assert "\n" not in ret["comment"]


def test_what_the_kernel_refuses_is_told_with_its_answer(live):
    ((ret, _),) = live("hakube_sysctl.present net.ipv4.ip_default_ttl value=0")
    assert ret["result"] is False
    assert "the kernel does not take '0': Invalid argument" in ret["comment"]
    assert "Traceback" not in ret["comment"]
    assert not live.file.exists()
    assert ret["changes"] == {}


def test_a_read_only_proc_is_told(live):
    setup = "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys"
    ((ret, value),) = live(PRESENT, setup=setup)
    assert (ret["result"], value) == (False, "0")
    assert "Read-only file system" in ret["comment"]


def test_a_running_value_that_was_set_is_told_also_when_the_file_cannot_be_written(live):
    ((ret, value),) = live(PRESENT, setup="mount -o remount,bind,ro /etc/sysctl.d")
    assert (ret["result"], value) == (False, "1")
    assert ret["changes"] == {"running": {KEY: {"old": "0", "new": "1"}}}
    assert ret["comment"] == "cannot write /etc/sysctl.d/haproxy.conf: Read-only file system"
