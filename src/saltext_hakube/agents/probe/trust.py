"""Whom we trust, and as whom we ask: TLS contexts out of files, anew where a file changed."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import NamedTuple

from saltext_hakube.agents.probe import kubeconfig
from saltext_hakube.agents.probe.kubeconfig import User, Wrong


class Door(NamedTuple):
    """``token``: for the header, where the kubeconfig has one and no certificate."""

    context: ssl.SSLContext
    token: str = ""


class Trust:
    """``ca``: the file to check servers by; None: they are not checked.

    Only the chain counts, as with haproxy's `verify required ca-file`: one certificate for all
    apiservers need not have this one's address.
    """

    def __init__(self, ca: str | None):
        self._ca = ca
        self._kept: dict[str, tuple[dict[str, object], Door]] = {}

    def anonymous(self) -> Door:
        """Raises Wrong."""
        return self._door("")

    def as_user(self, files: tuple[str, ...]) -> Door:
        """As the user of the first of these kubeconfig files that is there. Raises Wrong."""
        for file in files:
            if Path(file).exists():
                return self._door(file)
        raise Wrong(f"there is none of {', '.join(files)}" if files else "no kubeconfig is known")

    def _door(self, file: str) -> Door:
        kept = self._kept.get(file)
        if kept is not None and all(_state(name) == state for name, state in kept[0].items()):
            return kept[1]
        user = _user(file) if file else User()
        paths = [it for it in (user.certificate, user.key) if isinstance(it, str) and it]
        names = [it for it in (self._ca, file, *paths) if it]
        states = {name: _state(name) for name in names}  # before they are read
        door = Door(_made(self._ca, user, file), user.token)
        self._kept[file] = (states, door)
        return door


def _user(file: str) -> User:
    """The user of a kubeconfig file, its paths as the files' own. Raises Wrong."""
    try:
        user = kubeconfig.user(Path(file).read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise Wrong(f"{file}: {error.strerror}") from None
    except Wrong as error:
        raise Wrong(f"{file} {error}") from None
    folder = Path(file).parent
    certificate, key = (
        str(folder / it) if isinstance(it, str) and it else it
        for it in (user.certificate, user.key)
    )
    return User(certificate, key, user.token)


def _made(ca: str | None, user: User, file: str) -> ssl.SSLContext:
    # Not create_default_context: its strictness grows with Python's version.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if ca is None:
        context.verify_mode = ssl.CERT_NONE
    else:
        try:
            context.load_verify_locations(cafile=ca)
        except (ssl.SSLError, OSError) as error:
            raise Wrong(f"{ca} cannot be read as certificates: {_told(error)}") from None
    if user.certificate:
        _load(context, user, file)
    return context


def _load(context: ssl.SSLContext, user: User, file: str) -> None:
    """OpenSSL reads files only; what is none is one in memory for that moment."""
    opened: list[int] = []

    def path(given: bytes | str) -> str:
        if isinstance(given, str):
            return given
        opened.append(os.memfd_create("hakube", os.MFD_CLOEXEC))
        os.write(opened[-1], given)
        return f"/proc/self/fd/{opened[-1]}"

    try:
        context.load_cert_chain(path(user.certificate), path(user.key))
    except (ssl.SSLError, OSError) as error:
        raise Wrong(f"{file} has a certificate or key of no use: {_told(error)}") from None
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _state(file: str) -> object:
    try:
        found = Path(file).stat()
    except OSError as error:
        return error.errno
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _told(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
