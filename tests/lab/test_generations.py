"""The next generation of the cluster stack: trixie's pcs 0.12 and Pacemaker 3.0.

Short: formed, applied again, nothing to do. `HAKUBE_LAB_SUITE=trixie` runs the whole story there.
"""

import os

import pytest

from tests.lab import Lab, missing
from tests.lab.conftest import Applied, changed, failed

REASON = missing()
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(REASON is not None, reason=REASON or ""),
    pytest.mark.skipif(
        os.environ.get("HAKUBE_LAB_SUITE") == "trixie", reason="the whole story runs on trixie"
    ),
]


def test_trixies_nodes_form_a_cluster_and_a_second_apply_changes_nothing():
    with Lab.up(f"trixie-{os.getpid()}", suite="trixie", installed=True) as lab:
        apply = Applied(lab)
        apply.write_pillar({"peers_timeout": 150})
        for states in apply().values():
            assert failed(states) == {}
        schema = lab.nodes[0].run("cibadmin --query --xpath /cib | head -1").stdout
        assert 'validate-with="pacemaker-4.' in schema
        for states in apply().values():
            assert failed(states) == {}
            assert changed(states) == {}
        status = lab.salt("node1", "hakube_cluster.status")["node1"]
        assert status["online"] == ["node1", "node2", "node3"]
        assert sorted(status["running"]["haproxy"]) == status["online"]
