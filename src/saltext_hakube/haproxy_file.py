"""What the functions about haproxy's file share: what a minion's pillar and arguments ask for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from saltext_hakube import face
from saltext_hakube.core.config import Config
from saltext_hakube.core.declared import alone
from saltext_hakube.core.errors import ConfigError, NotInstalled, Refused
from saltext_hakube.core.haproxy import document, kubernetes, process, shown
from saltext_hakube.core.haproxy import wanted as pillars
from saltext_hakube.core.haproxy.options import Haproxy
from saltext_hakube.core.haproxy.section import Section, declared, keys
from saltext_hakube.core.haproxy.verdict import Verdict
from saltext_hakube.host import files, network, rollout
from saltext_hakube.host.haproxy import change as changing
from saltext_hakube.host.haproxy import check as checking
from saltext_hakube.host.haproxy import unit as units
from saltext_hakube.host.haproxy.health import Place
from saltext_hakube.host.haproxy.replace import unread

NOT_INSTALLED = "haproxy is not installed yet: the file will be checked when it is"

Lines = list[str]


class Minion:
    """A minion's pillar, grains and options, as far as haproxy is concerned."""

    def __init__(
        self, pillar: Mapping[str, Any], grains: Mapping[str, Any], opts: Mapping[str, Any]
    ) -> None:
        self._given = (pillar, grains, opts)
        self.machine = face.machine(opts)

    @cached_property
    def config(self) -> Config | None:
        """What the pillar means; None where there is none, or only objects of the cluster."""
        found = self._given[0].get("hakube")
        return face.config(*self._given) if found and not alone(found) else None

    @property
    def options(self) -> Haproxy:
        """``hakube:haproxy``, or its defaults."""
        return self.config.haproxy if self.config else Haproxy()

    def sections(self, *, adapted: bool = True) -> tuple[Section, ...]:
        """What the pillar needs. ``adapted``: for the haproxy that is installed here; else on all
        nodes alike. Raises ConfigError."""
        config = face.config(*self._given)
        try:
            version = checking.version() if adapted else None
        except NotInstalled:
            version = None
        options = kubernetes.adapted(config.haproxy, version)
        return pillars.wanted(options, config.vip.address, config.servers)

    def setting(self, name: str, given: Any, *, file: bool = False) -> str:
        """An argument, else what the pillar says, else the default. Raises ConfigError."""
        if given is None:
            return getattr(self.options, name)
        if (
            not isinstance(given, str)
            or not given
            or (file and not re.fullmatch(r"/.*[^/]", given))
        ):
            kind = "an absolute path of a file" if file else "a name, such as 'haproxy'"
            raise ConfigError([f"{name}: {given!r} is wrong; expected {kind}"])
        return given


class Wanted:
    """The arguments of plan and apply, checked and completed from the pillar."""

    def __init__(  # noqa: PLR0917
        self, minion: Minion, sections: Any, absent: Any, owner: Any, config: Any, unit: Any
    ) -> None:
        self._minion = minion
        self.machine = minion.machine
        self.sections = minion.sections() if sections is None else declared(sections, "sections")
        self._alike = minion.sections(adapted=False) if sections is None else self.sections
        self.absent = keys(absent or [], "absent")
        if sections is not None and owner is None:
            raise ConfigError(["owner: needed with sections; name whose they are, such as 'web'"])
        self.owner = document.OWNER if owner is None else owner
        if not isinstance(self.owner, str) or not re.fullmatch(r"[A-Za-z0-9_.@-]+", self.owner):
            raise ConfigError(
                [
                    f"owner: {owner!r} is wrong; expected letters, digits and . _ @ - (in a state, "
                    "the state's name is the owner if none is given)"
                ]
            )
        self.config = minion.setting("config", config, file=True)
        self.unit = minion.setting("unit", unit)

    def contents(self) -> tuple[bytes | None, bytes | None]:
        """The file as it is (None: missing) and as it should be."""
        old = files.read(self.machine.path(self.config))
        try:
            new = document.with_sections(
                old, self.sections, self.absent, owner=self.owner, base=process.BASE
            )
        except ConfigError as error:
            raise ConfigError(f"{self.config}: {text}" for text in error.problems) from None
        return old, old if old is None and not new else new

    @property
    def wait(self) -> float:
        """Seconds to wait for the cluster's turn."""
        config = self._minion.config
        return float(config.cluster.settle_timeout if config else 300)

    def place(self) -> Place:
        """The haproxy that is changed, and how it is asked whether it serves."""
        options = self._minion.options
        there = not options.plain and (self.sections or self.owner != document.OWNER)
        socket = options.api_socket if there and options.api_socket != "none" else None
        return Place(self.machine, self.config, self.unit, socket, options.check_path)

    def change(self) -> rollout.Change:
        """What is changed, for the other nodes to know it by."""
        told = "".join(line for section in self._alike for line in section.rendered())
        digest = changing.digest(f"{self.owner} {self.absent} {told}")
        config = self._minion.config
        node = config.node if config and config.node else os.uname().nodename
        return rollout.Change(self.unit, digest, node)

    def holds_vip(self) -> bool:
        """Whether the VIP is on this machine; its holder goes after all others."""
        config = self._minion.config
        return config is not None and network.holds(config.vip.address)

    def changes(self, old: bytes | None, new: bytes | None) -> dict[str, str]:
        """What would change, as people see it: a diff, or a reload that is due."""
        changes = {}
        if new != old:
            changes["diff"] = shown.diff(old, new, self.config)
        elif new is not None and unread(self.machine, self.unit):
            # An earlier change was killed between the write and the reload.
            changes["reload"] = f"{self.unit} still runs with what was in {self.config} before"
        return changes

    def looked_at(self, old: bytes | None, new: bytes | None) -> tuple[Lines, Lines]:
        """What haproxy says of the planned file: comments and warnings."""
        try:
            verdict = checking.check(self.machine, self.config, self.unit, new)
        except NotInstalled:
            return [NOT_INSTALLED], []
        if verdict.good:
            return [], self._warnings(verdict)
        return [], [self._refusal(verdict, old), *self._warnings(verdict)]

    def required(self, old: bytes | None, new: bytes | None) -> Lines:
        """haproxy's warnings; its refusal is an error."""
        try:
            verdict = checking.check(self.machine, self.config, self.unit, new)
        except NotInstalled:
            if self.sections:
                raise
            return []  # what is left is not ours, and nobody reads it
        if verdict.good:
            return self._warnings(verdict)
        # What is left when ours are gone is not our doing, but no haproxy that runs shall meet it.
        if self.sections or units.running(self.machine, self.unit):
            raise Refused(self._refusal(verdict, old))
        return [self._refusal(verdict, old), *self._warnings(verdict)]

    def _refusal(self, verdict: Verdict, old: bytes | None) -> str:
        """Why the new file is refused, and whether that is its own fault."""
        before = checking.check(self.machine, self.config, self.unit, old) if old else None
        if before is not None and not before.good and _texts(verdict) <= _texts(before):
            head = (
                f"haproxy -c refuses {self.config} as it is, before this change and after it; mend "
                "these lines, which are not ours, first:"
            )
        else:
            head = f"haproxy -c refuses the new {self.config}:"
        return "\n".join((head, *verdict.errors))

    def _warnings(self, verdict: Verdict) -> Lines:
        warnings = [f"haproxy: {warning}" for warning in verdict.warnings]
        if not units.loads(self.machine, self.config, self.unit):
            warnings.append(f"the unit {self.unit} does not load {self.config}")
        return warnings


def taken_over(old: bytes | None, new: bytes | None) -> Lines:
    """A comment for each section that was somebody else's and is now replaced."""
    had = {block.key for block in document.parse(old or b"").blocks}
    return [
        f"The file's own '{block.key}' is replaced; it stays above ours as a comment"
        for block in document.parse(new or b"").blocks
        if block.replaced and block.key not in had
    ]


def _texts(verdict: Verdict) -> set[str]:
    """What was said against a file, wherever in it."""
    return {re.sub(r":\d+\b", "", error) for error in verdict.errors}
