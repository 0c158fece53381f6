"""A plan: what has to change in a CIB so that it means what is declared. Pure.

The plan is made by editing a copy, so that it is what it tells: its changes come from the very
edits that make ``after``. Declared objects are converged in the order of their references
(templates, primitives, groups, clones, constraints), everything else in the CIB stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from saltext_hakube.core.cib import matching, nesting, options, pairs, removal
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.constraints import edit_constraint
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.kinds import BY_TYPE, CONSTRAINTS, CONTAINERS, OPTIONS, RANKS
from saltext_hakube.core.cib.objects import Bundle, NodeValues, Object, Primitive, Template
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.cib.words import Missing, Wrong
from saltext_hakube.core.errors import ConfigError

# How an object is called in an error: the place in the pillar where it is declared.
Place = Callable[[type[Object], str], str]


class Plan(Struct, frozen=True):
    """``before``: the CIB that was read; ``after``: what it should be; ``changes``: the way.

    ``stops``: resources that are removed, and have to be stopped before that.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    stops: tuple[str, ...] = ()

    def told(self) -> dict[str, dict[str, str]]:
        """The changes as a state shows them: ``{id: {...}}``."""
        ids = Counter(change.id for change in self.changes)
        return {
            change.id if ids[change.id] == 1 else f"{change.kind} {change.id}": change.told()
            for change in self.changes
        }


def named(kind: type[Object], name: str) -> str:
    """An object by its kind and id, where nothing says where it is declared."""
    return f"{BY_TYPE[kind].name} {name}"


def plan(
    desired: Iterable[Object],
    text: str,
    absent: Iterable[Absent] = (),
    purge: Iterable[type[Object]] = (),
    place: Place = named,
) -> Plan:
    """The plan from the CIB ``text`` to one in which all ``desired`` objects stand.

    ``absent``: objects that are not to be there; ``purge``: kinds of which nothing is to be there
    that is not desired. Raises ConfigError with a line for each object that is wrong, or refers to
    something that is neither there nor declared.
    """
    cib = Cib.parse(text)
    work = _Work(cib, sorted(desired, key=lambda item: RANKS[type(item)]), list(absent), place)
    work.run(tuple(purge))
    if work.problems:
        raise ConfigError(work.problems, work.missing == len(work.problems))
    changes = tuple(_merged(work.changes))
    if changes:
        cib.raise_version()
    return Plan(
        before=text, after=cib.text() if changes else text, changes=changes, stops=work.stops
    )


def target_roles(text: str, names: Iterable[str]) -> dict[str, str | None]:
    """The target-role of these resources; None: they have none of their own."""
    cib = Cib.parse(text)
    found = {name: cib.resource(name) for name in names}
    return {
        name: pairs.plain_values(cib, element, "meta_attributes").get("target-role")
        for name, element in found.items()
        if element is not None
    }


def with_roles(text: str, roles: Mapping[str, str | None]) -> Plan:
    """The plan that gives resources these target-roles: to stop what is about to be removed."""
    cib = Cib.parse(text)
    changes = []
    for name, role in roles.items():
        element = cib.resource(name)
        if element is None:
            continue
        meta = pairs.plain_values(cib, element, "meta_attributes") | {"target-role": role}
        wanted = {key: value for key, value in meta.items() if value is not None}
        details = pairs.edit(cib, element, "meta_attributes", wanted)
        if details:
            changes.append(Change(action="update", kind="resource", id=name, details=details))
    if changes:
        cib.raise_version()
    return Plan(before=text, after=cib.text() if changes else text, changes=tuple(changes))


class _Work:
    """One plan in the making: the steps in their order, and what is wrong collected."""

    def __init__(self, cib: Cib, desired: list[Object], absent: list[Absent], place: Place):
        self.cib = cib
        self.desired = desired
        cib.named = {item.id for item in desired}
        self.absent = absent
        self.place = place
        self.changes: list[Change] = []
        self.problems: list[str] = []
        self.missing = 0
        self.stops: tuple[str, ...] = ()

    def run(self, purge: tuple[type[Object], ...]) -> None:
        before = set(self.cib.ids)
        if not self._check():
            return
        self.stops = removal.stopped_first(self.cib, self.absent)
        # What is made of a template may be declared to be so no more.
        late = [item for item in self.absent if item.kind is Template]
        self._remove([item for item in self.absent if item.kind is not Template], purge)
        # Their members may be declared to be elsewhere.
        declared = {item.id for item in self.desired}
        around = [kind for kind in CONTAINERS if kind in purge]
        loose = [it for it in removal.undeclared(self.cib, around) if it.id not in declared]
        self.stops += removal.stopped_first(self.cib, loose)
        self._remove(loose, purge)
        self._edit()
        self._remove(late, purge)
        if purge and not self.problems:
            gone = removal.undeclared(self.cib, purge)
            self.stops += removal.stopped_first(self.cib, gone)
            self._remove(gone, purge)
        if (self.absent or purge) and not self.problems:
            for change in removal.dependents(self.cib, before):
                self._depend(change)

    def _depend(self, change: Change) -> None:
        """What is declared cannot go because of something else that does."""
        self.changes.append(change)
        for item in self.desired if change.action == "remove" else ():
            if (BY_TYPE[type(item)].name, item.id) == (change.kind, change.id):
                because = change.details["because"][1]
                self.problems.append(f"{self.place(type(item), item.id)}: {because}; decide")

    def _check(self) -> bool:
        """Ids are one namespace, and what is declared cannot be absent as well."""
        seen: dict[str, Object] = {}
        for item in self.desired:
            key = f"{type(item).__name__} {_first_name(item)}" if _apart(item) else item.id
            if key in seen:
                other = self.place(type(seen[key]), seen[key].id)
                where = self.place(type(item), item.id)
                if where == other:
                    other = "one of hakube's own (hakube:resources, :fencing, :properties)"
                what = "the id" if seen[key].id == item.id else "it has two names, and the other"
                self.problems.append(f"{where}: {what} is already that of {other}")
            seen[key] = item
        declared = {(type(item), item.id) for item in self.desired}
        for item in self.absent:
            if (item.kind, item.id) in declared and item.kind is not NodeValues:
                where = self.place(item.kind, item.id)
                self.problems.append(f"{where}: it is declared, and absent as well; decide")
        return not self.problems

    def _edit(self) -> None:
        containers = [item for item in self.desired if isinstance(item, CONTAINERS)]
        late = [item for item in self.desired if BY_TYPE[type(item)].section == "acls"]
        spoken = {item.id for item in (*self.desired, *self.absent)}
        for item in containers:
            if isinstance(item, Bundle):
                check = lambda it=item: nesting.check_bundle(self.cib, it, spoken) or ()  # noqa: E731
                self._do(Bundle, item.id, check)
        before = nesting.loosen(self.cib, containers)
        ranks = [RANKS[kind] for kind in CONTAINERS]
        for item in self.desired:
            if RANKS[type(item)] <= max(ranks):
                self._edit_one(item)
        for item in nesting.order(containers):
            if self.cib.resource(item.id) is not None:
                inside = before[item.id]
                nest = lambda it=item, was=inside: nesting.place(self.cib, it, was)  # noqa: E731
                self._do(type(item), item.id, nest)
        for item in self.desired:
            if RANKS[type(item)] > max(ranks) and item not in late:
                self._edit_one(item)
        self._constrain([item for item in self.desired if isinstance(item, CONSTRAINTS)])
        # A permission may refer to anything, so it comes when everything else is there.
        for item in late:
            self._edit_one(item)

    def _edit_one(self, item: Object) -> None:
        edit = BY_TYPE[type(item)].edit
        if edit is not None:
            self._do(type(item), item.id, lambda: edit(self.cib, item))

    def _constrain(self, constraints: list) -> None:
        good = []
        for item in constraints:
            problem = self._do(type(item), item.id, lambda it=item: self._refer(it))
            if problem is None:
                good.append(item)
        if self.problems or not good:
            return
        found = matching.match(self.cib, good)
        for item in good:
            edit = lambda it=item: edit_constraint(self.cib, it, found.get(it.id))  # noqa: E731
            self._do(type(item), item.id, edit)

    def _refer(self, item) -> Iterator[Change]:
        """Raises where a set or rule is none."""
        matching.wanted_relation(self.cib, item)
        return iter(())

    def _remove(self, gone: Iterable[Absent], purge: Collection[type[Object]]) -> None:
        # Of these it is said what becomes of them when what they are in is gone.
        names = {item.id for item in (*gone, *self.absent, *self.desired)}
        if Primitive in purge:
            names |= self.cib.ids.keys()
        for item in removal.outer_first(gone):
            self._do(item.kind, item.id, lambda it=item: removal.remove(self.cib, it, names))

    def _do(
        self, kind: type[Object], name: str, work: Callable[[], Iterable[Change]]
    ) -> str | None:
        """Carry out one step; what is wrong with its object is noted, and returned."""
        try:
            self.changes += work()
        except Wrong as wrong:
            problem = f"{self.place(kind, name)}: {wrong}"
            self.problems.append(problem)
            self.missing += isinstance(wrong, Missing)
            return problem
        return None


def _apart(item: Object) -> bool:
    """Whether an object's name is none of the ids of XML, but a name of its own kind."""
    apart = (*OPTIONS, NodeValues)
    return isinstance(item, apart) or BY_TYPE[type(item)].tags == ("acl_target",)


def _first_name(item: Object) -> str:
    """An option's name, the same for both where pacemaker has two."""
    return min(options.names(type(item), item.id)) if isinstance(item, OPTIONS) else item.id


def _merged(changes: Iterable[Change]) -> Iterator[Change]:
    """One change for each object: what was made and what was put into it is one creation."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        found.setdefault((change.kind, change.id), []).append(change)
    for parts in found.values():
        actions = [part.action for part in parts]
        details = {name: values for part in parts for name, values in part.details.items()}
        action = next((it for it in ("create", "remove") if it in actions), "update")
        yield Change(
            action=action, kind=parts[0].kind, id=parts[0].id, agent=parts[0].agent, details=details
        )
