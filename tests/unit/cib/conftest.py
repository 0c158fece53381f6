"""CIB files with pacemaker's own tools as the judges; no cluster is needed."""

import subprocess

import pytest

from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine


class CibFile:
    """A CIB in a file, read and changed by cibadmin."""

    def __init__(self, path):
        self.path = path
        self.machine = Machine(path.parent, path)

    @property
    def text(self):
        return self.path.read_text()

    def verify(self):
        """What crm_verify complains about."""
        done = subprocess.run(
            ["crm_verify", "--xml-file", self.path, "--verbose"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr if done.returncode else ""

    def load(self, xml):
        self.path.write_text(xml)
        assert cib.read(self.machine)


@pytest.fixture
def cib_file(tmp_path):
    path = tmp_path / "cib.xml"
    empty = subprocess.run(["cibadmin", "--empty"], capture_output=True, text=True, check=True)
    path.write_text(empty.stdout)
    return CibFile(path)
