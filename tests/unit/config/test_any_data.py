"""Whatever stands in a pillar: a Config, or a ConfigError of single lines without secrets."""

import copy
import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltext_hakube.core.config import Config, Facts, public, resolve
from saltext_hakube.core.errors import ConfigError

from .pillars import FENCE_PASSWORD, FENCED, PASSWORD

NODE1 = Facts(names=("node1",))
KEYS = ["cluster", "nodes", "password", "vip", "address", "fencing", "options", "passwd"]
KEYS += ["apiserver", "servers", "resources", "name", "properties", "haproxy", "install"]

# What YAML and JSON can give, with lone surrogates, huge numbers and keys of every kind.
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(2**63) - 1])
    | st.floats()
    | st.text(st.characters())
    | st.binary(max_size=5)
    | st.dates()
    | st.datetimes()
    | st.sampled_from(["none", "192.0.2.1", "::", "::1%eth0", "1e400", "\ud800", "a\nb"])
)
keys = st.sampled_from(KEYS) | scalars
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


def judge(data):
    """The Config, or the problems; both looked at as a person would see them."""
    try:
        config = resolve(data, NODE1)
    except ConfigError as error:
        for line in error.problems:
            assert line.startswith("hakube")
            assert line.isprintable(), line  # so also of one line
            assert ": " in line
            # The list of nodes may be long; nothing else is.
            assert len(line) < 600
        assert error.problems
        return error.problems
    assert isinstance(config, Config)
    return config


@settings(max_examples=150, deadline=None)
@given(anything)
def test_any_data_is_a_config_or_gives_single_lines(data):
    judge(data)


def places(data, path=()):
    """Every path into nested mappings and lists."""
    yield path
    if isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*path, key))


# A pillar in which most kinds of values stand somewhere.
WHOLE = {
    **FENCED,
    "apiserver": {"servers": [{"node": "node1"}, {"address": "192.0.2.21", "name": "b"}]},
    "resources": {"vip": {"operations": {"monitor": {"interval": "5s"}}, "meta": {"a": 1}}},
    "properties": {"no-quorum-policy": "stop"},
    "haproxy": {"insecure": False},
    "kubernetes": {"version": "1.32"},
    "install": {"packages": ["haproxy"]},
}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_good_pillar_with_one_place_replaced_is_a_config_or_gives_single_lines(data):
    path = data.draw(st.sampled_from([path for path in places(WHOLE) if path]))
    mutated = copy.deepcopy(WHOLE)
    place = mutated
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(anything)
    result = judge(mutated)
    shown = repr(public(result)) if isinstance(result, Config) else "\n".join(result)
    assert PASSWORD not in shown
    assert FENCE_PASSWORD not in shown


SECRET = "hunter2-hunter2"


def fenced(options):
    return {"fencing": {"a": {"agent": "fence_x", "options": options}}}


def with_secret(data):
    """The data with the secret in place of each K."""
    if isinstance(data, dict):
        return {with_secret(key): with_secret(value) for key, value in data.items()}
    if isinstance(data, list):
        return [with_secret(value) for value in data]
    if isinstance(data, bytes):
        return data.replace(b"K", SECRET.encode())
    return data.replace("K", SECRET) if isinstance(data, str) else data


LEAKS = {
    "a list around the password": {"cluster": {"password": [SECRET]}},
    "a mapping around the password": {"cluster": {"password": {SECRET: SECRET}}},
    "a broken line": {"cluster": f"password={SECRET}"},
    "a list around the section": {"cluster": [{"password": SECRET}]},
    "a typo in the key": {"cluster": {"pasword": SECRET}},
    "a typo for the colon": {"cluster": {f"password={SECRET}": None}},
    "a wrong option of a fence device": {"fencing": {"a": {"options": {"passwd": [SECRET]}}}},
    "options that are a list": {"fencing": {"a": {"options": [f"passwd={SECRET}"]}}},
    "options that are text": {"fencing": {"a": {"options": f"passwd={SECRET}"}}},
    "an option with a typo for the colon": {"fencing": {"a": {"options": {f"passwd={SECRET}": 1}}}},
    "an option of which only the agent knows that it is secret": fenced({"hexadecimal_kg": "K\n"}),
    "an api key of two lines": fenced({"apikey": "K\n"}),
    "a session": fenced({"session_id": ["K"]}),
    "an option's name with its value": fenced({"apikey=K": None}),
    "an unknown option's name with its value": fenced({"serial=K": None}),
    "an option without a blank after its colon": fenced({"serial:K": None}),
    "an option without a colon": fenced({"serial K": None}),
    "options of bytes": fenced(b"serial=K"),
    "a pillar's key with its value": {"cluster": {"apikey=K": None}, "color=K": 1},
    "fencing that is a broken line": {"fencing": "ipmi: passwd=K"},
    "a property": {"properties": {"auth": "K\n", "login_pass": "K\n", "pin": "K\n"}},
    "a device that is text": {"fencing": {"a": f"fence_ipmilan passwd={SECRET}"}},
}


@pytest.mark.parametrize("data", LEAKS.values(), ids=LEAKS.keys())
def test_no_error_shows_a_secret(data):
    with pytest.raises(ConfigError) as caught:
        resolve(with_secret(data), NODE1)
    assert SECRET not in str(caught.value)


def test_a_pillar_that_holds_itself_does_not_hang():
    loop = {"cluster": {}, "when": datetime.date(2024, 1, 1)}
    loop["cluster"]["nodes"] = loop
    with pytest.raises(ConfigError):
        resolve(loop, NODE1)


def test_a_pillar_nested_a_hundred_thousand_deep_gives_a_line():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ConfigError, match="hakube:vip: a list is wrong"):
        resolve({**FENCED, "vip": deep}, NODE1)
