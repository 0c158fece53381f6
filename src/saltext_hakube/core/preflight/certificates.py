"""The apiservers' certificates: do they hold at the VIP, for how long, would haproxy trust them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, Unseen, error, need, seen, warning
from saltext_hakube.core.preflight.observed import Observed
from saltext_hakube.core.preflight.x509 import Certificate

CA = "hakube:haproxy:ca_file"
# kubeadm's are valid for a year and are renewed with an upgrade; nothing renews others by itself.
SOON = timedelta(days=14)
NONE = Unseen("no apiserver answers, and no certificate file is known here")


def vip_not_in_certificate(config: Config, observed: Observed) -> Look:
    """A client that reaches the API at the VIP refuses its certificate."""
    any_seen = False
    vip = config.vip.address
    for where, certificate in _all(config, observed):
        any_seen = True
        if vip in certificate.addresses:
            continue
        own = ", ".join(certificate.addresses) or "no address"
        # With the document's plain http nobody looks at the certificate.
        make = warning if config.haproxy.insecure else error
        yield make(
            where,
            f"the apiserver's certificate does not hold for the VIP {vip} (it names {own}), so "
            "clients refuse the API there",
            "issue it anew with the VIP among its subjectAltNames (kubeadm: "
            "--apiserver-cert-extra-sans, and remove the old file first)",
        )
    if not any_seen:
        yield NONE


def certificate_expired(config: Config, observed: Observed) -> Look:
    """Nobody accepts it any more, or not yet."""
    any_seen = False
    for where, certificate in _all(config, observed):
        any_seen = True
        if certificate.ends <= observed.now:
            told = f"the apiserver's certificate ended on {certificate.ends:%Y-%m-%d}"
        elif certificate.begins > observed.now:
            told = f"the apiserver's certificate begins on {certificate.begins:%Y-%m-%d %H:%M} UTC"
        else:
            continue
        yield error(
            where,
            f"{told}, so haproxy and clients refuse it",
            "renew it (kubeadm certs renew apiserver) or set the clock right, then restart the "
            "apiserver",
        )
    if not any_seen:
        yield NONE


def certificate_expiring(config: Config, observed: Observed) -> Look:
    """It holds for some days more."""
    any_seen = False
    for where, certificate in _all(config, observed):
        any_seen = True
        if observed.now < certificate.ends <= observed.now + SOON:
            days = (certificate.ends - observed.now).days
            yield warning(
                where,
                f"the apiserver's certificate ends on {certificate.ends:%Y-%m-%d}, in {days} days",
                "renew it (kubeadm certs renew apiserver) and restart the apiservers one by one",
            )
    if not any_seen:
        yield NONE


def ca_missing(config: Config, observed: Observed) -> Look:
    """haproxy does not start without the CA that it is to check the servers by."""
    if _verifies(config) and not need(observed.ca):
        yield warning(
            CA,
            f"{config.haproxy.ca_file} is not on this machine, and haproxy does not start without",
            "bring the cluster's CA there (kubeadm does), or set hakube:haproxy:verify to none",
        )


def ca_wrong(config: Config, observed: Observed) -> Look:
    """haproxy calls every server down whose certificate its CA did not sign."""
    if not _verifies(config):
        return
    if seen(observed.ca, True) is False:
        yield Unseen(f"{config.haproxy.ca_file} is not there")
        return
    for name, server in need(observed.servers).items():
        if isinstance(server.distrust, Unseen):
            yield Unseen(f"{name}: {server.distrust.why}")
            continue
        certificate = seen(server.certificate, None)
        past = certificate is not None and not (
            certificate.begins <= observed.now < certificate.ends
        )
        if server.distrust and not past:  # which has a code of its own
            yield error(
                CA,
                f"haproxy would not trust {name}'s certificate ({server.distrust}), so it calls "
                "that server down",
                f"put the CA that signed them into {config.haproxy.ca_file}",
            )


def _verifies(config: Config) -> bool:
    haproxy = config.haproxy
    return haproxy.check == "https" and haproxy.verify == "required" and not haproxy.plain


def _all(config: Config, observed: Observed) -> Iterator[tuple[str, Certificate]]:
    """Each certificate that is served or will be, and where it is."""
    places = {server.name: f"{server.address} port {server.port}" for server in config.servers}
    shown: set[Certificate] = set()
    for name, server in seen(observed.servers, {}).items():
        if isinstance(server.certificate, Certificate):
            shown.add(server.certificate)
            yield places.get(name, name), server.certificate
    for file, certificate in seen(observed.certificates, {}).items():
        if isinstance(certificate, Certificate) and certificate not in shown:
            yield file, certificate


CHECKS: dict[str, Check] = {
    "vip-not-in-certificate": vip_not_in_certificate,
    "certificate-expired": certificate_expired,
    "certificate-expiring": certificate_expiring,
    "ca-file-missing": ca_missing,
    "ca-file-wrong": ca_wrong,
}
