"""Answers that only a node of the cluster can have given, to this one question. Pure.

Salt lets any minion answer a job in another one's name: ``_syndic_return`` takes returns of whom it
likes (salt.master, AESFuncs, 3006 and 3008), and so does ``resource_id`` in a return (3008). So an
answer is sealed with what the minions of other clusters do not have: the password of the cluster,
out of the pillar. The master's nonce makes it an answer to one question, the minion's id that of
one node.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec

from saltext_hakube.core.errors import HakubeError

#: Bytes of an answer. A report is some 5 kB.
LONGEST = 1 << 20


class Unsealed(HakubeError):
    """It is not the answer of who is said to give it; the text says why, in one line."""


def key(password: str) -> str:
    """What is sealed with; the password cannot be had from it, but by guessing."""
    return hashlib.sha256(b"hakube: answers\0" + password.encode()).hexdigest()


def seal(answer: Any, key: str, nonce: str, minion: str) -> dict[str, str]:
    """The answer (plain data) as text, and its seal."""
    text = msgspec.json.encode(answer).decode()
    return {"answer": text, "seal": _seal(text, key, nonce, minion)}


def opened(sealed: Any, key: str, nonce: str, minion: str) -> Any:
    """The answer in it. Raises Unsealed."""
    text = sealed.get("answer") if isinstance(sealed, dict) else None
    given = sealed.get("seal") if isinstance(sealed, dict) else None
    if not isinstance(text, str) or not isinstance(given, str) or len(text) > LONGEST:
        raise Unsealed("it has no seal")
    try:
        if not hmac.compare_digest(_seal(text, key, nonce, minion).encode(), given.encode()):
            raise Unsealed("its seal is another one's")
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unsealed("it cannot be read") from None


def _seal(text: str, key: str, nonce: str, minion: str) -> str:
    said = "\0".join((nonce, minion, text)).encode()
    return hmac.new(key.encode(), said, hashlib.sha256).hexdigest()
