"""Files of ours that are as applied, or not; disks that are full, or not."""

import json
import os

import pytest

from saltext_hakube.agents.probe import disk, drift
from saltext_hakube.agents.probe.drift import Drift, Own, Wrong, manifest, same
from saltext_hakube.agents.probe.look import DOWN, UNKNOWN, UP
from saltext_hakube.core import manifest as written
from saltext_hakube.core.haproxy.document import with_sections
from saltext_hakube.core.haproxy.section import Section
from saltext_hakube.core.kubernetes import Wish
from saltext_hakube.core.manifest import Part

SECTION = Section("frontend api", ("mode tcp", "bind 192.0.2.100:6443"))


@pytest.fixture
def files(tmp_path):
    """A whole file, and haproxy's with a section of ours in it, as they should be."""
    config, whole = tmp_path / "haproxy.cfg", tmp_path / "whole"
    config.write_bytes(with_sections(b"global\n    maxconn 100\n", [SECTION]))
    whole.write_text("all of it\n")
    parts = [written.haproxy(str(config), config.read_bytes())]
    text = written.text({str(whole): whole.read_bytes()}, parts)
    (tmp_path / "files.json").write_bytes(text)
    return Drift(str(tmp_path / "files.json")), config, whole


def test_files_as_applied_are_up_and_are_read_once(files, monkeypatch):
    found, *_ = files
    assert found.look().value == UP
    monkeypatch.setattr(drift, "same", lambda *_: pytest.fail("it was read again"))
    assert found.look().value == UP


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (lambda text: text.replace("maxconn 100", "maxconn 200"), UP),  # not ours
        (lambda text: text + "frontend mine\n", UP),
        (lambda text: text.replace("mode tcp", "mode http"), DOWN),
        (lambda text: text.replace("    bind", "    # bind"), DOWN),
        (lambda text: "garbage", DOWN),
        (lambda text: "", DOWN),
    ],
)
def test_in_a_file_of_others_only_our_part_counts(files, change, value):
    found, config, _ = files
    assert found.look().value == UP
    config.write_text(change(config.read_text()))
    look = found.look()
    assert look.value == value
    assert look.evidence == ({"files": [str(config)]} if value == DOWN else {})


def test_of_a_file_of_ours_every_byte_counts_and_what_was_put_right_is_up(files):
    found, _, whole = files
    whole.write_text("all of it\n\n")
    look = found.look()
    assert (look.value, look.why) == (DOWN, f"{whole} is not as applied")
    whole.write_text("all of it\n")
    assert found.look().value == UP
    whole.unlink()
    assert found.look().why == f"{whole} is gone"


def test_another_manifest_counts_at_once(files, tmp_path):
    found, _, whole = files
    assert found.look().value == UP
    (tmp_path / "files.json").write_bytes(written.text({str(whole): b"another"}, []))
    assert found.look().value == DOWN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no apply has written"),
        ("{", "is no list of files"),
        ("[]", "is no list of files"),
        ('{"format": 2}', "has the format 2"),
        ('{"format": 1, "files": [{"sha256": "00"}]}', "is no list of files"),
        ('{"format": 1, "files": [{"path": "/x", "pieces": [1]}]}', "is no list of files"),
    ],
)
def test_without_a_manifest_nobody_knows(tmp_path, text, words):
    path = tmp_path / "files.json"
    if text is not None:
        path.write_text(text)
    look = Drift(str(path)).look()
    assert look.value == UNKNOWN
    assert words in look.why


def test_a_file_that_cannot_be_read_is_not_known(tmp_path):
    (tmp_path / "folder").mkdir()
    path = tmp_path / "files.json"
    path.write_bytes(written.text({str(tmp_path / "folder"): b""}, []))
    assert Drift(str(path)).look().value == UNKNOWN


@pytest.mark.parametrize(
    ("piece", "content", "there"),
    [
        ("net.x = 1\n", b"net.x = 1\n", True),
        ("net.x = 1\n", b"# mine\nnet.x = 1", True),
        ("net.x = 1\n", b"# net.x = 1\n", False),
        ("net.x = 1\n", b"net.x = 10\n", False),
        ("--master=https://v", b'A="--v=2 --master=https://v"\n', True),
        ("--master=https://v", b'A="--v=2"\n', False),
        ("\udcff = 1\n", b"\xff = 1\n", True),
    ],
)
def test_whole_lines_or_words_in_one(piece, content, there):
    assert same(Own("/x", "", (piece,)), content) is there


def test_what_was_written_is_what_is_read():
    parts = [Part("/b", ("two\n", "\udcff")), Part("/c", ())]
    assert [own.path for own in manifest(written.text({"/a": b"x"}, parts).decode())] == [
        "/a",
        "/b",
    ]
    with pytest.raises(Wrong):
        manifest(json.dumps({"format": 1}))


def test_flags_are_looked_for_as_they_are_spelled():
    wishes = [Wish("/e", "A", "master", "https://v"), Wish("/e", "B", "api_servers", "https://w")]
    texts = {"/e": "A=--master=https://v\nB='--api-servers https://w'\n"}
    assert written.flags(wishes, texts) == [Part("/e", ("--master=https://v", "https://w"))]


def test_a_kubeconfigs_server_line_is_ours():
    text = "- cluster:\n    server: https://v:6443\n- cluster:\n    server: https://other\n"
    assert written.servers("/k", text, ["https://v:6443"]).pieces == ("server: https://v:6443",)


class Statvfs:
    f_frsize = 4096

    def __init__(self, free, total, inodes=0.5):
        self.f_bavail, self.f_blocks = (free << 20) // 4096, (total << 20) // 4096
        self.f_favail, self.f_files = int(inodes * 1000), 1000


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (Statvfs(500, 1000), UP),
        (Statvfs(50, 1000), DOWN),
        (Statvfs(50, 60), DOWN),
        (Statvfs(900, 100_000), DOWN),
        (Statvfs(2000, 100_000), UP),
        (Statvfs(500, 1000, 0.01), DOWN),
    ],
)
def test_a_disk_that_is_nearly_full(monkeypatch, found, value):
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    look = disk.look(["/x", "/y"])
    assert look.value == value
    assert len(look.evidence.get("disks", ())) == (2 if value == DOWN else 0)


def test_a_disk_that_is_not_there_is_not_known(tmp_path):
    assert disk.look([str(tmp_path / "x")]).value == UNKNOWN
