"""What must hold of every CIB there is, tried on those of pacemaker's, pcs' and crmsh's own tests.

The three generations' own tools judge. A test goes through all CIBs and tells each that failed.
"""

import xml.etree.ElementTree as ET

from saltext_hakube.core.cib.document import Cib
from tests import corpus
from tests.generations import Command


def wrong(paths, check):
    """What ``check`` says of each path, by the CIB's name, where it says something."""
    answers = {corpus.name_of(path): check(path) for path in paths}
    return {name: answer for name, answer in answers.items() if answer}


def inside(xml):
    """The canonical form of the root element; what stands around it the cluster forgets, too."""
    text = ET.canonicalize(xml, with_comments=True)
    return text[text.index("<cib") : text.rindex("</cib>")]


def test_hundreds_of_cibs_of_all_schemas_are_there(real_cibs):
    schemas = corpus.schemas(real_cibs)
    assert len(real_cibs) > 1000
    assert {name.rpartition("-")[2].split(".")[0] for name in schemas} >= {"1", "2", "3", "4"}


def test_reading_and_writing_back_loses_nothing(real_cibs):
    def check(path):
        text = Cib.parse(path.read_bytes()).text()
        return "" if inside(text) == inside(path.read_text("utf-8")) else "differs"

    assert wrong(real_cibs, check) == {}


def test_no_generation_finds_a_difference_in_what_was_written_back(
    tools, real_cibs, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("written")
    written = [folder / f"{number}.xml" for number in range(len(real_cibs))]
    for path, place in zip(real_cibs, written, strict=True):
        place.write_text(Cib.parse(path.read_bytes()).text(), encoding="utf-8")
    found = crm_diff(tools, list(zip(real_cibs, written, strict=True)))
    # Of a few, with the same id twice, crm_diff says that they differ from themselves.
    differ = [path for path, (code, _patch) in zip(real_cibs, found, strict=True) if code]
    assert len(differ) < 0.05 * len(real_cibs)
    itself = dict(zip(differ, crm_diff(tools, [(path, path) for path in differ]), strict=True))
    answers = zip(real_cibs, found, strict=True)
    assert {corpus.name_of(p): it for p, it in answers if it != itself.get(p, (0, ""))} == {}


def crm_diff(tools, pairs):
    """Exit code (0: the same) and patch for each pair of files."""
    commands = [Command(["crm_diff", "--original", old, "--new", new]) for old, new in pairs]
    return [(done.code, done.out) for done in tools.run_all(commands)]
