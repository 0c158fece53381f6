"""Which files are ours on a machine, and what they should be: for hakube-probe, who compares.

It is what an apply would write, not what it found: a file that is not so yet is told at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from msgspec import Struct

from saltext_hakube.core.haproxy.blocks import parse
from saltext_hakube.core.kubeconfig import SERVER
from saltext_hakube.core.kubernetes import Wish

FORMAT = 1

Text = str | bytes


class Part(Struct, frozen=True):
    """A file in which only these texts are ours: each has to stand there. One that ends a line
    is whole lines; any other may stand anywhere in one."""

    path: str
    pieces: tuple[str, ...]


def text(whole: Mapping[str, bytes], parts: Iterable[Part]) -> bytes:
    """The manifest. ``whole``: files that are all ours."""
    files: list[dict[str, object]] = [
        {"path": path, "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in whole.items()
    ]
    files += [{"path": part.path, "pieces": list(part.pieces)} for part in parts if part.pieces]
    data = {"format": FORMAT, "files": sorted(files, key=lambda it: str(it["path"]))}
    return json.dumps(data, indent=1).encode() + b"\n"


def haproxy(path: str, wanted: bytes) -> Part:
    """Our sections in haproxy's file as it should be."""
    return Part(path, tuple("".join(block.text) for block in parse(wanted).blocks))


def flags(wishes: Iterable[Wish], texts: Mapping[str, str]) -> list[Part]:
    """The flags in environment files. ``texts``: the files as they should be."""
    pieces: dict[str, dict[str, None]] = {}
    for wish in wishes:
        exact = f"--{wish.flag}={wish.value}"
        # It may be spelled otherwise (--api-servers, or its value as the next word).
        piece = exact if exact in texts.get(wish.file, "") else wish.value
        pieces.setdefault(wish.file, {})[piece] = None
    return [Part(path, tuple(found)) for path, found in pieces.items()]


def servers(path: str, wanted: str, urls: Iterable[str]) -> Part:
    """Where a kubeconfig file as it should be leads to us."""
    ours = tuple(urls)
    lines = (line.strip() for line in wanted.splitlines() if any(url in line for url in ours))
    return Part(path, tuple(dict.fromkeys(line for line in lines if SERVER in line)))
