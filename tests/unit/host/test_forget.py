"""Which monitors a cleanup would end unheard, out of the CIB."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from saltext_hakube.core.errors import Refused
from saltext_hakube.host import forget
from saltext_hakube.host.machine import Machine

NOW = 1796077900
#: As pacemaker 2.1.5 writes down that a unit is just starting.
OP = (
    '<lrm_rsc_op id="x" operation="{kind}" call-id="{call}" rc-code="{code}" op-status="{status}" '
    'interval="{interval}" last-rc-change="{at}"/>'
)


def op(kind="monitor", *, code=193, status=-1, interval=5000, ago=1, call=28):
    return OP.format(
        kind=kind, code=code, status=status, interval=interval, at=NOW - ago, call=call
    )


def once(kind, *, ago, call):
    """A start or stop that has ended."""
    return op(kind, code=0, status=0, interval=0, ago=ago, call=call)


RESOURCES = (
    '<clone id="haproxy-clone"><primitive id="haproxy"/></clone><clone id="webs"><group id="both">'
    '<primitive id="web"/><primitive id="log"/></group></clone><primitive id="apiserver"/>'
    '<group id="kube"><primitive id="scheduler"/><primitive id="controller"/></group>'
    '<bundle id="box"><primitive id="inner"/></bundle>'
)


def cib(**resources):
    """node1 has these, node2 the same resources, which are well."""
    well = op("start", code=0, status=0, interval=0) + op(code=0, status=0)
    states = ""
    for node in ("node1", "node2"):
        histories = "".join(
            f'<lrm_resource id="{name.replace("_", ":")}">{ops if node == "node1" else well}'
            "</lrm_resource>"
            for name, ops in resources.items()
        )
        states += (
            f'<node_state uname="{node}"><lrm><lrm_resources>{histories}</lrm_resources></lrm>'
            "</node_state>"
        )
    configuration = f"<configuration><resources>{RESOURCES}</resources></configuration>"
    return f"<cib>{configuration}<status>{states}</status></cib>"


@pytest.mark.parametrize(
    ("text", "resource", "node", "found"),
    [
        (cib(haproxy=op()), "haproxy", "node1", ["haproxy on node1"]),
        (cib(haproxy=op()), "haproxy", None, ["haproxy on node1"]),
        (cib(haproxy=op()), None, None, ["haproxy on node1"]),
        (cib(haproxy=op()), "haproxy", "node2", []),
        (cib(haproxy=op(), apiserver=""), "apiserver", None, []),
        (cib(haproxy=op()), "haproxy-clone", None, ["haproxy on node1"]),
        (cib(web_1=op()), "web", None, ["web:1 on node1"]),
        (cib(web_1=op()), "web:1", "node1", ["web:1 on node1"]),
        (cib(scheduler="", controller=op()), "scheduler", "node1", ["controller on node1"]),
        (cib(scheduler="", controller=op()), "kube", "node1", ["controller on node1"]),
        (cib(scheduler="", controller=op()), "haproxy", None, []),
        (cib(web_1="", log_1=op()), "web", None, ["log:1 on node1"]),
        (cib(web_1="", log_1=op()), "web:1", None, ["log:1 on node1"]),
        (cib(made_by_the_bundle=op()), "inner", None, ["made:by:the:bundle on node1"]),
        (cib(nobodys=op()), "gone", None, ["nobodys on node1"]),
        (cib(haproxy=op(code=0, status=0)), "haproxy", None, []),
        (cib(haproxy=op(interval=0)), "haproxy", None, []),
        (cib(haproxy=op("start", interval=0)), "haproxy", None, []),
        (cib(haproxy=op(ago=179)), "haproxy", None, ["haproxy on node1"]),
        (cib(haproxy=op(ago=180)), "haproxy", None, []),
        (cib(haproxy=op(ago=-50)), "haproxy", None, ["haproxy on node1"]),
        # What was stopped, or started anew, since is waited for by nobody.
        (cib(haproxy=op() + once("start", ago=9, call=27)), "haproxy", None, ["haproxy on node1"]),
        (cib(haproxy=op() + once("stop", ago=1, call=29)), "haproxy", None, []),
        (cib(haproxy=op() + once("start", ago=1, call=29)), "haproxy", None, []),
        (
            cib(haproxy=op(call=-1) + once("start", ago=1, call=29)),
            None,
            None,
            ["haproxy on node1"],
        ),
        (cib(haproxy=op(call=-1) + once("start", ago=0, call=29)), None, None, []),
        (cib(haproxy=op(call=-1) + once("stop", ago=2, call=29)), None, None, ["haproxy on node1"]),
        (cib(haproxy=op(call=-1) + once("stop", ago=1, call=29)), None, None, []),
        (cib(haproxy=op(ago=200) + op(ago=3)), "haproxy", None, ["haproxy on node1"]),
        (cib(haproxy=op().replace("last-rc-change", "x")), None, None, ["haproxy on node1"]),
    ],
)
def test_what_has_not_answered_yet(text, resource, node, found):
    assert forget.unanswered(text, resource, node, NOW) == found


@pytest.mark.parametrize(
    "told", ["scheduler", "controller-scheduler", "haproxy", "apiserver", "VIP-apiserver"]
)
def test_what_is_looked_at_is_what_the_real_crm_resource_forgets(told, tmp_path):
    """With a file it only says so (and crashes then: pacemaker 2.1.5)."""
    text = (Path(__file__).parents[1] / "cib/three_nodes.xml").read_text()
    (tmp_path / "cib.xml").write_text(text)
    said = subprocess.run(
        ["/usr/sbin/crm_resource", "--cleanup", "--resource", told, "--node", "node1"],
        env={**os.environ, "CIB_file": str(tmp_path / "cib.xml"), "LC_ALL": "C"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    forgotten = set(re.findall(r"skipping clean-up of ([A-Za-z-]+)", said.stdout + said.stderr))
    assert forgotten, said
    begun = re.sub(
        r'(<lrm_resource id="[A-Za-z-]+"[^>]*>)', rf"\1{op()}", text.replace("<lrm_rsc_op", "<old")
    )
    found = forget.unanswered(begun, told, "node1", NOW)
    assert {it.partition(" ")[0].partition(":")[0] for it in found} == forgotten


def test_it_waits_and_is_refused_where_no_answer_comes(monkeypatch):
    texts = [cib(haproxy=op()), cib(haproxy=op()), cib(haproxy="")]
    ran = []
    monkeypatch.setattr(forget.time, "time", lambda: NOW)
    monkeypatch.setattr(
        forget.cib, "read", lambda *_, **__: texts.pop(0) if texts[1:] else texts[0]
    )
    monkeypatch.setattr(forget, "run", lambda argv, **_: ran.append(argv))
    forget.clean_up(Machine(), "haproxy", "node1", 5, 5)
    assert ran == [["crm_resource", "--cleanup", "--resource", "haproxy", "--node", "node1"]]
    texts[:] = [cib(haproxy=op())]
    with pytest.raises(Refused, match="waits for the monitor of haproxy on node1"):
        forget.refresh(Machine(), None, None, 5, 0.3)
    assert len(ran) == 1
