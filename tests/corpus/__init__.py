"""Hundreds of real CIBs, from the tests of pacemaker, pcs and crmsh.

    for path in cibs():             # those that this machine's pacemaker reads
        Cib.parse(path.read_bytes())

Fetched once into the cache (1 to 2 minutes), with Debian's apt and its network; the first test that
asks for them pays. `python3 -m tests.corpus` says where they are and how many of which schema.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tests.corpus import sources
from tests.generations import Command, Generation
from tests.lab import cache as store
from tests.lab.process import Progress, silent


def missing() -> str | None:
    """One line why this machine cannot have the corpus, or None where it can (or has it)."""
    if not shutil.which("apt-get"):
        return "the corpus of CIBs needs a Debian machine: it is fetched by apt"
    place = next(path for path in (store.folder(), *store.folder().parents) if path.exists())
    if not os.access(place, os.W_OK):
        return f"the corpus of CIBs needs a cache: {place} is not writable, set HAKUBE_CACHE"
    return None


def folder(progress: Progress = silent) -> Path:
    """Where the corpus lies. Raises LabError where it cannot be fetched."""
    inputs = [sources.SUITES, sources.PACKAGES, Path(sources.__file__).read_text()]
    return store.entry("corpus", inputs, sources.build, progress=progress)


@cache
def everything() -> tuple[Path, ...]:
    """Every CIB of the corpus."""
    here = folder()
    return tuple(sorted(path for path in here.rglob("*") if path.is_file() and path.parent != here))


def cibs(tools: Generation | None = None) -> tuple[Path, ...]:
    """The CIBs that this machine's pacemaker reads, or that of a generation.

    Not those of a newer schema, nor broken ones. Judged by cibadmin, once per version of pacemaker.
    A generation must see the corpus' folder.
    """
    query = ["cibadmin", "--query"]
    if tools is None:
        version = subprocess.run(
            ["cibadmin", "--version"], capture_output=True, text=True, check=True
        ).stdout
    else:
        version = tools.run(["cibadmin", "--version"]).out

    def code(path: Path) -> int:
        environment = {**os.environ, "CIB_file": str(path)}
        done = subprocess.run(query, env=environment, capture_output=True, check=False, timeout=60)
        return done.returncode

    def build(place: Path) -> None:
        paths = everything()
        if tools is None:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                codes = list(pool.map(code, paths))
        else:
            commands = [Command(query, env={"CIB_file": str(path)}) for path in paths]
            codes = [done.code for done in tools.run_all(commands)]
        read = [name_of(path) for path, it in zip(paths, codes, strict=True) if it == 0]
        (place / "read.json").write_text(json.dumps(read))

    reader = "here" if tools is None else tools.suite
    entry = store.entry("corpus-read", [folder().name, reader, version], build, progress=silent)
    return tuple(folder() / name for name in json.loads((entry / "read.json").read_text()))


def name_of(path: Path) -> str:
    """PACKAGE-VERSION/PATH: what a test calls it."""
    return str(path.relative_to(folder()))


def schemas(paths: Iterable[Path]) -> dict[str, int]:
    """How many of which schema (validate-with), the oldest first."""
    found = Counter(ET.parse(path).getroot().get("validate-with") or "none" for path in paths)
    return dict(sorted(found.items(), key=lambda item: _numbers(item[0])))


def _numbers(schema: str) -> list[int]:
    return [int(part) for part in schema.rpartition("-")[2].split(".") if part.isdigit()]


def left_out() -> dict[str, str]:
    """What is no part of the corpus, and why."""
    record = json.loads((folder() / sources.RECORD).read_text())
    return record["left_out"]
