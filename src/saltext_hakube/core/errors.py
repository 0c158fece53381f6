"""The errors of this project, one tree.

::

    HakubeError
    ├── ConfigError     the pillar (or a state's argument) is wrong: names the path and the remedy
    ├── NotInstalled    a program that is needed is not on this machine
    ├── CommandError    a program ran and failed
    ├── TimedOut        a wait came to its end; says what it waited for
    ├── Conflict        somebody else changed the same thing meanwhile
    └── Refused         what was asked would do harm; nothing was done

The text of each is meant for a person: what is wrong, where, what to do. The faces turn them
into Salt's own exceptions; no traceback reaches a user.
"""

from __future__ import annotations

from collections.abc import Iterable


class HakubeError(Exception):
    """Base of all errors that are told to a person."""


class ConfigError(HakubeError):
    """The configuration is wrong. ``problems`` holds one line for each thing that is.

    ``missing``: all that is wrong is that something is not there (yet) that is referred to.
    """

    def __init__(self, problems: Iterable[str], missing: bool = False):
        self.problems = tuple(problems)
        self.missing = missing
        super().__init__("\n".join(self.problems))


class NotInstalled(HakubeError):
    """A program is not on this machine."""

    def __init__(self, program: str):
        self.program = program
        super().__init__(f"{program} is not installed on this machine (state hakube.install)")


class CommandError(HakubeError):
    """A program ended with an error. Its arguments never hold a secret, so they may be shown."""

    def __init__(self, argv: Iterable[str], returncode: int, output: str):
        self.argv = tuple(argv)
        self.returncode = returncode
        self.output = output.strip()
        super().__init__(
            f"{' '.join(self.argv)} failed (exit code {returncode}): {self.output or 'no output'}"
        )


class TimedOut(HakubeError):
    """A wait or a program did not end in time."""


class Conflict(HakubeError):
    """Another writer changed the same thing, again and again, until the deadline."""


class Refused(HakubeError):
    """What was asked would do harm; nothing was changed."""
