"""Certificates read without a library, judged by what openssl made of them."""

import contextlib
import ssl
from datetime import datetime, timedelta, timezone

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.preflight.x509 import from_der, from_pem

from .authority import authority, needs_openssl, signed

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    authority(folder)
    return folder


def test_names_addresses_and_dates(folder):
    names = "DNS:Kubernetes,IP:192.0.2.100,IP:fd00:87::100,DNS:node1.example.com,URI:spiffe://x"
    found = from_pem(signed(folder, names).read_text())
    assert found.names == ("kubernetes", "node1.example.com")
    assert found.addresses == ("192.0.2.100", "fd00:87::100")
    now = datetime.now(timezone.utc)
    assert abs(found.begins - now) < timedelta(minutes=5)
    assert abs(found.ends - now - timedelta(days=30)) < timedelta(minutes=5)


def test_a_date_after_2049_is_written_in_another_way(folder):
    found = from_pem(signed(folder, days=20000).read_text())
    assert found.ends.year > 2049


def test_a_certificate_without_other_names_has_none(folder):
    found = from_pem(signed(folder, names="").read_text())
    assert (found.names, found.addresses) == ((), ())


def test_of_a_chain_the_first_counts_and_text_before_it_does_not(folder):
    first, second = signed(folder).read_text(), (folder / "ca.crt").read_text()
    assert from_pem(f"Certificate:\n  Data: ...\n{first}{second}") == from_pem(first)


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nabc\n"])
def test_what_is_no_certificate_is_told(text):
    with pytest.raises(HakubeError, match="no certificate"):
        from_pem(text)


def test_a_certificate_that_is_cut_off_or_spoiled_anywhere_is_told_and_no_crash(folder):
    whole = ssl.PEM_cert_to_DER_cert(signed(folder).read_text())
    for length in range(0, len(whole), 7):
        with pytest.raises(HakubeError, match="broken"):
            from_der(whole[:length])
    for at in range(0, len(whole), 3):
        with contextlib.suppress(HakubeError):
            from_der(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
