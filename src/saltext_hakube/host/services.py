"""Services that read changed files: those of systemd are restarted, those of Pacemaker through it.

::

    found = services.plan(machine, files, node)
    services.restart_managed(service, node, ready)   # in the cluster's turn (host.rollout)
    services.restart_plain(unit)

A unit that Pacemaker manages is never restarted by systemctl (design.md, law 5): `crm_resource
--restart` bans its clone from this node for a moment, or stops the resource and starts it again,
and waits. Seen with Pacemaker 2.1 and 3.0. What does not run, is not managed just now
(maintenance) or does not read the files is left alone.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from saltext_hakube.core.errors import CommandError, HakubeError, TimedOut
from saltext_hakube.host import forget, status, systemd
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

# Not Pacemaker's, wherever they are.
PLAIN = ("kubelet", "kube-proxy")

# Seconds. An apiserver may take a minute to stop (--shutdown-delay-duration, requests that end) and
# some to start. No single step takes as long as the turn's lease (host.rollout); ``beat`` is called
# between them.
RESTART = 100.0
# An apiserver on a busy machine answers with 500 for a while, until its caches are filled.
READY = 60.0
# A program that refuses its flags is gone within this.
STEADY = 4.0
# Should we be killed in the midst of a restart, the ban ends by itself.
BAN = "PT10M"

ENV_FILE = re.compile(r"^EnvironmentFiles=(.+?) \(ignore_errors=\w+\)$", re.MULTILINE)


class Service(Struct, frozen=True):
    """A unit; ``resource``: the id by which Pacemaker manages it."""

    unit: str
    resource: str | None = None


class Plan(Struct, frozen=True):
    """What is to be restarted, and what should be but is not."""

    plain: tuple[Service, ...] = ()
    managed: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def units(self) -> list[str]:
        """All units that are restarted."""
        return [service.unit for service in (*self.managed, *self.plain)]


def plan(
    machine: Machine,
    files: Collection[str],
    node: str | None,
    resources: Mapping[str, str],
    plain: Iterable[str] = PLAIN,
    *,
    variables: Mapping[str, Collection[str]] | None = None,
) -> Plan:
    """What reads these files and runs. ``resources``: unit -> id of those that Pacemaker manages;
    ``node``: this machine's name in the cluster; ``variables``: by file, which have changed (a file
    that is not in it: any may have)."""
    if not machine.live or not files:
        return Plan()
    notes: list[str] = []
    reads = partial(_reads, files=files, variables=variables or {})
    affected = [unit for unit in resources if reads(unit)]
    managed = tuple(_managed(affected, node, resources, notes)) if affected else ()
    others = [unit for unit in plain if unit not in resources]
    return Plan(
        plain=tuple(Service(unit) for unit in others if reads(unit)),
        managed=managed,
        notes=tuple(notes),
    )


def _reads(unit: str, files: Collection[str], variables: Mapping[str, Collection[str]]) -> bool:
    """Whether the unit runs, and reads one of the files: as its environment, or by a flag."""
    if not systemd.active(unit):
        return False
    patterns = environment_files(unit)
    found = [file for file in files if any(fnmatchcase(file, one) for one in patterns)]
    if any(_uses(unit, variables.get(file)) for file in found):
        return True
    return any(word.partition("=")[2] in files or word in files for word in _arguments(unit))


def _uses(unit: str, changed: Collection[str] | None) -> bool:
    """Whether its command line has one of the variables. One that has none at all may read them by
    itself."""
    command = ["systemctl", "--no-pager", "show", "--property=ExecStart", unit]
    used = set(re.findall(r"\$\{?(\w+)", run(command, timeout=systemd.ASK).stdout))
    return changed is None or not used or bool(used.intersection(changed))


def environment_files(unit: str) -> list[str]:
    """The files that the unit reads as its environment, as its unit file has them."""
    command = ["systemctl", "--no-pager", "show", "--property=EnvironmentFiles", unit]
    return ENV_FILE.findall(run(command, timeout=systemd.ASK).stdout)


def restart_plain(unit: str) -> None:
    """Restart a unit of systemd's, if it runs. Raises HakubeError where it does not come back."""
    run(["systemctl", "--no-ask-password", "try-restart", unit], timeout=systemd.ORDER)
    _steady(unit, None)


def restart_managed(
    service: Service,
    node: str,
    ready: Callable[[], bool] | None = None,
    timeout: float = RESTART,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Restart what Pacemaker runs here, and see that it came back: another process, which stays,
    and, if it was ``ready`` before, is so again. ``beat`` is called after each step that takes
    time. Raises HakubeError.

    One that runs on a single node may come up on another, with that one's files; nothing is to be
    done for one that has gone there before its turn came (as the next of its group does).
    """
    resource = service.resource or ""
    if not _runs(resource, node):
        return
    before = systemd.main_pid(service.unit)
    was_ready = ready is not None and ready()
    command = ["crm_resource", "--restart", "--resource", resource, "--node", node]
    command += ["--lifetime", BAN, "--timeout", f"{timeout:.0f}s"]
    there = _bans(node)
    try:
        run(command, timeout=timeout + 15)
    except (CommandError, TimedOut):
        _unban(_bans(node) - there)
        raise
    beat()
    if not _back(resource, node, 30):
        return
    _steady(service.unit, before)
    beat()
    if was_ready and ready is not None:
        _wait(ready, READY, f"{service.unit} on {node} to be ready again")


def readyz(address: str, port: int) -> Callable[[], bool]:
    """A question to an apiserver: whether it is ready. 401 and 403 are answers of one that is, but
    does not tell strangers."""
    host = f"[{address}]" if ":" in address else address

    def ready() -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Whose certificate it is does not matter here: nothing is sent, and it is our own machine.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=5, context=context)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status in (200, 401, 403)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def without_early(plan: Plan, clients: Collection[str], url: str) -> Plan:
    """The plan without clients of an API that is not where they are sent yet: a VIP that this apply
    is about to bring. They would end at once, and look as if the change were wrong."""
    early = [service.unit for service in plan.managed if service.unit in clients]
    if not early or listens(url):
        return plan
    note = (
        f"{', '.join(early)}: not restarted, for nobody listens at {url} yet. They start anew when "
        "they have lost the API that they use now; by hand: `crm_resource --restart`"
    )
    managed = tuple(service for service in plan.managed if service.unit not in clients)
    return Plan(plan.plain, managed, (*plan.notes, note))


def listens(url: str) -> bool:
    """Whether somebody takes connections there."""
    place = urlsplit(url)
    try:
        with socket.create_connection((place.hostname, place.port), timeout=3):
            return True
    except OSError:
        return False


def recover(
    service: Service,
    node: str,
    since: float,
    ready: Callable[[], bool] | None = None,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """See that it runs here with the files as they are since then (a time of the monotonic clock).

    A start that failed has closed the node to the resource, until its failures are forgotten.
    Raises HakubeError.
    """
    resource = service.resource or ""
    forget.clean_up(Machine(), resource, node, timeout=60, patience=60)
    beat()
    if not _back(resource, node, RESTART):
        return
    beat()
    began = systemd.properties(service.unit, "ExecMainStartTimestampMonotonic")
    if int(began.get("ExecMainStartTimestampMonotonic") or 0) / 1e6 < since:
        restart_managed(service, node, beat=beat)
    else:
        _steady(service.unit, None)
    beat()
    if ready is not None:
        _wait(ready, READY, f"{service.unit} on {node} to be ready again")


def _managed(
    units: list[str], node: str | None, resources: Mapping[str, str], notes: list[str]
) -> Iterable[Service]:
    found = status.status()
    if found is None:
        return  # a cluster that is formed or started here starts them with the new files
    for unit in units:
        resource = resources[unit]
        if node not in found.running.get(resource, ()):
            continue  # the cluster has yet to take it over, and starts it anew then
        if not found.quorate:
            why = "the cluster has no quorum here"
        elif resource in found.unmanaged:
            why = "the cluster does not manage it now (maintenance mode, or is-managed=false)"
        else:
            yield Service(unit, resource)
            continue
        notes.append(f"{unit} is not restarted, it goes on with its old settings: {why}")


def _runs(resource: str, node: str) -> bool:
    found = status.status()
    return found is not None and node in found.running.get(resource, ())


def _back(resource: str, node: str, seconds: float) -> bool:
    """Wait until it runs here again, or, having no instances, anywhere; whether it is here."""

    def there() -> bool:
        found = status.status()
        now = found.running.get(resource, ()) if found is not None else ()
        return node in now or (bool(now) and resource not in found.cloned)

    _wait(there, seconds, f"{resource} to run on {node} again")
    return _runs(resource, node)


def _steady(unit: str, before: int | None) -> None:
    """See that the unit runs and stays: the same process for some seconds, and not the old one."""
    _wait(lambda: systemd.active(unit), 30, f"{unit} to be active")
    pid = systemd.main_pid(unit)
    if before is not None and pid == before:
        raise HakubeError(f"{unit} was not restarted: its process is still {pid}")
    end = time.monotonic() + STEADY
    while time.monotonic() < end:
        if systemd.main_pid(unit) != pid or not systemd.active(unit):
            raise HakubeError(
                f"{unit} ended again soon after its start; see `journalctl -u {unit}`"
            )
        time.sleep(0.5)


def _wait(met: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise TimedOut(f"waited {seconds:g} s for {what}")
        time.sleep(0.5)


def _bans(node: str) -> set[str]:
    """The ids of what bans resources from this node, as crm_resource calls it."""
    with contextlib.suppress(HakubeError):
        asked = run(["cibadmin", "--query", "--scope", "constraints"], timeout=30, ok=None)
        return set(
            re.findall(rf'<rsc_location id="(cli-ban-[^"]+-on-{re.escape(node)})"', asked.stdout)
        )
    return set()


def _unban(left: Iterable[str]) -> None:
    """Take back what a restart that failed has left; else it would run here no more for a while."""
    for name in left:
        with contextlib.suppress(HakubeError):
            run(["cibadmin", "--delete", "--xml-text", f'<rsc_location id="{name}"/>'], timeout=30)


def _arguments(unit: str) -> list[str]:
    pid = systemd.main_pid(unit)
    try:
        content = Path(f"/proc/{pid}/cmdline").read_bytes() if pid else b""
    except OSError:
        return []
    return content.decode(errors="replace").split("\0")
