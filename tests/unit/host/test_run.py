"""Programs that are run: what they print is UTF-8 in any locale, and their time is their time."""

import os
import subprocess
import sys

import pytest

from saltext_hakube.core.errors import TimedOut
from saltext_hakube.host.run import run

CODE = r"""
from saltext_hakube.host.run import run
assert run(["printf", r"\303\244"]).stdout == "\u00e4"
assert run(["cat"], stdin="\u00e4").stdout == "\u00e4"
"""


def test_text_is_utf_8_in_any_locale():
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run([sys.executable, "-c", CODE], env={**os.environ, **locale}, check=True)


def test_a_child_in_a_session_of_its_own_does_not_keep_us_beyond_the_time(tmp_path):
    """It is not killed, and has the pipes open."""
    ended = tmp_path / "ended"
    script = f"setsid sh -c 'sleep 10; touch {ended}' & sleep 10"
    with pytest.raises(TimedOut, match=r"within 0\.3 s"):
        run(["sh", "-c", script], timeout=0.3)
    assert not ended.exists()
