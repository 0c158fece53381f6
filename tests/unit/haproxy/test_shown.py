"""Diffs of haproxy.cfg hold no secret of anybody."""

import time

from saltext_hakube.core.haproxy import shown
from saltext_hakube.core.haproxy.document import with_sections
from saltext_hakube.core.haproxy.secrets import masked
from saltext_hakube.core.haproxy.section import declared

FOREIGN = b"""global
    setenv DBPASS s3cr3t
    # the password is s3cr3t
listen web
    bind :80
    dynamic-cookie-key s3cr3t
    unheard-of s3cr3t
\ttcp-check send s3cr3t
defaults
    mode tcp
    unheard-of s3cr3t"""
SECTIONS = declared({"listen web": ["bind :81", "http-request set-header X s3cr3t"]}, "")


def diff(old, new):
    return shown.diff(old, new, "haproxy.cfg").splitlines()


def test_lines_around_a_change_are_not_shown():
    other = declared({"backend other": ["mode tcp", "unheard-of declared"]}, "")
    lines = diff(FOREIGN, with_sections(FOREIGN, other, owner="x"))
    assert "+    unheard-of declared" in lines
    assert not [line for line in lines if line.startswith(" ")]
    assert "s3cr3t" not in str(lines)
    assert "mode tcp" not in " ".join(line for line in lines if line.startswith("-"))


def test_of_a_section_that_is_taken_over_or_given_back_only_the_first_words_are_shown():
    taken = with_sections(FOREIGN, SECTIONS, owner="x")
    for lines in (diff(FOREIGN, taken), diff(taken, FOREIGN)):
        assert "s3cr3t" not in str(lines)
        assert any(line.endswith("bind :81") for line in lines)
        assert any("listen web" in line for line in lines)
        assert any(line[1:].startswith("#|     unheard-of ********") for line in lines)


def test_of_a_section_that_is_removed_only_the_first_words_are_shown():
    lines = diff(FOREIGN, with_sections(FOREIGN, (), ["listen web"]))
    assert lines[3:] == [
        "-listen web",
        "-    bind ********",
        "-    dynamic-cookie-key ********",
        "-    unheard-of ********",
        "-\ttcp-check ********",
    ]


def test_a_secret_of_ours_that_changes_is_a_change_that_is_told():
    old = with_sections(FOREIGN, SECTIONS, owner="x")
    (line,) = diff(old, old.replace(b"header X s3cr3t", b"header X other"))
    assert "secret" in line


def test_a_file_that_comes_or_goes_is_named_as_in_any_diff():
    new = with_sections(None, SECTIONS, owner="x")
    assert diff(None, new)[:2] == ["--- /dev/null", "+++ haproxy.cfg"]
    assert diff(new, None)[:2] == ["--- haproxy.cfg", "+++ /dev/null"]


def test_what_carries_a_secret_is_hidden_wherever_it_stands():
    lines = [
        'http-request deny unless { req.hdr(authorization) -m str "Bearer s3cr3t" }',
        "http-request deny unless { http_auth_bearer -m str s3cr3t }",
        "http-request set-query access_token=s3cr3t",
        "option httpchk GET /x?apikey=s3cr3t",
        "server a 192.0.2.1:80 tcp-md5sig s3cr3t",
        "http-request set-var(txn.my-secret-word) str(s3cr3t)",
    ]
    assert b"s3cr3t" not in masked("\n".join(lines).encode())


def test_a_long_line_is_looked_at_in_no_time():
    for word in (b"a", b"secret", b"token"):
        began = time.process_time()
        masked(b"acl x path " + word * 700)
        diff(b"listen x\n bind :1\n" + word * 700 + b"\n", b"")
        assert time.process_time() - began < 5  # it was minutes
