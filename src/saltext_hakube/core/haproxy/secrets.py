"""Secrets of haproxy.cfg, hidden wherever a person or a log can see its lines."""

from __future__ import annotations

import re

from saltext_hakube.core.values import MASKED

# What keeps a secret in haproxy.cfg. What is hidden in vain costs less than what is shown.
# None begins with a repetition: on a word of some thousand characters that takes minutes.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # userlists, the statistics page, cookies, variables of the environment
        rb"((?:\binsecure-)?\bpassword[ \t]+).+",
        rb"(\bstats[ \t]+auth[ \t]+).+",
        rb"(\bdynamic-cookie-key[ \t]+).+",
        rb"(\b(?:pre)?setenv[ \t]+\S+[ \t]+).+",
        # headers, in rules and in health checks
        rb"(authorization[\\:)]*[ \t]+).+",
        rb"(\b(?:http_auth_bearer|tcp-md5sig|challenge-psk)\b\S*[ \t]+).+",
        rb"(\b(?:set|add|replace)-(?:header|value)[ \t]+\S+[ \t]+).+",
        rb"(\b(?:req|rsp)(?:add|i?rep)[ \t]+[^\s:\\]+).+",
        rb"(\boption[ \t]+httpchk\b.*?\bHTTP/\d(?:\.\d)?).+",
        rb"(\bhttp-check[ \t]+send\b.*?[ \t](?:hdr(?:-lf)?[ \t]+\S+|body(?:-lf)?)[ \t]+).+",
        rb"(\btcp-check[ \t]+send(?:-binary)?(?:-lf)?[ \t]+).+",
        # keys of converters; what is compared with, or set in, something whose name says secret
        rb"(\b(?:hmac|jwt_verify|aes_\w+)\().+",
        rb"((?:secret|token|api[-_]?key|credential)\S*[ \t]+).+",
        # URLs
        rb"((?:passw|secret|token|key)[^\s=&?]*=)[^\s&]+",
        rb"(://[^\s/:@]*:)[^\s/@]+(?=@)",
    )
)


def masked(text: bytes | None) -> bytes | None:
    """The text with its secrets hidden."""
    for pattern in _SECRETS if text else ():
        text = pattern.sub(rb"\1" + MASKED.encode(), text)
    return text
