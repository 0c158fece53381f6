"""A real CIB of three nodes, changed, and what the real crm_mon makes of it."""

import os
import re
import subprocess
from pathlib import Path

from saltext_hakube.core.remedy import local

CIB = (Path(__file__).parents[1] / "cib/three_nodes.xml").read_text()


def operation(resource, task, *, call, code, interval="0", status="0"):
    """An entry of a resource's history."""
    key = f"{resource}_{task}_{interval}"
    name = f"{resource}_last_failure_0" if code not in ("0", "7") else f"{resource}_last_0"
    return (
        f'<lrm_rsc_op id="{name}" operation_key="{key}" operation="{task}" crm-debug-origin="t" '
        'crm_feature_set="3.16.1" transition-key="1:1:0:f4461ca6-eb91-408f-a0b4-9c98bad4a0de" '
        f'transition-magic="{status}:{code};1:1:0:f4461ca6-eb91-408f-a0b4-9c98bad4a0de" '
        f'exit-reason="" on_node="node1" call-id="{call}" rc-code="{code}" op-status="{status}" '
        f'interval="{interval}" last-rc-change="1795513600" exec-time="1" queue-time="0" '
        'op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8"/>'
    )


def with_history(cib, node, resource, entry):
    """The CIB with one more entry."""
    start = cib.index(f'<node_state id="{node[-1]}"')
    end = cib.index("</node_state>", start)
    state = cib[start:end]
    head = re.search(rf'<lrm_resource id="{resource}"[^>]*>', state)[0]
    kept = state
    if "_last_0" in entry:
        kept = re.sub(rf'<lrm_rsc_op id="{resource}_last_0"[^>]*/>', "", state)
    return cib[:start] + kept.replace(head, head + entry) + cib[end:]


def with_attributes(cib, node, **pairs):
    """The CIB with transient attributes of a node; underscores in names stand for dashes."""
    number = node[-1]
    head = f'<instance_attributes id="status-{number}">'
    text = "".join(
        f'<nvpair id="status-{number}-{name}" name="{name.replace("_", "-")}" value="{value}"/>'
        for name, value in pairs.items()
    )
    assert head in cib
    return cib.replace(head, head + text)


def with_fail_count(cib, node, resource, task, interval, count):  # noqa: PLR0917
    number, name = node[-1], f"{resource}#{task}_{interval}"
    pairs = {f"fail-count-{name}": count, f"last-failure-{name}": "1795513600"}
    head = f'<instance_attributes id="status-{number}">'
    text = "".join(
        f'<nvpair id="status-{number}-{key.replace("#", ".")}" name="{key}" value="{value}"/>'
        for key, value in pairs.items()
    )
    return cib.replace(head, head + text)


def with_property(cib, name, value):
    head = '<cluster_property_set id="cib-bootstrap-options">'
    pair = f'<nvpair id="cib-bootstrap-options-{name}" name="{name}" value="{value}"/>'
    assert head in cib
    return cib.replace(head, head + pair)


def with_meta(cib, tag, resource, name, value):
    """Of a resource that has no meta attributes."""
    head = f'<{tag} id="{resource}"'
    at = cib.index(">", cib.index(head)) + 1
    meta = f"{resource}-meta"
    return (
        f'{cib[:at]}<meta_attributes id="{meta}"><nvpair id="{meta}-{name}" name="{name}" '
        f'value="{value}"/></meta_attributes>{cib[at:]}'
    )


def mon(cib, folder):
    """crm_mon's own words for it."""
    file = folder / "cib.xml"
    file.write_text(cib)
    return subprocess.run(
        ["/usr/sbin/crm_mon", "--one-shot", "--inactive", "--output-as=xml"],
        env={**os.environ, "CIB_file": str(file), "TZ": "UTC0", "LC_ALL": "C"},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


def seen(cib, folder, node="node1"):
    return local.read(mon(cib, folder), cib, node)
