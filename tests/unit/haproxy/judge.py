"""haproxy as the judge, and configurations from the field for it to judge."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FIELD = sorted((Path(__file__).parent / "field").glob("*.cfg"))

needs_haproxy = pytest.mark.skipif(
    not shutil.which("haproxy", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin"),
    reason="haproxy is not installed",
)


def judged(content: bytes, folder: Path) -> tuple[int, str]:
    """Exit code and output of ``haproxy -c``."""
    file = folder / "haproxy.cfg"
    file.write_bytes(content)
    result = subprocess.run(
        ["haproxy", "-W", "-c", "-f", str(file)],
        capture_output=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"},
    )
    return result.returncode, (result.stdout + result.stderr).decode(errors="replace")


def errors(output: str) -> list[str]:
    """What it said against the file, without process and line numbers."""
    return [re.sub(r"\(\d+\)|:\d+\]", "", line) for line in output.splitlines() if "ALERT" in line]
