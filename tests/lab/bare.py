"""A bare cluster on a lab's nodes, without Salt and without pcs: corosync, pacemaker, an empty CIB.

Written by hand and started, it stands in a quarter of the time that pcs and pacemaker's own waits
take. The checkout's code runs on the nodes' own Python.
"""

from __future__ import annotations

import base64
import concurrent.futures
import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

from saltext_hakube.core.status import read
from tests.lab import Lab, wheels
from tests.lab.node import Node
from tests.lab.process import wait_until
from tests.lab.saltwheels import wheels as salt_wheels
from tests.lab.wheels import CHECKOUT

#: Where the checkout's code and msgspec lie on a node.
CODE = "/opt/hakube"

CONF = """\
totem {{
    version: 2
    cluster_name: {name}
    transport: knet
    crypto_cipher: aes256
    crypto_hash: sha256
}}
nodelist {{
{nodes}}}
quorum {{
    provider: corosync_votequorum
}}
logging {{
    to_syslog: yes
}}
"""

#: Pacemaker waits dc-deadtime (20 s) for others to speak first; here all start at once.
PROPERTIES = {"stonith-enabled": "false", "dc-deadtime": "4s"}

#: What Debian started at boot still looks for others, and a stop would wait 20 s for its end.
START = """
systemctl kill --signal=KILL pacemaker corosync || true
systemctl stop pacemaker corosync
rm -rf /var/lib/pacemaker/cib/* /var/lib/pacemaker/pengine/* /var/lib/corosync/*
base64 -d > /etc/corosync/authkey
chmod 400 /etc/corosync/authkey
CIB_file=/var/lib/pacemaker/cib/cib.xml
cat > "$CIB_file" <<'CIB'
$cib
CIB
chown hacluster:haclient "$CIB_file"
chmod 600 "$CIB_file"
systemctl start corosync pacemaker
"""


def form(lab: Lab, properties: Mapping[str, str] | None = None, *, timeout: float = 120) -> None:
    """Make the lab's nodes one cluster that is online on all of them and at rest.

    ``properties`` are added to ``PROPERTIES``. The lab must be up with ``installed=True``.
    """
    nodes = "".join(
        f"    node {{\n        name: {node.name}\n        nodeid: {number}\n"
        f"        ring0_addr: {node.address}\n    }}\n"
        for number, node in enumerate(lab.nodes, 1)
    )
    conf = CONF.format(name="lab", nodes=nodes)
    key = base64.b64encode(os.urandom(128)).decode()
    script = START.replace("$cib\n", _cib({**PROPERTIES, **(properties or {})}))

    def start(node: Node) -> None:
        node.write("/etc/corosync/corosync.conf", conf)
        node.run(["sh", "-euc", script], input=key, timeout=timeout)

    _each(lab, start)
    names = {node.name for node in lab.nodes}

    def online() -> bool:
        done = lab.nodes[0].run("crm_mon --output-as=xml -1", check=False)
        seen = read(done.stdout) if done.returncode == 0 else None
        return seen is not None and seen.quorate and seen.online == names

    wait_until(online, "all nodes to be online", timeout=timeout, every=0.5)
    lab.nodes[0].run("crm_resource --wait --timeout=60s", timeout=75)


def bring_code(lab: Lab) -> dict[str, str]:
    """Put the checkout's code and msgspec on the nodes; the environment that Python needs then."""
    base = Path(lab.options["layers"][-1])
    found = salt_wheels(wheels.salt_version(), base, lab.options["suite"]).glob("msgspec-*.whl")
    wheel = next(iter(found))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(CHECKOUT / "src/saltext_hakube", "saltext_hakube", filter=_source)
    unpack = f"mkdir -p {CODE}; python3 -m zipfile -e /root/{wheel.name} {CODE}; tar -xC {CODE}"

    def bring(node: Node) -> None:
        node.copy_in(wheel, f"/root/{wheel.name}")
        subprocess.run(
            node.enter(unpack), input=packed.getvalue(), env=node.environment(), check=True
        )

    _each(lab, bring)
    return {"PYTHONPATH": CODE}


def _source(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if info.name.endswith("__pycache__") or info.issym() else info


def _cib(properties: Mapping[str, str]) -> str:
    pairs = "".join(
        f'<nvpair id="cib-bootstrap-options-{name}" name="{name}" value="{value}"/>'
        for name, value in properties.items()
    )
    return (
        '<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.0">'
        f'<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">{pairs}'
        "</cluster_property_set></crm_config><nodes/><resources/><constraints/></configuration>"
        "<status/></cib>\n"
    )


def _each(lab: Lab, do: Callable[[Node], None]) -> None:
    with concurrent.futures.ThreadPoolExecutor(len(lab.nodes)) as pool:
        for future in [pool.submit(do, node) for node in lab.nodes]:
            future.result()
