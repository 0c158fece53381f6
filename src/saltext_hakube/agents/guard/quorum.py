"""What corosync's votequorum says, line by line: out of `corosync-quorumtool -m`.

It prints everything anew whenever the membership or the quorum changes, without a mark at the end;
`Quorate:` is the last line that counts (corosync 3.0 to 3.1: tools/corosync-quorumtool.c).
"""

from __future__ import annotations

from typing import NamedTuple

TOOL = "corosync-quorumtool"
COMMAND = ("stdbuf", "-oL", TOOL, "-m")  # into a pipe it would print late


class Quorum(NamedTuple):
    """``members``: nodes that this one sees, itself among them; ``ring``: the membership's name."""

    quorate: bool
    members: int
    ring: str


class Reader:
    """Give it one line after the other; it answers with a Quorum once it has read one."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def line(self, text: str) -> Quorum | None:
        """What is so since this line; None where it does not say."""
        name, separator, value = text.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not separator:
            if name == "quorum information":
                self._found = {}
            return None
        if name in ("nodes", "ring id"):
            self._found[name] = value
        if name != "quorate" or value.lower() not in ("yes", "no"):
            return None
        members = self._found.get("nodes", "")
        return Quorum(
            quorate=value.lower() == "yes",
            members=int(members) if members.isdecimal() else 0,
            ring=self._found.get("ring id", ""),
        )
