"""What the answers of the minions say is wrong, each with what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

Answers = Mapping[str, Any]


def versions(asked: Iterable[str], answers: Answers, own: str, timeout: float) -> list[str]:
    """Minions that do not answer ``hakube.version``, lack the extension or have another one."""
    install = (
        f"install the wheel of version {own} on it as the README says (the extension is on no "
        "package index), then restart salt-minion"
    )
    problems = []
    for name in asked:
        answer = answers.get(name)
        if answer is None:
            problems.append(
                f"{name}: no answer within {timeout} s; is the machine up, its salt-minion running?"
            )
        elif not isinstance(answer, Mapping):
            # Salt's own words, such as: 'hakube.version' is not available.
            first = str(answer).strip().partition("\n")[0]
            problems.append(f"{name}: lacks the extension ({first}); {install}")
        elif answer.get("extension") != own:
            problems.append(
                f"{name}: has version {answer.get('extension')} of the extension, "
                f"the master has {own}; {install}"
            )
    return problems


def nodes(answers: Answers, minions: Collection[str]) -> list[str]:
    """Wrong pillars, by the answers to ``hakube.config``, and nodes that no minion is.

    ``minions``: all that the master knows.
    """
    problems = []
    configs = {name: config for name, config in answers.items() if isinstance(config, Mapping)}
    for name, answer in sorted(answers.items()):
        if name not in configs:
            lines = str(answer).removeprefix("ERROR: ").splitlines()
            problems += [f"{name}: {line}" for line in lines]
    declared = {node["name"]: node for config in configs.values() for node in config["nodes"]}
    present = {config["node"] for config in configs.values()}
    for name, node in declared.items():
        path = f"hakube:cluster:nodes:{name}"
        if node["minion"] is not None and node["minion"] not in minions:
            problems.append(
                f"{path}:minion: the master knows no minion {node['minion']}; accept its key "
                "(`salt-key`) or correct the name"
            )
        elif name not in present:
            problems.append(
                f"{path}: none of the minions that answered is this node; start or add it, or "
                "give the node `minion: ID`"
            )
    return problems
