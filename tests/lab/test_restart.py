"""systemd mends a crash of haproxy, under the real Pacemaker, which turns that off; no more."""

import time

import pytest

from saltext_hakube.core import restart
from tests.lab import missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

CONFIG = "/etc/haproxy/haproxy.cfg"
MONITOR = 5  # seconds, of Pacemaker's
NONE = ("0", "")  # failures


@pytest.fixture(scope="module")
def node(applied):
    """A node that does not hold the VIP, so that nobody else is concerned."""
    nodes = applied.nodes[:3]
    return next(n for n in nodes if applied.vip not in n.run("ip -br address show eth0").stdout)


def shown(node, *names):
    told = node.run(f"systemctl show --property={','.join(names)} haproxy").stdout
    pairs = dict(line.split("=", 1) for line in told.splitlines())
    return [pairs[name] for name in names]


def failures(node):
    """What Pacemaker knows of failures of haproxy on this node."""
    return node.run(
        f"crm_failcount --query --resource=haproxy --node={node.name} --quiet"
    ).stdout.strip()


def wait_for(node, state, seconds=60):
    wait_until(
        lambda: shown(node, "ActiveState") == [state],
        f"haproxy on {node.name} to be {state}",
        timeout=seconds,
        every=0.1,
    )


def test_our_drop_in_is_read_after_pacemakers(node):
    paths, restarts, pause = shown(node, "DropInPaths", "Restart", "RestartUSec")
    ours = restart.path("haproxy")
    theirs = "/run/systemd/system/haproxy.service.d/50-pacemaker.conf"
    assert [path for path in paths.split() if path in (ours, theirs)] == [theirs, ours]
    assert "Restart=no" in node.read(theirs)
    assert (restarts, pause) == ("on-failure", "50ms")


def test_a_crash_is_mended_before_pacemaker_sees_it(node):
    node.run("crm_resource --cleanup --resource=haproxy --node=" + node.name)
    # What was counted before goes a moment after the cleanup has ended.
    wait_until(lambda: failures(node) in NONE, "no failure to be counted", timeout=30)
    (pid,) = shown(node, "MainPID")
    node.run(f"kill -9 {pid}")
    wait_until(
        lambda: (
            shown(node, "ActiveState", "SubState") == ["active", "running"]
            and shown(node, "MainPID") != [pid]
        ),
        "haproxy to be back",
        timeout=30,  # by whom it was mended the count says, not the clock of a busy machine
        every=0.05,
    )
    time.sleep(MONITOR + 1)  # for its monitor to have looked
    assert failures(node) in NONE


def test_a_stop_by_pacemaker_stays_a_stop(node):
    node.run(f"crm_resource --ban --resource=haproxy-clone --node={node.name}")
    try:
        wait_for(node, "inactive")
        for _ in range(10):
            time.sleep(0.1)  # twice what systemd waits before a restart
            assert shown(node, "ActiveState", "MainPID") == ["inactive", "0"]
    finally:
        node.run(f"crm_resource --clear --resource=haproxy-clone --node={node.name}")
    wait_for(node, "active")


def test_a_crash_loop_ends_and_is_pacemakers_until_the_file_is_put_right(node):
    wait_for(node, "active")
    good = node.read(CONFIG)
    node.write(CONFIG, "garbage\n")
    try:
        (pid,) = shown(node, "MainPID")
        node.run(f"kill -9 {pid}")
        wait_for(node, "failed")
        wait_until(
            lambda: failures(node) not in NONE,
            "Pacemaker to see that it failed",
            timeout=60,
            every=0.5,
        )
    finally:
        node.write(CONFIG, good)
    # hakube-watch sees the file; without it Pacemaker forgets the failure after 20 s.
    wait_for(node, "active", 90)
    node.run(f"crm_resource --cleanup --resource=haproxy --node={node.name}")
