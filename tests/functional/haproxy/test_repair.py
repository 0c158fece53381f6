"""A haproxy.cfg that haproxy refuses is put right: the machine's own haproxy says what is good."""

import os
import shutil
import stat

import pytest
from salt.exceptions import CommandExecutionError

from saltext_hakube.host import run as door
from tests.functional.pillar import SMALLEST

pytestmark = pytest.mark.skipif(
    not shutil.which("haproxy", path=os.pathsep.join([*os.get_exec_path(), *door.SBIN])),
    reason="haproxy is not installed",
)

GARBAGE = "this is no configuration\n"
WEB = "\nlisten web\n\tmode tcp\n\tbind 127.0.0.1:8081\n"
KEPT = "var/lib/hakube/haproxy.cfg"


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {**minion_config_overrides, "id": "node1"}


@pytest.fixture(scope="module")
def pillar_data():
    # So that no certificate of a cluster has to be there.
    return {"hakube": {**SMALLEST["hakube"], "haproxy": {"verify": "none"}}}


@pytest.fixture
def config(root, states):
    """haproxy.cfg as an apply made it, with a section that is somebody else's."""
    path = root / "etc/haproxy/haproxy.cfg"
    path.parent.mkdir(parents=True)
    path.write_text("global\n\tlog /dev/log local0\n\ndefaults\n\tmode tcp\n" + WEB)
    assert states.hakube_haproxy.config_managed("ours").result is True
    return path


def test_an_apply_keeps_the_good_file_for_root_alone(root, config):
    assert (root / KEPT).read_bytes() == config.read_bytes()
    assert stat.S_IMODE((root / KEPT).stat().st_mode) == 0o600


def test_nothing_is_to_be_done_about_a_good_file(modules, config):
    before = config.read_bytes()
    assert modules.hakube_haproxy.repairs()["changes"] == {}
    assert modules.hakube_haproxy.repair()["changes"] == {}
    assert config.read_bytes() == before


@pytest.mark.parametrize("spoil", [lambda _: GARBAGE, lambda text: text + GARBAGE])
def test_the_last_good_file_takes_the_place_of_one_that_haproxy_refuses(modules, config, spoil):
    before = config.read_text()
    config.write_text(spoil(before))
    spoiled = config.read_text()
    assert modules.hakube_haproxy.repairs()["changes"] == {"file": "kept"}
    assert config.read_text() == spoiled
    told = modules.hakube_haproxy.repair()
    assert told["changes"] == {"file": "kept"}
    assert "last good file" in told["comment"]
    assert config.read_text() == before
    aside = config.with_name("haproxy.cfg.hakube-refused")
    assert aside.read_text() == spoiled
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert modules.hakube_haproxy.repairs()["changes"] == {}


def test_what_an_apply_can_put_right_keeps_the_foreign_lines_of_today(modules, config):
    ours, good = "frontend hakube-health", config.read_text()
    assert ours in good
    config.write_text("# since then\nglobal\n\ndefaults\n\tmode tcp\n" + WEB)
    assert set(modules.hakube_haproxy.repair()["changes"]) == {"diff"}
    assert config.read_text().startswith("# since then\n")
    assert ours in config.read_text()


def test_where_no_good_file_is_known_a_new_one_takes_its_place(root, modules, config):
    (root / KEPT).unlink()
    config.write_text(GARBAGE)
    assert modules.hakube_haproxy.repair()["changes"] == {"file": "new"}
    assert GARBAGE not in config.read_text()
    assert modules.hakube_haproxy.check()["valid"] is True


def test_a_kept_file_that_haproxy_refuses_today_is_not_put_back(root, modules, config):
    (root / KEPT).write_text(GARBAGE)
    config.write_text(GARBAGE)
    assert modules.hakube_haproxy.repair()["changes"] == {"file": "new"}


def test_a_file_that_haproxy_refuses_is_not_kept(root, modules, config):
    before = (root / KEPT).read_bytes()
    config.write_text(config.read_text() + GARBAGE)
    assert modules.hakube_haproxy.keep() is False
    assert (root / KEPT).read_bytes() == before


def test_a_good_change_of_somebody_elses_is_kept_too(root, modules, config):
    config.write_text(config.read_text().replace("8081", "8082"))
    assert modules.hakube_haproxy.keep() is True
    assert modules.hakube_haproxy.keep() is False
    assert (root / KEPT).read_bytes() == config.read_bytes()


def test_what_is_kept_goes_with_our_sections(root, states, config):
    assert states.hakube_haproxy.config_absent("no more").result is True
    assert not (root / KEPT).exists()


def test_a_repair_goes_back_to_what_was_applied_and_brings_no_other_pillar(root, modules, config):
    before = config.read_text()
    modules.hakube_probe.apply()  # it notes what is applied
    config.write_text(GARBAGE)
    assert modules.hakube_haproxy.repair(applied=True)["changes"] == {"file": "kept"}
    assert config.read_text() == before
    noted = root / "etc/hakube/files.json"
    noted.write_text(noted.read_text().replace("192.0.2.12:6443", "192.0.2.99:6443"))
    config.write_text(GARBAGE)
    with pytest.raises(CommandExecutionError, match="the pillar has changed"):
        modules.hakube_haproxy.repair(applied=True)
    assert config.read_text() == GARBAGE
