"""A change of haproxy.cfg as people and logs may see it.

What is not ours may hold secrets in any place (a header, a variable, an ACL), so of a line that is
somebody else's only the first word is shown, and that only where the line goes or comes: when a
section is taken over, given back or removed. The lines around a change are not shown at all. Of
our own sections all is shown but what secrets.masked knows.
"""

from __future__ import annotations

import difflib
import re

from saltext_hakube.core.haproxy.document import Document, parse, render
from saltext_hakube.core.haproxy.secrets import masked
from saltext_hakube.core.haproxy.syntax import header
from saltext_hakube.core.values import MASKED

_FIRST_WORD = re.compile(r"^([ \t]*\S+[ \t]+)[^\r\n]*\S[^\r\n]*")


def diff(old: bytes | None, new: bytes | None, name: str) -> str:
    """A unified diff without context and without secrets. None: there is no file."""
    lines = difflib.unified_diff(
        _lines(old),
        _lines(new),
        name if old is not None else "/dev/null",
        name if new is not None else "/dev/null",
        lineterm="",
        n=0,
    )
    return "\n".join(lines) or "(what changes is a secret, a mark or a line ending)"


def _lines(text: bytes | None) -> list[str]:
    document = parse(text or b"")
    veiled = Document(tuple(map(_veiled, document.original)), document.blocks)
    return (masked(render(veiled)) or b"").decode(errors="replace").splitlines()


def _veiled(line: str) -> str:
    """A line of somebody else. A header is a name, and says which section it is."""
    return line if header(line) else _FIRST_WORD.sub(rf"\g<1>{MASKED}", line)
