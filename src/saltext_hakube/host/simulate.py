"""What the scheduler would do with a plan: pacemaker's own, asked by crm_simulate."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from saltext_hakube.core.cib.prediction import Prediction, actions, compare
from saltext_hakube.core.cib.running import status
from saltext_hakube.core.errors import CommandError
from saltext_hakube.host.run import run

NO_MEMBERS = (
    "this CIB has no node that is a member of a running cluster, so it does not say what runs "
    "where, and nothing can be predicted"
)
NO_QUORUM = "the cluster has no quorum, and starts nothing until it has"


def predict(before: str, after: str, timeout: float = 60.0) -> Prediction:
    """What the plan from the CIB ``before`` to ``after`` would make the cluster do.

    ``before`` is a live CIB with its status; ``after`` has the same status. ``timeout``: seconds
    for both of the two simulations. Raises CommandError, NotInstalled, TimedOut.
    """
    seen = status(before)
    if not seen.members:
        return Prediction(note=NO_MEMBERS)
    end = time.monotonic() + timeout
    found = compare(
        *(
            actions(_graph(text, max(end - time.monotonic(), 0.001)), seen.last)
            for text in (before, after)
        )
    )
    return found if seen.quorate else Prediction(found.actions, found.pending, NO_QUORUM)


def _graph(cib: str, timeout: float) -> str:
    """The transition that the scheduler makes of this CIB, as XML."""
    # Files of mode 0600 in a folder of mode 0700: fence devices have passwords.
    with tempfile.TemporaryDirectory(prefix="hakube-") as folder:
        source, graph = Path(folder, "cib.xml"), Path(folder, "graph.xml")
        for path in (source, graph):
            path.touch(mode=0o600)
        source.write_text(cib, encoding="utf-8")
        argv = ["crm_simulate", "--run", "--quiet", "--xml-file", str(source)]
        try:
            # crm_simulate works on a copy, which it would leave readable beside the cluster's own.
            run(
                [*argv, "--save-graph", str(graph)],
                env={"CIB_shadow_dir": folder},
                timeout=timeout,
            )
        except CommandError as error:
            raise CommandError(argv[:1], error.returncode, _reason(error, folder)) from None
        return graph.read_text(encoding="utf-8")


def _reason(error: CommandError, folder: str) -> str:
    """What crm_simulate complains of, without anything out of the CIB's XML."""
    lines = [
        line.replace(f"{folder}/", "")
        for line in error.output.splitlines()
        if "<" not in line and '="' not in line and "doesn't allow value" not in line
    ]
    return "; ".join(list(dict.fromkeys(lines))[:3])
