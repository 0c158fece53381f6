"""A look-out for a secret: in the arguments of every process, in logs, returns and events."""

from __future__ import annotations

from tests.lab.lab import Lab
from tests.lab.process import wait_until
from tests.lab.wheels import VENV

#: Runs on each machine: a turn over all processes takes a few milliseconds, so that one which lives
#: for a tenth of a second is seen. Ends by itself. It reads the secret from standard input.
_SPY = """
import pathlib, sys, time
secret = sys.stdin.readline().strip().encode()
seen, turns, end = set(), 0, time.monotonic() + float(sys.argv[1])
stop = pathlib.Path("/run/hakube-spy.stop")
while time.monotonic() < end and not stop.exists():
    turns += 1
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if secret in words:
            seen.add(words.replace(b"\\0", b" ").decode(errors="replace"))
    time.sleep(0.02)
new = pathlib.Path("/run/hakube-spy.new")
new.write_text(repr((turns, sorted(seen))))
new.rename("/run/hakube-spy.seen")
"""

_LOGS = ("/var/log", "/run/log", "/var/cache/salt", "/var/cache/hakube", "/tmp", "/run/hakube")


class Lookout:
    """Watches from `start` to `stop`; `findings` says where the secret was seen."""

    def __init__(self, lab: Lab, secret: str, seconds: float = 400) -> None:
        self._lab, self._secret, self._seconds = lab, secret, seconds
        self.turns = 0
        self.events = self._ours = 0

    def start(self) -> None:
        """Begin to watch processes on all machines and the events on the master."""
        for machine in self._lab.machines:
            machine.write("/root/spy.py", _SPY)
            machine.write("/root/secret", self._secret)
            # Opened before it is removed, however late the spy itself begins.
            machine.run(
                "rm -f /run/hakube-spy.*; exec 3< /root/secret; rm /root/secret; "
                f"setsid python3 /root/spy.py {self._seconds} <&3 3<&- > /dev/null 2>&1 &"
            )
        self._lab.master.run(
            f": > /root/events; setsid timeout {self._seconds} {VENV}/bin/salt-run state.event "
            ">> /root/events 2>&1 &"
        )
        wait_until(self._hears, "events to be heard", timeout=60)
        self._ours = self._lab.master.read("/root/events").count("\n")

    def _hears(self) -> bool:
        """Whether an event of ours is heard; on a busy machine Salt takes many seconds to start."""
        tag = "hakube/look-out"
        self._lab.master.run([f"{VENV}/bin/salt-run", "--log-level=quiet", "event.send", tag])
        return tag in self._lab.master.read("/root/events")

    def stop(self) -> list[str]:
        """End the watch. Returns a line for each place where the secret was seen."""
        found = []
        for machine in self._lab.machines:
            turns, seen = self._spied(machine)
            self.turns += turns
            found += [f"{machine.name}: a process has it: {words}" for words in seen]
            found += self._in_logs(machine)
        events = self._lab.master.read("/root/events")
        self.events = events.count("\n") - self._ours
        if self._secret in events:
            found.append("an event has it")
        return found

    def _spied(self, machine) -> tuple[int, list[str]]:
        """End the spy there: how often it looked, and the processes with the secret."""
        machine.run("touch /run/hakube-spy.stop")
        told = "/run/hakube-spy.seen"
        wait_until(
            lambda: machine.run(["test", "-e", told], check=False).returncode == 0,
            f"the spy on {machine.name} to tell what it saw",
            timeout=30,
        )
        return eval(machine.read(told))  # our own repr

    def _in_logs(self, machine) -> list[str]:
        # The master keeps the pillars that it compiled; those are the pillar itself.
        script = (
            f"grep -rlsF -f - {' '.join(_LOGS)} "
            "--exclude-dir=pillar --exclude-dir=pillar_cache || true; "
            "journalctl --no-pager > /root/journal 2>/dev/null; echo"
        )
        files = machine.run(script, input=self._secret + "\n").stdout.split()
        journal = machine.read("/root/journal")
        found = [f"{machine.name}: {name} has it" for name in files]
        return found + ([f"{machine.name}: the journal has it"] if self._secret in journal else [])
