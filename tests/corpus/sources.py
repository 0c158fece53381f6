"""Debian's source packages that have CIBs in them, fetched by apt and unpacked to their CIBs.

Pacemaker's scheduler and schema tests are CIBs of real clusters, of every schema since 1.2, that
people sent with their bug reports; pcs and crmsh have some of their own. They are under the GPL
and no part of this project: they are fetched at test time and stay in the cache.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from tests.lab.prerequisites import apt_options, mirrors
from tests.lab.process import LabError, run

#: All releases: a package's tests differ from one to the next, and a mirror need not have each.
SUITES = ("trixie", "bookworm", "bullseye")
PACKAGES = ("pacemaker", "pcs", "crmsh")

#: In the corpus' folder: what was left out, why, and which source packages the rest is from.
RECORD = "record.json"

#: The largest CIB among them has 1 MB; anything beyond is none.
LARGEST = 5_000_000


def build(folder: Path) -> None:
    """Fill the folder: PACKAGE-VERSION/PATH for each CIB, and the record."""
    downloads = folder / ".downloads"
    apt = _apt(downloads)
    run([*apt, "update"], timeout=300)
    left_out: dict[str, str] = {}
    sources, seen = [], set()
    for package in PACKAGES:
        for version in _versions(apt, package):
            name = f"{package}-{version.split('-')[0]}"
            fetched = _fetch(apt, downloads / name, f"{package}={version}")
            if isinstance(fetched, str):
                left_out[name] = fetched
                continue
            sources.append(name)
            for path, content in _files(fetched):
                digest = hashlib.sha256(content).digest()
                reason = "there already" if digest in seen else _why_none(content)
                if reason is None:
                    seen.add(digest)
                    place = folder / name / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
                elif reason:
                    left_out[f"{name}/{path}"] = reason
    if not any(name.startswith("pacemaker-") for name in sources):
        raise LabError(
            "apt could not fetch the source of pacemaker, which the corpus of CIBs is made of"
        )
    _remove(downloads)
    (folder / RECORD).write_text(json.dumps({"sources": sources, "left_out": left_out}, indent=1))


def _apt(place: Path) -> list[str]:
    """apt-get with sources, lists and downloads of its own; the machine's stay as they are."""
    lists, archives = place / "lists", place / "archives"
    for made in (lists, archives):
        (made / "partial").mkdir(parents=True)
    lines = [line for suite in SUITES for line in mirrors(suite)]
    sources = place / "sources.list"
    sources.write_text("".join(line.replace("deb ", "deb-src ", 1) + "\n" for line in lines))
    options = [
        f"Dir::Etc::sourcelist={sources}",
        "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={lists}",
        f"Dir::Cache={place}",
        f"Dir::Cache::archives={archives}",
        "Acquire::Languages=none",
        "APT::Sandbox::User=root",
        *apt_options(),
    ]
    return ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]


def _versions(apt: list[str], package: str) -> list[str]:
    """The package's versions in the releases, the newest release first, each upstream once."""
    show = run(["apt-cache", *apt[2:], "showsrc", package], check=False).stdout
    found = [line.split()[1] for line in show.splitlines() if line.startswith("Version: ")]
    return list({version.split("-")[0]: version for version in sorted(set(found))[::-1]}.values())


def _fetch(apt: list[str], place: Path, wanted: str) -> Path | str:
    """The upstream tarball, or why it cannot be had: a mirror may have lost an old one."""
    place.mkdir()
    done = run(
        [*apt, "source", "--download-only", "--tar-only", wanted],
        cwd=place,
        check=False,
        timeout=300,
    )
    if done.returncode:
        # apt's own lines name the mirror; the last word is enough for the record.
        return "the mirror does not have it" if " 404 " in done.stderr else "apt could not fetch it"
    return next(path for path in place.iterdir() if ".orig.tar." in path.name)


def _files(tarball: Path) -> Iterator[tuple[str, bytes]]:
    """Path (without the topmost folder) and content of each file that may be a CIB."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            if not member.isfile() or member.size > LARGEST or ".." in member.name:
                continue
            content = archive.extractfile(member).read()
            if content.lstrip().startswith(b"<") and b"<cib" in content:
                yield member.name.partition("/")[2], content


def _why_none(content: bytes) -> str | None:
    """Why this is no CIB; None where it is one."""
    try:
        root = ET.fromstring(content)
    except ET.ParseError as error:
        return f"not well-formed: {error}"
    if root.tag != "cib":
        return f"a <{root.tag.rpartition('}')[2]}>, not a <cib>"
    return None if root.find("configuration") is not None else "no <configuration>"


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
