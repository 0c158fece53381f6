"""Certificates of the lab's Kubernetes: authority, server, clients, and the service account key.

Made anew for each lab with openssl. Elliptic keys: made in milliseconds, where RSA takes seconds.
"""

from __future__ import annotations

import base64
from pathlib import Path

from tests.lab.network import VIP, VIP6, address, address6
from tests.lab.process import run

#: The first address of the service range: what pods know the API by.
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"

#: The server certificate also covers nodes that join later.
MOST_NODES = 9

#: File -> subject; the organization is what Kubernetes takes for the user's group.
CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "controller-manager": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
}

_DAYS = "30"


def make(folder: Path) -> None:
    """Write ca, apiserver and client certificates and sa.key, sa.pub into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = ["-addext", "basicConstraints=critical,CA:TRUE"]
    authority += ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    _openssl(
        "req",
        "-x509",
        *_new(folder / "ca.key"),
        "-out",
        folder / "ca.crt",
        "-subj",
        "/CN=hakube-lab-ca",
        "-days",
        _DAYS,
        *authority,
    )
    names = [f"node{number + 1}" for number in range(MOST_NODES)]
    addresses = [VIP, VIP6, SERVICE_ADDRESS, "127.0.0.1"]
    addresses += [*map(address, names), *map(address6, names)]
    service = [f"kubernetes{tail}" for tail in ("", ".default", ".default.svc")]
    dns = [*names, "api", "localhost", *service, "kubernetes.default.svc.cluster.local"]
    server = ",".join([*(f"IP:{it}" for it in addresses), *(f"DNS:{it}" for it in dns)])
    _signed(folder, "apiserver", "/CN=kube-apiserver", "serverAuth", f"subjectAltName={server}")
    for name, subject in CLIENTS.items():
        _signed(folder, name, subject, "clientAuth")
        (folder / f"{name}.kubeconfig").write_text(_kubeconfig(folder, name))
    # Pods' tokens are signed with this; nothing in the lab has pods, the apiserver asks for it.
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "sa.key")
    _openssl("ec", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub")


def _openssl(*words: str | Path) -> None:
    run(["openssl", *words], timeout=30)


def _new(key: Path) -> list[str | Path]:
    curve = "ec_paramgen_curve:prime256v1"
    return ["-newkey", "ec", "-pkeyopt", curve, "-nodes", "-keyout", key]


def _signed(folder: Path, name: str, subject: str, usage: str, *extensions: str) -> None:
    request, config = folder / f"{name}.csr", folder / f"{name}.ext"
    config.write_text("\n".join([f"extendedKeyUsage={usage}", *extensions]) + "\n")
    _openssl("req", *_new(folder / f"{name}.key"), "-subj", subject, "-out", request)
    authority = ["-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial"]
    _openssl(
        "x509",
        "-req",
        "-in",
        request,
        *authority,
        "-days",
        _DAYS,
        "-extfile",
        config,
        "-out",
        folder / f"{name}.crt",
    )
    request.unlink()
    config.unlink()


def _kubeconfig(folder: Path, name: str) -> str:
    def data(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    return f"""\
apiVersion: v1
kind: Config
current-context: lab
clusters:
- name: lab
  cluster:
    server: https://{VIP}:6443
    certificate-authority-data: {data("ca.crt")}
users:
- name: {name}
  user:
    client-certificate-data: {data(f"{name}.crt")}
    client-key-data: {data(f"{name}.key")}
contexts:
- name: lab
  context: {{cluster: lab, user: {name}}}
"""
