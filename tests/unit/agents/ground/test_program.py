"""How a program begins and ends."""

import pytest

from saltext_hakube.agents.ground import program


@pytest.fixture
def path(tmp_path):
    def write(text):
        (tmp_path / "some.json").write_text(text)
        return str(tmp_path / "some.json")

    return write


def settings(path):
    return program.read(path, lambda data: data["name"])


def test_it_runs_with_what_its_configuration_says(path):
    seen = []
    assert program.start("some", [path('{"name": "one"}')], settings, seen.append) == 0
    assert seen == ["one"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no json", "is no JSON as it is wanted"),
        ("{}", "is not as it is wanted: KeyError('name')"),
        ("[]", "is not as it is wanted: TypeError("),
    ],
)
def test_a_wrong_configuration_is_one_line_and_systemd_does_not_try_again(path, capsys, text, told):
    assert program.start("some", [path(text)], settings, pytest.fail) == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_without_a_configuration_it_says_what_it_takes(capsys):
    assert program.start("some", [], settings, pytest.fail) == 64
    assert capsys.readouterr().err == "usage: some CONFIGURATION\n"
    assert program.start("some", ["/there/is/none"], settings, pytest.fail) == 78
    assert "cannot read /there/is/none" in capsys.readouterr().err


def test_an_error_of_its_own_is_told_and_does_not_come_back_at_once(path, capsys, monkeypatch):
    slept = []
    monkeypatch.setattr(program.time, "sleep", slept.append)
    assert program.start("some", [path('{"name": "one"}')], settings, lambda found: 1 / 0) == 1
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("<3>ends by an error of its own: ZeroDivisionError")
    assert rest[0].startswith("Traceback")
    assert 4 < slept[0] <= program.SHORTEST
