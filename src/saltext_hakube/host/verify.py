"""Hold a planned CIB against pacemaker's own schema, before it is pushed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from saltext_hakube.core.cib.complaint import complaints, lined
from saltext_hakube.core.cib.plan import Place, Plan
from saltext_hakube.core.errors import ConfigError, NotInstalled
from saltext_hakube.host.run import run

INVALID = 78  # CRM_EX_CONFIG


def verify(plan: Plan, places: Place, kinds: dict[str, type]) -> None:
    """Raise ConfigError, with the place of each object, where the schema refuses the plan.

    ``kinds``: those of the declared objects by id. A CIB that was refused before is not judged, nor
    is any where pacemaker's tools are not installed yet.
    """
    lines = lined(plan.after)
    output = _refused(lines)
    if output is None or _refused(plan.before) is not None:
        return
    problems = [
        f"{places(kinds[name], name)}: pacemaker's schema does not take it: {reason}"
        for name, reason in complaints(lines, output, kinds)
    ]
    # Of some faults libxml2 says no more than the section.
    changed = ", ".join(places(kinds[it.id], it.id) for it in plan.changes if it.id in kinds)
    vague = f"pacemaker's schema does not take one of {changed}: {output.splitlines()[0]}"
    raise ConfigError(problems or [vague])


def _refused(text: str) -> str | None:
    """What crm_verify prints of a CIB that the schema refuses; None where it does not."""
    # A file of mode 0600 in a folder of mode 0700: fence devices have passwords.
    with tempfile.TemporaryDirectory(prefix="hakube-") as folder:
        path = Path(folder, "cib.xml")
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        try:
            done = run(["crm_verify", "--xml-file", str(path)], ok=None, timeout=60)
        except NotInstalled:
            return None
    if done.returncode != INVALID or "Relax-NG" not in done.output:
        return None
    # Without the file's name, which is nobody's, and without values, which may be secret.
    lines = [line for line in done.output.splitlines() if "allow value" not in line]
    return "\n".join(line.replace(f"{folder}/cib.xml", "CIB") for line in lines)
