"""What people wish survives a power cut as soon as they are told that it was left."""

import os
import stat
from pathlib import Path

from saltext_hakube.healing import seen, wishes

PAUSE = wishes.Wish(kind="pause", at=1.0, reason="new switches")


def test_a_wish_is_on_the_disk_before_it_has_its_name_and_so_is_the_name(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor):
        steps.append(("sync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    def named(path, target):
        steps.append(("name", str(target)))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", named)
    file = wishes.leave(tmp_path, PAUSE)
    first, content, name, folder = steps
    assert first == ("sync", str(tmp_path)), "the folder of the wishes is new"
    assert content[0] == "sync" and Path(content[1]).parent == file.parent
    assert (name, folder) == (("name", str(file)), ("sync", str(file.parent)))
    assert wishes.waiting(tmp_path) == [(file, PAUSE)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_may_be_lost_waits_for_no_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: 1 / 0)
    seen.write(tmp_path, seen.Seen(at=7.0))
    assert seen.read(tmp_path).at == 7.0
    assert stat.S_IMODE((tmp_path / "seen.json").stat().st_mode) == 0o600
