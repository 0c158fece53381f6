"""The small programs that run without Salt (agents/), each as the one file that a node gets.

A zip file that Python runs as it is, made so that the same source always gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import saltext_hakube
from saltext_hakube.core.errors import HakubeError

_PACKAGE = Path(saltext_hakube.__file__).parent
_MAIN = """\
import sys

from saltext_hakube.agents.{name}.daemon import main

sys.exit(main(sys.argv[1:]))
"""
_TIME = (1980, 1, 1, 0, 0, 0)  # the first one that a zip file can have


def agent() -> bytes:
    """Pacemaker's alert agent (agents/alert). Raises HakubeError without its source."""
    source = _PACKAGE / "agents/alert/alert.sh"
    try:
        return source.read_bytes()
    except OSError:
        raise HakubeError("this installation of saltext-hakube lacks its alert agent") from None


def program(name: str) -> bytes:
    """The program ``agents/NAME`` for Python 3.9 and later. Raises HakubeError without its source.

    Inside, its modules and those that all programs stand on (``agents/ground``) have the names that
    they have here; the packages around them are empty.
    """
    agents = _PACKAGE / "agents"
    own, ground = (sorted((agents / part).glob("*.py")) for part in (name, "ground"))
    if not own or not ground:
        raise HakubeError(f"this installation of saltext-hakube lacks the source of {name}")
    content = {
        "__main__.py": _MAIN.format(name=name).encode(),
        "saltext_hakube/__init__.py": b"",
        "saltext_hakube/agents/__init__.py": b"",
    }
    for source in (*ground, *own):
        content[f"{_PACKAGE.name}/{source.relative_to(_PACKAGE)}"] = source.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, data in content.items():
            archive.writestr(zipfile.ZipInfo(path, _TIME), data)
    return packed.getvalue()
