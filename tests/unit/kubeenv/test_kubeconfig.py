"""kubeconfig files: the server changes, and not one byte beside it."""

import base64
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.kubeconfig import Kubeconfig, Wish

URL = "https://192.0.2.100:6443"
WISH = Wish(URL, hosts=frozenset({"192.0.2.11", "192.0.2.12"}))

FIELD = """\
# of node1, made by hand
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: TFMwdExTMUNSVWRKVGc9PQ==
    server:   https://192.0.2.11:6443   # the first one
  name: kubernetes
- name: elsewhere
  cluster: {server: "https://203.0.113.9:6443", insecure-skip-tls-verify: true}
contexts:
- context: {cluster: kubernetes, user: system:node:node1}
  name: default
current-context: default
users:
- name: system:node:node1
  user:
    client-key-data: c2VjcmV0
    token: "s3cret: not a key"
"""


def edited(text, wish=WISH):
    found = Kubeconfig(text)
    after = found.with_values(found.wanted(wish))
    assert after == text or Kubeconfig(after).wanted(wish) == {}
    return after


def small(server, rest=""):
    return (
        f"clusters:\n- name: a\n  cluster:\n    server: {server}\n{rest}"
        "contexts: [{name: c, context: {cluster: a}}]\ncurrent-context: c\n"
    )


def test_only_the_server_of_the_current_context_changes():
    assert edited(FIELD) == FIELD.replace("https://192.0.2.11:6443", URL)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://x:1", URL),
        ("'https://x:1'", f"'{URL}'"),
        ('"https://x:1"', f'"{URL}"'),
        ("&s https://x:1", f"&s {URL}"),
        ("!!str 'https://x:1'  # why", f"!!str '{URL}'  # why"),
        ("|-\n      https://x:1\n", f'"{URL}"\n'),
        (">\n      https://x:1", f'"{URL}"'),
        ("", f" {URL}"),
        (f"{URL}/", f"{URL}/"),
    ],
)
def test_the_servers_form_stays(before, after):
    expected = small(after).replace("server:  ", "server: ") if not before else small(after)
    text = small(before) if before else small("").replace("server: \n", "server:\n")
    assert edited(text) == expected


def test_every_cluster_that_points_at_an_apiserver_of_ours_is_meant():
    text = FIELD.replace("203.0.113.9", "192.0.2.12").replace("current-context: default", "x: y")
    after = edited(text)
    assert after == text.replace("https://192.0.2.11:6443", URL).replace(
        "https://192.0.2.12:6443", URL
    )


def test_a_file_with_one_cluster_and_no_context_means_that_one():
    assert edited("clusters: [{name: a, cluster: {server: http://x}}]\n") == (
        f"clusters: [{{name: a, cluster: {{server: {URL}}}}}]\n"
    )


def test_an_address_in_brackets_gets_quotes():
    wish = Wish("https://[2001:db8::64]:6443")
    assert 'server: "https://[2001:db8::64]:6443"\n' in edited(small("https://x"), wish)


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_kubeconfig_in_json_stays_json(indent):
    data = yaml.safe_load(FIELD)
    text = json.dumps(data, indent=indent)
    after = edited(text)
    assert after == text.replace("https://192.0.2.11:6443", URL)
    data["clusters"][0]["cluster"]["server"] = URL
    assert json.loads(after) == data


def test_line_ends_of_windows_and_a_byte_order_mark_stay():
    text = "\ufeff" + FIELD.replace("\n", "\r\n")
    assert edited(text) == text.replace("https://192.0.2.11:6443", URL)


def test_a_missing_server_is_added():
    text = small("x").replace("    server: x\n", "    certificate-authority: /ca\n")
    assert f"    server: {URL}\n    certificate-authority: /ca\n" in edited(text)
    flow = "clusters: [{name: a, cluster: {certificate-authority: /ca}}]"
    assert f'{{"server": "{URL}", certificate-authority: /ca}}' in edited(flow)


def test_only_the_first_document_counts():
    text = FIELD + "---\n" + FIELD
    assert edited(text) == FIELD.replace("https://192.0.2.11:6443", URL) + "---\n" + FIELD


def test_plain_http_stays_where_it_is_offered():
    wish = Wish(URL, plain_url="http://192.0.2.100:8080")
    assert "server: http://192.0.2.100:8080\n" in edited(small("http://127.0.0.1:8080"), wish)
    assert f"server: {URL}\n" in edited(small("https://127.0.0.1:6443"), wish)


def test_the_ca_is_changed_in_the_form_that_it_has():
    wish = Wish(URL, ca_file="/etc/kubernetes/pki/ca.crt", ca=b"-----BEGIN")
    data = base64.b64encode(b"-----BEGIN").decode()
    assert f"certificate-authority-data: {data}\n" in edited(FIELD, wish)
    with_file = FIELD.replace(
        "certificate-authority-data: TFMwdExTMUNSVWRKVGc9PQ==", "certificate-authority: old.crt"
    )
    assert "certificate-authority: /etc/kubernetes/pki/ca.crt\n" in edited(with_file, wish)
    bare = with_file.replace("    certificate-authority: old.crt\n", "")
    after = edited(bare, wish)
    assert "    certificate-authority: /etc/kubernetes/pki/ca.crt\n    server:" in after


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no kubeconfig with clusters in it"),
        ("[]", "is no kubeconfig"),
        ("clusters: []", "is no kubeconfig"),
        ("clusters: [a]", "without a mapping `cluster`"),
        ("clusters: [{name: a, cluster: *x}]", "without a mapping `cluster`"),
        ("a: b: c\nsecret", r"is no YAML \(line 1\)"),
        ("clusters: [{name: a, cluster: {}}]", "its mapping is empty"),
        (
            FIELD.replace("current-context: default", "").replace("2.11", "2.99"),
            "no current context",
        ),
        ("x: &u http://x\nclusters: [{name: a, cluster: {server: *u}}]", "is no plain value"),
        (small("x", "    server: y\n"), "the key server stands twice"),
        ("clusters: [" + "[" * 1200, "is no YAML|nested too deep"),
        ("a: \x07", "is no YAML"),
    ],
)
def test_what_cannot_be_edited_is_one_line_without_what_stands_there(text, says):
    with pytest.raises(ConfigError, match=says) as error:
        edited(text)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_a_ca_beside_a_switched_off_check_is_refused():
    wish = Wish(URL, hosts=frozenset({"203.0.113.9"}), ca_file="/ca", ca=b"x")
    with pytest.raises(ConfigError, match="cluster elsewhere: insecure-skip-tls-verify and a CA"):
        edited(FIELD, wish)


def test_what_is_shown_has_no_secret():
    text = small("https://user:s3cret@x:1")
    found = Kubeconfig(text)
    assert found.shown(found.wanted(WISH)) == {"a": {"server": {"old": "https://x:1", "new": URL}}}


SCALARS = st.sampled_from(
    ["https://192.0.2.11:6443", "'https://x'", '"https://x"', "&a https://x", "null", "~", "x # c"]
)
KEYS = st.sampled_from(
    ["certificate-authority: /ca", "tls-server-name: x", "# comment", "proxy-url: *a"]
)
USERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(SCALARS, st.lists(KEYS, max_size=2, unique=True)), min_size=1, max_size=3),
    USERS,
    st.sampled_from(["\n", "\r\n"]),
)
def test_only_servers_change_in_any_file(clusters, user, end):
    lines = ["users:", f"- {{name: u, user: {{token: {json.dumps(user)}}}}}", "clusters:"]
    for number, (server, others) in enumerate(clusters):
        lines += [f"- name: c{number}", "  cluster:", f"    server: {server}"]
        lines += [f"    {line}" for line in others]
    lines += ["contexts:", "- {name: x, context: {cluster: c0}}", "current-context: x"]
    text = end.join(lines) + end
    try:
        after = edited(text)
    except ConfigError as error:
        assert "*a" in text or "&a" in text, error
        return
    if "*a" in text or text.count("&a") > 1:
        return  # PyYAML wants one anchor, before its aliases
    data, new = yaml.safe_load(text), yaml.safe_load(after)
    assert new["clusters"][0]["cluster"]["server"] == URL
    for entry in (*data["clusters"], *new["clusters"]):
        entry["cluster"]["server"] = None
    assert new == data
    kept = [line for line in text.split(end) if "server: " not in line]
    assert [line for line in after.split(end) if "server: " not in line] == kept


NOISE = st.lists(
    st.sampled_from(
        [
            *" \n:-{}[],&*!|>'\"#%@`?ax",
            "clusters:",
            "- ",
            "cluster: ",
            "server: ",
            "name: a",
            "\n  ",
        ]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.one_of(NOISE, NOISE.map(lambda noise: small("https://x") + noise), st.text(max_size=40)))
def test_no_text_makes_it_crash(text):
    try:
        edited(text)
    except ConfigError as error:
        assert str(error)
