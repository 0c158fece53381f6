"""What the guard knows of a real corosync, alone in namespaces of its own: whether it hangs, and
whether it has quorum."""

import json
import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("corosync"), reason="needs root, and corosync"
)

CONFIGURATION = """\
totem {
  version: 2
  cluster_name: alone
  transport: udpu
}
nodelist {
  node {
    ring0_addr: 127.0.0.1
    nodeid: 1
    name: node1
  }
}
quorum {
  provider: corosync_votequorum
  expected_votes: 1
}
logging {
  to_stderr: yes
  to_syslog: no
}
"""

SCRIPT = """
import json, os, signal, socket, subprocess, sys
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.guard.membership import Membership
from saltext_hakube.agents.guard.pulse import ADDRESS, Pulse

def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout

def until(there, seconds=30):
    end = loop.now() + seconds
    timer = loop.every(0.01, lambda: (there() or loop.now() > end) and loop.stop())
    loop.run()
    timer.cancel()
    return bool(there())

run("ip", "link", "set", "lo", "up")
run("mount", "-t", "tmpfs", "none", "/dev/shm")
corosync = subprocess.Popen(["corosync", "-f", "-c", sys.argv[1]], stderr=subprocess.DEVNULL)
loop, hangs, quorate, said = Loop(), [], [], {}
pulse = Pulse(loop, lambda: hangs.append(pulse.hangs_since is not None))
membership = Membership(loop, lambda: quorate.append(membership.now and membership.now.quorate))
pulse.start()
membership.start()
said["known"] = until(lambda: pulse._known and quorate == [True])
before = set(os.listdir("/dev/shm"))

os.kill(int(run("pgrep", "-f", "^corosync-quorumtool")), signal.SIGKILL)
said["unknown, and known again"] = until(lambda: quorate == [True, None, True])
membership.stop()
said["nothing is left of the tool"] = until(lambda: set(os.listdir("/dev/shm")) <= before)

crowd = [socket.socket(socket.AF_UNIX) for _ in range(200)]
for one in crowd:  # they never say what they want, and some have to wait to be let in
    one.setblocking(False)
    one.connect_ex(ADDRESS)
said["a crowd at its door"] = not until(lambda: hangs, 4)
os.kill(corosync.pid, signal.SIGSTOP)
said["stopped"] = until(lambda: hangs == [True])
os.kill(corosync.pid, signal.SIGCONT)
said["goes on"] = until(lambda: hangs == [True, False])
corosync.kill()
print(json.dumps(said))
"""


def test_whether_it_hangs_and_has_quorum_is_known_whatever_else_happens(tmp_path):
    configuration = tmp_path / "corosync.conf"
    configuration.write_text(CONFIGURATION)
    # All that is started there ends with the first process of the namespace.
    apart = ["unshare", "--net", "--mount", "--ipc", "--pid", "--fork", "--mount-proc"]
    done = subprocess.run(
        [*apart, "--kill-child", sys.executable, "-c", SCRIPT, str(configuration)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [what for what, so in said.items() if not so] == []
    assert len(said) == 6
