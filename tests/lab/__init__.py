"""The lab: a Salt master, three real nodes and a client on one machine.

    with Lab.up(progress=print) as lab:
        lab.nodes[0].run("systemctl is-active salt-minion")
        lab.salt("*", "test.ping")
        lab.nodes[0].power_cut()

By hand: `python3 -m tests.lab --help`.
"""

from tests.lab.lab import Lab, clean
from tests.lab.node import Client, Machine, Node
from tests.lab.prerequisites import missing, prepare
from tests.lab.process import LabError

__all__ = ["Client", "Lab", "LabError", "Machine", "Node", "clean", "missing", "prepare"]
