"""Files replaced whole or not at all, on a real file system."""

import os
import subprocess

import pytest

from saltext_hakube.core.errors import HakubeError, Refused
from saltext_hakube.host import files


def dead_pid():
    with subprocess.Popen(["true"]) as process:
        pass
    return process.pid


def test_a_write_through_a_link_replaces_the_file_behind_it(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    files.write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_removal_through_a_link_removes_the_file_behind_it_and_the_next_write_finds_it(tmp_path):
    (tmp_path / "behind").mkdir()
    real, link = tmp_path / "behind" / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    files.remove(link)
    assert link.is_symlink()
    assert not real.exists()
    assert files.read(link) is None
    files.remove(link)
    files.write(link, b"new")
    assert real.read_bytes() == b"new"
    assert link.is_symlink()


@pytest.mark.parametrize("act", [lambda path: files.write(path, b"x"), files.remove])
def test_what_is_no_regular_file_is_neither_replaced_nor_removed(tmp_path, act):
    # As a link to /dev/null in sysctl.d, which masks a file of that name.
    os.mkfifo(tmp_path / "device")
    (tmp_path / "link").symlink_to("device")
    with pytest.raises(Refused, match=r"link leads to .*/device, which is no regular file"):
        act(tmp_path / "link")
    assert (tmp_path / "device").is_fifo()


def test_what_a_killed_write_left_goes_with_the_next_one_and_nothing_else(tmp_path):
    pid = dead_pid()
    keep = {
        f".file.hakube-{os.getppid()}",  # somebody writes just now
        f".other.hakube-{pid}",
        f"file.hakube-{pid}",
        f".file.hakube-{pid}.swp",
        ".file.hakube-",
        "fileXhakube",
    }
    for name in (*keep, f".file.hakube-{pid}"):
        (tmp_path / name).touch()
    files.write(tmp_path / "file", b"new")
    assert {path.name for path in tmp_path.iterdir()} == {"file", *keep}


def test_a_refusal_of_the_system_is_one_line_with_the_file_and_the_reason(tmp_path):
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    with pytest.raises(
        HakubeError, match=r"^cannot write .*/below: (Not a directory|File exists)$"
    ):
        files.write(below, b"x")
    with pytest.raises(HakubeError, match=r"^cannot read .*: Is a directory$"):
        files.read(tmp_path)
    with pytest.raises(HakubeError, match=r"^cannot remove .*: Not a directory$"):
        files.remove(below)


@pytest.mark.parametrize("name", ["user.note", "security.selinux", "security.hakube"])
def test_attributes_stay_those_of_the_old_file(tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, name, b"x")
    except OSError as error:
        pytest.skip(f"this file system or user has no {name}: {error.strerror}")
    files.write(path, b"new")
    assert os.getxattr(path, name) == b"x"


def test_a_hard_links_other_name_keeps_the_old_content(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "other").hardlink_to(tmp_path / "file")
    files.write(tmp_path / "file", b"new")
    assert (tmp_path / "other").read_bytes() == b"old"
