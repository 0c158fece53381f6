"""Salt in the lab: its configuration on master and nodes, and calls to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.network import address
from tests.lab.node import Machine, Node
from tests.lab.process import LabError, wait_until
from tests.lab.wheels import VENV

#: As in Salt's own packages: KillMode=process lets a job that restarts the minion live on.
_UNIT = """\
[Unit]
Description=The Salt {Role}
After=network.target

[Service]
Type=notify
NotifyAccess=all
LimitNOFILE=100000
# A machine that is busy with a second lab takes longer than systemd's 90 s.
TimeoutStartSec=300
ExecStart={venv}/bin/salt-{role}
{more}
[Install]
WantedBy=multi-user.target
"""

_MASTER = """\
# A lab: whoever is on this network is one of its nodes.
auto_accept: True
# Two cores serve master and nodes: more workers would only wait for them.
worker_threads: 3
timeout: 20
gather_job_timeout: 20
log_level: warning
"""

_MASTER_HAKUBE = """\
fileserver_backend: [roots, hakube]
"""

_MINION = """\
master: {master}
id: {name}
# A beacon's interval counts turns of this loop.
loop_interval: 1
# No name service here: looking up every address's name waits for one, again and again.
enable_fqdns_grains: False
enable_gpu_grains: False
# Seconds between two tries while the master is not there yet, 10 by default.
acceptance_wait_time: 1
random_reauth_delay: 1
recon_default: 500
recon_max: 2000
recon_randomize: False
log_level: warning
"""

#: Where the master publishes its jobs; a minion connects once the master has accepted it.
_PUBLISH_PORT = 4505

#: Seconds by which `salt` outlives its own timeout where a minion is silent: it asks for the job
#: (gather_job_timeout), and takes its time to start on a busy machine.
LONGER = 60

PILLAR_ROOT = "/srv/pillar"
FILE_ROOT = "/srv/salt"


def configure(node: Node, role: str) -> None:
    """Write Salt's configuration into a machine that is off; *role* is master or minion."""
    etc = node.upper / "etc"
    salt = etc / "salt"
    units = etc / "systemd/system"
    for made in (salt / f"{role}.d", units / "multi-user.target.wants"):
        made.mkdir(parents=True, exist_ok=True)
    if role == "master":
        _write(salt / "master", _MASTER)
        _write(salt / "master.d/hakube.conf", _MASTER_HAKUBE)
        for root in (PILLAR_ROOT, FILE_ROOT):
            (node.upper / root.lstrip("/")).mkdir(parents=True, exist_ok=True)
    else:
        _write(salt / "minion", _MINION.format(master=address("master"), name=node.name))
    more = "KillMode=process\n" if role == "minion" else ""
    unit = _UNIT.format(role=role, Role=role.capitalize(), venv=VENV, more=more)
    _write(units / f"salt-{role}.service", unit)
    wanted = units / f"multi-user.target.wants/salt-{role}.service"
    wanted.unlink(missing_ok=True)
    wanted.symlink_to(f"/etc/systemd/system/salt-{role}.service")


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def call(master: Machine, target: str, function: str, words: list[str], timeout: float) -> str:
    """Run `salt` on the master; its standard output.

    Salt's own exit code also says that a state failed, so it tells nothing about the call: whoever
    reads the output knows more.
    """
    argv = [f"{VENV}/bin/salt", "--static", "--out=json", "--timeout", str(int(timeout))]
    done = master.run([*argv, target, function, *words], timeout=timeout + LONGER, check=False)
    return done.stdout or done.stderr


def parse(output: str) -> dict[str, Any]:
    """What `salt --static --out=json` printed, by minion id."""
    start = output.find("{")
    try:
        answer = json.loads(output[start:]) if start >= 0 else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise LabError(f"salt gave no answer but: {output.strip()[-500:] or '(nothing)'}")
    return answer


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """Arguments as the salt command takes them: text as it is, all else as JSON (which is YAML)."""

    def word(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return [*map(word, args), *(f"{key}={word(value)}" for key, value in kwargs.items())]


def wait_for_minions(master: Node, nodes: Sequence[Node], *, timeout: float = 300) -> None:
    """Until the minion of each of these nodes answers the master."""
    names = ", ".join(node.name for node in nodes)
    listening = ["ss", "-Htn", "state", "established", "sport", "=", f":{_PUBLISH_PORT}"]

    def connected() -> bool:
        # Asking too early costs: salt waits for the silent minion, then asks what its job is.
        peers = master.run(listening).stdout
        return all(f"{node.address}:" in peers for node in nodes)

    wait_until(connected, f"the minions of {names} to connect", timeout=timeout)

    def answered() -> bool:
        answer = parse(call(master, "*", "test.ping", [], timeout=10))
        return all(answer.get(node.name) is True for node in nodes)

    wait_until(answered, f"the minions of {names} to answer test.ping", timeout=timeout)
