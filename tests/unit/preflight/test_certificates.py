"""The apiservers' certificates."""

from datetime import timedelta

import pytest
from msgspec import structs

from saltext_hakube.core.preflight.finding import Unseen

from .world import CERTIFICATE, NOW, but, is_fine, is_found, is_unseen, server

FILE = "/etc/kubernetes/pki/apiserver.crt"
SERVED = "192.0.2.12 port 6443"
CA = "hakube:haproxy:ca_file"


def certificate(**parts):
    return structs.replace(CERTIFICATE, **parts)


WITHOUT = certificate(addresses=("192.0.2.12",))
ENDED = certificate(ends=NOW - timedelta(days=1))
EARLY = certificate(begins=NOW + timedelta(hours=1))
LAST_DAYS = certificate(ends=NOW + timedelta(days=9, hours=5))

TRAPS = [
    (
        "vip-not-in-certificate",
        "error",
        SERVED,
        "(it names 192.0.2.12)",
        server(certificate=WITHOUT),
        {},
    ),
    (
        "vip-not-in-certificate",
        "error",
        FILE,
        "--apiserver-cert-extra-sans",
        but(certificates={FILE: WITHOUT}),
        {},
    ),
    (
        "vip-not-in-certificate",
        "warning",
        SERVED,
        "VIP",
        server(certificate=WITHOUT),
        {"haproxy:insecure": True, "kubernetes:version": "1.7"},
    ),
    ("certificate-expired", "error", SERVED, "ended on 2025-12-31", server(certificate=ENDED), {}),
    (
        "certificate-expired",
        "error",
        FILE,
        "begins on 2026-01-01 01:00 UTC",
        but(certificates={FILE: EARLY}),
        {},
    ),
    (
        "certificate-expiring",
        "warning",
        SERVED,
        "ends on 2026-01-10, in 9 days",
        server(certificate=LAST_DAYS),
        {},
    ),
    ("ca-file-missing", "warning", CA, "is not on this machine", but(ca=False), {}),
    (
        "ca-file-wrong",
        "error",
        CA,
        "node2's certificate (self-signed)",
        server(distrust="self-signed"),
        {},
    ),
]


@pytest.mark.parametrize(("code", "severity", "where", "words", "observed", "pillar"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(
    *, code, severity, where, words, observed, pillar
):
    is_found(code, severity, where, words, observed, pillar=pillar)


NOT_VERIFIED = {"haproxy:verify": "none"}
FINE = [
    ("certificate-expiring", server(certificate=ENDED), {}),  # has a code of its own
    ("certificate-expiring", server(certificate=certificate(ends=NOW + timedelta(days=15))), {}),
    ("ca-file-missing", but(ca=False), NOT_VERIFIED),
    ("ca-file-missing", but(ca=False), {"haproxy:plain": True}),
    ("ca-file-wrong", server(distrust="self-signed"), {"haproxy:check": "tcp"}),
    # Refused for its date, which has a code of its own.
    ("ca-file-wrong", server(certificate=ENDED, distrust="certificate has expired"), {}),
]


@pytest.mark.parametrize(("code", "observed", "pillar"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed, pillar):
    is_fine(code, observed, pillar)


def test_a_certificate_that_is_served_and_on_the_disk_is_told_once():
    observed = but(servers=server(certificate=WITHOUT).servers, certificates={FILE: WITHOUT})
    is_found("vip-not-in-certificate", "error", SERVED, "VIP", observed)


@pytest.mark.parametrize(
    "code", ["vip-not-in-certificate", "certificate-expired", "certificate-expiring"]
)
def test_without_any_certificate_nothing_is_known(code):
    is_unseen(code, "no apiserver answers", but(servers={}, certificates={}))


def test_whom_haproxy_would_trust_is_not_known_of_a_silent_server_or_without_the_ca():
    is_unseen("ca-file-wrong", "node2: silent", server(distrust=Unseen("silent")))
    is_unseen("ca-file-wrong", "is not there", but(ca=False))
