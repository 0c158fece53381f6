"""When the master rendered a minion's pillar last, as its cache tells."""

import os

import pytest
import salt.cache
import salt.config

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
