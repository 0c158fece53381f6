"""The password of a local user: compared and set without ever being an argument."""

from __future__ import annotations

import ctypes
import ctypes.util
import hmac
from pathlib import Path

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host.run import run

SHADOW = Path("/etc/shadow")


def has_password(user: str, password: str) -> bool:
    """Whether the user's password is this one; False also if there is no such user."""
    entry = next(
        (
            line.split(":")
            for line in SHADOW.read_text(encoding="utf-8", errors="replace").splitlines()
            if line.startswith(f"{user}:")
        ),
        None,
    )
    if entry is None or len(entry) < 2 or not entry[1].startswith("$"):
        return False
    return hmac.compare_digest(_crypt(password, entry[1]), entry[1])


def set_password(user: str, password: str) -> None:
    """Set the user's password. Raises CommandError, where the password is not shown."""
    run(["chpasswd"], stdin=f"{user}:{password}\n", timeout=30)


def _crypt(password: str, setting: str) -> str:
    """crypt(3) of the C library's companion: Python's own module is gone since 3.13."""
    name = ctypes.util.find_library("crypt")
    if name is None:
        raise HakubeError("libcrypt is not on this machine, so passwords cannot be compared")
    crypt = ctypes.CDLL(name).crypt
    crypt.restype = ctypes.c_char_p
    crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    return (crypt(password.encode(), setting.encode()) or b"").decode()
