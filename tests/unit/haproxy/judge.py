"""haproxy as the judge, and configurations from the field for it to judge."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

FIELD = sorted((Path(__file__).parent / "field").glob("*.cfg"))

# haproxy's exit code where nothing is wrong but that it would listen nowhere; ours listen.
NO_LISTENER = 2

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


def complaints(output: str) -> Counter[str]:
    """All its errors and warnings, without process and line numbers; their order may differ."""
    said = (line for line in output.splitlines() if line.startswith(("[ALERT]", "[WARNING]")))
    return Counter(re.sub(r"\(\d+\)|:\d+(?=[\])])|\s+", " ", line) for line in said)
