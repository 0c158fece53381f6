"""Run on a lab's node: plan, apply or export with the engine, told as JSON. What to do: stdin."""

import json
import sys

from saltext_hakube.core.cib.export import export
from saltext_hakube.core.config import Facts
from saltext_hakube.core.declared import given
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import cib, objects
from saltext_hakube.host.machine import Machine


def main() -> None:
    asked = json.load(sys.stdin)
    machine = Machine()
    if asked["do"] == "export":
        print(json.dumps(export(cib.read(machine))))
        return
    parts = {name: asked.get(name) for name in ("objects", "absent", "purge")}
    pillar = {"safety": asked["safety"]} if asked.get("safety") else None
    try:
        declared = given(**parts, pillar=pillar, facts=Facts())
        if asked["do"] == "plan":
            found = objects.plan(machine, declared)
            wrong = list(found.refusal)
        else:
            done = objects.apply(machine, declared)
            found, wrong = done.planned, list(done.wrong)
    except HakubeError as error:
        print(json.dumps({"error": str(error)}))
        return
    changes = {change.id: change.action for change in found.plan.changes}
    told = {"changes": changes, "wrong": wrong, "predicted": found.prediction.told()}
    print(json.dumps(told))


main()
