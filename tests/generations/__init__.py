"""The tools of three generations of the cluster stack: cibadmin, crm_diff, crm_simulate, pcs, ...

    with generation("bullseye") as tools:
        done = tools.run(["cibadmin", "--query"], env={"CIB_file": str(path)})
        all_done = tools.run_all([Command(["crm_verify", "-x", path]) for path in paths])

A generation is one process in a Debian release's file tree, in which a command costs what it costs
on the machine itself. Of the machine the commands see the folders given, under the same path; what
they write elsewhere is gone at the end.
"""

from __future__ import annotations

from tests.generations.generation import (
    Command,
    Done,
    Generation,
    NoTree,
    generation,
    missing,
)

#: Debian's releases; pcs 0.10, 0.11, 0.12 and pacemaker 2.0, 2.1, 3.0.
GENERATIONS = ("bullseye", "bookworm", "trixie")

__all__ = ["GENERATIONS", "Command", "Done", "Generation", "NoTree", "generation", "missing"]
