"""
The running haproxy
===================

What the running haproxy does. Called as ``hakube_haproxy.FUNCTION``; orders to it are in
:py:mod:`hakube_haproxy_orders <saltext_hakube.modules.hakube_haproxy_orders>`.

Asked is the process itself, over the ``stats socket`` of its configuration. An answer that does not
come within 2 seconds is an error: haproxy hangs.

After a reload the old workers go on with the sessions that they have, and check no server any more.
They are asked over the master's socket (``-S`` in haproxy's unit; Debian's has it).

All functions take these two:

- ``config``: haproxy's file, an absolute path. Default: ``hakube:haproxy:config`` of the pillar,
  else ``/etc/haproxy/haproxy.cfg``.
- ``unit``: its systemd unit. Default: ``hakube:haproxy:unit`` of the pillar, else ``haproxy``.
"""

from __future__ import annotations

from collections import Counter

from saltext_hakube import at_keyboard, face
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy import runtime
from saltext_hakube.host.haproxy import keyboard

__virtualname__ = "hakube_haproxy"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_haproxy: only on Linux"
    return __virtualname__


def info(config=None, unit=None):
    """
    What the running haproxy says of itself (``show info``).

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a mapping with ``version``, ``pid`` (of the current worker), ``uptime`` (seconds),
    ``connections`` (open now), ``stopping`` (true or false) and ``values``: all that haproxy
    tells, by its own names, as text.

    Raises an error if haproxy does not run, hangs, or has no stats socket.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.info
    """
    with face.told():
        found = runtime.info(_keyboard(config, unit).ask("show info"))
    return {
        "version": found.version,
        "pid": found.pid,
        "uptime": found.uptime,
        "connections": found.connections,
        "stopping": found.stopping,
        "values": found.values,
    }


def stats(proxy=None, config=None, unit=None):
    """
    haproxy's counters (``show stat``), by proxy.

    proxy
        The name of a frontend, backend or listen: only that one. Default: all.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a mapping of proxies to mappings of what they consist of (``FRONTEND``, ``BACKEND``,
    each server) to the counters that have a value, by haproxy's names (``scur``: sessions now,
    ``econ``: failed connections, ``wredis``: sent to another server); numbers are numbers.

    Raises an error if haproxy does not run, hangs, has no stats socket, or no such proxy.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.stats
        salt node1 hakube_haproxy.stats kube-apiservers-secure
    """
    with face.told():
        found = {}
        for row in runtime.stat(_keyboard(config, unit).ask("show stat")):
            counters = {name: _plain(value) for name, value in row.items() if value}
            names = [counters.pop("pxname"), counters.pop("svname")]
            found.setdefault(str(names[0]), {})[str(names[1])] = counters
        if proxy is None:
            return found
        if str(proxy) not in found:
            raise ConfigError([f"proxy: haproxy has no {proxy}; it has {', '.join(sorted(found))}"])
        return {str(proxy): found[str(proxy)]}


def servers(backend=None, config=None, unit=None):
    """
    The servers as the running haproxy has them.

    backend
        The name of a backend: only that one. Default: all.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a mapping of backends to mappings of servers to ``status`` (haproxy's word: UP, DOWN,
    MAINT, DRAIN, "no check"), ``state`` (what somebody ordered: ready, drain, maint), ``serving``
    (whether it gets new sessions), ``weight``, ``address``, ``port``, ``check`` (such as L7OK; None
    where none ended), ``code`` (of the check's answer, or None), ``reason``, ``sessions`` (of the
    current worker) and ``since`` (seconds in this status).

    Raises an error if haproxy does not run, hangs, has no stats socket, or no such backend.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.servers
        salt node1 hakube_haproxy.servers kube-apiservers-secure
    """
    with face.told():
        every = _keyboard(config, unit).servers()
        found = at_keyboard.by_backend(one for one in every if backend in (None, one.backend))
        if not found and backend is not None:
            known = ", ".join(sorted({one.backend for one in every})) or "none"
            raise ConfigError([f"backend: haproxy has none named {backend}; it has {known}"])
        return found


def sessions(server=None, backend=None, limit=100, old_workers=True, config=None, unit=None):  # noqa: PLR0917
    """
    The sessions on servers, in old workers, too.

    server
        The name of a server: only those on it. Default: all.

    backend
        The name of a backend: only those in it. Default: all.

    limit
        How many sessions to list, the oldest first; all are counted. Default: 100.

    old_workers
        False: only the current worker, which needs no master socket. Default: True.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a mapping with ``count``, ``by_server`` (``BACKEND/SERVER`` to a number), ``by_worker``
    (process id, as text, to a number) and ``sessions``, a list of mappings with ``pid`` (of the
    worker), ``source``, ``frontend``, ``backend``, ``server`` and ``age`` (seconds).

    Raises an error if haproxy does not run, hangs, or has no socket to ask.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.sessions
        salt node1 hakube_haproxy.sessions secure-node2 limit=10
    """
    with face.told():
        found = [
            {
                "pid": pid,
                "source": one.source,
                "frontend": one.frontend,
                "backend": one.backend,
                "server": one.server,
                "age": one.age,
            }
            for pid, every in keyboard.sessions(_keyboard(config, unit), old_workers).items()
            for one in every
            if one.server and server in (None, one.server) and backend in (None, one.backend)
        ]
    return {
        "count": len(found),
        "by_server": dict(Counter(f"{one['backend']}/{one['server']}" for one in found)),
        "by_worker": dict(Counter(str(one["pid"]) for one in found)),
        "sessions": sorted(found, key=lambda one: -one["age"])[: max(int(limit), 0)],
    }


def workers(config=None, unit=None):
    """
    haproxy's worker, and the old ones that reloads have left with their sessions.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a mapping with ``current`` (a mapping with ``pid``, ``uptime`` in seconds, ``version``
    and ``sessions``; None where there is none), ``old`` (a list of the same, with ``reloads``: how
    many they have outlived) and ``old_count``.

    Raises an error if haproxy does not run, hangs, or has no master socket.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.workers
    """
    with face.told():
        haproxy = _keyboard(config, unit)
        counts = {pid: len(every) for pid, every in keyboard.sessions(haproxy).items()}
        found = [worker for worker in haproxy.workers() if worker.pid in counts]
    told = [
        {
            "pid": worker.pid,
            "uptime": worker.uptime,
            "version": worker.version,
            "sessions": counts[worker.pid],
            **({"reloads": worker.reloads} if worker.old else {}),
        }
        for worker in found
    ]
    current = [one for one in told if "reloads" not in one]
    old = [one for one in told if "reloads" in one]
    return {"current": current[0] if current else None, "old": old, "old_count": len(old)}


def running(config=None, unit=None):
    """
    In what the running haproxy and its file on disk differ, as far as haproxy tells. Changes
    nothing.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a mapping with ``differences``, a list of mappings with ``backend``, ``server``,
    ``what`` (server, address, port, weight, state, check or maxconn), ``file`` and ``running``
    (None where it has none); and ``older``: whether the process began before the last change of
    its file. That is no fault by itself: hakube writes some changes to both without a reload.

    Raises an error if haproxy does not run, hangs, or has no stats socket.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.running
    """
    with face.told():
        haproxy = _keyboard(config, unit)
        return {
            "differences": keyboard.differences(haproxy),
            "older": keyboard.older_than_file(haproxy),
        }


def _keyboard(config, unit):
    return at_keyboard.keyboard(__pillar__, __grains__, __opts__, config, unit)


def _plain(value):
    return int(value) if value.lstrip("-").isdecimal() else value
