"""When the master rendered a minion's pillar last, as its cache tells."""

import os
import threading
from pathlib import Path

import pytest
import salt.cache
import salt.config

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.healing import registry


@pytest.mark.parametrize(("bank", "key"), [("pillar", "node1"), ("minions/node1", "data")])
def test_the_cache_says_when_a_pillar_was_rendered(tmp_path, bank, key):
    """3008 has a bank of pillars, 3006 one of each minion."""
    opts = salt.config.master_config(None) | {"cachedir": str(tmp_path)}
    salt.cache.factory(opts).store(bank, key, {"hakube": {}})
    (file,) = tmp_path.rglob("*.p")
    os.utime(file, (1000, 1000))
    rendered = registry.rendered(opts)
    assert rendered("node1") == 1000
    assert rendered("node2") is None


@pytest.fixture
def master(tmp_path):
    """The configuration of a master that has three minions, and their pillars in its cache."""
    file = tmp_path / "master"
    file.write_text(f"root_dir: {tmp_path}\npki_dir: /pki\ncachedir: /cache\nuser: root\n")
    opts = salt.config.client_config(str(file))
    keys = tmp_path / "pki" / "minions"
    keys.mkdir(parents=True)
    cache = salt.cache.factory(opts)
    for name in ("node1", "node2", "web"):
        (keys / name).write_text("a key")
        cluster = {"name": f"of-{name}", "nodes": {name: "192.0.2.1"}, "password": "x"}
        pillar, grains = {"hakube": {"cluster": cluster}} if name != "web" else {}, {"id": name}
        cache.store("pillar", name, pillar)
        cache.store("grains", name, grains)
        # 3006 keeps both in one.
        cache.store(f"minions/{name}", "data", {"grains": grains, "pillar": pillar})
    return opts


@pytest.mark.parametrize("torn", ["node1", "web"])
def test_a_pillar_that_a_power_cut_tore_keeps_nobody_else_from_being_healed(master, torn):
    """Its file may be full of zeros, or end anywhere: Salt does not sync its cache."""
    assert list(registry.known(master).clusters) == ["of-node1", "of-node2"]
    for file in Path(master["cachedir"]).rglob("*.p"):
        if torn in (file.stem, file.parent.name):
            file.write_bytes(b"\0" * file.stat().st_size)
    known = registry.known(master, fresh=True)
    assert list(known.clusters) == [it for it in ("of-node1", "of-node2") if torn not in it]
    (why,) = known.faults.values()
    assert why.startswith(f"{torn}: its pillar in the master's cache is damaged")
    assert f"salt {torn} saltutil.refresh_pillar" in why


def test_who_wants_it_anew_is_not_given_what_another_one_began_to_read_before(opts, pillars):
    assert "new" not in registry.known(opts).clusters
    read = registry.pillars
    began, go_on = threading.Event(), threading.Event()

    def slowly(given):
        found = read(given)
        began.set()
        assert go_on.wait(20)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "pillars", slowly)
        other = threading.Thread(target=registry.known, args=(opts,), kwargs={"fresh": True})
        other.start()
        assert began.wait(20)
    cluster = {"name": "new", "nodes": {"n": "192.0.2.1"}, "password": "x"}
    pillars["n"] = {"cluster": cluster, "heal": {"mode": "act"}}
    threading.Timer(0.2, go_on.set).start()
    assert "new" in registry.known(opts, fresh=True).clusters
    other.join(20)


def test_a_cache_that_cannot_be_read_at_all_is_told_so(master, monkeypatch):
    monkeypatch.setattr(registry, "DAMAGED", 1)
    for file in Path(master["cachedir"]).rglob("*.p"):
        file.write_bytes(b"\0" * 30)
    with pytest.raises(HakubeError, match="the cached pillars cannot be read"):
        registry.known(master)
