"""What programs print is UTF-8, also where the minion's own locale is not."""

import os
import subprocess
import sys

CODE = r"""
from saltext_hakube.host.run import run
assert run(["printf", r"\303\244"]).stdout == "\u00e4"
assert run(["cat"], stdin="\u00e4").stdout == "\u00e4"
"""


def test_text_is_utf_8_in_any_locale():
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run([sys.executable, "-c", CODE], env={**os.environ, **locale}, check=True)
