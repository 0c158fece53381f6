"""The file that the runner prints, put where it belongs and read by Salt itself."""

import pytest
import salt.config
import salt.loader
import yaml


@pytest.fixture
def configured(tmp_path):
    """A master whose configuration is the given main file and files of master.d: its runner."""
    folder = tmp_path / "master.d"
    folder.mkdir()

    def configure(main, **others):
        settings = {"root_dir": str(tmp_path), "user": "root", **main}
        (tmp_path / "master").write_text(yaml.safe_dump(settings))
        for name, content in others.items():
            text = content if isinstance(content, str) else yaml.safe_dump(content)
            (folder / f"{name}.conf").write_text(text)
        opts = salt.config.master_config(str(tmp_path / "master"))
        return opts, salt.loader.runner(opts)["hakube.master_config"]

    return configure


@pytest.mark.parametrize(
    ("main", "others", "backends", "warned"),
    [
        ({}, {}, ["roots", "hakube"], False),
        ({"fileserver_backend": ["git", "roots"]}, {}, ["gitfs", "roots", "hakube"], True),
        ({}, {"aaa": {"fileserver_backend": ["git"]}}, ["gitfs", "hakube"], False),
        ({}, {"zzz": {"fileserver_backend": ["git"]}}, ["gitfs", "hakube"], False),
        ({"fileserver_backend": ["hakube", "git"]}, {}, ["gitfs", "hakube"], True),
    ],
    ids=["nothing set", "main file", "a file before ours", "a file after ours", "set in main"],
)
def test_the_file_keeps_every_backend_and_adds_hakube(configured, main, others, backends, warned):
    _, master_config = configured(main, **others)
    text = master_config()
    assert yaml.safe_load(text)["fileserver_backend"] == backends
    assert ("WARNING" in text) is warned
    opts, again = configured(main, **others, hakube=text)
    # Of two of one name the first counts.
    assert list(dict.fromkeys(opts["fileserver_backend"])) == backends
    assert yaml.safe_load(again())["fileserver_backend"] == backends


REACTOR = {"salt/beacon/*/hakube/report": ["salt://hakube/reactor/report.sls"]}
THEIRS = {"salt/minion/*/start": ["/srv/reactor/start.sls"]}
RECONCILE = {
    "function": "hakube.reconcile",
    "seconds": 15,
    "maxrunning": 1,
    "return_job": False,
}
JOB = {"function": "manage.status", "minutes": 5}


@pytest.mark.parametrize(
    ("main", "others", "warnings"),
    [
        ({}, {}, 0),
        ({"reactor": [THEIRS], "schedule": {"theirs": JOB}}, {}, 2),
        ({}, {"aaa": {"reactor": [THEIRS], "schedule": {"theirs": JOB}}}, 0),
        ({"reactor": [{"dead": ["x"]}]}, {"zzz": {"reactor": [THEIRS]}}, 0),
        (
            {"reactor": [THEIRS, REACTOR], "schedule": {"theirs": JOB, "hakube-reconcile": {}}},
            {},
            2,
        ),
    ],
    ids=["nothing set", "main file", "another file", "a main file that is hidden already", "ours"],
)
def test_each_reactor_and_each_job_counts_once(configured, main, others, warnings):
    _, master_config = configured(main, **others)
    text = master_config()
    assert text.count("WARNING") == warnings
    theirs = bool(main or others)
    for _ in range(2):  # the second time our file is there already
        opts, again = configured(main, **others, hakube=text)
        assert opts["reactor"].count(REACTOR) == 1
        assert opts["reactor"].count(THEIRS) == theirs
        assert len(opts["reactor"]) == 1 + theirs
        job = dict(opts["schedule"]["hakube-reconcile"])
        assert {key: job[key] for key in RECONCILE} == RECONCILE
        assert ("theirs" in opts["schedule"]) is ("theirs" in str((main, others)))
        assert again() == text


def test_a_reactor_that_is_a_file_of_its_own_is_left_and_told(configured):
    _, master_config = configured({"reactor": "/etc/salt/reactor.map"})
    text = master_config()
    assert "reactor" not in yaml.safe_load(text)
    assert "Put this into that file" in text
