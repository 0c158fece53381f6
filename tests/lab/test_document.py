"""The document's own commands, as the installed pcs accepts them, and ours: one meaning."""

import re

import pytest

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.meaning import canonical
from saltext_hakube.core.cib.objects import Clone, Colocation, Operation, Order, Primitive, Property
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.topology import topology
from tests.lab import missing

VIP = "VIP-apiserver"
REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

# Left: the document. Where pcs 0.11 takes it no more, right: the same in today's words. `--force`
# was for agents without metadata; systemd gives it where the units are installed.
COMMANDS = """
property set stonith-enabled=false
resource create scheduler systemd:kube-scheduler --group controller-scheduler --force
resource create controller systemd:kube-controller-manager --group controller-scheduler --force
resource create apiserver systemd:kube-apiserver --group apiserver-group --force
resource clone apiserver-group interleave=true
resource create VIP-apiserver IPaddr2 ip=192.0.2.100
resource create haproxy systemd:haproxy clone interleave=true
constraint order start VIP-apiserver then haproxy-clone kind=Optional
constraint colocation add VIP-apiserver with haproxy-clone
constraint order start haproxy-clone then apiserver-group-clone kind=Optional
"""

# The document's line, which today's pcs refuses, and the naive repair, which it takes and which
# puts interleave on the primitive.
REFUSED = "resource create haproxy systemd:haproxy systemd --clone meta interleave=true"
NAIVE = "resource create haproxy systemd:haproxy clone meta interleave=true"

# The document's values where our defaults differ on purpose (docs/differences.md).
FORGOTTEN = {"failure-timeout": None}
FORGIVEN = {"meta": {**FORGOTTEN, "migration-threshold": None}}
EVERY_MINUTE = {"operations": {"monitor": {"interval": "60s"}}, **FORGIVEN}
PILLAR = {
    "cluster": {
        "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
        "password": "any",
    },
    "vip": {"address": "192.0.2.100"},
    "fencing": "none",
    "reflex": {"steer": False},
    "resources": {
        "vip": FORGIVEN,
        "haproxy": EVERY_MINUTE,
        "apiserver": EVERY_MINUTE,
        "scheduler": {"meta": FORGOTTEN},
        "controller": {"meta": FORGOTTEN},
        "controller_group_meta": {"resource-stickiness": None},
        "orders": {"symmetrical": True},
    },
}


def ours(pillar):
    return topology(resolve(pillar, Facts(names=("node1",))))


def pcs(node, name, *commands):
    """The CIB that these commands make of an empty one."""
    path = f"/root/{name}.xml"
    node.run(f"rm -f {path}; cibadmin --empty > {path}")
    for command in commands:
        node.run(f"pcs -f {path} {command}", timeout=60)
    return node.read(path)


def meaning(found):
    """Objects without what says nothing: ids of constraints, spellings, what is the default."""
    result = {}
    for item in found:
        if isinstance(item, Order):
            options = {"symmetrical": "true", **item.options}
            result["order", item.first, item.then] = _canonical(options)
        elif isinstance(item, Colocation):
            result["with", item.resource, item.with_resource] = _canonical(item.options)
        elif isinstance(item, Primitive):
            operations = sorted(map(_operation, item.operations))
            result[item.id] = (item.agent, item.options, item.meta, operations)
        elif isinstance(item, Clone):
            result[item.id] = (item.member, _canonical(item.meta))
        elif isinstance(item, Property):
            result[item.id] = canonical(item.id, item.value)
        else:
            result[item.id] = (item.members, item.meta)
    return result


def _canonical(options):
    return {name: canonical(name, value) for name, value in options.items()}


def _operation(operation: Operation):
    attributes = {"interval": "0s", **operation.attributes}
    return operation.name, sorted(_canonical(attributes).items())


@pytest.fixture(scope="module")
def document(applied):
    return pcs(applied.nodes[0], "document", *COMMANDS.strip().splitlines())


def test_the_documents_commands_and_the_pillar_with_its_values_mean_the_same(document):
    assert meaning(objects(document)) == meaning(objects(plan(ours(PILLAR), EMPTY).after))


def test_on_what_the_documents_commands_made_that_pillar_plans_nothing(document):
    assert plan(ours(PILLAR), document).told() == {}


def test_our_defaults_differ_from_the_document_in_what_the_docs_name_and_in_nothing_else(document):
    own = ("resources", "reflex")
    defaults = {name: value for name, value in PILLAR.items() if name not in own}
    told = plan(ours(defaults), document).told()
    # pcs writes 60 or 60s, 100 or 100s, by its version; what means the same stays as it is.
    before = r"interval=60s? timeout=100s?"
    for name, every in (("haproxy", "5s"), ("apiserver", "3s")):
        changed = told[name].pop(f"operation monitor {every}")
        assert re.fullmatch(rf"{before} -> interval={every} timeout=100s?", changed)
    changes = {
        VIP: {"failure-timeout": "60s", "migration-threshold": "3", "resource-stickiness": "500"},
        "haproxy": {"failure-timeout": "20s", "migration-threshold": "5"},
        "apiserver": {"failure-timeout": "60s", "migration-threshold": "5"},
        "scheduler": {"failure-timeout": "60s"},
        "controller": {"failure-timeout": "60s"},
        "controller-scheduler": {"resource-stickiness": "1"},
    }
    for name in (VIP, "scheduler", "controller"):
        changed = told[name].pop("operation stop")
        assert re.fullmatch(r"(.*)timeout=(\d+)s? -> \1on-fail=block timeout=\2s?", changed)
    for name, meta in changes.items():
        del told[name]["action"]
        assert told.pop(name) == {f"meta {key}": value for key, value in meta.items()}
    for name in ("green", "unknown"):
        assert told.pop(f"location-{VIP}-haproxy-{name}")["action"] == "create location"
    assert told == {
        f"order-{pair}-Optional": {"action": "update order", "symmetrical": "true -> false"}
        for pair in ("VIP-apiserver-haproxy-clone", "haproxy-clone-apiserver-group-clone")
    }


def test_pcs_refuses_the_documents_own_line_for_haproxy(applied):
    node = applied.nodes[0]
    node.run("cibadmin --empty > /root/refused.xml")
    assert node.run(f"pcs -f /root/refused.xml {REFUSED}", check=False).returncode != 0


def test_the_naive_repair_of_that_line_puts_interleave_on_the_primitive_and_ours_mends_it(applied):
    cib = pcs(applied.nodes[0], "naive", NAIVE)
    found = {item.id: item.meta for item in objects(cib)}
    assert found["haproxy"] == {"interleave": "true"}
    assert found["haproxy-clone"] == {}
    mended = plan(ours(PILLAR), cib)
    found = {item.id: getattr(item, "meta", {}) for item in objects(mended.after)}
    assert found["haproxy"] == {}
    assert found["haproxy-clone"] == {"interleave": "true"}
