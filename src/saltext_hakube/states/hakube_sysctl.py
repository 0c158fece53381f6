"""
Kernel settings at boot and now
===============================

Both the sysctl.d file and the running value are looked at and changed, also with ``test=True``:
a right file with a wrong running value is a change, and so is the reverse. Other lines of the file
stay byte for byte. A warning names a file that would give the key another value at the next boot.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_sysctl"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_sysctl: sysctl.d and /proc/sys are Linux"
    return __virtualname__


def present(name, value, file=None):
    """
    Make sure that a key has a value, at boot and now.

    name
        The key, such as ``net.ipv4.ip_nonlocal_bind``.

    value
        Its value: a number, or text in quotes.

    file
        The sysctl.d file, an absolute path. Default: ``hakube:sysctl:file`` of the pillar, else
        ``/etc/sysctl.d/haproxy.conf``. A missing one is made with mode 0644.

    Changes: ``file`` (a unified diff) and ``running`` (``{KEY: {"old": "0", "new": "1"}}``), each
    only where it was wrong. Fails where the kernel has no such key or does not take the value.

    .. code-block:: yaml

        net.ipv4.ip_nonlocal_bind:
          hakube_sysctl.present:
            - value: 1
            - file: /etc/sysctl.d/haproxy.conf
    """
    if value is None:
        comment = "value: empty; write a number, or text in quotes (or use hakube_sysctl.absent)"
        return {"name": name, "result": False, "changes": {}, "comment": comment}
    return _converge(name, {name: value}, file)


def absent(name, file=None):
    """
    Make sure that a key is what it was before hakube set it: its lines in the file and its running
    value, as they were remembered at the first change. What happens to it afterwards is left alone.

    name
        The key, such as ``net.ipv4.ip_nonlocal_bind``.

    file
        The sysctl.d file, as for :py:func:`present`. If nothing is left in it, it is removed.

    Of a key that hakube did not set, the lines go from the file, and the running value becomes
    that of the other sysctl.d files, else the kernel's default; the default is known for
    ``net.ipv4.ip_nonlocal_bind`` and ``net.ipv6.ip_nonlocal_bind``, another key keeps its running
    value, with a warning.

    .. code-block:: yaml

        net.ipv4.ip_nonlocal_bind:
          hakube_sysctl.absent: []
    """
    return _converge(name, {name: None}, file)


def managed(name):
    """
    Make sure that haproxy can bind to the pillar's VIP: :py:func:`present` with the key that an
    IPv4 or IPv6 ``hakube:vip:address`` needs, and the keys of ``hakube:sysctl:values``, in
    ``hakube:sysctl:file``.

    name
        Any name; it only tells this state from others.

    .. code-block:: yaml

        hakube-sysctl:
          hakube_sysctl.managed: []
    """
    return _converge(name, None, None)


def _converge(name, values, file):
    plan, apply = (
        partial(__salt__[f"hakube_sysctl.{step}"], values=values, file=file)
        for step in ("plan", "apply")
    )
    return face.converge(name, __opts__["test"], plan, apply)
