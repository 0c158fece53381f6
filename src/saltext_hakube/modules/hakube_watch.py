"""
hakube-watch, the eyes on this node's haproxy
=============================================

A small daemon of this project, run by systemd and not by Salt. After a reload haproxy's old workers
check nothing: what they have open on a server that dies would stay open until ``timeout server``.
hakube-watch closes it, in old workers and in the unchecked copy of the backend, when the current
worker finds the server down while another one is up. docs/watch.md tells the rest.

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at and
changed, and nothing is enabled or started.
"""

from __future__ import annotations

from saltext_hakube import __version__, face
from saltext_hakube.core import watch
from saltext_hakube.core.errors import TimedOut
from saltext_hakube.host import watch as host

__virtualname__ = "hakube_watch"

# Seconds beyond the interval: a haproxy that hangs and a busy machine make a look last longer.
LATE = 5.0


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_watch: systemd is Linux"
    return __virtualname__


def plan(absent=False):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    absent
        Whether the daemon is to be removed. Default: false.

    The pillar says how it runs (``hakube:watch``, ``hakube:haproxy``).

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` has ``program``
    (what happens to it, in a word), ``config`` and ``unit`` (unified diffs) and ``service`` (a list
    of ``enable``, ``start``, ``restart``, ``stop``, ``disable``), each only where something is to
    be done. A warning says what it cannot do, as where haproxy has no master socket.

    Fails with what is wrong with the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.plan
        salt '*' hakube_watch.plan absent=True
    """
    with face.told():
        found = _plan(absent)
        return _outcome(found, "Would be changed" if _changes(found) else _nothing(absent))


def apply(absent=False):
    """
    Install the daemon, enable it and start it; restart it where anything of it changed.

    absent
        Whether to remove it instead: stop, disable, take its files away. Default: false.

    Returns the same as :py:func:`plan`, with what was changed.

    Fails where a file cannot be written, or the daemon does not start (its journal says why).

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.apply
    """
    with face.told():
        found = _plan(absent)
        host.apply(face.machine(__opts__), found)
        return _outcome(found, "Changed" if _changes(found) else _nothing(absent))


def remove():
    """
    Stop the daemon, disable it and take its files away: :py:func:`apply` with ``absent=True``.

    Returns the same as :py:func:`plan`, with what was changed. Needs no pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.remove
    """
    return apply(absent=True)


def status():
    """
    Return what the daemon sees now, since when, and what it did last.

    Returns a mapping:

    - ``age``: seconds since it looked; ``at`` and ``started``: Unix times of that and of its start
    - ``interval``: seconds from one look to the next
    - ``haproxy``: ``stats`` and ``master``, its sockets, each with ``path``, ``problem`` (null
      where it answers) and ``since`` (Unix time)
    - ``servers``: all servers in the current worker, each with ``backend``, ``name``, ``address``,
      ``status`` and ``check`` (haproxy's words), ``sessions``, ``since`` (seconds in this status)
    - ``workers``: ``current``, a process id, and ``old``, those that were replaced and go on with
      their sessions
    - ``dead``: the addresses whose sessions are closed, and why
    - ``actions``: the last 20, each with ``at`` (Unix time), ``what`` and ``why``
    - ``pid``, ``build``: of the daemon; ``format``: of this mapping, 1

    Fails where the daemon does not run, or is 5 seconds late with its next look.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_watch.status
    """
    with face.told():
        seen, age = host.sample(face.machine(__opts__))
        if age > seen.get("interval", 0) + LATE:
            raise TimedOut(
                f"{watch.SERVICE} has not looked for {age:.0f} s: it hangs, or was killed "
                f"(`journalctl -u {watch.SERVICE}`)"
            )
        seen.pop("clock")
        return {**seen, "age": round(age, 3)}


def _plan(absent):
    machine = face.machine(__opts__)
    if absent:
        return host.plan_absent(machine)
    config = face.config(__pillar__, __grains__, __opts__)
    return host.plan(machine, config.watch, config.haproxy)


def _changes(found):
    changes = {}
    for name, path in (("program", watch.PROGRAM), ("config", watch.CONFIG), ("unit", watch.UNIT)):
        if path in found.files:
            old, new = found.files[path]
            word = "removed" if new is None else "new" if old is None else "changed"
            release = f" (saltext-hakube {__version__})" if new is not None else ""
            changes[name] = f"{word}{release}" if name == "program" else face.diff(old, new, path)
    if found.service:
        changes["service"] = list(found.service)
    return changes


def _outcome(found, comment):
    return face.outcome(_changes(found), "; ".join((comment, *found.notes)), list(found.warnings))


def _nothing(absent):
    return "Already absent" if absent else "Already as declared"
