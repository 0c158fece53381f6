"""
A haproxy.cfg that haproxy refuses
==================================

An apply puts our sections into the file and leaves all other lines alone, so it cannot mend a file
whose other lines haproxy refuses: one that was overwritten, or cut off. For that the last good file
is kept (``/var/lib/hakube/haproxy.cfg``, for root only), and put back, with our sections as the
pillar has them now. Called as ``hakube_haproxy.FUNCTION``.

What haproxy refused is not lost: it stays beside the file, its name with ``.hakube-refused`` at the
end.
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core.errors import NotInstalled, Refused
from saltext_hakube.core.haproxy import document, process
from saltext_hakube.haproxy_file import Minion, Wanted
from saltext_hakube.host import files
from saltext_hakube.host.haproxy import change as changing
from saltext_hakube.host.haproxy import check as checking
from saltext_hakube.host.haproxy import unit as units
from saltext_hakube.host.remedy import applied as manifest

__virtualname__ = "hakube_haproxy"

_KEPT = "/var/lib/hakube/haproxy.cfg"
_ASIDE = ".hakube-refused"
_HOW = {
    "stopped": "finds it when it starts",
    "reloaded": "was reloaded",
    "adopted": "was told of it and goes on",
}


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_haproxy: only on Linux"
    return __virtualname__


def repairs(applied=False):
    """
    Tell what :py:func:`repair` would change. Changes nothing.

    applied
        Whether to fail where our sections would not be those of the last apply (of
        ``hakube_probe``, which notes them). Default: false, the pillar's.

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}`` as :py:func:`plan` does.
    ``changes`` has ``file`` in place of ``diff`` where another file takes the place of what is
    there: ``kept`` (the last good one) or ``new`` (only our sections, and what haproxy needs).

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.repairs
    """
    with face.told():
        return _Repair(applied).outcome("Would be changed")


def repair(applied=False):
    """
    Put haproxy.cfg right: as :py:func:`apply` does, where haproxy takes what that gives. Else, if
    our sections are not as declared or haproxy does not run, the last good file is put back; and if
    none is known and haproxy does not run, a new file takes its place.

    applied
        Whether to fail where our sections would not be those of the last apply; see
        :py:func:`repairs`. Default: false.

    A haproxy that runs, with our sections as they should be, is left alone whatever else stands in
    the file: somebody is at work there.

    Returns the same as :py:func:`repairs`, with what was changed.

    Fails where haproxy refuses each of these files; the file is as it was then.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.repair
    """
    with face.told():
        found = _Repair(applied)
        if not found.changes:
            return found.outcome("")
        return found.make()


def keep(absent=False):
    """
    Remember haproxy.cfg as it is, if haproxy takes it and our sections are as the pillar has them.

    absent
        Whether to forget what is remembered instead. Default: false.

    Returns whether something new is remembered (or was forgotten).

    Fails where it cannot be written, and with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.keep
    """
    with face.told():
        path = face.machine(__opts__).path(_KEPT)
        before = files.read(path)
        if absent:
            files.remove(path)
            return before is not None
        wanted = _wanted()
        old, new = wanted.contents()
        if old is None or old in (before, b"") or old != new or not _good(wanted, old):
            return False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(path, old, mode=0o600)
        return True


class _Repair:
    """What is to be done about the file: ``new`` takes the place of ``old``."""

    def __init__(self, applied):
        self.wanted = wanted = _wanted()
        self.old, self.new = wanted.contents()
        self.source = ""
        self.changes = wanted.changes(self.old, self.new)
        runs = units.running(wanted.machine, wanted.unit)
        if not (runs and not self.changes) and not _good(wanted, self.new):
            self.new, self.source = self._other(runs)
            self.changes = {"file": self.source}
        # A file of our sections alone may have them with other words: of others' defaults.
        if applied and self.changes and self.source != "new" and not self._as_applied():
            raise Refused(
                f"{wanted.config} would not be as it was applied last: the pillar has changed "
                "since then (state hakube.haproxy)"
            )

    def _as_applied(self):
        return manifest.like(self.wanted.machine, self.wanted.config, self.new)

    def _other(self, runs):
        """The first file in its place that haproxy takes."""
        wanted = self.wanted
        kept = files.read(wanted.machine.path(_KEPT))
        choices = [] if kept is None else [("kept", kept)]
        # What else stood in the file is lost with this one, so not while haproxy serves with it.
        choices += [] if runs else [("new", None)]
        for source, text in choices:
            content = document.with_sections(
                text, wanted.sections, wanted.absent, owner=wanted.owner, base=process.BASE
            )
            if _good(wanted, content):
                return content, source
        _good(wanted, self.new, needed=True)
        raise Refused(f"haproxy refuses {wanted.config}, and no other file is known")

    def make(self):
        wanted = self.wanted
        if self.source and self.old is not None:
            aside = wanted.machine.path(wanted.config + _ASIDE)
            files.write(aside, self.old, mode=0o600)
        warnings = wanted.required(self.old, self.new)
        done = changing.make(
            wanted.place(),
            self.old,
            self.new,
            wanted.change(),
            wait=wanted.wait,
            last=wanted.holds_vip,
        )
        outcome = self.outcome("Changed")
        comment = f"{outcome['comment']}; {wanted.unit} {_HOW[done.how]}"
        warnings += [f"haproxy: {warning}" for warning in done.warnings]
        return {**outcome, "comment": comment, "warnings": warnings}

    def outcome(self, comment):
        if not self.changes:
            return face.outcome(comment="Already as declared")
        told = {
            "kept": "the last good file takes the place of one that haproxy refuses",
            "new": "a new file, of our sections alone, takes the place of one that haproxy refuses",
        }.get(self.source)
        if told and self.old is not None:
            told += f" (which stays as {self.wanted.config}{_ASIDE})"
        return face.outcome(self.changes, f"{comment}: {told}" if told else comment)


def _wanted():
    return Wanted(Minion(__pillar__, __grains__, __opts__), None, None, None, None, None)


def _good(wanted, content, needed=False):
    """Whether haproxy takes the content; ``needed``: raise Refused with its words if not."""
    try:
        said = checking.check(wanted.machine, wanted.config, wanted.unit, content or b"")
    except NotInstalled:
        return True
    if needed and not said.good:
        raise Refused(
            f"haproxy refuses {wanted.config}, also with our sections in it, and no good file of "
            f"before is known: {'; '.join(said.errors[:3])}"
        )
    return said.good
