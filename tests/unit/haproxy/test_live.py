"""Which changes of a file need no reload, and the orders for them.

A small haproxy of our own carries them out here; the real ones do so in tests/functional/haproxy.
"""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.haproxy import live, live_diff, live_file, live_steps
from saltext_hakube.core.haproxy.live_steps import Checked, Emptied, Order, Plan, Serving
from saltext_hakube.core.haproxy.runtime import Server

HEAD = """\
global
    stats socket /run/haproxy.sock level admin
defaults
    mode tcp
    timeout connect 5s
"""
BODY = """\
backend b
    balance roundrobin
    timeout check 1s
    default-server inter 2s fastinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
"""
CHECK = "check check-ssl verify required ca-file /etc/kubernetes/pki/ca.crt"


def file(*servers, head=HEAD, body=BODY):
    return head + body + "".join(f"    server {server}\n" for server in servers)


def runs(text):
    """The servers of a process that has read this."""
    return [
        Server(
            backend=one.backend,
            name=one.name,
            address=one.address,
            port=one.port or 0,
            operational=2,
            admin=5 if one.disabled else 0,
            weight=one.weight,
            since=9,
            check_enabled=one.checked,
            check_result=3 if one.checked else 0,
            check_health=3,
            limit=one.number("maxconn", 0) or None,
        )
        for proxy in live_file.proxies(live_file.sections(text)).values()
        for one in proxy.servers.values()
    ]


def plan(old, new, version="2.6.12", running=None):
    return live.plan(old, new, version, runs(old) if running is None else running)


def told(steps):
    return [step.text for step in steps if isinstance(step, Order)]


ONE, TWO = f"one 192.0.2.1:6443 {CHECK}", f"two 192.0.2.2:6443 {CHECK}"
THREE = f"three 192.0.2.3:6443 {CHECK}"


def test_a_new_server_has_all_that_it_would_inherit_and_serves_after_its_check():
    steps = plan(file(ONE, TWO), file(ONE, TWO, THREE)).steps
    inherited = "inter 2s fastinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions"
    assert told(steps) == [
        f"add server b/three 192.0.2.3:6443 {inherited} {CHECK}",
        "enable health b/three",
        "set server b/three state drain",
        "set server b/three state ready",
    ]
    assert [type(step) for step in steps] == [Order, Order, Order, Checked, Order]


def test_a_server_that_goes_is_drained_emptied_and_deleted_after_the_new_ones_came():
    steps = plan(file(ONE, TWO), file(ONE, THREE)).steps
    at = told(steps).index("set server b/three state ready")
    assert told(steps)[at + 1 :] == [
        "set server b/two state drain",
        "set server b/two state maint",
        "shutdown sessions server b/two",
        "del server b/two",
    ]
    assert Serving("b", ("two",)) in steps
    assert Emptied((("b", "two"),), 2.0) in steps


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (file(ONE), file(ONE).replace("    ", "\t")),
        (file(ONE), "# a comment\n" + file(ONE).replace("\n", " # and more\n")),
        (file(ONE), file(ONE.replace("required", '"required"'))),
        (file(ONE, TWO), file(TWO, ONE)),
        (file(ONE), file("one 192.0.2.1:6443 check-ssl verify required check ca-file "
                         "/etc/kubernetes/pki/ca.crt inter 2s")),
        (file("one 192.0.2.1:80 weight 1"), file("one 192.0.2.1:80")),
        (file("one [2001:db8:0::1]:80"), file("one 2001:db8::1:80")),
    ],
)  # fmt: skip
def test_what_means_the_same_is_had_without_an_order(old, new):
    assert plan(old, new).why == ""
    assert told(plan(old, new).steps) in ([], ["set server b/one weight 1"])


@pytest.mark.parametrize(
    ("old", "new", "version", "why"),
    [
        (file(ONE), file(ONE, head=HEAD.replace("5s", "6s")), "2.6", "defaults differs"),
        (file(ONE), file(ONE, body=BODY + "    retries 2\n"), "2.6", "more than its servers"),
        (file(ONE), file(ONE) + "backend c\n", "2.6", "the same sections"),
        (file(ONE), file(ONE + " inter 3s"), "2.6", "b/one: `inter` differs"),
        (file(ONE), file(ONE.replace("ca.crt", "b.crt")), "3.0", "b/one: `ca-file` differs"),
        (file(ONE), file(ONE, "two 192.0.2.2:80 check ca-file /b"), "3.0", "has not loaded"),
        (file(ONE), file(ONE, TWO), "2.4.22", "haproxy 2.4 cannot add or remove servers"),
        (file(ONE, TWO), file(ONE), "2.2", "haproxy 2.2 cannot add or remove servers"),
        (file(ONE), file(ONE, TWO + " cookie x"), "3.0", "b/two has `cookie`"),
        (file(ONE), file(ONE, "two node2:6443"), "3.0", "no address with a port"),
        (file(ONE), file(ONE, "two 192.0.2.2:99999"), "3.0", "no address with a port"),
        (file(ONE), file(ONE, 'two 192.0.2.2:80 sni "str(a b)"'), "3.0", "cannot be said"),
        (file(ONE), file(ONE, "two 192.0.2.2:80 check-sni a;b"), "3.0", "cannot be said"),
        (file(ONE), file(ONE, "two 192.0.2.2:80 crt /x"), "3.0", "`crt`, which cannot be added"),
        (file(ONE), file(ONE + " maxconn 5"), "3.0", "a maxconn comes or goes"),
        (".if x\n" + file(ONE), ".if x\n" + file(TWO), "3.0", "conditions"),
    ],
)  # fmt: skip
def test_all_else_needs_a_reload_and_says_why(old, new, version, why):
    found = plan(old, new, version)
    assert why in found.why
    assert found.steps == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("balance source", "balances by source: its servers are fixed"),
        ("balance static-rr", "balances by static-rr"),
        ("cookie SRV insert", "b has `cookie`"),
        ("use-server one if TRUE", "b has `use-server`"),
        ("server-template t 3 192.0.2.9:80", "b has `server-template`"),
    ],
)
def test_some_backends_have_fixed_servers(line, why):
    body = BODY.replace("balance roundrobin", line)
    assert why in plan(file(ONE, body=body), file(ONE, TWO, body=body)).why


def test_a_process_that_is_not_what_the_file_says_needs_a_reload():
    assert (
        "other servers in b than the file had: two"
        in plan(file(ONE), file(ONE, THREE), running=runs(file(ONE, TWO))).why
    )


def test_defaults_count_as_haproxy_inherits_them():
    head = (
        "defaults base\n    balance source\n    default-server weight 7\n"
        "defaults more from base\n    default-server check\n"
        "defaults last\n    balance leastconn\n"
    )
    text = (
        head + "backend b from more\n    server one 192.0.2.1:80\nbackend c\n    server one x:1\n"
    )
    proxies = live_file.proxies(live_file.sections(text))
    assert proxies["b"].servers["one"].words == ("weight", "7", "check")
    assert proxies["b"].last("balance") == ("source",)
    assert proxies["c"].servers["one"].words == ()
    assert proxies["c"].last("balance") == ("leastconn",)
    body = "backend b from more\n"
    assert (
        "balances by source"
        in plan(
            file("one 192.0.2.1:80", head=head, body=body),
            file("one 192.0.2.1:80", "two 192.0.2.2:80", head=head, body=body),
        ).why
    )


@pytest.mark.parametrize("opposite", ["no-check", "enabled"])
def test_an_option_is_taken_back_by_its_opposite(opposite):
    text = file(f"one 192.0.2.1:80 check disabled {opposite}")
    one = live_file.proxies(live_file.sections(text))["b"].servers["one"]
    assert (one.checked, one.disabled) == (opposite != "no-check", opposite != "enabled")


def test_a_state_that_an_operator_ordered_is_not_touched():
    old, new = file(ONE, TWO), file(ONE, TWO + " weight 5")
    one, two = runs(old)
    drained = msgspec.structs.replace(two, admin=8)
    found = plan(old, new, running=[one, drained])
    assert told(found.steps) == ["set server b/two weight 5"]
    assert [want.state for want in found.wanted] == ["drain"]


class Pocket:
    """A haproxy in the pocket: what the orders do, seen on the real ones, and nothing else.

    It holds the rules up: no session for a server before its check, none left without a server.
    """

    def __init__(self, servers, dead=(), refused=None):
        self.servers = {(one.backend, one.name): one for one in servers}
        self.dead = dead  # addresses that pass no check
        self.refused = refused  # which order it refuses
        self.undoing = False

    def carry_out(self, steps):
        """Carry them out until one fails; those done."""
        done = []
        for step in steps:
            if isinstance(step, Serving) and live_steps.unserved(step, self.all):
                return done, step
            if isinstance(step, Checked):
                self.check(step.server)
                passed = live_steps.verdict(step, self.servers[step.server], step.latest)
                assert passed is not None
                if step.must_pass and not passed:
                    return done, step
            if isinstance(step, Order):
                if len(done) == self.refused:
                    return done, step
                self.do(step.text)
                done.append(step)
        return done, None

    @property
    def all(self):
        return list(self.servers.values())

    def check(self, key):
        one = self.servers[key]
        good = one.address not in self.dead
        self.change(key, operational=2 if good else 0, check_result=3 if good else 2)
        self.change(key, check_health=3 if good else 0)

    def change(self, key, **fields):
        self.servers[key] = msgspec.structs.replace(self.servers[key], **fields)

    def do(self, text):
        words = text.split()
        key = tuple(next(word for word in words if "/" in word).split("/"))[:2]
        before = self.servers.get(key)
        if words[0] == "add":
            assert before is None
            assert "disabled" not in words
            self.add(key, text)
        elif words[0] == "del":
            assert before.maintenance
            del self.servers[key]
        elif words[0] == "enable":
            self.change(key, check_enabled=True)
        elif "state" in words:
            admin = {"ready": 0, "drain": 8, "maint": 1}[words[-1]]
            if before.maintenance and admin != 1:
                self.change(key, operational=2, check_health=2)
            # A server that is put back had passed its check a moment ago.
            if (
                admin == 0
                and before.check_enabled
                and not (before.state == "ready" or self.undoing)
            ):
                assert before.check_result != 0, f"{key} serves before its check"
            self.change(key, admin=admin)
        elif "weight" in words:
            self.change(key, weight=int(words[-1]))
        elif "addr" in words:
            self.change(key, address=words[4], port=int(words[6]))
        elif words[:2] == ["set", "maxconn"]:
            self.change(key, limit=int(words[-1]))
        else:
            assert words[0] == "shutdown"

    def add(self, key, text):
        backend, name = key
        line = re.sub(r"^add server \S+", f"server {name}", text)
        (one,) = runs(f"backend {backend}\n{line}\n")
        fresh = {"admin": 1, "operational": 0, "check_enabled": False, "check_result": 0}
        self.servers[key] = msgspec.structs.replace(one, **fresh)


ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::9"])


@st.composite
def lines(draw, maxconn):
    """The servers of a backend, some checked, all with or all without a maxconn."""
    names = draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=5))
    return {
        name: " ".join(
            [
                f"[{address}]:{draw(st.integers(1, 3))}"
                if ":" in (address := draw(ADDRESSES))
                else f"{address}:{draw(st.integers(1, 3))}",
                "check" if name in "abc" else "",
                draw(st.sampled_from(["", "weight 3", "weight 0", "weight 9"])),
                draw(st.sampled_from(["", "", "disabled"])),
                f"maxconn {draw(st.integers(1, 3))}" if maxconn else "",
            ]
        )
        for name in names
    }


@st.composite
def pairs(draw):
    maxconn = draw(st.booleans())
    return tuple(
        HEAD
        + "".join(
            f"{BODY.replace('backend b', f'backend {backend}')}"
            + "".join(f"  server {name} {more}\n" for name, more in draw(lines(maxconn)).items())
            for backend in ("checked", "other")
        )
        for _ in range(2)
    )


@given(pairs(), st.sets(ADDRESSES), st.none() | st.integers(0, 30))
def test_after_the_orders_the_process_is_what_the_new_file_says_or_what_it_was(pair, dead, refused):
    old, new = pair
    found = plan(old, new)
    assert found.why == ""
    pocket = Pocket(runs(old), dead, refused)
    before = pocket.all
    done, failed = pocket.carry_out(found.steps)
    if failed is None:
        assert live_steps.unmet(found, pocket.all) == []
        assert live_diff.differences([new], pocket.all) == []
        assert plan(new, new, running=pocket.all) == Plan()
        return
    pocket.undoing = True
    for order in reversed(done):
        for text, _ in order.undo:
            pocket.do(text)
    assert live_diff.differences([old], before) == live_diff.differences([old], pocket.all) == []


@given(st.text(alphabet="serv\\\"' backnd1.2:/#\n$-[]", max_size=200), st.booleans())
def test_no_file_makes_it_fall_over(noise, first):
    texts = (noise, file(ONE)) if first else (file(ONE), file(ONE) + noise)
    assert isinstance(plan(*texts, running=[]), Plan)
    live_diff.differences([noise], runs(file(ONE)))
