"""Certificates for tests, made by openssl."""

import shutil
import subprocess

import pytest

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)


def authority(folder, name="ca"):
    """A certificate authority; its certificate's file."""
    folder.mkdir(exist_ok=True)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")
    out = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
    openssl("req", "-x509", *new, *out, "-subj", f"/CN={name}", "-days", "30", *usage)
    return folder / f"{name}.crt"


def signed(folder, names="IP:127.0.0.1", days=30, ca="ca", name="server"):
    """A server's certificate by the authority, without extensions where there are no names."""
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    key, request, out = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
    openssl("req", *new, "-keyout", key, "-subj", f"/CN={name}", "-out", request)
    signer = ("-CA", folder / f"{ca}.crt", "-CAkey", folder / f"{ca}.key", "-CAcreateserial")
    extensions = ()
    if names:
        (folder / "ext").write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n")
        extensions = ("-extfile", folder / "ext")
    openssl("x509", "-req", "-in", request, *signer, "-days", days, "-out", out, *extensions)
    return out
