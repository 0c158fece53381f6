"""Flags inside variables: what a person finds after an edit."""

import pytest

from saltext_hakube.core import envfile, envflags, words

URL = "https://192.0.2.100:6443"

# Arch's package ships its files in this form: an empty value, then a quoted one over many lines.
ARCH = '''# Kubernetes kube-scheduler arguments
KUBE_SCHEDULER_ARGS="""
  --kubeconfig=/etc/kubernetes/scheduler.conf
  --v=2
"""
'''


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        (" a\t b\n", ["a", "b"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("--x='a b'c", ["--x=a bc"]),
        ('"" a', ["", "a"]),
        (r"a\ b \"c", ["a b", '"c']),
        (r'"a\"b" ' + r"'a\'b'", ['a"b', "a'b"]),
        ("'never closed ", ["never closed "]),
        ("a\\", ["a"]),
    ],
)
def test_a_value_is_split_as_systemd_splits_it(value, expected):
    assert [word.text for word in words.split(value)] == expected


@pytest.mark.parametrize(
    ("value", "flag", "expected"),
    [
        ("--master=a --v=2", "master", "a"),
        ("--v=2 --master a", "master", "a"),
        ("-master=a", "master", "a"),
        ("--master=a --master=b", "master", "b"),
        ("--api-servers=a", "api_servers", "a"),
        ("--logtostderr --v=2", "logtostderr", None),
        ("--logtostderr true", "logtostderr", None),
        ("--masters=a", "master", None),
        ("-- --master=a", "master", None),
        ("--master", "master", None),
        ("--x --master=a", "master", "a"),
        ("--master=", "master", ""),
        ("--master 'a b'", "master", "a b"),
    ],
)
def test_a_flag_is_found_as_kubernetes_finds_it(value, flag, expected):
    assert envflags.get(f"X='{value}'\n".replace("'a b'", '"a b"'), "X", flag) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('X="--master=http://x --v=2"', f'X="--master={URL} --v=2"'),
        ('X="--v=2 --master=http://x"  \nY=1', f'X="--v=2 --master={URL}"  \nY=1'),
        ("X='--v=2  --master http://x   --y'", f"X='--v=2  --master {URL}   --y'"),
        ("X=--master=http://x --v=2", f"X=--master={URL} --v=2"),
        ("X=-master=http://x", f"X=-master={URL}"),
        (
            'X="--a=1 \\\n  --master=http://x \\\n  --v=2"',
            f'X="--a=1 \\\n  --master={URL} \\\n  --v=2"',
        ),
        ("X=--a=1 \\\n --master=x\\\n --v=2\n", f"X=--a=1 \\\n --master={URL}\\\n --v=2\n"),
        ("X=\"--master='http://x' --v=2\"", f"X=\"--master='{URL}' --v=2\""),
        ("X=\"'--master=http://x' --v=2\"", f"X=\"'--master={URL}' --v=2\""),
        ("X='\"--master=http\"://x --v=2'", f"X='\"--master={URL}\" --v=2'"),
        ("X='--master=\"http\"://x --v=2'", f"X='--master={URL} --v=2'"),
        (r'X="--a=\"b c\" --master=x"', rf'X="--a=\"b c\" --master={URL}"'),
        ('X="--v=2 --master"', f'X="--v=2 --master={URL}"'),
        ('X="--master= --v=2"', f'X="--master={URL} --v=2"'),
        ('X="--master=a --v=2 --master=b"', f'X="--v=2 --master={URL}"'),
        ('X="--v=2"', f'X="--v=2 --master={URL}"'),
        ("X=--v=2 \n", f"X=--v=2 --master={URL} \n"),
        ("", f'X="--master={URL}"\n'),
        ('X=""\n', f'X="--master={URL}"\n'),
        ("X=http://x\n", f'X="--master={URL}"\n'),
        ('X="--master=a" # why\n', f'# why\nX="--master={URL}"\n'),
        ("X=--master=a\nX='--master=b --v=1'", f"X=--master=a\nX='--master={URL} --v=1'"),
        # The environment file's quotes change within the value: written anew, the same arguments.
        ("X=\"--master=http:\"'//x --v=2'", f'X="--master={URL} --v=2"'),
    ],
)
def test_only_the_flag_in_question_changes(before, after):
    assert envflags.with_flag(before, "X", "master", URL) == after
    assert envflags.with_flag(after, "X", "master", URL) == after


def test_the_files_of_arch_keep_their_form():
    after = envflags.with_flag(ARCH, "KUBE_SCHEDULER_ARGS", "kubeconfig", "/b")
    assert after == ARCH.replace("/etc/kubernetes/scheduler.conf", "/b")
    added = envflags.with_flag(ARCH, "KUBE_SCHEDULER_ARGS", "master", URL)
    assert added == ARCH.replace("--v=2", f"--v=2 --master={URL}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('X="--logtostderr=true"\nY=1\n', "Y=1\n"),
        ('X="--logtostderr"\n', ""),
        ('X="--logtostderr=true --v=2"\n', 'X="--v=2"\n'),
        ('X="--a=1 --logtostderr --v=2"\n', 'X="--a=1 --v=2"\n'),
        ("X='--a=1  --logtostderr=x'\n", "X='--a=1'\n"),
        ('X="""\n  --a=1\n  --logtostderr\n  --b\n"""\n', 'X="""\n  --a=1\n  --b\n"""\n'),
        ("X=--a \\\n --logtostderr \\\n --b\n", "X=--a \\\n --b\n"),
        ('X="--a=1"\n', 'X="--a=1"\n'),
        ("Y=1\n", "Y=1\n"),
    ],
)
def test_removing_a_flag_removes_only_it(before, after):
    assert envflags.without_flag(before, "X", "logtostderr") == after


@pytest.mark.parametrize("value", ["a b", 'a"b', "a\\b", "a'b", "$HOME", "", "é"])
def test_a_value_that_needs_quotes_arrives_at_the_program(value):
    for before in ('X="--v=2 --f=x"', "X=--f=x --v=2", "X='--f \"x y\"'", "", "X=--f"):
        after = envflags.with_flag(before, "X", "f", value)
        assert envflags.get(after, "X", "f") == value
        assert ("--v=2" in envfile.get(after, "X")) is ("--v=2" in before)
