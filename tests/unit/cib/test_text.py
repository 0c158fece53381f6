"""What XML can hold, and a CIB's text keeps; the real CIBs (test_corpus.py) have little of it."""

import subprocess
import xml.etree.ElementTree as ET

import pytest

from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.errors import HakubeError

RESOURCE = '<primitive id="a" class="ocf" provider="pacemaker" type="Dummy" description="{}"/>'


def cib(resources, head=""):
    return (
        f'{head}<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.0">'
        f"<configuration><crm_config/><nodes/><resources>{resources}</resources><constraints/>"
        "</configuration><status/></cib>"
    )


def described(value):
    return cib(RESOURCE.format(value))


@pytest.mark.parametrize(
    "xml",
    [
        cib("<!-- a comment -->"),
        cib("\n  <?instruction to somebody?>\n"),
        described("line&#10;line&#13;&#9;tab"),
        described("three\nkinds\tof blanks"),
        described("&quot;'&lt;&gt;&amp;"),
        described("ä € \N{PILE OF POO}"),
        cib("<x><![CDATA[a < b]]> &amp; c&#13;&#10;d</x>"),
        cib('<x xml:space="preserve"> </x>'),
    ],
)
def test_what_stands_inside_the_cib_is_kept(xml):
    text = Cib.parse(xml).text()
    assert ET.canonicalize(text, with_comments=True) == ET.canonicalize(xml, with_comments=True)
    assert ET.canonicalize(Cib.parse(text).text()) == ET.canonicalize(text)


def test_a_newline_in_a_value_is_a_newline_for_pacemaker_too(tmp_path):
    xml = described("first&#10;second")
    files = [tmp_path / "old.xml", tmp_path / "new.xml"]
    files[0].write_text(xml)
    for text, differs in ((Cib.parse(xml).text(), 0), (described("first second"), 1)):
        files[1].write_text(text)
        words = ["crm_diff", "--original", files[0], "--new", files[1]]
        assert subprocess.run(words, capture_output=True, check=False).returncode == differs


def test_a_namespace_keeps_its_meaning_and_not_its_prefix():
    xml = cib('<theirs:x xmlns:theirs="urn:theirs" theirs:a="1"/>')
    assert Cib.parse(xml).root.find(".//{urn:theirs}x").attrib == {"{urn:theirs}a": "1"}
    assert Cib.parse(Cib.parse(xml).text()).root.find(".//{urn:theirs}x") is not None


def test_an_entity_of_the_document_is_replaced_by_what_it_means():
    xml = cib(RESOURCE.format("&who;"), head='<!DOCTYPE cib [<!ENTITY who "them">]>')
    assert Cib.parse(xml).ids["a"].attrib["description"] == "them"
    assert 'description="them"' in Cib.parse(xml).text()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16"])
def test_bytes_are_read_in_their_encoding(encoding):
    declared = encoding.removesuffix("-sig")
    xml = cib(RESOURCE.format("ä"), head=f'<?xml version="1.0" encoding="{declared}"?>\n')
    assert Cib.parse(xml.encode(encoding)).ids["a"].attrib["description"] == "ä"


def test_a_text_that_declares_another_encoding_is_taken_as_the_text_it_is():
    xml = cib(RESOURCE.format("ä"), head='<?xml version="1.0" encoding="iso-8859-1"?>\n')
    assert Cib.parse(xml).ids["a"].attrib["description"] == "ä"


@pytest.mark.parametrize(
    "xml",
    [
        "",
        b"",
        "no xml",
        cib("<x>"),
        cib("<undeclared:x/>"),
        cib("<x>&nowhere;</x>"),
        cib("<x>&e;</x>", head='<!DOCTYPE cib [<!ENTITY e SYSTEM "file:///etc/hostname">]>'),
        described("&#1;"),
        described("ä").encode("iso-8859-1"),
        described("\ud800"),
        cib("", head='<?xml version="1.0" encoding="nonsense"?>').encode(),
        cib("", head='<?xml version="1.0" encoding="big5"?>').encode(),
    ],
)
def test_what_is_not_well_formed_is_one_line(xml):
    with pytest.raises(HakubeError, match=r"\Athe CIB is not well-formed XML: [^\n]+\Z"):
        Cib.parse(xml)
