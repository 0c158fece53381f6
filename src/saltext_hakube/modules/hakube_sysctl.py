"""
Kernel settings at boot and now
===============================

haproxy binds to the VIP on every node, also on those that do not hold it. The kernel allows that
with ``net.ipv4.ip_nonlocal_bind`` (for an IPv6 VIP: ``net.ipv6.ip_nonlocal_bind``). These
functions keep a sysctl.d file and the running value the same; everything else in the file stays
byte for byte. Without arguments the pillar says what is needed (``hakube:vip:address``,
``hakube:sysctl:file``, ``hakube:sysctl:values``).

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at
and changed; the running value is left out, and the comment says so.
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core import sysctl
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.host import sysctl as host

__virtualname__ = "hakube_sysctl"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_sysctl: sysctl.d and /proc/sys are Linux"
    return __virtualname__


def plan(values=None, file=None):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    values
        A mapping of keys to values, such as ``{net.ipv4.ip_nonlocal_bind: 1}``. Null as a value
        means that the key is not set any more: its lines and its running value become what they
        were before the first change (remembered in ``/var/lib/hakube/sysctl.json``). Of a key that
        hakube did not set, the lines go from the file, and the running value becomes that of the
        other sysctl.d files, else the kernel's default (known for the two keys that a VIP needs;
        another key keeps its running value, with a warning).
        Default: what the pillar lists and what its VIP needs.

    file
        The sysctl.d file, an absolute path. Default: ``hakube:sysctl:file`` of the pillar, else
        ``/etc/sysctl.d/haproxy.conf``.

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` has ``file``
    (a unified diff) where the file is wrong, and ``running`` (``{KEY: {"old": ..., "new": ...}}``)
    where the kernel has another value. A warning names a file that would give the key another
    value at the next boot.

    Fails where the kernel has no such key (IPv6 switched off, module not loaded), and with what
    is wrong with the arguments or the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_sysctl.plan
        salt '*' hakube_sysctl.plan values='{net.ipv4.ip_nonlocal_bind: 1}'
    """
    with face.told():
        values, found = _plan(values, file)
        head = "Would be set" if _changes(found) else "Already as declared"
        return _outcome(head, values, found)


def apply(values=None, file=None):
    """
    Set keys at boot and now.

    values
        A mapping of keys to values; see :py:func:`plan`. Default: what the pillar lists and what
        its VIP needs.

    file
        The sysctl.d file, an absolute path; see :py:func:`plan`. A missing one is made with mode
        0644, one that becomes empty is removed.

    The kernel gets the values first, so that one that it refuses is not in the file either.

    Returns the same as :py:func:`plan`, with what was changed, and ``problems``: why the rest was
    not. Where nothing was changed it fails with that, such as the kernel's answer to a value.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_sysctl.apply
        salt '*' hakube_sysctl.apply values='{net.ipv4.ip_nonlocal_bind: null}'
    """
    with face.told():
        values, found = _plan(values, file)
        done, problems = host.apply(face.machine(__opts__), found)
        head = "Set" if _changes(done) else "Already as declared"
        return {**_outcome(head, values, done), "problems": list(problems)}


def get(name):
    """
    Return what a key is now and what it will be after the next boot.

    name
        The key, such as ``net.ipv4.ip_nonlocal_bind``.

    Returns ``{"running": "1", "boot": "1", "file": "/etc/sysctl.d/haproxy.conf"}``. ``running``
    is null where the kernel has no such key (or a folder stands for the machine); ``boot`` and
    ``file`` are null where no sysctl.d file sets it. Patterns in sysctl.d files are not looked at.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_sysctl.get net.ipv4.ip_nonlocal_bind
    """
    with face.told():
        machine = face.machine(__opts__)
        file, value = host.at_boot(machine, sysctl.check_key(name)) or (None, None)
        running = host.get_running(name, needed=False) if machine.live else None
        return {"running": running, "boot": value, "file": file}


def _plan(values, file):
    """The values as text, and the plan for them."""
    if values is None:
        values = sysctl.wanted(_config().sysctl, _config().vip.address)
    if not isinstance(values, dict) or not values:
        example = "{net.ipv4.ip_nonlocal_bind: 1}"
        raise ConfigError([f"values: {values!r} is no mapping of keys to values, as {example} is"])
    values = {
        str(key): None if value is None else sysctl.check_value(str(key), value)
        for key, value in values.items()
    }
    if file is None:
        file = _config().sysctl.file if __pillar__.get("hakube") else sysctl.Sysctl().file
    if not isinstance(file, str) or not file.startswith("/") or file.endswith("/"):
        raise ConfigError([f"file: {file!r} is no absolute path of a file"])
    return values, host.plan(face.machine(__opts__), file, values)


def _config():
    return face.config(__pillar__, __grains__, __opts__)


def _changes(found):
    changes = {}
    if found.new != found.old:
        changes["file"] = face.diff(found.old, found.new, found.file)
    if found.running:
        changes["running"] = {
            k: {"old": old, "new": new} for k, (old, new) in found.running.items()
        }
    return changes


def _outcome(head, values, found):
    told = ", ".join(f"no {k}" if v is None else f"{k} = {v}" for k, v in values.items())
    comment = "; ".join((f"{head}: {told} in {found.file}", *found.notes))
    return face.outcome(_changes(found), comment, list(found.warnings))
