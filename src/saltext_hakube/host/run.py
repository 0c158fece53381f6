"""The one door to processes.

Every program that this project starts is started here: with a deadline, in the C locale, with
no shell, and never with a secret among its arguments (secrets go through standard input).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from saltext_hakube.core.errors import CommandError, NotInstalled, TimedOut

# The cluster's programs live in sbin, which a minion started by hand may not have in its PATH.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
LAST = 2.0  # seconds for what was killed to end


class Result(NamedTuple):
    """What a program said."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams: pcs 0.10 writes messages to stdout, pcs 0.11 to stderr."""
        return "\n".join(part for part in (self.stderr.strip(), self.stdout.strip()) if part)


def run(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float = 60.0,
    env: Mapping[str, str] | None = None,
    ok: Sequence[int] | None = (0,),
) -> Result:
    """Run a program to its end.

    ``timeout`` in seconds: after it the program and its children are killed; they are waited for
    two seconds more at the most. ``ok`` lists the exit codes that are no error (``None``: all).
    ``env`` is added to the environment.

    Raises NotInstalled, TimedOut, CommandError.
    """
    environment = {**os.environ, "LC_ALL": "C", **(env or {})}
    paths = environment.get("PATH", "/usr/bin:/bin").split(os.pathsep)
    environment["PATH"] = os.pathsep.join([*paths, *(p for p in SBIN if p not in paths)])
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
            encoding="utf-8",  # whatever the locale of the minion: names and files are
            errors="replace",
        )
    except FileNotFoundError:
        raise NotInstalled(argv[0]) from None
    except PermissionError as error:
        raise CommandError(argv, 126, str(error)) from None
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        raise TimedOut(f"{' '.join(argv)} did not end within {timeout:g} s") from None
    except BaseException:
        _kill_group(process)
        raise
    result = Result(process.returncode, stdout, stderr)
    if ok is not None and result.returncode not in ok:
        raise CommandError(argv, result.returncode, result.output)
    return result


def _kill_group(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # Not for ever: one in a session of its own may hold the pipes, and one that waits for a disk
    # that hangs does not end.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=LAST)
    for pipe in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
