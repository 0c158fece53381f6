"""How the apiserver is started, how it answers."""

import pytest

from saltext_hakube.core.preflight.apiserver import detection
from saltext_hakube.core.preflight.finding import Unseen

from .world import VIP, but, config, is_fine, is_found, is_unseen, program, server, units

UNIT = "unit kube-apiserver"
API = "kube-apiserver"

TRAPS = [
    ("health-check-refused", "error", "node2/readyz", "401", server(health=401), {}),
    ("health-check-refused", "warning", "node2/readyz", "for seconds", server(health=403), {}),
    (
        "health-check-refused",
        "error",
        UNIT,
        "--anonymous-auth=false",
        program(API, anonymous_auth="false"),
        {},
    ),
    (
        "health-check-blind",
        "warning",
        "hakube:haproxy:check",
        "hung",
        None,
        {"haproxy:check": "tcp"},
    ),
    (
        "health-check-blind",
        "warning",
        "hakube:haproxy:plain",
        "hung",
        None,
        {"haproxy:plain": True},
    ),
    (
        "health-check-blind",
        "warning",
        "hakube:haproxy:check_path",
        "drains",
        None,
        {"haproxy:check_path": "/livez"},
    ),
    (
        "apiserver-unreachable",
        "warning",
        "192.0.2.12 port 6443",
        "firewall",
        server(port="silent"),
        {},
    ),
    (
        "apiserver-elsewhere",
        "warning",
        UNIT,
        "listens on port 6444",
        program(API, secure_port="6444"),
        {},
    ),
    (
        "apiserver-elsewhere",
        "warning",
        UNIT,
        "127.0.0.1 only",
        program(API, bind_address="127.0.0.1"),
        {},
    ),
    (
        "vip-advertised",
        "warning",
        UNIT,
        "--advertise-address is the VIP",
        program(API, advertise_address=VIP),
        {},
    ),
    ("drain-too-short", "warning", UNIT, "is 0s", program(API, shutdown_delay_duration=None), {}),
    (
        "drain-too-short",
        "warning",
        UNIT,
        "is 500ms",
        program(API, shutdown_delay_duration="500ms"),
        {},
    ),
    (
        "stop-too-short",
        "warning",
        "hakube:resources:apiserver:operations:stop:timeout",
        "60s is less than",
        None,
        {"resources:apiserver:operations": {"stop": {"timeout": "60s"}}},
    ),
    (
        "stop-too-short",
        "warning",
        UNIT,
        "TimeoutStopSec=75",
        units("kube-apiserver", stop=30.0),
        {},
    ),
]


@pytest.mark.parametrize(("code", "severity", "where", "words", "observed", "pillar"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(
    *, code, severity, where, words, observed, pillar
):
    is_found(code, severity, where, words, observed, pillar=pillar)


FINE = [
    ("health-check-refused", server(health=500), {}),  # it starts, or its etcd stalls
    ("health-check-refused", server(health=401), {"haproxy:check": "tcp"}),
    ("apiserver-elsewhere", program(API, secure_port="6444"), {"apiserver:port": 6444}),
    ("apiserver-elsewhere", program(API, bind_address=None), {}),
    ("drain-too-short", program(API, shutdown_delay_duration=None), {"haproxy:check": "tcp"}),
    ("drain-too-short", program(API, shutdown_delay_duration="1m10s"), {}),
    (
        "stop-too-short",
        None,
        {"resources:apiserver:operations": {"stop": {"timeout": "2min"}}},
    ),
    ("stop-too-short", units("kube-apiserver", stop=float("inf")), {}),
]


@pytest.mark.parametrize(("code", "observed", "pillar"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed, pillar):
    is_fine(code, observed, pillar)


def test_an_apiserver_that_answers_401_is_told_once_though_its_flags_say_so_too():
    observed = but(
        servers=server(health=401).servers,
        apiserver=program(API, anonymous_auth="false").apiserver,
    )
    is_found("health-check-refused", "error", "node2/readyz", "401", observed)


def test_an_apiserver_that_is_not_there_yet_is_not_known():
    is_unseen("apiserver-unreachable", "node2: no apiserver listens", server(port="refused"))
    is_unseen("health-check-refused", "node2: silent", server(health=Unseen("silent")))
    nowhere = but(apiserver=Unseen("no unit kube-apiserver on this machine"))
    for code in ("apiserver-elsewhere", "vip-advertised", "drain-too-short", "stop-too-short"):
        is_unseen(code, "no unit", nowhere)


def test_haproxy_notices_after_one_slow_and_all_but_one_fast_checks():
    given = {"haproxy:inter": "3s", "haproxy:fastinter": "500ms", "haproxy:fall": 3}
    assert detection(config(given)) == 4.0
