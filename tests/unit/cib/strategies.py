"""Whole clusters as they could be declared: every kind of object, references that hold."""

from hypothesis import strategies as st

from saltext_hakube.core.cib import objects as o
from saltext_hakube.core.values import MASKED

words = st.sampled_from(
    ["alpha", "beta", "gamma", "delta", "state", "fake", "ip", "nic", "site", "cpu", "memory"]
)
# What pacemaker 2 would not print as it was written is refused (core.cib.xmltext).
texts = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=8)
texts |= st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="&<>\"'"),
    min_size=1,
    max_size=8,
)
# What stands for a value that is not shown is no value.
texts = texts.filter(lambda text: text != MASKED)
values = st.dictionaries(words, texts, max_size=3)
durations = st.sampled_from(["10", "10s", "500ms", "1min", "PT2M", "3600"])
scores = st.sampled_from(["INFINITY", "-INFINITY", "100", "-5", "0"])
truths = st.sampled_from(["true", "false", "yes", "off", "1"])
numbers = st.integers(0, 20).map(str)
NODES = ("node1", "node2", "node3")
nodes = st.sampled_from(NODES)

meta_values = st.fixed_dictionaries(
    {},
    optional={
        "resource-stickiness": scores,
        "migration-threshold": numbers,
        "failure-timeout": durations,
        "priority": numbers,
        "critical": truths,
    },
)
expressions = st.builds(
    lambda attribute, operation, value: o.Rule(
        expression={"attribute": attribute, "operation": operation, "value": value}
    ),
    st.sampled_from(["#uname", "site", "load"]),
    st.sampled_from(["eq", "ne", "lt", "gte"]),
    st.sampled_from(["node1", "node2", "5"]),
)
defined = st.builds(
    lambda attribute: o.Rule(expression={"attribute": attribute, "operation": "defined"}),
    st.sampled_from(["site", "load"]),
)
dates = st.one_of(
    st.just(o.Rule(date={"operation": "gt", "start": "2031-01-01"})),
    st.just(o.Rule(date={"operation": "date_spec"}, date_spec={"hours": "9-16"})),
    st.just(o.Rule(date={"operation": "in_range", "start": "2031-01-01"}, duration={"hours": "2"})),
)
leaves = st.one_of(expressions, defined, dates)


def _combined(inner):
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(lambda p: o.Rule(all=p)), parts.map(lambda p: o.Rule(any=p)))


rules = st.one_of(leaves, _combined(st.one_of(leaves, _combined(leaves))))


def _scored(rule, score):
    parts = {name: getattr(rule, name) for name in rule.__struct_fields__}
    return o.Rule(**{**parts, "score": score})


location_rules = st.builds(_scored, rules, scores)
pair_sets = st.lists(
    st.one_of(
        st.builds(lambda v: o.PairSet(values=v), values.filter(bool)),
        st.builds(lambda v, r, s: o.PairSet(values=v, rule=r, score=s), values, rules, numbers),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
options = st.one_of(values, values, pair_sets)
more = {"timeout": durations, "on-fail": st.sampled_from(["restart", "ignore"])}
operations = st.fixed_dictionaries(
    {},
    optional={
        "monitor": st.fixed_dictionaries({"interval": durations}, optional=more),
        "start": st.fixed_dictionaries({}, optional=more),
        "stop": st.fixed_dictionaries({"interval": st.sampled_from(["0", "0s"])}, optional=more),
    },
)
utilizations = st.dictionaries(st.sampled_from(["cpu", "memory"]), numbers, max_size=2)
agents = st.sampled_from(["ocf:pacemaker:Dummy", "ocf:heartbeat:Dummy", "systemd:x@y", "lsb:d"])
parts = {"options": options, "meta": meta_values, "operations": operations}
IDS = tuple(f"r{number}" for number in range(8))


@st.composite
def clusters(draw):
    """Objects by (type, id)."""
    found = []
    templates = draw(st.sampled_from([(), ("t1",)]))
    for name in templates:
        found.append(draw(st.builds(o.Template, id=st.just(name), agent=agents, **parts)))
    names = list(IDS[: draw(st.integers(1, len(IDS)))])
    for name in names:
        template = draw(st.sampled_from([None, None, *templates]))
        found.append(
            draw(
                st.builds(
                    o.Primitive,
                    id=st.just(name),
                    template=st.just(template),
                    agent=agents if template is None else st.none(),
                    utilization=utilizations,
                    **parts,
                )
            )
        )
    free = list(draw(st.permutations(names)))
    tops = []
    while free and draw(st.booleans()):
        kind = draw(st.sampled_from(["group", "clone", "cloned group", "bundle", "alone"]))
        size = min(len(free), draw(st.integers(1, 3)) if "group" in kind else 1)
        members, free = free[:size], free[size:]
        outer = {"meta": meta_values}
        top = members[0]
        if "group" in kind:
            top = f"g-{members[0]}"
            made = st.builds(o.Group, id=st.just(top), members=st.just(tuple(members)), **outer)
            found.append(draw(made))
        if "clone" in kind:
            inner, top = top, f"{top}-clone"
            found.append(draw(st.builds(o.Clone, id=st.just(top), member=st.just(inner), **outer)))
        if kind == "bundle":
            top = f"b-{members[0]}"
            found.append(
                o.Bundle(
                    id=top,
                    container=draw(st.sampled_from(["docker", "podman"])),
                    options={"image": "img:1", "replicas": draw(st.sampled_from(["1", "2"]))},
                    network={"control-port": "3121"},
                    ports=tuple(draw(st.lists(st.just({"port": "80"}), max_size=1))),
                    storage=({"source-dir": "/a", "target-dir": "/b"},),
                    member=members[0],
                )
            )
        tops.append(top)
    tops += free
    found += draw(_constraints(tops))
    found += draw(_others(tops))
    return {(type(item), item.id): item for item in found}


@st.composite
def _constraints(draw, tops):
    found = []
    if len(tops) > 1:
        pairs = st.lists(st.sampled_from(tops), min_size=2, max_size=2, unique=True)
        for number, (a, b) in enumerate(draw(st.lists(pairs, max_size=3))):
            kind = {"kind": draw(st.sampled_from(["Optional", "Mandatory", "Serialize"]))}
            found.append(o.Order(id=f"o{number}", first=a, then=b, options=kind))
        for number, (a, b) in enumerate(draw(st.lists(pairs, max_size=2, unique_by=tuple))):
            score = {"score": draw(scores)}
            found.append(o.Colocation(id=f"c{number}", resource=a, with_resource=b, options=score))
        if draw(st.booleans()):
            # No resource in both: pacemaker 2.1.5 aborts on an order with itself.
            mixed = draw(st.permutations(tops))
            cut = draw(st.integers(1, len(tops) - 1))
            sets = tuple(
                o.ResourceSet(
                    members=tuple(m), options={"sequential": draw(truths.filter(_is_xsd))}
                )
                for m in (mixed[:cut], mixed[cut:])
            )
            found.append(o.Order(id="os", sets=sets, options={"kind": "Mandatory"}))
    for number, node in enumerate(draw(st.lists(nodes, max_size=2))):
        top = draw(st.sampled_from(tops))
        found.append(
            o.Location(id=f"l{number}", resource=top, node=node, options={"score": draw(scores)})
        )
    if draw(st.booleans()):
        found.append(
            o.Location(
                id="lr",
                pattern="r[0-9]",
                rules=tuple(draw(st.lists(location_rules, min_size=1)))[:1],
            )
        )
    if draw(st.booleans()):
        found.append(o.Ticket(id="tk", ticket="T", resource=draw(st.sampled_from(tops))))
    return found


def _is_xsd(truth):
    """The schema, unlike pacemaker, knows only these."""
    return truth in ("true", "false", "1", "0")


@st.composite
def _others(draw, tops):
    found = [o.Property(id="stonith-enabled", value="false")]
    for name, value in draw(
        st.fixed_dictionaries({}, optional={"cluster-recheck-interval": durations, "P-x": texts})
    ).items():
        found.append(o.Property(id=name, value=value))
    for name, value in draw(meta_values).items():
        found.append(o.ResourceDefault(id=name, value=value))
    for value in draw(st.lists(durations, max_size=1)):
        found.append(o.OperationDefault(id="timeout", value=value))
    if draw(st.booleans()):
        rule = o.Rule(resource={"class": "ocf", "type": "Dummy"})
        values_ = {"resource-stickiness": draw(scores)}
        found.append(o.RuledResourceDefaults(id="rd", rule=rule, values=values_))
    for node in draw(st.lists(nodes, max_size=2, unique=True)):
        found.append(o.NodeValues(id=node, attributes=draw(values), utilization=draw(utilizations)))
    if draw(st.booleans()):
        members = draw(st.lists(st.sampled_from(tops), min_size=1, unique=True))
        found.append(o.Tag(id="tg", members=tuple(members)))
    if draw(st.booleans()):
        found.append(
            o.Primitive(id="fence", agent="stonith:fence_x", options={"passwd": draw(texts)})
        )
        found.append(
            o.FencingLevel(
                id="fl", target=draw(nodes), index=draw(st.integers(1, 9)), devices=("fence",)
            )
        )
    if draw(st.booleans()):
        found.append(
            o.AclRole(
                id="role",
                permissions=(
                    {"kind": "read", "xpath": "/cib"},
                    {"kind": "write", "reference": draw(st.sampled_from(tops))},
                ),
            )
        )
        found.append(o.AclUser(id="someone", roles=("role",)))
    if draw(st.booleans()):
        found.append(
            o.Alert(
                id="al",
                path="/bin/true",
                options=draw(values),
                select=draw(st.sampled_from([None, ("nodes",), ("attributes", "fencing")])),
                recipients={"al-r": o.Recipient(value=draw(texts))},
            )
        )
    return found
