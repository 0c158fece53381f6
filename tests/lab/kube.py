"""Kubernetes on the nodes: real binaries where they can be had, else a labelled stand-in.

Installed as an administrator's machine has it before the cluster comes: units that are neither
enabled nor started (Pacemaker will do that), environment files that point at loopback, and a
running etcd.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from tests.lab import cache, certificates, kubefiles
from tests.lab.network import address
from tests.lab.node import Node
from tests.lab.process import LabError, Progress, run, silent
from tests.lab.wheels import CHECKOUT

PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")

#: The image's user and group `kube` (image.py), by number: the files are made outside.
KUBE = 880

#: etcd wants an odd number of members; nodes beyond the third use those of the others.
MOST_ETCD_MEMBERS = 3

KINDS = ("auto", "real", "standin", "none")


def binaries() -> Path | None:
    """The folder with the three programs (plain or .xz), or None where there is none.

    $HAKUBE_KUBE_BIN, else what `kube-build` made, else the folder shared beside the checkout.
    """
    named = os.environ.get("HAKUBE_KUBE_BIN")
    if named:
        if not _complete(Path(named)):
            raise LabError(f"HAKUBE_KUBE_BIN={named} lacks one of {', '.join(PROGRAMS)}")
        return Path(named)
    built = sorted(cache.folder().glob("kube-built-*"), key=lambda path: path.stat().st_mtime)
    candidates = [*reversed(built), CHECKOUT.parent / "shared/kube"]
    return next((folder for folder in candidates if _complete(folder)), None)


def _complete(folder: Path) -> bool:
    return all((folder / it).exists() or (folder / f"{it}.xz").exists() for it in PROGRAMS)


def choose(kind: str) -> str:
    """What *kind* (real, standin, auto, none) comes to here."""
    if kind not in KINDS:
        raise LabError(f"kube is one of {', '.join(KINDS)}, not {kind!r}")
    if kind == "auto":
        return "real" if binaries() else "standin"
    if kind == "real" and not binaries():
        raise LabError(
            "there are no Kubernetes binaries: name their folder in HAKUBE_KUBE_BIN,"
            " or build them with `python3 -m tests.lab kube-build` (10 to 20 minutes)"
        )
    return kind


def layer(kind: str, *, progress: Progress = silent) -> Path:
    """The layer with the programs: one for all nodes, 200 MB unpacked."""
    if kind == "standin":
        program = Path(__file__).with_name("standin.py")

        def copy(folder: Path) -> None:
            target = folder / "usr/local/bin/kube-stand-in"
            target.parent.mkdir(parents=True)
            shutil.copy(program, target)
            target.chmod(0o755)

        return cache.entry("kube-stand-in", program.read_text(), copy, progress=progress)

    source = binaries()
    assert source is not None
    files = [_file(source, name) for name in PROGRAMS]
    digests = {file.name: _digest(file) for file in files}
    sums = source / "SHA256SUMS"
    if sums.exists():
        _verify(sums, digests)

    def unpack(folder: Path) -> None:
        place = folder / "usr/local/bin"
        place.mkdir(parents=True)
        for name, file in zip(PROGRAMS, files, strict=True):
            target = place / name
            if file.suffix == ".xz":
                shutil.copy(file, target.with_suffix(".xz"))
                run(["xz", "--decompress", target.with_suffix(".xz")], timeout=300)
            else:
                shutil.copy(file, target)
            target.chmod(0o755)

    return cache.entry("kube-real", digests, unpack, progress=progress)


def _file(folder: Path, name: str) -> Path:
    plain = folder / name
    return plain if plain.exists() else folder / f"{name}.xz"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _verify(sums: Path, digests: dict[str, str]) -> None:
    for line in sums.read_text().splitlines():
        digest, _, name = line.partition("  ")
        if digests.get(name, digest) != digest:
            raise LabError(f"{sums.parent / name} is not what {sums} says: copy it again")


def configure_all(upper: Path, pki: Path, kind: str) -> None:
    """Write into the lab's own layer what is the same on every node."""
    units = upper / "etc/systemd/system"
    units.mkdir(parents=True, exist_ok=True)
    for name, text in kubefiles.UNITS.items():
        real = kind == "real"
        program = f"/usr/local/bin/kube-{name}" if real else f"/usr/local/bin/kube-stand-in {name}"
        label = "" if real else " (STAND-IN, not Kubernetes)"
        (units / f"kube-{name}.service").write_text(text.format(program=program, label=label))
    drop_in = units / "etcd.service.d/lab.conf"
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text(kubefiles.ETCD_DROP_IN)

    kubernetes = upper / "etc/kubernetes"
    (kubernetes / "pki").mkdir(parents=True)
    for file in ("ca.crt", "apiserver.crt", "apiserver.key", "sa.key", "sa.pub"):
        _copy(pki / file, kubernetes / "pki" / file)
    for client in certificates.CLIENTS:
        _copy(pki / f"{client}.kubeconfig", kubernetes / f"{client}.kubeconfig")


def _copy(source: Path, target: Path) -> None:
    shutil.copy(source, target)
    secret = source.suffix in (".key", ".kubeconfig")
    target.chmod(0o640 if secret else 0o644)
    os.chown(target, 0, KUBE)


def configure(node: Node, names: list[str]) -> None:
    """Write a node's own files while it is off; *names* are those of all nodes."""
    etcd = {name: address(name) for name in names[:MOST_ETCD_MEMBERS]}
    for path, text in kubefiles.environment(node.name, node.address, etcd).items():
        file = node.upper / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    if node.name in etcd:
        wanted = node.upper / "etc/systemd/system/multi-user.target.wants/etcd.service"
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.symlink_to("/usr/lib/systemd/system/etcd.service")
