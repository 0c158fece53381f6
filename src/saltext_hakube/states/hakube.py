"""
The pillar of hakube
====================

The gate before all other states of hakube: a wrong pillar is told once, in words, and nothing else
runs. The SLS files use it (``hakube.pillar``).
"""

from __future__ import annotations

from salt.exceptions import CommandExecutionError

__virtualname__ = "hakube"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def pillar_valid(name):
    """
    The pillar ``hakube`` is right, and this minion is one of its nodes.

    name
        Any text.

    Never changes anything. Fails with one line for each problem: the path in the pillar, what is
    wrong, what is allowed or to be done. Warnings tell what is allowed but unwise.

    .. code-block:: yaml

        hakube-pillar:
          hakube.pillar_valid: []
    """
    ret = {"name": name, "result": True, "changes": {}}
    try:
        config = __salt__["hakube.config"]()
    except CommandExecutionError as error:
        return {**ret, "result": False, "comment": str(error)}
    ret["comment"] = f"This minion is {config['node']} in the cluster {config['cluster']['name']}"
    if config["warnings"]:
        ret["warnings"] = config["warnings"]
    return ret
