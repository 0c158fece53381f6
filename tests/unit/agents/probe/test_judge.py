"""What an answer is, and what it means."""

import pytest

from saltext_hakube.agents.probe import answer, judge
from saltext_hakube.agents.probe.answer import (
    ANSWERED,
    BROKEN,
    OWN,
    REFUSED,
    SILENT,
    UNTRUSTED,
    Answer,
    read,
)
from saltext_hakube.agents.probe.look import DOWN, UNKNOWN, UP

RUNS, NOT, WHO_KNOWS = (True, ""), (False, "it runs on node2"), (None, "Pacemaker is at it")


@pytest.mark.parametrize(
    ("data", "ended", "found"),
    [
        (b"", False, None),
        (b"", True, Answer(BROKEN, why="closed the connection without an answer")),
        (b"HTTP/1.1 200 OK\r\n", False, None),
        (b"HTTP/1.0 200 OK\r\n\r\nok", False, None),
        (b"HTTP/1.0 200 OK\r\n\r\nok", True, Answer(ANSWERED, 200, b"ok")),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nok", False, Answer(ANSWERED, 500, b"ok")),
        (b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", False, Answer(ANSWERED, 200)),
        (b"SSH-2.0\r\n\r\n", True, Answer(BROKEN, why="answered with what is no HTTP")),
    ],
)
def test_an_answer_is_read_once_it_is_whole(data, ended, found):
    assert read(data, ended) == found


def test_a_request_names_the_host_and_the_token():
    assert answer.request("/livez", "fd00::1", "secret").decode().splitlines() == [
        "GET /livez HTTP/1.0",
        "Host: [fd00::1]",
        "User-Agent: hakube-probe",
        "Authorization: Bearer secret",
        "",
    ]


@pytest.mark.parametrize(
    ("kind", "want", "fresh", "value"),
    [
        (SILENT, NOT, True, DOWN),  # whoever accepts and says nothing hangs, wanted or not
        (SILENT, RUNS, False, DOWN),
        (BROKEN, RUNS, True, DOWN),
        (UNTRUSTED, RUNS, True, DOWN),
        (OWN, RUNS, True, UNKNOWN),
        (REFUSED, RUNS, True, DOWN),
        (REFUSED, RUNS, False, UNKNOWN),
        (REFUSED, NOT, True, UNKNOWN),
        (REFUSED, WHO_KNOWS, True, UNKNOWN),
    ],
)
def test_what_does_not_answer(kind, want, fresh, value):
    look = judge.health(Answer(kind, why="says so"), want, fresh=fresh)
    assert look.value == value
    assert look.why
    assert look.evidence.get("how") == ([kind] if value == DOWN else None)


@pytest.mark.parametrize(
    ("status", "value"), [(200, UP), (401, UNKNOWN), (403, UNKNOWN), (500, DOWN), (404, DOWN)]
)
def test_what_answers(status, value):
    assert judge.health(Answer(ANSWERED, status), RUNS, fresh=True).value == value


def test_an_apiserver_names_what_it_misses():
    body = b"[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/x failed: y\nlivez check"
    look = judge.health(Answer(ANSWERED, 500, body), RUNS, fresh=True)
    assert look.evidence == {"how": ["answered 500"], "failed": ["etcd", "poststarthook/x"]}
    assert look.why == "it answers 500 (etcd, poststarthook/x)"


@pytest.mark.parametrize(
    ("kind", "status", "value"),
    [
        *((ANSWERED, 200, UP), (ANSWERED, 500, UP), (SILENT, 0, DOWN)),
        *((BROKEN, 0, DOWN), (REFUSED, 0, DOWN), (OWN, 0, UNKNOWN)),
    ],
)
def test_whether_the_vip_answers_at_all(kind, status, value):
    assert judge.reached(Answer(kind, status, why="says so"), "the VIP").value == value
