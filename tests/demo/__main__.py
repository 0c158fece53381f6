"""python3 -m tests.demo: three machines become a highly available Kubernetes API.

KEEP=1 leaves the machines up; DEMO=files needs none: folders stand for them.
"""

from __future__ import annotations

import os
import sys

from tests.demo import files, machines
from tests.demo.screen import DemoError, Screen
from tests.lab import LabError, missing
from tests.lab.process import end_in_good_order

#: The lab's own name: a lab somebody works with is none of the demonstration's business.
NAME = os.environ.get("DEMO_LAB") or "demo"


def main() -> int:
    end_in_good_order()
    screen = Screen()
    keep = os.environ.get("KEEP", "") not in ("", "0", "no")
    kind = os.environ.get("DEMO", "")
    try:
        if kind not in ("", "files", "machines"):
            raise DemoError(f"DEMO is files, machines or nothing, not {kind!r}")
        reason = "DEMO=files" if kind == "files" else missing()
        if reason and kind == "machines":
            raise DemoError(reason)
        if reason:
            files.story(screen, reason)
        else:
            machines.story(screen, NAME, keep=keep)
    except (DemoError, LabError) as error:
        screen.plain(f"\ndemo: failed: {error}")
        return 1
    except SystemExit as ended:
        screen.plain(f"\n{ended}")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
