"""Single edits of the CIB that a person asks for, made like all changes: compare-and-swap.

So they work alike with every version of Pacemaker's tools, and where a file stands for the
cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from saltext_hakube.core.administration import names
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.plan import Plan
from saltext_hakube.core.errors import ConfigError, Refused
from saltext_hakube.host import cib, settle
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

Edit = Callable[[Cib], Iterator[Change]]


def read(machine: Machine) -> Cib:
    """The CIB. Raises Refused where no cluster runs, or its file is missing."""
    return Cib.parse(_text(machine))


def make(machine: Machine, edit: Edit, test: bool) -> Plan:
    """Make an edit, or with ``test`` only its plan. Refused without a cluster or its quorum."""
    if machine.cib_file is None:
        settle.check_quorum(machine)
    # Also with a push to follow: that would make a file that is missing.
    text = _text(machine)
    return _plan(text, edit) if test else cib.push(machine, lambda text: _plan(text, edit))


def this_node(machine: Machine, own: Iterable[str]) -> str:
    """This machine's name in the cluster. ``own``: its names, where a file stands for one."""
    known = names.nodes(read(machine))
    if machine.cib_file is None:
        return run(["crm_node", "-n"], timeout=30).stdout.strip()
    for name in own:
        if name in known:
            return name
    raise ConfigError(
        [
            "node: missing, and this minion is none of the cluster's nodes; name one "
            f"({', '.join(sorted(known)) or 'there is none'})"
        ]
    )


def need_live(machine: Machine, what: str) -> None:
    """Refuse what only a running cluster can tell or do."""
    if machine.cib_file is not None:
        raise Refused(
            f"{what} needs a running cluster, and here the file {machine.cib_file} stands for it"
        )


def _text(machine: Machine) -> str:
    text = cib.find(machine)
    if text is not None:
        return text
    if machine.cib_file is not None:
        raise Refused(f"there is no {machine.cib_file}, the file that stands for the cluster here")
    raise Refused("no cluster runs on this machine; the state hakube.cluster forms and starts it")


def _plan(text: str, edit: Edit) -> Plan:
    parsed = Cib.parse(text)
    changes = tuple(edit(parsed))
    if changes:
        parsed.raise_version()
    return Plan(before=text, after=parsed.text() if changes else text, changes=changes)
