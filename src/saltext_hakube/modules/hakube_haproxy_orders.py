"""
Orders to haproxy
=================

Servers in and out of service, by the word of a person. Called as ``hakube_haproxy.FUNCTION``.

The running process is told, over a ``stats socket`` of level admin, and then looked at: what is
returned is what became of it. An answer that does not come within 2 seconds is an error: haproxy
hangs. Nothing is written into any file: a reload forgets it.

``config`` and ``unit`` are as in
:py:mod:`hakube_haproxy_runtime <saltext_hakube.modules.hakube_haproxy_runtime>`.
"""

from __future__ import annotations

from saltext_hakube import at_keyboard, face
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.host.haproxy import keyboard

__virtualname__ = "hakube_haproxy"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_haproxy: only on Linux"
    return __virtualname__


def drain(server, backend=None, force=False, config=None, unit=None):
    """
    Send no new sessions to a server; those that it has go on, and so do its checks.

    server
        The name of a server.

    backend
        The name of a backend. Default: every backend that has this server.

    force
        True: also if no other server of the backend is up. Default: False.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns what :py:func:`servers` tells of them, read again after the change.

    Raises an error if there is no such server, it is the last one up, haproxy does not run or
    hangs, or has no stats socket of level admin.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.drain secure-node2
    """
    with face.told():
        haproxy = _keyboard(config, unit)
        return at_keyboard.by_backend(
            keyboard.set_state(haproxy, server, backend, "drain", bool(force))
        )


def ready(server, backend=None, config=None, unit=None):
    """
    Let a server serve again that was drained or in maintenance.

    server
        The name of a server.

    backend
        The name of a backend. Default: every backend that has this server.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns what :py:func:`servers` tells of them, read again after the change. Whether it is up is
    for its checks to say.

    Raises an error if there is no such server, haproxy does not run or hangs, or has no stats
    socket of level admin.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.ready secure-node2
    """
    with face.told():
        haproxy = _keyboard(config, unit)
        return at_keyboard.by_backend(
            keyboard.set_state(haproxy, server, backend, "ready", force=True)
        )


def maintenance(server, backend=None, force=False, config=None, unit=None):
    """
    Take a server out altogether: no new sessions, no checks. With ``on-marked-down
    shutdown-sessions`` its sessions end at once; :py:func:`drain` lets them go on.

    server
        The name of a server.

    backend
        The name of a backend. Default: every backend that has this server.

    force
        True: also if no other server of the backend is up. Default: False.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns what :py:func:`servers` tells of them, read again after the change.

    Raises an error if there is no such server, it is the last one up, haproxy does not run or
    hangs, or has no stats socket of level admin.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.maintenance secure-node2
    """
    with face.told():
        haproxy = _keyboard(config, unit)
        return at_keyboard.by_backend(
            keyboard.set_state(haproxy, server, backend, "maint", bool(force))
        )


def weight(server, weight, backend=None, force=False, config=None, unit=None):  # noqa: PLR0917
    """
    Give a server a weight: its share of new sessions, beside the weights of the others.

    server
        The name of a server.

    weight
        A number from 0 (no new sessions) to 256.

    backend
        The name of a backend. Default: every backend that has this server.

    force
        True: 0 also if no other server of the backend is up. Default: False.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns what :py:func:`servers` tells of them, read again after the change.

    Raises an error if there is no such server, the weight is none, the backend's algorithm has
    fixed weights (``static-rr``, ``source`` without ``hash-type consistent``), haproxy does not run
    or hangs, or has no stats socket of level admin.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.weight secure-node2 10
    """
    with face.told():
        number = str(weight)
        if not number.isdecimal() or int(number) > 256:
            raise ConfigError([f"weight: {weight!r} is wrong; expected a number from 0 to 256"])
        haproxy = _keyboard(config, unit)
        return at_keyboard.by_backend(
            keyboard.set_weight(haproxy, server, backend, int(number), bool(force))
        )


def shutdown_sessions(server, backend=None, old_workers=True, config=None, unit=None):
    """
    End the sessions on a server at once, in old workers, too (which check no server, so that their
    sessions on one that died stay until a timeout).

    server
        The name of a server.

    backend
        The name of a backend. Default: every backend that has this server.

    old_workers
        False: only in the current worker, which needs no master socket. Default: True.

    config
        haproxy's file. Default: that of the pillar.

    unit
        haproxy's systemd unit. Default: that of the pillar.

    Returns a list of mappings with ``pid`` (of the worker), ``backend``, ``server`` and
    ``sessions``: how many were shut down, seen to be gone; empty where there were none.

    Raises an error if there is no such server, haproxy does not run or hangs, or has no socket of
    level admin.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_haproxy.shutdown_sessions secure-node2
    """
    with face.told():
        haproxy = _keyboard(config, unit)
        shut = keyboard.shutdown_sessions(haproxy, server, backend, bool(old_workers))
    return [
        {"pid": one.pid, "backend": one.backend, "server": one.server, "sessions": one.sessions}
        for one in shut
    ]


def _keyboard(config, unit):
    return at_keyboard.keyboard(__pillar__, __grains__, __opts__, config, unit)
