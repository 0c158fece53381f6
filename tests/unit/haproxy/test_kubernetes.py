"""The sections of a highly available Kubernetes API, judged by haproxy."""

import msgspec
import pytest

from saltext_hakube.core.haproxy.document import with_sections
from saltext_hakube.core.haproxy.kubernetes import adapted
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.haproxy.process import BASE
from saltext_hakube.core.haproxy.wanted import problems, wanted

from .judge import judged, needs_haproxy

SERVERS = (
    Server("apiserver1", "192.0.2.11"),
    Server("apiserver2", "192.0.2.12", 16443, 18080),
    Server("apiserver3", "2001:db8::13"),
)


def rendered(vip="192.0.2.100", **options):
    found = wanted(msgspec.convert(options, Haproxy), vip, SERVERS)
    return {section.header: section.lines for section in found}


def test_one_setting_gives_the_lines_of_the_document():
    assert rendered(plain=True, insecure=True) == {
        "frontend apiservers-insecure": (
            "mode tcp",
            "bind 192.0.2.100:8080",
            "default_backend kube-apiservers-insecure",
        ),
        "frontend apiserver-secure": (
            "mode tcp",
            "bind 192.0.2.100:6443",
            "default_backend kube-apiservers-secure",
        ),
        "backend kube-apiservers-insecure": (
            "mode tcp",
            "balance roundrobin",
            "server insecure-apiserver1 192.0.2.11:8080 check",
            "server insecure-apiserver2 192.0.2.12:18080 check",
            "server insecure-apiserver3 [2001:db8::13]:8080 check",
        ),
        "backend kube-apiservers-secure": (
            "mode tcp",
            "balance roundrobin",
            "server secure-apiserver1 192.0.2.11:6443 check",
            "server secure-apiserver2 192.0.2.12:16443 check",
            "server secure-apiserver3 [2001:db8::13]:6443 check",
        ),
    }


def test_the_insecure_pair_comes_only_when_asked_for():
    assert list(rendered(fallback=False, health={"enabled": False})) == [
        "global",
        "frontend apiserver-secure",
        "backend kube-apiservers-secure",
    ]


def test_a_server_that_answers_not_ready_is_drained_and_one_that_does_not_answer_is_down():
    lines = rendered()["backend kube-apiservers-secure"]
    assert "http-check expect status 200 error-status L7OKC" in lines
    assert any("on-marked-down shutdown-sessions" in line for line in lines)
    lines = rendered(unready="down")["backend kube-apiservers-secure"]
    assert "http-check expect status 200" in lines


@pytest.mark.parametrize(
    ("version", "unready"),
    [
        ("2.2.9", "down"),
        ("2.4.22", "drain"),
        ("2.6.12", "drain"),
        ("3.0.11", "drain"),
        (None, "drain"),
    ],
)
def test_a_haproxy_that_cannot_drain_by_a_check_is_not_asked_to(version, unready):
    assert adapted(Haproxy(), version).unready == unready
    assert adapted(Haproxy(unready="down"), version).unready == "down"


def test_with_no_server_up_an_unchecked_copy_is_asked():
    found = rendered(insecure=True, server_options="maxconn 9 check")
    for name, backend in (
        ("apiserver-secure", "kube-apiservers-secure"),
        ("apiservers-insecure", "kube-apiservers-insecure"),
    ):
        rescue = f"use_backend {backend}-unchecked if {{ nbsrv({backend}) eq 0 }}"
        assert rescue in found[f"frontend {name}"]
    lines = found["backend kube-apiservers-secure-unchecked"]
    assert "server secure-apiserver1 192.0.2.11:6443 maxconn 9" in lines
    assert not any("check" in line for line in lines)


@pytest.mark.parametrize(
    ("connect", "soon"), [("1200ms", "200ms"), ("2s", "200ms"), ("90ms", "90ms")]
)
def test_what_nothing_checks_is_given_up_soon(connect, soon):
    found = rendered(timeouts={"connect": connect})
    assert f"timeout connect {connect}" in found["backend kube-apiservers-secure"]
    assert f"timeout connect {soon}" in found["backend kube-apiservers-secure-unchecked"]


def test_words_of_the_pillar_stand_on_the_lines_that_they_are_for():
    servers = (Server("one", "192.0.2.11", options="weight 50"), Server("two", "192.0.2.12"))
    options = Haproxy(
        server_options="maxconn 9",
        frontend_options=("maxconn 99",),
        backend_options=("fullconn 9",),
        sections={"listen web": ("bind :80",), "defaults http": ("mode http",)},
    )
    found = {section.header: section.lines for section in wanted(options, "192.0.2.100", servers)}
    lines = found["backend kube-apiservers-secure"]
    assert any(line.endswith(" maxconn 9 weight 50") for line in lines)
    assert any(line.endswith(" maxconn 9") for line in lines)
    assert "fullconn 9" in lines
    assert "maxconn 99" in found["frontend apiserver-secure"]
    assert list(found)[:2] == ["global", "defaults http"]
    assert list(found)[-1] == "listen web"


def test_a_section_that_is_ours_already_is_not_declared_again():
    options = Haproxy(sections={"backend kube-apiservers-secure": ("mode tcp",), "web": ()})
    (told,) = problems(options, "192.0.2.100", SERVERS)
    assert "hakube:haproxy:sections: 'web' does not start with a section keyword" in told
    del options.sections["web"]
    (told,) = problems(options, "192.0.2.100", SERVERS)
    assert "backend_options" in told


def test_either_socket_can_be_left_out():
    lines = [
        x for found in rendered(stats_socket="none", api_socket="none").values() for x in found
    ]
    assert not any("/run/" in line for line in lines)


def test_lines_of_global_stand_beside_those_that_the_file_has():
    (ours, *_) = wanted(Haproxy(), "192.0.2.100", SERVERS)
    file = b"global\n    maxconn 9\n\ndefaults\n    mode tcp\n"
    changed = with_sections(file, [ours], base=BASE)
    lines = changed.decode().splitlines()
    assert lines[:2] == ["global", "    maxconn 9"]
    assert "    stats socket /run/haproxy-hakube.sock mode 600 level admin" in lines
    assert with_sections(changed, [ours], base=BASE) == changed
    assert with_sections(changed, [], base=BASE) == file


def test_without_a_file_global_has_all_that_it_needs_once():
    found = wanted(Haproxy(), "192.0.2.100", SERVERS)
    changed = with_sections(None, found, base=BASE)
    assert changed.count(b"\nglobal\n") == 1
    assert changed.index(b"user haproxy") < changed.index(b"mworker-max-reloads 1000")
    assert with_sections(changed, found, base=BASE) == changed
    assert with_sections(changed, [], base=BASE) == b""


def test_servers_are_checked_on_readyz_against_the_clusters_ca():
    lines = rendered()["backend kube-apiservers-secure"]
    assert "option httpchk GET /readyz" in lines
    assert (
        "server secure-apiserver1 192.0.2.11:6443 check check-ssl verify required "
        "ca-file /etc/kubernetes/pki/ca.crt"
    ) in lines


def test_the_insecure_servers_are_asked_without_tls():
    lines = rendered(insecure=True)["backend kube-apiservers-insecure"]
    assert "server insecure-apiserver1 192.0.2.11:8080 check" in lines


def test_a_tcp_check_needs_no_ca():
    lines = rendered(check="tcp")["backend kube-apiservers-secure"]
    assert "server secure-apiserver1 192.0.2.11:6443 check" in lines
    assert not any("httpchk" in line or "http-check" in line for line in lines)


def test_an_ipv6_vip_is_bound_in_brackets():
    assert "bind [2001:db8::64]:6443" in rendered("2001:db8::64")["frontend apiserver-secure"]


OTHERS = {
    "secure_port": (8443, "bind 192.0.2.100:8443"),
    "insecure_port": (8001, "bind 192.0.2.100:8001"),
    "balance": ("leastconn", "balance leastconn"),
    "check_path": ("/livez?exclude=etcd", "option httpchk GET /livez?exclude=etcd"),
    "verify": ("none", "server secure-apiserver1 192.0.2.11:6443 check check-ssl verify none"),
    "max_reloads": (7, "mworker-max-reloads 7"),
    "stats_socket": ("/run/x", "stats socket /run/x mode 600 level admin"),
    "api_socket": ("/run/y", "bind /run/y mode 600"),
    "health": ({"address": "::1", "port": 7}, "bind [::1]:7"),
    "inter": ("7s", "default-server inter 7s fastinter 200ms fall 2 rise 2"),
    "fastinter": ("70ms", "default-server inter 1200ms fastinter 70ms fall 2 rise 2"),
    "fall": (7, "default-server inter 1200ms fastinter 200ms fall 7 rise 2"),
    "rise": (7, "default-server inter 1200ms fastinter 200ms fall 2 rise 7"),
    "retries": (7, "retries 7"),
    "timeouts": (
        {"connect": "71s", "client": "72s", "server": "73s", "check": "74s"},
        "timeout connect 71s",
        "timeout client 72s",
        "timeout server 73s",
        "timeout tunnel 73s",
        "timeout check 74s",
    ),
}


@pytest.mark.parametrize("option", OTHERS)
def test_each_option_changes_the_lines_that_it_names(option):
    value, *expected = OTHERS[option]
    changed = rendered(**{"insecure": True, option: value}).values()
    default = rendered(insecure=True).values()
    for line in expected:
        assert any(one.startswith(line) for lines in changed for one in lines)
        assert not any(one.startswith(line) for lines in default for one in lines)


def test_keepalive_and_the_closing_of_sessions_can_be_switched_off():
    def words(**options):
        return {word for lines in rendered(**options).values() for x in lines for word in x.split()}

    assert {"clitcpka", "srvtcpka", "shutdown-sessions"} <= words()
    assert not {"clitcpka", "srvtcpka"} & words(tcp_keepalive=False)
    assert "on-marked-down" not in words(on_marked_down="none")


@pytest.mark.parametrize(
    "wrong",
    [
        {"secure_port": 0},
        {"inter": "2"},
        {"inter": "0s"},
        {"inter": "2s\n"},
        {"timeouts": {"client": "1 h"}},
        {"balance": "roundrobin\nbind :1"},
        {"ca_file": "relative"},
        {"ca_file": "/with blank"},
        {"check_path": "/readyz #"},
        {"check": "http"},
        {"fall": 0},
        {"config": "/etc/haproxy/"},
        {"unknown": 1},
        {"max_reloads": 0},
        {"server_options": "weight 1\nbind :1"},
        {"backend_options": ["x "]},
        {"server_options": "weight 1 # one"},
        {"server_options": "track other/one"},
        {"stats_socket": "relative"},
        {"unready": "up"},
    ],
)
def test_a_wrong_option_does_not_reach_the_file(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Haproxy)


@needs_haproxy
@pytest.mark.parametrize(
    "options",
    [
        {"verify": "none"},
        {"verify": "none", "insecure": True, "tcp_keepalive": False, "on_marked_down": "none"},
        {"check": "tcp", "balance": "random(2)"},
        {"plain": True, "insecure": True},
    ],
)
@pytest.mark.parametrize("vip", ["192.0.2.100", "2001:db8::64"])
def test_haproxy_takes_the_whole_file_without_a_word(options, vip, tmp_path):
    found = wanted(msgspec.convert(options, Haproxy), vip, SERVERS)
    returncode, output = judged(with_sections(None, found, base=BASE), tmp_path)
    assert returncode == 0, output
    assert "WARNING" not in output


@needs_haproxy
def test_the_backends_are_tcp_also_where_the_defaults_are_http(tmp_path):
    # The document's backends inherit "mode http" from a distribution's defaults, and haproxy
    # refuses to send a tcp frontend there.
    text = b"global\n log /dev/log local0\ndefaults\n mode http\n log global\n option httplog\n"
    found = wanted(Haproxy(verify="none", insecure=True), "192.0.2.100", SERVERS)
    returncode, output = judged(with_sections(text, found), tmp_path)
    assert returncode == 0, output
    assert "WARNING" not in output
