"""Run on a node: push changes one by one, and say how long each took.

python3 pusher.py NAME COUNT: makes COUNT resources called NAME-1, NAME-2 ..., none of which runs,
and with each counts the property ``pushed`` up by one. A line of JSON says how it went.
"""

from __future__ import annotations

import json
import sys
import time

from saltext_hakube.core.cib.objects import Primitive, Property
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine

COUNTER = "pushed"


def main() -> None:
    name, count = sys.argv[1], int(sys.argv[2])
    plans, processes = [], []
    run = cib.run
    cib.run = lambda argv, **options: (processes.append(argv), run(argv, **options))[1]

    def planned(number: int, text: str):
        plans.append(number)
        known = [item for item in objects(text) if isinstance(item, Property)]
        before = next((item.value for item in known if item.id == COUNTER), "0")
        resource = Primitive(
            id=f"{name}-{number}", agent="ocf:pacemaker:Dummy", meta={"target-role": "Stopped"}
        )
        return plan([resource, Property(id=COUNTER, value=str(int(before) + 1))], text)

    seconds, changes = [], 0
    begin = time.time()
    for number in range(1, count + 1):
        start = time.monotonic()
        done = cib.push(Machine(), lambda text, number=number: planned(number, text))
        seconds.append(time.monotonic() - start)
        changes += len(done.changes)
    told = {"seconds": seconds, "changes": changes, "plans": len(plans)}
    told |= {"processes": len(processes), "begin": begin, "end": time.time()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
