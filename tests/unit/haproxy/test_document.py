"""Sections of ours in somebody else's haproxy.cfg, by example."""

import pytest

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy.document import parse, render, with_sections
from saltext_hakube.core.haproxy.process import BASE
from saltext_hakube.core.haproxy.section import Section

WEB = Section("frontend web", ("bind :80", "default_backend app"))
APP = Section("backend app", ("server a 192.0.2.1:80",))

MINE = (
    b"# >>> hakube kubernetes: frontend web (edits here are lost)\n"
    b"frontend web\n"
    b"    bind :80\n"
    b"    default_backend app\n"
    b"# <<< hakube kubernetes: frontend web\n"
)


def test_a_new_section_goes_to_the_end():
    assert with_sections(b"global\n maxconn 1\n\n", [WEB]) == b"global\n maxconn 1\n\n" + MINE


def test_a_last_line_without_line_feed_gets_one_as_long_as_ours_follow():
    text = with_sections(b"global\n maxconn 1", [WEB])
    assert text.startswith(b"global\n maxconn 1\n# >>> ")
    assert with_sections(text, [WEB]) == text
    assert with_sections(text, []) == b"global\n maxconn 1"


def test_the_missing_line_feed_is_remembered_while_sections_come_and_go():
    text = with_sections(b"global", [WEB])
    text = with_sections(text, [APP, WEB])
    text = with_sections(text, [APP])
    assert with_sections(text, []) == b"global"


def test_what_somebody_adds_below_ours_keeps_its_own_line_feed():
    text = with_sections(b"global", [WEB]) + b"listen new\n bind :1\n"
    assert with_sections(text, []) == b"global\nlisten new\n bind :1\n"


def test_a_section_that_was_there_is_kept_above_ours_as_a_comment():
    text = b"global\n# web\nfrontend web\n mode http\n\n # odd\n bind :81\n\n# app\nbackend app\n"
    changed = with_sections(text, [WEB])
    assert changed == (
        b"global\n# web\n"
        b"# >>> hakube kubernetes: frontend web (edits here are lost)\n"
        b"#| frontend web\n#|  mode http\n#| \n#|  # odd\n#|  bind :81\n"
        b"frontend web\n    bind :80\n    default_backend app\n"
        b"# <<< hakube kubernetes: frontend web\n"
        b"\n# app\nbackend app\n"
    )
    assert with_sections(changed, [WEB]) == changed
    assert with_sections(changed, []) == text


def test_a_replaced_last_section_comes_back_without_the_line_feed_that_it_lacked():
    for end in (b" bind :81", b" bind :81\n# the end", b" bind :81\n\n # the end"):
        text = b"global\nfrontend web\n" + end
        changed = with_sections(text, [WEB])
        assert changed.endswith(b"\n")
        assert with_sections(changed, [WEB]) == changed
        assert with_sections(changed, []) == text


def test_an_edit_inside_ours_is_undone_and_one_outside_is_kept():
    text = with_sections(b"global\n", [WEB]).replace(b"bind :80", b"bind :82") + b"# mine\n"
    assert with_sections(text, [WEB]) == b"global\n" + MINE + b"# mine\n"


def test_only_what_is_not_declared_any_more_goes():
    text = with_sections(b"global\n", [WEB, APP])
    assert with_sections(text, [WEB]) == b"global\n" + MINE


def test_a_section_that_somebody_wrote_between_our_marks_survives():
    text = with_sections(b"global\n", [WEB]).replace(
        b"# <<< hakube kubernetes: frontend web\n",
        b"# new\nlisten new\n bind :1\n# <<< hakube kubernetes: frontend web\n",
    )
    assert with_sections(text, [WEB]) == b"global\n" + MINE + b"# new\nlisten new\n bind :1\n"


def test_a_lost_end_mark_does_not_make_ours_out_of_what_follows():
    text = with_sections(b"global\n", [WEB]).replace(
        b"# <<< hakube kubernetes: frontend web\n", b"\n# next\nlisten new\n bind :1\n"
    )
    assert with_sections(text, []) == b"global\n\n# next\nlisten new\n bind :1\n"
    assert with_sections(text, [WEB]) == (b"global\n" + MINE + b"\n# next\nlisten new\n bind :1\n")


def test_marks_are_still_known_after_an_editor_made_crlf_of_them():
    text = with_sections(b"global\n", [WEB])
    assert with_sections(text.replace(b"\n", b"\r\n"), []) == b"global\r\n"


def test_each_owner_keeps_its_own_sections():
    other = Section("listen other", ("bind :1",))
    text = with_sections(b"global\n", [other], owner="other")
    both = with_sections(text, [WEB])
    assert both == text + MINE
    assert with_sections(both, [], owner="other") == b"global\n" + MINE
    assert with_sections(both, []) == text


def test_two_owners_of_one_section_are_an_error_that_names_the_other():
    text = with_sections(b"global\n", [WEB], owner="other")
    with pytest.raises(ConfigError, match="'frontend web' belongs to 'other'"):
        with_sections(text, [WEB])


def test_an_absent_section_is_deleted_and_the_comments_around_it_stay():
    text = (
        b"global\n# main\nfrontend main\n bind :5000\n # inside\n mode http\n# app\nbackend app\n"
    )
    assert with_sections(text, [], ["frontend main"]) == b"global\n# main\n# app\nbackend app\n"
    assert with_sections(text, [], ["frontend other"]) == text


def test_an_absent_section_that_is_hidden_under_ours_goes_with_ours():
    text = with_sections(b"global\nfrontend web\n bind :81\nlisten x\n", [WEB])
    assert with_sections(text, [], ["frontend web"]) == b"global\nlisten x\n"


def test_blocks_stay_where_they_are_when_something_above_them_is_deleted():
    text = b"global\nfrontend main\n bind :1\nfrontend web\n bind :2\nlisten x\n"
    changed = with_sections(text, [WEB, APP], ["frontend main"])
    assert with_sections(changed, []) == b"global\nfrontend web\n bind :2\nlisten x\n"
    assert with_sections(changed, [WEB, APP], ["frontend main"]) == changed


def test_declared_and_absent_at_once_is_an_error():
    with pytest.raises(ConfigError, match="'frontend web' is both declared and absent"):
        with_sections(b"", [WEB], ["frontend web"])


def test_a_section_that_stands_twice_is_not_guessed_at():
    text = b"frontend web\n bind :1\nfrontend web\n bind :2\n"
    with pytest.raises(ConfigError, match=r"'frontend web' stands 2 times .*\(lines 1, 3\)"):
        with_sections(text, [WEB])


@pytest.mark.parametrize(
    "text",
    [
        b".if 1\nfrontend web\n bind :1\n.endif\n",
        b"frontend web\n bind :1\n.if 1\n bind :2\nlisten x\n.endif\n",
        b".if 1\nlisten x\nfrontend web\n bind :1\n.else\nfrontend y\n.endif\n",
        b"frontend web\n.if 1\nlisten x\n.else\n bind :1\n.endif\n",
        b"frontend web\n bind :1\n.if 1\n bind :2\n",
    ],
)
def test_a_section_that_depends_on_a_condition_is_not_replaced(text):
    with pytest.raises(ConfigError, match=r"inside or across \.if/\.endif"):
        with_sections(text, [WEB])


def test_a_condition_around_the_next_section_is_that_ones():
    text = b"frontend web\n bind :1\n\n.if 1\nlisten x\n.else\nlisten y\n.endif\nlisten z\n"
    changed = with_sections(text, [WEB])
    assert changed.count(b"#| ") == 2
    assert with_sections(changed, []) == text


def test_a_condition_inside_a_section_is_replaced_with_it():
    text = b"frontend web\n .if 1\n bind :1\n .endif\nlisten x\n"
    changed = with_sections(text, [WEB])
    assert changed.count(b"#| ") == 4
    assert with_sections(changed, []) == text


def test_a_file_without_sections_gets_the_base_and_keeps_it_until_ours_are_gone():
    text = with_sections(None, [WEB], base=BASE)
    assert text.count(b"\nglobal\n") == text.count(b"\ndefaults\n") == 1
    assert with_sections(text, [WEB], base=BASE) == text
    more = text + b"listen theirs\n bind :1\n"
    assert with_sections(more, [WEB], base=BASE) == more
    assert with_sections(text, [], base=BASE) == b""


def test_a_file_with_sections_gets_no_base():
    assert with_sections(b"defaults\n", [WEB], base=BASE) == b"defaults\n" + MINE


def test_a_declared_global_section_goes_to_the_front():
    text = with_sections(b"# top\nlisten x\n", [Section("global", ("maxconn 1",))])
    assert text.index(b"maxconn") < text.index(b"listen")


def test_reading_and_writing_again_changes_nothing():
    text = with_sections(b"global\nfrontend web\n bind :1\nlisten x", [APP, WEB])
    assert render(parse(text)) == text


def test_where_defaults_are_named_by_others_ours_name_them_too():
    # haproxy refuses a file in which one section says "from d" and another inherits from d unsaid
    text = b"defaults d\nfrontend x from d\n"
    changed = with_sections(text, [WEB, APP])
    assert b"\nfrontend web from d\n" in changed
    assert b"\nbackend app from d\n" in changed
    assert with_sections(changed, [WEB, APP]) == changed
    assert with_sections(changed, []) == text


def test_where_defaults_are_not_named_by_others_ours_do_not_name_them():
    for text in (b"defaults d\nlisten x\n", b"defaults d\nlisten x from d\ndefaults\n"):
        assert with_sections(text, [WEB]) == text + MINE


def test_a_lost_first_mark_leaves_nothing_of_ours_behind():
    for text in (b"global\n", b"global\nfrontend web\n bind :81\nlisten x\n"):
        changed = with_sections(text, [WEB])
        first = next(line for line in changed.split(b"\n") if line.startswith(b"# >>>"))
        damaged = changed.replace(first + b"\n", b"")
        assert with_sections(damaged, []) == text
        assert with_sections(damaged, [WEB]) == changed


def test_an_end_that_stands_alone_goes_and_nothing_else():
    text = b"global\nlisten x\n# <<< hakube kubernetes: frontend web\n bind :1\n"
    assert with_sections(text, []) == b"global\nlisten x\n bind :1\n"


def test_a_block_that_was_copied_is_one_again():
    changed = with_sections(b"global\n", [WEB])
    assert with_sections(changed + MINE + b"# mine\n" + MINE, [WEB]) == changed + b"# mine\n"


def test_one_of_the_same_name_that_somebody_adds_is_taken_over():
    changed = with_sections(b"global\n", [WEB]) + b"frontend web\n bind :9\n"
    mended = with_sections(changed, [WEB])
    assert mended.count(b"\nfrontend web\n") == 1
    assert with_sections(mended, [WEB]) == mended
    assert with_sections(mended, []) == b"global\nfrontend web\n bind :9\n"


def test_where_a_declared_global_goes_the_file_has_its_own_again():
    text = b"global\n daemon\ndefaults\n mode http\n"
    declared = [Section("global", ("maxconn 1",)), Section("defaults", ("mode tcp",)), WEB]
    changed = with_sections(text, declared, base=BASE)
    assert with_sections(changed, [WEB], base=BASE) == with_sections(text, [WEB], base=BASE)


def test_lines_before_the_first_section_do_not_get_into_a_global_of_ours():
    text = b"{% if x %}\n odd\nlisten x\n"
    changed = with_sections(text, [Section("global", ("maxconn 1",), beside=True), WEB])
    assert changed.startswith(b"{% if x %}\n odd\n# >>> hakube kubernetes: global ")
    assert with_sections(changed, []) == text
