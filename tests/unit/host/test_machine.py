"""Which machine the minion's configuration means: a folder never means the live one."""

from pathlib import Path

import pytest

from saltext_hakube import face
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.host.machine import Machine, configured
from saltext_hakube.modules import hakube, hakube_cluster, hakube_pcs


def test_without_settings_it_is_the_running_system():
    for opts in ({}, {"hakube": None}, {"hakube": {}}):
        assert face.machine(opts) == Machine(Path("/"), None)


@pytest.mark.parametrize("root", ["/", "//", "///", "/.", "//.", "/x/..", "//x/../"])
def test_every_spelling_of_the_root_is_the_running_system(root):
    assert configured({"root": root}).live


@pytest.mark.parametrize("spelling", ["{}", "/{}", "{}/", "{}/x/.."])
def test_a_folder_without_a_cib_file_has_its_own_and_never_the_live_cluster(tmp_path, spelling):
    found = configured({"root": spelling.format(tmp_path)})
    assert found == Machine(tmp_path, tmp_path / "var/lib/pacemaker/cib/cib.xml")
    assert not found.live


def test_a_folder_may_have_its_cib_elsewhere(tmp_path):
    assert configured({"root": str(tmp_path), "cib_file": "/a/b"}).cib_file == Path("/a/b")


ROOT = "expected an absolute path to the folder that stands for the machine"
MAPPING = "expected a mapping with the keys root, cib_file"
BAD = [
    ("x", f": text is wrong; {MAPPING}"),
    ("", f": text is wrong; {MAPPING}"),
    (["/x"], f": a list is wrong; {MAPPING}"),
    (False, f": False is wrong; {MAPPING}"),
    ({"root": 5}, f":root: 5 is wrong; {ROOT} (write text in quotes)"),
    ({"root": ""}, f":root: '' is wrong; {ROOT}"),
    ({"root": None}, f":root: empty; {ROOT}"),
    ({"root": "lab"}, f":root: 'lab' is wrong; {ROOT}"),
    ({"root": "/a\n"}, f":root: '/a\\n' is wrong; {ROOT}"),
    ({"root": ["/a"]}, f":root: a list is wrong; {ROOT}"),
    ({"rot": "/a"}, ":rot: unknown key; did you mean root? allowed here: root, cib_file"),
    (
        {"root": "/a", "cib_file": "cib.xml"},
        ":cib_file: 'cib.xml' is wrong; expected an absolute path to a file",
    ),
]


@pytest.mark.parametrize(("settings", "line"), BAD)
def test_settings_that_cannot_be_give_one_line(settings, line):
    with pytest.raises(ConfigError) as caught:
        face.machine({"hakube": settings})
    assert caught.value.problems == (f"minion configuration hakube{line}",)


def test_a_link_to_the_root_is_no_folder_that_stands_for_a_machine(tmp_path):
    (tmp_path / "all").symlink_to("/")
    with pytest.raises(ConfigError, match=r"hakube:root: .*/all leads to /; leave it out"):
        configured({"root": str(tmp_path / "all")})


@pytest.mark.parametrize("settings", ["x", ["/x"], {"root": 5}, {"root": "lab"}])
@pytest.mark.parametrize(
    ("module", "function"),
    [(hakube, "config"), (hakube_pcs, "show"), (hakube_pcs, "plan"), (hakube_cluster, "plan")],
)
def test_a_face_tells_it_without_a_traceback(monkeypatch, module, function, settings):
    monkeypatch.setattr(module, "__opts__", {"hakube": settings}, raising=False)
    monkeypatch.setattr(module, "__grains__", {}, raising=False)
    monkeypatch.setattr(module, "__pillar__", {"hakube": {"x": 1}}, raising=False)
    with pytest.raises(face.CommandExecutionError, match=r"^minion configuration hakube"):
        getattr(module, function)()


def test_the_problems_of_the_pillar_begin_with_those_of_the_minion(monkeypatch):
    monkeypatch.setattr(hakube, "__opts__", {"hakube": "x"}, raising=False)
    monkeypatch.setattr(hakube, "__grains__", {}, raising=False)
    monkeypatch.setattr(hakube, "__pillar__", {}, raising=False)
    assert hakube.problems() == [f"minion configuration hakube: text is wrong; {MAPPING}"]
