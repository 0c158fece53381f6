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
    assert yaml.safe_load(text) == {"fileserver_backend": backends}
    assert ("WARNING" in text) is warned
    opts, again = configured(main, **others, hakube=text)
    # Of two of one name the first counts.
    assert list(dict.fromkeys(opts["fileserver_backend"])) == backends
    assert yaml.safe_load(again()) == {"fileserver_backend": backends}
