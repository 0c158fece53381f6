"""CIB files with pacemaker's own tools as the judges; no cluster is needed."""

import subprocess

import pytest

from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine
from tests import corpus, generations
from tests.generations import GENERATIONS, generation
from tests.lab import LabError


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


@pytest.fixture(scope="session")
def real_cibs():
    """The paths of all real CIBs."""
    reason = corpus.missing()
    if reason is None:
        try:
            return corpus.everything()
        except LabError as error:
            reason = f"the corpus of CIBs cannot be fetched: {error}"
    pytest.skip(reason)


@pytest.fixture(scope="session", params=GENERATIONS)
def tools(request, real_cibs, tmp_path_factory):
    """The tools of one generation after the other; they see the corpus and the tests' folders."""
    reason = generations.missing()
    if reason is None:
        try:
            with generation(request.param, corpus.folder(), tmp_path_factory.getbasetemp()) as it:
                yield it
            return
        except generations.NoTree as error:
            reason = f"the tools of {request.param} cannot be fetched: {error}"
    pytest.skip(reason)
