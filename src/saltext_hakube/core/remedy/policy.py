"""What may be done about what is seen (``hakube:heal``)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from saltext_hakube.core.remedy.words import Component, Rung

Times = Annotated[int, Meta(ge=1, le=100, description="a whole number, 1 to 100")]
Wait = Annotated[float, Meta(ge=1, le=86400, description="a number of seconds, 1 to 86400")]
Ladder = Annotated[tuple[Rung, ...], Meta(description="a list of rungs, the gentlest first")]
# Its address is often all that it asks of a caller, so it is treated as a secret.
Webhook = Annotated[
    str,
    Meta(
        pattern=r"^https?://[!-~]+\Z",
        description="an address that begins with http:// or https://",
        extra={"secret": True},
    ),
]
Returner = Annotated[
    str, Meta(pattern=r"^[a-z_][a-z0-9_]*\Z", description="the name of a Salt returner")
]
#: Seconds from one look of the master at all nodes to the next.
ROUND = 15
#: none: nothing is watched. observe: all is watched, and told, and nothing is done. act.
Mode = Literal["none", "observe", "act"]

#: Gentle first, but for one: a unit that hangs is killed before Pacemaker is asked to recover it,
#: for it would ask the unit to stop first, and wait for that as long as it may (systemd: 90 s). The
#: node kills nothing that it does not find hanging itself. No rung moves or restarts more than what
#: is broken; standby and fence are no default.
DEFAULT: dict[Component, tuple[Rung, ...]] = {
    "haproxy": ("probe", "files", "kill", "hand", "move"),
    "vip": ("probe", "hand", "move"),
    "apiserver": ("probe", "files", "kill", "hand"),
    "scheduler": ("probe", "files", "kill", "hand"),
    "controller-manager": ("probe", "files", "kill", "hand"),
    "pacemaker": ("probe", "hand"),
    "corosync": (),
    "files": ("probe", "files"),
    "certificates": (),
    "disk": (),
    "eyes": ("files",),
    "node": (),
}


class Budget(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much may be done. ``each``: actions for one incident's key in ``window`` seconds;
    ``cluster``: in the whole cluster within an hour. After a failed action the next one waits
    ``backoff`` seconds, doubled each time up to ``longest``. After ``breaker`` actions in a row
    that mended nothing it is only told."""

    each: Times = 3
    window: Wait = 900
    cluster: Times = 6
    backoff: Wait = 15
    longest: Wait = 600
    breaker: Times = 2


class Alone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a node may do when its master has been away for ``after`` seconds: ``tokens`` actions,
    one more each ``every`` seconds; of the rungs files and hand only."""

    enabled: bool = True
    after: Wait = 120
    tokens: Times = 3
    every: Wait = 900


class Heal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pillar's part ``hakube:heal``.

    ``fall``, ``rise``: so many looks in a row make a verdict. ``reassert``: seconds after which a
    node reports again though nothing changed; three of them without a word are silence. ``settle``:
    seconds after an incident was opened in which only files are mended, and only what hangs of
    Kubernetes is killed: what systemd, Pacemaker and hakube-watch mend takes 1 to 3 s.
    ``patience``: seconds after an action in which it may still come to something. ``storm``:
    seconds without action after most nodes went bad at once. ``rungs``: component -> its ladder,
    where it is another than the default.
    """

    mode: Mode = "none"
    fall: Times = 2
    rise: Times = 2
    reassert: Wait = 45
    settle: Wait = 4
    patience: Wait = 20
    storm: Wait = 120
    budget: Budget = Budget()
    alone: Alone = Alone()
    rungs: dict[Component, Ladder] = field(default_factory=dict)
    webhook: Webhook | None = None
    returner: Returner | None = None

    @property
    def silence(self) -> float:
        """Seconds without a word after which nothing is known of a node."""
        return 3 * self.reassert

    def ladder(self, component: Component) -> tuple[Rung, ...]:
        return self.rungs.get(component, DEFAULT[component])
