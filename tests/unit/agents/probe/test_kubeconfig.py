"""As whom the components are asked."""

import base64

import pytest

from saltext_hakube.agents.probe.kubeconfig import User, Wrong, certificates, user

DATA = base64.b64encode(b"a certificate").decode()


def test_data_files_and_tokens_are_found():
    assert user(f"    client-certificate-data: {DATA}\n    client-key-data: {DATA}\n") == User(
        b"a certificate", b"a certificate"
    )
    text = '- name: x\n  user:\n    client-certificate: "/a.crt"\n    client-key: b.key # mine\n'
    assert user(text) == User("/a.crt", "b.key")
    assert user("  user: \n    token: abc.def\n") == User(token="abc.def")
    assert user('{"users": [{"user": {\n"token": "abc"}}]}') == User(token="abc")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clusters: []", "has no user"),
        ("client-certificate: /a.crt\n", "has no user"),
        ("token: a\ntoken: b\n", "more than one user"),
        ("client-certificate-data: abc\nclient-key-data: abc\n", "no base64"),
        ("# token: a\n", "has no user"),
    ],
)
def test_what_is_of_no_use_says_why(text, words):
    with pytest.raises(Wrong, match=words):
        user(text)


def test_its_certificates_are_listed():
    text = f"certificate-authority-data: {DATA}\nclient-certificate: a.crt\nclient-key: k\n"
    assert certificates("client-certificate: \0\n") == {}
    assert certificates(text) == {
        "certificate-authority": b"a certificate",
        "client-certificate": "a.crt",
    }
