"""Changed files and what reads them, in a bare cluster: one node at a time, or taken back."""

import json
import os
import random
import subprocess

import pytest

from saltext_hakube.core import envfile, words
from tests.lab import Lab, bare, missing

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

FILE = "/etc/kubernetes/fake"

# A stand-in for an apiserver: it does not start where its file says so.
UNIT = f"""
[Service]
EnvironmentFile=-{FILE}
ExecStart=/bin/sh -c 'test -z "$BAD" && exec sleep 100000'
"""
RESOURCES = """<resources>
<clone id="api-group-clone"><group id="api-group">
<primitive id="api" class="systemd" type="fake"><operations>
<op id="api-monitor" name="monitor" interval="2s" timeout="20s"/></operations></primitive></group>
<meta_attributes id="api-meta"><nvpair id="api-meta-i" name="interleave" value="true"/>
</meta_attributes></clone></resources>"""

# Writes a line into the file, and says what was done and when.
CHANGE = f"""
import json, sys, time
from functools import partial
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import files, kubeapply, services
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.rollout import Change
from pathlib import Path
node, line = sys.argv[1:]
machine, path = Machine(), Path("{FILE}")
plan = services.plan(machine, ["{FILE}"], node, {{"fake": "api"}}, plain=["plain"])
write = kubeapply.Write("{FILE}", files.read(path), partial(files.write, path, line.encode()))
rules = kubeapply.Rules(Change("kubernetes", line.strip(), node), node, {{}}, 120, lambda: False)
said = {{"plan": plan.units, "notes": plan.notes, "error": None}}
try:
    said["done"] = kubeapply.make(machine, [write], plan, rules).restarted
except HakubeError as error:
    said["error"] = str(error)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def lab():
    name = f"services-{os.getpid()}"
    with Lab.up(name, nodes=2, installed=True, kube="none", salt=False) as found:
        bare.form(found)
        environment = bare.bring_code(found)
        for node in found.nodes:
            node.write("/etc/systemd/system/fake.service", UNIT)
            node.write("/etc/systemd/system/plain.service", UNIT)
            node.write(FILE, "X=1\n")
            node.write("/root/change.py", CHANGE)
            node.run("systemctl daemon-reload; systemctl start plain")
        first = found.nodes[0]
        first.write("/root/resources.xml", RESOURCES)
        first.run("cibadmin --replace --scope resources --xml-file /root/resources.xml")
        first.run("crm_resource --wait --timeout=60s", timeout=75)

        def change(line, nodes=found.nodes):
            """Make the change on nodes at once; what each said."""
            running = [
                subprocess.Popen(
                    node.enter(["python3", "/root/change.py", node.name, line]),
                    env={**node.environment(), **environment},
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for node in nodes
            ]
            return [json.loads(one.communicate(timeout=240)[0]) for one in running]

        found.change = change
        yield found


def state(node, unit="fake"):
    """When the unit's process began (seconds since boot, which is the same for all), and if it
    runs."""
    names = "ExecMainStartTimestampMonotonic,ActiveState"
    shown = node.run(f"systemctl show --property={names} {unit}").stdout
    pairs = dict(line.split("=", 1) for line in shown.split())
    return int(pairs["ExecMainStartTimestampMonotonic"]) / 1e6, pairs["ActiveState"]


def constraints(node):
    return node.run("cibadmin --query --scope constraints").stdout.strip()


def test_what_pacemaker_manages_is_restarted_by_it_one_node_at_a_time(lab):
    before = {node.name: (state(node), state(node, "plain")) for node in lab.nodes}
    for said in lab.change("X=2\n"):
        assert said == {
            "plan": ["fake", "plain"],
            "notes": [],
            "error": None,
            "done": ["fake", "plain"],
        }
    began = []
    for node in lab.nodes:
        for unit, (was, _) in zip(("fake", "plain"), before[node.name], strict=True):
            now, active = state(node, unit)
            assert active == "active"
            assert now > was
        assert node.run(f"cat {FILE}").stdout == "X=2\n"
        began.append(state(node)[0])
    # The second stops only after the first was seen to run for some seconds.
    assert abs(began[0] - began[1]) > 4
    assert constraints(lab.nodes[0]) == "<constraints/>"


def test_what_does_not_come_back_gets_its_old_file_and_the_other_node_is_not_touched(lab):
    before = {node.name: state(node)[0] for node in lab.nodes}
    said = lab.change("BAD=1\n")
    failed = [one for one in said if "the old content is put back" in one["error"]]
    refused = [one for one in said if "so it is not made here" in one["error"]]
    assert (len(failed), len(refused)) == (1, 1), said
    touched = []
    for node in lab.nodes:
        now, active = state(node)
        assert active == "active"
        assert node.run(f"cat {FILE}").stdout == "X=2\n"
        touched.append(now > before[node.name])
    assert sorted(touched) == [False, True]
    assert constraints(lab.nodes[0]) == "<constraints/>"


# Each value goes through $VAR of a unit; what the program got is what we say it gets.
SHOW = """import json, sys
open("/root/arguments.jsonl", "a").write(json.dumps(sys.argv[1:]) + chr(10))
"""


def test_systemd_splits_variables_as_we_do(lab):
    node = lab.nodes[0]
    chance = random.Random(4)
    pieces = [*"ab=-'\"\\", "\\\\", " ", "  ", "\t", "\n", "--flag=", "'a b'", '"c d"', '\\"', "é"]
    values = ["".join(chance.choices(pieces, k=chance.randint(0, 12))) for _ in range(80)]
    names = [f"V{number}" for number in range(len(values))]
    file = "".join(f"{n}={envfile.quoted(v)}\n" for n, v in zip(names, values, strict=True))
    starts = "".join(f"ExecStart=/usr/bin/python3 /root/show.py ${name}\n" for name in names)
    node.write("/root/show.py", SHOW)
    node.write("/root/values", file)
    node.write(
        "/etc/systemd/system/split.service",
        f"[Service]\nType=oneshot\nEnvironmentFile=/root/values\n{starts}",
    )
    node.run("systemctl daemon-reload; systemctl start split", timeout=120)
    got = [json.loads(line) for line in node.run("cat /root/arguments.jsonl").stdout.splitlines()]
    for value, arguments in zip(values, got, strict=True):
        assert [word.text for word in words.split(value)] == arguments, repr(value)


def test_in_maintenance_mode_nothing_managed_is_restarted_and_it_is_told(lab):
    first = lab.nodes[0]
    before = state(first)[0]
    first.run("crm_attribute --name maintenance-mode --update true; crm_resource --wait")
    try:
        (said,) = lab.change("X=4\n", [first])
    finally:
        first.run("crm_attribute --name maintenance-mode --delete")
    assert said["plan"] == said["done"] == ["plain"]
    (note,) = said["notes"]
    assert note.startswith("fake is not restarted, it goes on with its old settings")
    assert state(first)[0] == before
    assert first.run(f"cat {FILE}").stdout == "X=4\n"
