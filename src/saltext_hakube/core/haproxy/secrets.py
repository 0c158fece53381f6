"""Secrets of haproxy.cfg, hidden wherever a person or a log can see its lines."""

from __future__ import annotations

import re

from saltext_hakube.core.values import MASKED

# What keeps a secret in haproxy.cfg: passwords of userlists and of the statistics page, an
# Authorization header of a health check, and variables whose names say so.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rb"((?:\binsecure-)?\bpassword[ \t]+).+",
        rb"(\bstats[ \t]+auth[ \t]+).+",
        rb"(authorization[\\:]*[ \t]+).+",
        rb"(\b(?:pre)?setenv[ \t]+\S*(?:passw|secret|token|key)\S*[ \t]+).+",
    )
)


def masked(text: bytes | None) -> bytes | None:
    """The text with its secrets hidden."""
    for pattern in _SECRETS if text else ():
        text = pattern.sub(rb"\1" + MASKED.encode(), text)
    return text
