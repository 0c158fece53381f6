"""How long certificates hold: made by openssl, in all the files where they are."""

import base64
import errno
import subprocess
import threading
import time
from pathlib import Path

import pytest

from saltext_hakube.agents.probe import certificates
from saltext_hakube.agents.probe.certificates import DAY, Certificates, Validity, from_pem, judge
from saltext_hakube.agents.probe.look import DOWN, UNKNOWN, UP
from saltext_hakube.core.preflight import x509
from tests.unit.preflight.authority import needs_openssl, signed

NOW = 1_780_000_000.0


@pytest.mark.parametrize(
    ("begins", "days", "value", "words"),
    [
        (-100, 100, UP, ""),
        (-100, 13, DOWN, "ends in 13 days"),
        (-1, 13, UP, ""),  # it holds for two weeks only
        (-12, 2, DOWN, "ends in 2 days"),
        (-100, -3, DOWN, "ended 3 days ago"),
        (1, 100, DOWN, "does not hold yet"),
    ],
)
def test_its_end_is_told_two_weeks_before(begins, days, value, words):
    look = judge([("/x", Validity(NOW + begins * DAY, NOW + days * DAY))], NOW)
    assert look.value == value
    assert words in look.why
    assert look.evidence == ({"days": [f"/x: {days}"]} if value == DOWN else {})


@needs_openssl
def test_what_openssl_says_is_what_is_read(pki):
    for name in ("ca.crt", "server.crt", "client.crt"):
        text = (pki / name).read_text()
        told = x509.from_pem(text)
        found = from_pem(text.encode() + text.encode())
        assert found == [Validity(told.begins.timestamp(), told.ends.timestamp())] * 2
    far = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    far += ["-nodes", "-keyout", "/dev/null", "-subj", "/CN=x", "-days", "20000"]
    done = subprocess.run(far, check=True, capture_output=True, timeout=30)
    assert from_pem(done.stdout)[0].ends > 3e9  # after 2050 it is another kind of time


@pytest.mark.parametrize("data", [b"", b"\x30\x03abc", b"\x30\x82\xff", b"\x02\x01\x00", b"\x30"])
def test_what_is_no_certificate_is_told(data):
    text = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(data) + b"\n"
    with pytest.raises(ValueError, match="broken certificate"):
        from_pem(text + b"-----END CERTIFICATE-----\n")


@needs_openssl
def test_all_files_are_looked_at_and_read_once(pki, tmp_path, monkeypatch):
    folder = tmp_path / "pki"
    (folder / "etcd").mkdir(parents=True)
    (folder / "ca.crt").write_bytes((pki / "ca.crt").read_bytes())
    (folder / "etcd/ca.crt").write_bytes((pki / "ca.crt").read_bytes())
    client = tmp_path / "admin.conf"
    data = base64.b64encode((pki / "client.crt").read_bytes()).decode()
    client.write_text(f"client-certificate-data: {data}\ncertificate-authority: named.crt\n")
    (tmp_path / "named.crt").write_bytes((pki / "server.crt").read_bytes())
    found = Certificates([str(folder), str(client), str(tmp_path / "missing")])
    now = time.time()
    assert found.look(now).value == UP
    look = found.look(now + 31 * DAY)
    assert look.value == DOWN
    assert {line.rpartition(":")[0] for line in look.evidence["days"]} == {
        str(tmp_path / name)
        for name in ("pki/ca.crt", "pki/etcd/ca.crt", "admin.conf", "named.crt")
    }
    monkeypatch.setattr(certificates, "from_pem", lambda _: pytest.fail("it was read again"))
    assert found.look(now).value == UP
    monkeypatch.undo()
    signed(pki, days=1, name="short")
    (folder / "ca.crt").write_bytes((pki / "short.crt").read_bytes())
    assert found.look(now + 0.9 * DAY).value == DOWN


def test_a_folder_that_comes_and_goes_is_no_failure(tmp_path):
    """As where `kubeadm reset` and a restored copy take turns."""
    folder, over = tmp_path / "pki", threading.Event()

    def come_and_go():
        while not over.is_set():
            (folder / "etcd").mkdir(parents=True)
            (folder / "etcd").rmdir()
            folder.rmdir()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        found = {Certificates([str(folder)]).look(0).value for _ in range(3000)}
    finally:
        over.set()
        other.join()
    assert found == {UNKNOWN}


@needs_openssl
def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_looked_at(
    pki, tmp_path, monkeypatch
):
    (tmp_path / "bad").mkdir()
    iterdir = Path.iterdir

    def fails(folder):
        if folder == tmp_path / "bad":
            raise OSError(errno.EIO, "Input/output error")
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", fails)
    look = Certificates([str(tmp_path / "bad"), str(pki / "ca.crt")]).look(time.time())
    assert look.value == UNKNOWN
    assert look.why == f"{tmp_path / 'bad'} cannot be read (Input/output error)"


def test_without_any_nobody_knows(tmp_path):
    assert Certificates([str(tmp_path)]).look(0).value == UNKNOWN
    (tmp_path / "a.crt").write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    assert "a.crt holds a broken certificate" in Certificates([str(tmp_path)]).look(0).why
