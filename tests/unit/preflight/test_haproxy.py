"""haproxy's file, limits and rights."""

import pytest

from saltext_hakube.core.preflight.finding import Unseen

from .world import HAPROXY_CFG, haproxy, is_fine, is_found, is_unseen, told

FILE = "/etc/haproxy/haproxy.cfg"
UNIT = "unit haproxy"
BARE = HAPROXY_CFG + "defaults\nlisten here\n    bind 127.0.0.1:81\n    timeout client 5s\n"

TRAPS = [
    (
        "haproxy-without-timeouts",
        FILE,
        "listen here has no timeout connect, server",
        haproxy(text=BARE),
    ),
    (
        "haproxy-without-timeouts",
        FILE,
        "frontend web has no timeout client",
        haproxy(text="frontend web\n bind :80\n"),
    ),
    (
        "haproxy-without-timeouts",
        FILE,
        "backend b has no timeout server",
        haproxy(
            text="defaults one\n timeout connect 5s\n"
            "defaults two\n timeout server 1h\nbackend b from one\n"
        ),
    ),
    (
        "haproxy-config-refused",
        FILE,
        "unknown keyword 'x'",
        haproxy(refused=("[x:1]: unknown keyword 'x'",)),
    ),
    (
        "nonlocal-bind-off",
        "net.ipv4.ip_nonlocal_bind",
        "hakube.sysctl sets it",
        haproxy(nonlocal_bind=False),
    ),
    ("too-few-connections", FILE, "maxconn 100 in global", haproxy(text="global\n maxconn 100\n")),
    ("too-few-connections", UNIT, "LimitNOFILE=1024 allows 462", haproxy(text="", files=1024)),
    ("too-few-connections", UNIT, "LimitNOFILE=41000 in a drop-in", haproxy(files=4096)),
    (
        "defaults-maxconn-low",
        FILE,
        "maxconn 50 in defaults",
        haproxy(text="defaults\n maxconn 50\n"),
    ),
    (
        "selinux-connect-any-off",
        "SELinux boolean haproxy_connect_any",
        "setsebool",
        haproxy(connect_any=False),
    ),
]


@pytest.mark.parametrize(("code", "where", "words", "observed"), TRAPS)
def test_the_trap_is_a_warning_with_its_place_and_remedy(code, where, words, observed):
    is_found(code, "warning", where, words, observed)


FINE = [
    ("haproxy-without-timeouts", haproxy(text=None)),  # there is no file yet
    (
        "haproxy-without-timeouts",
        haproxy(
            text="defaults one\n timeout connect 5s\n timeout server 1h\n"
            "defaults two\nbackend b from one\n"
        ),
    ),
    ("haproxy-without-timeouts", haproxy(text="# timeouts are elsewhere\npeers p\n bind :1024\n")),
    # It does not run: hakube.sysctl comes before its start.
    ("nonlocal-bind-off", haproxy(running=False, nonlocal_bind=False)),
    ("too-few-connections", haproxy(text="frontend f\n maxconn 10\n")),
    ("too-few-connections", haproxy(text="", files=None)),  # no limit
    ("defaults-maxconn-low", haproxy(text="global\n maxconn 10\ndefaults\n maxconn 5000\n")),
]


@pytest.mark.parametrize(("code", "observed"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed):
    is_fine(code, observed)


def test_each_section_without_timeouts_is_told():
    found = told("haproxy-without-timeouts", haproxy(text="frontend a\nbackend b\nlisten c\n"))
    assert [words.split()[0] for _, _, words in found] == ["frontend", "backend", "listen"]


def test_what_is_not_installed_yet_is_not_known():
    is_unseen("haproxy-config-refused", "yet", haproxy(refused=Unseen("not installed yet")))
    is_unseen("too-few-connections", "no unit", haproxy(files=Unseen("no unit haproxy yet")))
    is_unseen("nonlocal-bind-off", "no live", haproxy(running=Unseen("no live machine")))
