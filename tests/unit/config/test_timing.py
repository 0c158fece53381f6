"""The profiles of ``hakube:timing``: what they decide, and that what a pillar says counts."""

import shutil
import subprocess

import pytest
from msgspec import structs

from saltext_hakube.core.config import Facts, public, resolve
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy.options import Haproxy

from .pillars import GOOD, changed

NODE1 = Facts(names=("node1",))
NODES = GOOD["cluster"]["nodes"]


def config(**changes):
    return resolve(changed({path.replace("__", ":"): it for path, it in changes.items()}), NODE1)


def totem(found):
    return structs.asdict(found.totem)


def paces(found):
    options = found.haproxy
    return (
        *(options.inter, options.fastinter, options.fall),
        *(options.timeouts.connect, options.timeouts.check),
    )


def test_safe_is_what_a_pillar_without_a_profile_means():
    assert structs.replace(config(timing="safe"), timing_given=False) == config()
    assert config().haproxy == Haproxy()
    assert totem(config()) == {"token": 3000, "token_coefficient": 0, "consensus": 3600}


def test_whether_the_pillar_itself_names_a_profile_is_known():
    assert config(timing="safe").timing_given
    assert not config(cluster__totem={"token": 5000}).timing_given


def test_fast_has_other_numbers_and_no_other_difference():
    fast = config(timing="fast")
    assert totem(fast) == {"token": 1000, "token_coefficient": 0, "consensus": 1200}
    assert paces(fast) == ("1s", "300ms", 2, "500ms", "700ms")
    told, safe = public(fast), public(config())
    assert {key for key in told if told[key] != safe[key]} == {
        *("timing", "timing_given", "totem", "haproxy", "reflex")
    }
    assert {key for key in told["haproxy"] if told["haproxy"][key] != safe["haproxy"][key]} == {
        *("inter", "fastinter", "timeouts")
    }
    assert told["reflex"] == safe["reflex"] | {"gather": True}
    assert told["haproxy"]["timeouts"]["client"] == safe["haproxy"]["timeouts"]["client"]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("haproxy:inter", "1200ms", 0),
        ("haproxy:inter", "5s", 0),
        ("haproxy:fastinter", "200ms", 1),
        ("haproxy:fall", 3, 2),
        ("haproxy:timeouts:connect", "1200ms", 3),
        ("haproxy:timeouts:check", "3s", 4),
    ],
)
def test_what_a_pillar_says_counts_also_where_it_is_what_the_other_profile_has(path, value, place):
    found = paces(resolve(changed({"timing": "fast", path: value}), NODE1))
    own = list(paces(config(timing="fast")))
    own[place] = value
    assert list(found) == own


def test_a_profile_changes_nothing_in_the_pillar_itself():
    data = changed({"timing": "fast", "haproxy": {"timeouts": {"client": "2h"}}})
    before = str(data)
    resolve(data, NODE1)
    assert str(data) == before


@pytest.mark.parametrize(
    ("own", "nodes", "expected"),
    [
        ({}, 3, (3000, 0, 3600)),
        ({"token": 5000}, 3, (5000, 0, 6000)),
        ({"token": 1001}, 3, (1001, 0, 1202)),  # 1201.2, and corosync wants no less
        ({"consensus": 9000}, 3, (3000, 0, 9000)),
        ({"token_coefficient": 650}, 2, (3000, 650, 3600)),
        ({"token_coefficient": 650}, 3, (3000, 650, 4380)),
        ({"token_coefficient": 650}, 5, (3000, 650, 5940)),
    ],
)
def test_without_a_consensus_of_its_own_a_pillar_gets_the_one_that_fits_its_token(
    own, nodes, expected
):
    machines = {f"node{it}": f"192.0.2.{it}" for it in range(1, nodes + 1)}
    changes = {"cluster:nodes": machines, "cluster:totem": own}
    changes |= {"cluster:accept_split_brain": True}
    found = resolve(changed(changes), NODE1)
    assert tuple(totem(found).values()) == expected


@pytest.mark.skipif(shutil.which("corosync") is None, reason="corosync is not installed")
@pytest.mark.parametrize("profile", ["safe", "fast"])
def test_corosync_takes_the_numbers_of_a_profile_and_the_least_that_a_pillar_may_say(
    profile, tmp_path
):
    assert _takes(tmp_path, **totem(config(timing=profile)))
    assert _takes(tmp_path, token=200, token_coefficient=0, consensus=240)
    assert not _takes(tmp_path, token=100, token_coefficient=0, consensus=240)


def _takes(folder, **totem):
    path = folder / "corosync.conf"
    lines = "\n".join(f"  {key}: {value}" for key, value in totem.items())
    nodes = "\n".join(
        f"  node {{\n    ring0_addr: 127.0.0.{it}\n    nodeid: {it}\n    name: node{it}\n  }}"
        for it in (1, 2, 3)
    )
    path.write_text(
        "totem {\n  version: 2\n  cluster_name: hakube\n  transport: knet\n"
        f"{lines}\n}}\nnodelist {{\n{nodes}\n}}\n"
        "quorum {\n  provider: corosync_votequorum\n}\n"
        "logging {\n  to_syslog: no\n  to_stderr: yes\n}\n"
    )
    done = subprocess.run(
        ["corosync", "-t", "-f", "-c", path], capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


def test_a_token_that_is_no_number_is_shown_for_it_is_no_secret():
    with pytest.raises(ConfigError) as caught:
        config(cluster__totem={"token": "soon"})
    (line,) = caught.value.problems
    assert line.startswith("hakube:cluster:totem:token: ")
    assert "soon" in line
