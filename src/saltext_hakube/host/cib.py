"""The CIB of this machine's cluster, or of a file: read it, and change it compare-and-swap.

Reading and patching go through cibadmin, which speaks to the cluster or, with the environment
variable CIB_file, to a file. A change is a *versioned* patch: where somebody else was faster, the
cluster refuses it as old, and the plan is made anew from what is there then. So any number of
nodes may apply at once: one wins, the others find nothing left to do.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from saltext_hakube.core.cib.plan import Plan
from saltext_hakube.core.errors import CommandError, Conflict, NotInstalled
from saltext_hakube.host.files import write
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import Result, run

# cibadmin's exit codes, from pacemaker's crm_exit_t.
OLD = 103  # CRM_EX_OLD: the patch is for another version
DISCONNECTED = 102  # CRM_EX_DISCONNECT: no cluster is running here

THIS = Machine()

# How long a push tries again when others change the CIB at the same time. Seconds.
PUSH_DEADLINE = 60.0


def read(machine: Machine, timeout: float = 30.0) -> str:
    """The CIB's XML, as this node has it."""
    return _tool(["cibadmin", "--query", "--local"], machine, timeout=timeout).stdout


def find(machine: Machine) -> str | None:
    """The CIB's XML; None where no cluster runs yet, or there is no such file.

    Any other failure is an error: a plan made against nothing would tell a working cluster's
    objects as missing.
    """
    if machine.cib_file is not None and not machine.cib_file.exists():
        return None
    try:
        return read(machine)
    except NotInstalled:
        return None
    except CommandError as error:
        if error.returncode == DISCONNECTED and machine.cib_file is None:
            return None
        raise


def push(
    machine: Machine, make_plan: Callable[[str], Plan], deadline: float = PUSH_DEADLINE
) -> Plan:
    """Make a plan from the CIB as it is and carry it out; again if somebody else was faster.

    Returns the plan that was carried out, which is empty if there was nothing to do.
    Raises Conflict when others were faster until the deadline (seconds).
    """
    if machine.cib_file is not None and not machine.cib_file.exists():
        _make_file(machine.cib_file)
    end = time.monotonic() + deadline
    pause = 0.05
    while True:
        plan = make_plan(read(machine))
        if not plan.changes:
            return plan
        patch = diff(plan.before, plan.after)
        try:
            _tool(["cibadmin", "--patch", "--xml-pipe"], machine, stdin=patch)
        except CommandError as error:
            if error.returncode != OLD:
                raise
            if time.monotonic() + pause > end:
                raise Conflict(
                    f"the cluster's configuration was changed by others again and again for "
                    f"{deadline:g} s, so this change was not made; apply again when they are done"
                ) from None
            # Jitter: nodes that collided must not collide again.
            time.sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, 2.0)
        else:
            return plan


def diff(before: str, after: str) -> str:
    """The versioned patch from one CIB to the other; the empty text if they are the same."""
    # Files of mode 0600 in a folder of mode 0700: fence devices have passwords.
    with tempfile.TemporaryDirectory(prefix="hakube-") as folder:
        old, new = Path(folder, "before.xml"), Path(folder, "after.xml")
        for path, content in ((old, before), (new, after)):
            path.touch(mode=0o600)
            path.write_text(content, encoding="utf-8")
        # Exit code 1 says that they differ.
        return _tool(["crm_diff", "--original", str(old), "--new", str(new)], ok=(0, 1)).stdout


def _tool(
    argv: Sequence[str], machine: Machine = THIS, *, timeout: float = 30.0, **options: Any
) -> Result:
    """Run one of pacemaker's tools; its error is told without any XML.

    A CIB that its schema refuses is printed whole, with the passwords of fence devices in it.
    """
    try:
        return run(argv, env=_env(machine), timeout=timeout, **options)
    except CommandError as error:
        plain = [line for line in error.output.splitlines() if "<" not in line and '="' not in line]
        raise CommandError(argv[:2], error.returncode, "; ".join(plain[:3])) from None


def _make_file(path: Path) -> None:
    """A file that stands for a cluster begins as pacemaker's own idea of an empty one."""
    write(path, _tool(["cibadmin", "--empty"]).stdout.encode(), mode=0o600)


def _env(machine: Machine) -> dict[str, str]:
    return {} if machine.cib_file is None else {"CIB_file": str(machine.cib_file)}
