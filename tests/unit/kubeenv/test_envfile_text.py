"""Environment files: what a person finds after an edit."""

import pytest

from saltext_hakube.core import envfile
from saltext_hakube.core.errors import ConfigError

MASTER = "--master=http://192.0.2.100:8080"
WRITTEN = f'KUBE_MASTER="{MASTER}"'

# The file as kubernetes/contrib's init/systemd ships it.
CONTRIB = b"""###
# kubernetes system config
#
# The following values are used to configure various aspects of all
# kubernetes services, including

# logging to stderr means we get it in the systemd journal
KUBE_LOGTOSTDERR="--logtostderr=true"

# How the controller-manager, scheduler, and proxy find the apiserver
KUBE_MASTER="--master=http://127.0.0.1:8080"
""".decode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("X=a", "a"),
        ("X=a\nX=b\n", "b"),
        ("  X = a b  \n", "a b"),
        ('X="a b"\n', "a b"),
        ("X='a \"b\"'\n", 'a "b"'),
        ("X=\"a\"'b' c", "abc"),
        ('X="a" # c\n', "a# c"),
        ("X=a\\\nb\n", "ab"),
        ('X="a\\\nb\nc"\n', "ab\nc"),
        (r'X="\$\`\"\\\n"', '$`"\\\\n'),
        (r"X=\a\ " + "\n", "a "),
        ("X=\n", ""),
        ("#X=a\n;X=b\n", None),
        ("export X=a\n", None),
        ("XX=a\n", None),
        ("# c \\\nX=a\n", None),
    ],
)
def test_a_value_is_read_by_systemds_rules(text, value):
    assert envfile.get(text, "X") == value


def test_all_variables_are_read_with_the_value_that_counts():
    text = "A=1\nB='2'\nA=3\n# c\\\nD=5\n"
    assert envfile.values(text) == {"A": "3", "B": "2"}


def test_the_documents_line_is_written_as_the_document_has_it():
    assert envfile.with_values("", {"KUBE_MASTER": MASTER}) == WRITTEN + "\n"


def test_only_the_assignment_changes_in_the_file_of_contrib():
    after = envfile.with_values(CONTRIB, {"KUBE_MASTER": MASTER})
    assert after == CONTRIB.replace('KUBE_MASTER="--master=http://127.0.0.1:8080"', WRITTEN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Y=1", f"Y=1\n{WRITTEN}\n"),
        ("Y=1\\", f"Y=1\\\n\n{WRITTEN}\n"),
        ("# KUBE_MASTER=x\n", f"# KUBE_MASTER=x\n{WRITTEN}\n"),
        (f"KUBE_MASTER={MASTER}\n", f"KUBE_MASTER={MASTER}\n"),
        ("KUBE_MASTER='a\nb' \nY=1\n", f"{WRITTEN}\nY=1\n"),
        ("\tKUBE_MASTER = a\r\nY=1\r\n", f"\t{WRITTEN}\r\nY=1\r\n"),
        ("KUBE_MASTER=a\nKUBE_MASTER=b", f"KUBE_MASTER=a\n{WRITTEN}"),
        ('KUBE_MASTER="a"  # why\n', f"# why\n{WRITTEN}\n"),
        ("KUBE_MASTER=a # why \\", f"# why \n{WRITTEN}"),
        ("KUBE_MASTER=a#b\n", f"{WRITTEN}\n"),
        ("# c \\\nKUBE_MASTER=a\n", f"# c \\\nKUBE_MASTER=a\n{WRITTEN}\n"),
    ],
)
def test_a_value_is_set_where_the_assignment_stands(before, after):
    assert envfile.with_values(before, {"KUBE_MASTER": MASTER}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("X=1\n", ""),
        ("a\nX=1\nb\n", "a\nb\n"),
        (" X='1\n2'\r\nY=2\n X=3", "Y=2\n"),
        ("#X=1\n", "#X=1\n"),
    ],
)
def test_removing_takes_every_assignment_and_no_other_line(before, after):
    assert envfile.without(before, ["X"]) == after


@pytest.mark.parametrize("text", ['Y="a\n', "Y=1\n'\nX='a\n", 'X="a\n', "X=1\nY='a\n"])
def test_a_quote_that_is_never_closed_is_told_with_its_line_where_it_matters(text):
    if text.startswith("X=1"):
        assert envfile.with_values(text, {"X": "2"}) == 'X="2"\nY=\'a\n'
        return
    with pytest.raises(ConfigError, match=r"line \d: the value of [XY] has a quote"):
        envfile.with_values(text, {"X": "2"})


def test_removing_a_variable_whose_quote_is_never_closed_is_refused():
    # Its value holds the rest of the file, which may be anything.
    with pytest.raises(ConfigError, match="line 1: the value of X has a quote"):
        envfile.without('X="a\nY=1\n', ["X"])


def test_removing_refuses_what_systemd_versions_read_differently():
    with pytest.raises(ConfigError, match="remove that backslash"):
        envfile.without("# c \\\nX=1\n", ["X"])


@pytest.mark.parametrize("value", ["a\0b", "a\rb", "\x1b[m", "\udcff", "\ufeff", "\U0001ffff"])
def test_a_value_that_systemd_would_drop_is_refused(value):
    with pytest.raises(ConfigError, match="X: the value holds the character"):
        envfile.with_values("", {"X": value})


@pytest.mark.parametrize("name", ["", "1X", "X-Y", "X Y", "X=", "é"])
def test_what_cannot_be_a_name_is_refused(name):
    for edit in (lambda: envfile.with_values("", {name: "1"}), lambda: envfile.without("", [name])):
        with pytest.raises(ConfigError, match="is no name of an environment variable"):
            edit()
