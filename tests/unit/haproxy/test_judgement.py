"""Whether a change did harm: a truth table of what the checks said before and after it."""

from msgspec.structs import replace

from saltext_hakube.core.haproxy.judgement import judge
from saltext_hakube.core.haproxy.runtime import Server

PASSED, FAILED, DRAINED = 3, 2, 4


def server(name, backend="api", **changes):
    up = Server(
        backend=backend,
        name=name,
        address="192.0.2.1",
        port=6443,
        operational=2,
        admin=0,
        weight=1,
        since=9,
        check_enabled=True,
        check_result=PASSED,
        check_health=3,
        status="UP",
        check_status="L7OK",
    )
    return replace(up, **changes)


def down(name, **changes):
    told = {"check_status": "L6RSP", "check_told": "SSL handshake failure"}
    return server(name, operational=0, check_result=FAILED, status="DOWN", **told, **changes)


def unknown(name, **changes):
    return server(name, check_result=0, check_status="", **changes)


def drained(name):
    return server(name, operational=3, check_result=DRAINED, check_status="L7OKC")


UP = (server("a"), server("b"))


def test_one_server_up_is_enough():
    verdict = judge(UP, (server("a"), server("b")), late=False)
    assert verdict.decided
    assert verdict.problems == verdict.warnings == ()


def test_a_check_that_goes_on_does_not_hide_what_the_one_before_said():
    checking = (server("a", check_result=0), server("b", check_result=0))
    verdict = judge(checking, (down("a"), down("b")), late=False)
    assert verdict.problems != ()
    assert judge(UP, checking, late=False).decided


def test_a_server_that_did_not_come_back_is_a_warning():
    verdict = judge(UP, (server("a"), down("b")), late=False)
    assert verdict.decided
    assert verdict.problems == ()
    assert verdict.warnings == ("not up since the change: api/b",)


def test_no_server_up_is_harm_and_told_with_each_reason():
    verdict = judge(UP, (down("a"), down("b")), late=False)
    assert verdict.decided
    (told,) = verdict.problems
    assert "no server is up in api" in told
    assert "b L6RSP SSL handshake failure" in told


def test_while_checks_have_not_ended_nothing_is_decided():
    assert not judge(UP, (unknown("a"), unknown("b")), late=False).decided
    assert not judge(UP, (down("a"), unknown("b")), late=False).decided


def test_in_the_end_what_haproxy_takes_for_up_counts():
    verdict = judge(UP, (unknown("a"), down("b")), late=True)
    assert verdict.decided
    assert verdict.problems == ()


def test_servers_that_drain_are_alive():
    verdict = judge(UP, (drained("a"), drained("b")), late=True)
    assert verdict.problems == ()


def test_what_was_down_before_proves_nothing():
    for before in ((down("a"),), (drained("a"),), (server("a", admin=1),), ()):
        verdict = judge(before, (down("a"),), late=False)
        assert verdict.decided
        assert verdict.problems == ()


def test_what_was_not_there_before_and_has_no_server_up_is_a_warning():
    for before in (None, (), (server("x", backend="other"),)):
        now = (down("a"), server("x", backend="other"))
        verdict = judge(before, now, late=False)
        assert verdict.decided
        assert verdict.problems == ()
        (told,) = verdict.warnings
        assert "no server is up in api" in told
        assert not judge(before, (unknown("a"), *now[1:]), late=False).decided


def test_without_a_socket_before_and_after_that_is_told():
    assert judge(None, None, late=False).warnings != ()


def test_a_haproxy_that_does_not_answer_any_more_is_harm_in_the_end():
    assert not judge(UP, None, late=False).decided
    assert judge(UP, None, late=True).problems != ()


def test_a_backend_that_went_is_no_harm_where_another_has_a_server():
    other = (server("x", backend="new"),)
    assert judge((*UP, *other), other, late=False).problems == ()


def test_a_backend_that_was_renamed_has_to_have_a_server():
    assert judge(UP, (server("a", backend="new"),), late=False).problems == ()
    verdict = judge(UP, (down("a", backend="new"),), late=False)
    assert verdict.decided
    assert verdict.problems != ()
    assert not judge(UP, (unknown("a", backend="new"),), late=False).decided


def test_where_all_backends_were_taken_out_that_is_what_was_asked_for():
    verdict = judge(UP, (), late=False)
    assert verdict.decided
    assert verdict.problems == ()


def test_a_backend_without_checks_is_not_judged():
    plain = (server("a", check_enabled=False),)
    assert judge(plain, (server("a", check_enabled=False, operational=0),), late=True).decided
