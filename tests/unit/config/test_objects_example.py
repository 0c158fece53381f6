"""objects.sls declares objects of every kind: it is right, whole, and a cluster takes it."""

import subprocess
import typing
from collections.abc import Mapping

import msgspec
import pytest

from saltext_hakube.core.cib.declaration import AbsentObjects, Objects
from saltext_hakube.core.cib.kinds import BY_KEY
from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.config import Facts
from saltext_hakube.core.declared import declared
from saltext_hakube.core.schema import Declarations
from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine

from .test_examples import example

NODES = ("node1", "node2", "node3")


def structs(kind, found=None):
    """All structs that can stand somewhere in this kind, each once."""
    found = {} if found is None else found
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in found:
            found[kind] = keys(kind)
            for hint in typing.get_type_hints(kind).values():
                structs(hint, found)
    else:
        for member in typing.get_args(kind):
            structs(member, found)
    return found


def keys(kind):
    """The keys of a struct in a pillar; an object's id is the key that it stands under."""
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    return names - {"id"} if issubclass(kind, Object) else names


def shown(data, kind):
    """Which keys of which structs the data has."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        for key, value in data.items() if isinstance(data, Mapping) else ():
            yield kind, key
            yield from shown(value, hints[key])
    elif typing.get_origin(kind) is dict and isinstance(data, Mapping):
        for value in data.values():
            yield from shown(value, typing.get_args(kind)[1])
    elif typing.get_origin(kind) is tuple and isinstance(data, list):
        for value in data:
            yield from shown(value, typing.get_args(kind)[0])
    elif typing.get_origin(kind) not in (dict, tuple):
        for member in typing.get_args(kind):
            yield from shown(data, member)


def test_every_key_of_every_kind_is_in_the_example():
    have = set(shown(example("objects")["objects"], Objects))
    want = {(kind, key) for kind, names in structs(Objects).items() for key in names}
    assert have == want


def test_every_key_beside_the_objects_is_in_it():
    assert example("objects").keys() == keys(Declarations)


def test_what_is_declared_absent_can_be_of_every_kind():
    assert keys(AbsentObjects) == keys(Objects) == BY_KEY.keys()


@pytest.fixture
def machine(tmp_path):
    """A cluster in a file: three nodes of which all are up, as corosync numbers them."""
    empty = subprocess.run(["cibadmin", "--empty"], capture_output=True, text=True, check=True)
    ids = dict(enumerate(NODES, start=1))
    nodes = "".join(f'<node id="{number}" uname="{name}"/>' for number, name in ids.items())
    states = "".join(
        f'<node_state id="{number}" uname="{name}" in_ccm="true" crmd="online" join="member" '
        'expected="member"/>'
        for number, name in ids.items()
    )
    text = empty.stdout.replace("<cib ", '<cib have-quorum="1" ', 1)
    text = text.replace("<nodes/>", f"<nodes>{nodes}</nodes>")
    path = tmp_path / "cib.xml"
    path.write_text(text.replace("<status/>", f"<status>{states}</status>"))
    return Machine(tmp_path, path)


def test_a_cluster_takes_it_and_then_nothing_is_left_to_do(machine):
    wanted = declared(example("objects"), Facts())
    done = cib.push(machine, wanted.plan)
    created = {change.id for change in done.changes if change.action == "create"}
    assert created == {item.id for item in wanted.objects} - set(NODES)
    verify = ["crm_verify", "--verbose", "--xml-file", machine.cib_file]
    verdict = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (verdict.returncode, verdict.stderr) == (0, "")
    assert wanted.plan(cib.read(machine)).changes == ()
