"""hakube_probe: the manifest of our files and the alert agent beside the daemon."""

import json
import stat

import pytest

from saltext_hakube.agents.probe.drift import Drift
from saltext_hakube.core import alert, probe, restart, watch
from tests.functional.pillar import SMALLEST


@pytest.fixture
def mode(root):
    return lambda path: stat.S_IMODE((root / path[1:]).stat().st_mode)


def test_the_manifest_is_for_root_and_the_agent_for_pacemaker(states, root, unit, mode):
    assert states.hakube_probe.installed("probe").result is True
    assert (mode(probe.MANIFEST), mode(alert.PROGRAM)) == (0o600, 0o755)
    for path, other in ((probe.MANIFEST, 0o644), (alert.PROGRAM, 0o644)):
        (root / path[1:]).chmod(other)
        assert states.hakube_probe.installed("probe").changes == {path: "changed"}
    assert (mode(probe.MANIFEST), mode(alert.PROGRAM)) == (0o600, 0o755)
    assert states.hakube_probe.installed("probe").changes == {}


def test_with_the_agent_goes_what_pacemaker_told_and_nobody_read(states, root, unit):
    assert states.hakube_probe.installed("probe").result is True
    spool = root / probe.SPOOL[1:]
    spool.mkdir(parents=True)
    (spool / "1-1.json").write_text("{}")
    assert states.hakube_probe.installed("probe").result is True
    assert (spool / "1-1.json").exists()
    assert states.hakube_probe.absent("probe").result is True
    assert not spool.exists()


@pytest.mark.parametrize(
    "pillar_data",
    [{"hakube": {**SMALLEST["hakube"], "haproxy": {"verify": "none"}}}],
    indirect=True,
)
def test_after_an_apply_no_file_of_ours_has_drifted(states, root, unit, tmp_path, pillar_data):
    assert states.hakube_haproxy.config_managed("haproxy").result is True
    assert states.hakube_sysctl.managed("sysctl").result is True
    assert states.hakube_kubeenv.managed("kubeenv").result is True
    assert states.hakube_restart.managed("restart").result is True
    assert states.hakube_watch.installed("watch").result is True
    assert states.hakube_guard.installed("guard").result is True
    assert states.hakube_probe.installed("probe").result is True
    manifest = json.loads((root / probe.MANIFEST[1:]).read_bytes())
    paths = [one["path"] for one in manifest["files"]]
    assert {watch.DAEMON.unit, restart.path("corosync"), alert.PROGRAM} < set(paths)
    assert {"/etc/haproxy/haproxy.cfg", "/etc/kubernetes/config"} < set(paths)
    assert {"/etc/sysctl.d/haproxy.conf", probe.DAEMON.config} < set(paths)
    # The daemon of this folder, so to say: it has no root of its own.
    for one in manifest["files"]:
        one["path"] = f"{root}{one['path']}"
    (tmp_path / "files.json").write_text(json.dumps(manifest))
    drift = Drift(str(tmp_path / "files.json"))
    assert (drift.look().value, drift.look().why) == ("up", "")
    (root / "etc/haproxy/haproxy.cfg").write_text("garbage\n")
    assert drift.look().evidence == {"files": [f"{root}/etc/haproxy/haproxy.cfg"]}
