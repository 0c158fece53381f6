"""A write that is killed with SIGKILL leaves the old file or the new one, whole, as it was owned.

strace sends the signal when the n-th system call of a kind is entered, so that the process dies at
every step of a write there is; without strace it is killed at random moments.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

OLD, NEW = b"old\n" * 5000, b"new, and longer\n" * 5000
CODE = r"""
import sys
from pathlib import Path
from saltext_hakube.host import files
path = Path(sys.argv[1])
new = Path(sys.argv[2]).read_bytes()
sys.stdout.buffer.write(b"go\n")
sys.stdout.buffer.flush()
files.write(path, new)
"""
# What a write is made of.
CALLS = "openat,write,fchown,fchmod,setxattr,fsetxattr,fsync,rename,renameat,renameat2,unlink"


@pytest.fixture
def case(tmp_path):
    """A file with a mode, an owner and a link to it, and how to write it."""
    (tmp_path / "new").write_bytes(NEW)
    (tmp_path / "code.py").write_text(CODE)
    folder = tmp_path / "etc"
    folder.mkdir()
    path = folder / "file"
    path.write_bytes(OLD)
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 4321, 1234)
    (folder / "link").symlink_to("file")
    command = [sys.executable, "-S", tmp_path / "code.py", folder / "link", tmp_path / "new"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return path, command, environment


def whole(path, before):
    """Whether the file is the new one; it is that or the old one, with its owner and mode."""
    content, about = path.read_bytes(), path.stat()
    assert content in (OLD, NEW)
    assert (about.st_mode, about.st_uid, about.st_gid) == before
    assert (path.parent / "link").is_symlink()
    return content == NEW


def about(path):
    found = path.stat()
    return found.st_mode, found.st_uid, found.st_gid


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_killed_at_any_system_call_a_write_leaves_the_old_file_or_the_new(case, tmp_path):
    path, command, environment = case
    before = about(path)
    trace = tmp_path / "trace"
    full = ["strace", "-qq", "-o", trace, "-e", f"trace={CALLS}", *command]
    try:
        subprocess.run(full, env=environment, check=True, capture_output=True, timeout=120)
    except subprocess.CalledProcessError as error:
        if b"ptrace" not in error.stderr.lower():
            raise
        pytest.skip(f"strace may not trace here: {error.stderr!r}")
    lines = trace.read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if '"go\\n"' in line)
    counts, steps = {}, []
    for number, line in enumerate(lines):
        call = re.match(r"(\w+)\(", line)
        if call:
            counts[call[1]] = counts.get(call[1], 0) + 1
            if number > start:
                steps.append((call[1], counts[call[1]]))
    assert {"write", "fsync"} <= {call for call, _ in steps}
    assert whole(path, before)
    seen = set()
    for call, count in steps:
        path.write_bytes(OLD)
        inject = f"inject={call}:signal=KILL:when={count}"
        killed = ["strace", "-qq", "-o", trace, "-e", f"trace={CALLS}", "-e", inject, *command]
        done = subprocess.run(
            killed, env=environment, check=False, capture_output=True, timeout=120
        )
        assert done.returncode != 0
        seen.add(whole(path, before))
    # Both must have been seen, else the kills missed the write.
    assert seen == {True, False}
    leaves_nothing_behind(path, command, environment, before)


def test_killed_at_a_random_moment_a_write_leaves_the_old_file_or_the_new(case):
    path, command, environment = case
    before = about(path)
    generator = random.Random(4)
    for _ in range(12):
        path.write_bytes(OLD)
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"go\n"
            time.sleep(generator.uniform(0, 0.004))
            process.send_signal(signal.SIGKILL)
        whole(path, before)
    leaves_nothing_behind(path, command, environment, before)


def leaves_nothing_behind(path, command, environment, before):
    """The next write goes through, and removes what the killed ones left."""
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    assert whole(path, before)
    assert {entry.name for entry in path.parent.iterdir()} == {"file", "link"}
