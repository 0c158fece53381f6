"""The example pillars are what users begin with: they are right, and the full one is full."""

import re
import typing
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec.structs import replace

from saltext_hakube.core.cib.declaration import Objects
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.schema import Pillar

EXAMPLES = Path(__file__).parents[3] / "pillar.example"


def example(name):
    return yaml.safe_load((EXAMPLES / f"{name}.sls").read_text(encoding="utf-8"))["hakube"]


def schema_keys(kind, path="hakube", around=()):
    """Every key that the schema knows; ``*`` stands for a name or a place in a list.

    What stands in something of its own kind (a rule in a rule) has its keys there already, and the
    cluster's objects have a reference and an example of their own.
    """
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind is Objects or kind in around:
            return
        hints = typing.get_type_hints(kind)  # without the annotations' limits
        for field in msgspec.structs.fields(kind):
            yield f"{path}:{field.encode_name}"
            yield from schema_keys(
                hints[field.name], f"{path}:{field.encode_name}", (*around, kind)
            )
    elif typing.get_origin(kind) in (dict, tuple):
        values = typing.get_args(kind)[1 if typing.get_origin(kind) is dict else 0]
        yield from schema_keys(values, f"{path}:*", around)
    else:
        for member in typing.get_args(kind):
            yield from schema_keys(member, path, around)


def data_keys(data, known, path="hakube"):
    """Every key in the data, with ``*`` in place of what the schema leaves to the user."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        place = f"{path}:{key}" if f"{path}:{key}" in known else f"{path}:*"
        yield place
        if isinstance(value, (dict, list)):
            yield from data_keys(value, known, place)


def test_the_full_example_has_every_key_of_the_schema():
    known = set(schema_keys(Pillar))
    shown = set(data_keys(example("full"), known))
    # Operations are the same everywhere: one is spelled out. So are the kinds of objects.
    spelled = (":operations:*:", "hakube:absent:")
    missing = {key for key in known - shown if not any(part in key for part in spelled)}
    assert missing == set()
    assert {key.rpartition(":")[2] for key in known if ":operations:*:" in key} <= {
        key.rpartition(":")[2] for key in shown if ":operations:*:" in key
    }


def test_the_schema_is_walked_whole():
    known = set(schema_keys(Pillar))
    assert {
        "hakube:cluster:nodes:*:addresses",
        "hakube:apiserver:servers:*:insecure_port",
        "hakube:fencing:*:options",
        "hakube:resources:vip:operations:*:on-fail",
        "hakube:haproxy:timeouts:client",
    } <= known


@pytest.mark.parametrize("name", ["minimal", "full"])
@pytest.mark.parametrize("node", ["node1", "node2", "node3"])
def test_an_example_is_right_on_every_node(name, node):
    assert resolve(example(name), Facts(names=(node,))).node == node


def test_the_full_example_says_of_defaults_what_they_are():
    """Where the comments promise a default, leaving the key out means the same."""
    full = example("full")
    node = Facts(names=("node1",))
    without = resolve({key: full[key] for key in ("cluster", "vip", "fencing")}, node)
    with_all = resolve(full, node)
    # What a pillar adds of its own has no default.
    added = ("frontend_options", "backend_options", "server_options", "sections")
    defaults = {name: getattr(without.haproxy, name) for name in added}
    assert replace(with_all.haproxy, **defaults) == without.haproxy
    assert with_all.sysctl.file == without.sysctl.file
    for key in ("config_file", "config_variable", "kubelet_file", "kubelet_variable"):
        assert getattr(with_all.kubernetes, key) == getattr(without.kubernetes, key)
    assert with_all.resources.orders == without.resources.orders
    for kind in ("haproxy", "apiserver", "scheduler", "controller"):
        assert getattr(with_all.resources, kind) == getattr(without.resources, kind)
    for key in ("name", "peers_timeout", "start_timeout", "settle_timeout", "accept_split_brain"):
        assert (
            full["cluster"][key]
            == type(without.cluster).__struct_defaults__[_default_index(type(without.cluster), key)]
        )


def test_the_examples_use_documentation_addresses_only():
    text = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.sls"))
    addresses = re.findall(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", text)
    assert addresses
    assert {address.rpartition(".")[0] for address in addresses} <= {
        "192.0.2",
        "198.51.100",
        "127.0.0",
    }


def _default_index(struct, key):
    fields = struct.__struct_fields__
    return fields.index(key) - (len(fields) - len(struct.__struct_defaults__))
