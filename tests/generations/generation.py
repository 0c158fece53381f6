"""One process in the file tree of a Debian release, that runs commands for the tests."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.generations import trees
from tests.lab import prerequisites
from tests.lab.layers import CLEAN_ENVIRONMENT
from tests.lab.process import LabError, ProcessId, Progress, silent

#: $1 an empty folder, $2 the lower layers, $3 the worker's source, then folders to be seen inside.
#: What is written lies in memory; mounts, process ids and network (with nobody in it) are its own:
#: nothing of it outlives the worker.
_INSIDE = """
set -e
place=$1 lower=$2 worker=$3; shift 3
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
root=$place/root
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
for seen in "$@"; do
    mkdir -p "$root$seen"
    mount --bind "$seen" "$root$seen"
done
exec chroot "$root" python3 -c "$worker"
"""

_NAMESPACES = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"]


class NoTree(LabError):
    """The file tree of a release cannot be made, most often for want of a network."""


@dataclass(frozen=True)
class Command:
    """``env`` is added to a clean environment; ``timeout`` in seconds."""

    argv: Sequence[str | Path]
    stdin: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Generation:
    """Runs commands in the tree; see ``generation``."""

    def __init__(self, suite: str, process: subprocess.Popen[str]):
        self.suite = suite
        self._process = process

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Done:
        """Run one command. Raises LabError if it cannot be started or does not end."""
        return self.run_all([Command(argv, stdin, env or {}, timeout)])[0]

    def run_all(self, commands: Sequence[Command]) -> list[Done]:
        """Run all of them, some at a time in no fixed order; the answers are in the given order."""
        # Written by a thread of its own: both pipes fill up where there are many commands.
        lines = [
            json.dumps(
                {
                    "id": number,
                    "argv": [str(word) for word in command.argv],
                    "stdin": command.stdin,
                    "env": dict(command.env),
                    "timeout": command.timeout,
                }
            )
            for number, command in enumerate(commands)
        ]
        writer = threading.Thread(target=self._write, args=[lines], daemon=True)
        writer.start()
        answers: dict[int, Done] = {}
        for _ in commands:
            line = self._process.stdout.readline()
            if not line:
                raise LabError(f"the tools of {self.suite} have ended")
            told = json.loads(line)
            shown = " ".join(map(str, commands[told["id"]].argv))
            if told["code"] is None:
                self.end()  # answers to come would be taken for those of the next commands
                raise LabError(f"{self.suite}: `{shown}`: {told['err']}")
            answers[told["id"]] = Done(told["code"], told["out"], told["err"])
        writer.join()
        return [answers[number] for number in range(len(commands))]

    def _write(self, lines: Sequence[str]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the reader of the answers says so
            for line in lines:
                self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """End the process and with it all that runs in the tree."""
        process = ProcessId.of(self._process.pid)
        if process is not None:
            process.kill(signal.SIGKILL)
        self._process.wait(10)


def missing() -> str | None:
    """One line why this machine cannot run them, or None where it can."""
    return prerequisites.missing()


@contextlib.contextmanager
def generation(suite: str, *seen: Path, progress: Progress = silent) -> Iterator[Generation]:
    """The tools of a Debian release; its tree is made now if there is none (about a minute).

    Parameters: *seen* are folders of the machine that the commands find under the same path.
    Raises NoTree where the tree cannot be made.
    """
    try:
        prerequisites.prepare(progress)
        lower = ":".join(str(layer) for layer in trees.layers(suite, progress=progress))
    except LabError as error:
        raise NoTree(str(error)) from error
    worker = Path(__file__).with_name("worker.py").read_text()
    with tempfile.TemporaryDirectory(prefix=f"hakube-{suite}-") as place:
        process = subprocess.Popen(
            [*_NAMESPACES, "--", "sh", "-c", _INSIDE, "generation", place, lower, worker, *seen],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=CLEAN_ENVIRONMENT,
            start_new_session=True,
        )
        tools = Generation(suite, process)
        try:
            yield tools
        finally:
            tools.end()
