"""
haproxy's configuration
=======================

Sections of ours in the haproxy.cfg that is there. What is not ours stays byte for byte: each
section of ours stands between two comments that name it and its owner, a section of the same name
that was there before stays above it as a comment, and taking ours out gives the old file back.

Without ``sections`` the pillar says what is needed: the frontends and backends of a highly
available Kubernetes API (``hakube:haproxy``, ``hakube:vip``, ``hakube:apiserver``).

A new file is checked by ``haproxy -c`` with the arguments of haproxy's unit before it replaces the
old one. A running haproxy is told what differs over its socket, if that is all it takes (weights,
servers), else reloaded, never started or restarted. On the nodes of a running cluster this is done
by one node at a time, the VIP's holder last: after its change a node sees whether each backend that
had a server up still has one, and whether the API answers; if not, the old file is put back there,
and the other nodes do not make the change at all.

Where the minion's configuration has ``hakube: {root: DIR}`` only files below DIR are looked at and
changed, and nothing is reloaded.
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core.errors import Refused
from saltext_hakube.core.haproxy import document
from saltext_hakube.core.haproxy.secrets import masked
from saltext_hakube.haproxy_file import Minion, Wanted, taken_over
from saltext_hakube.host import files, rollout
from saltext_hakube.host.haproxy import change as changing
from saltext_hakube.host.haproxy import check as checking
from saltext_hakube.host.haproxy import unit as units

__virtualname__ = "hakube_haproxy"
__func_alias__ = {"sections_": "sections"}

_HOW = {
    "adopted": lambda wanted, _why: [f"{wanted.unit} was told of it and goes on, without a reload"],
    "reloaded": lambda wanted, why: [f"{wanted.unit} was reloaded" + (f" ({why})" if why else "")],
    "stopped": lambda wanted, _why: (
        [f"{wanted.unit} does not run, so it was not reloaded (nor started)"]
        if wanted.machine.live
        else []
    ),
}


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_haproxy: only on Linux"
    return __virtualname__


def plan(sections=None, absent=None, owner=None, config=None, unit=None, check=True):  # noqa: PLR0917
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    sections
        A mapping of headers to lists of lines, such as ``{"frontend web": ["mode http", "bind
        :80"]}``. A header has a keyword of haproxy, a name (``global`` and ``defaults`` need
        none), and what haproxy allows after it (``from other``). A section of this owner that is
        not among them is taken out; ``{}`` takes out all. Default: the sections that the pillar
        needs.

    absent
        A list of sections to remove from the file that are not ours, such as ``["listen stats"]``.
        They are deleted. Default: none.

    owner
        Whose sections these are: letters, digits and ``. _ @ -``. Each owner only takes out its
        own. Default: ``kubernetes`` for the pillar's; needed with ``sections``.

    config
        The file, an absolute path. Default: ``hakube:haproxy:config`` of the pillar, else
        ``/etc/haproxy/haproxy.cfg``. If there is none, it also gets a ``global`` and a ``defaults``
        section.

    unit
        haproxy's systemd unit. Default: ``hakube:haproxy:unit`` of the pillar, else ``haproxy``.

    check
        Whether ``haproxy -c`` looks at the result (a tenth of a second). Default: true. What it
        says against it is a warning here, and an error of :py:func:`apply`.

    Returns ``{"changes": {"diff": "..."}, "comment": "...", "warnings": [...]}``; ``changes`` is
    empty where nothing is to be done. The diff has no context, and of lines that are not ours (of
    a section that is taken over or removed) only the first word; secrets in ours are masked.
    ``changes`` has ``reload`` in place of ``diff`` where an earlier change was cut off before
    haproxy had read the file.

    Fails with what is wrong with the arguments or the pillar.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.plan
        salt '*' hakube_haproxy.plan owner=web sections='{"listen web": ["bind :80", "mode http"]}'
    """
    with face.told():
        wanted = Wanted(_minion(), sections, absent, owner, config, unit)
        old, new = wanted.contents()
        changes = wanted.changes(old, new)
        comment = ["Would be changed" if changes else "Already as declared"]
        comment += taken_over(old, new)
        warnings = []
        if check and changes:
            note, warnings = wanted.looked_at(old, new)
            comment += note
            if units.running(wanted.machine, wanted.unit):
                warnings += rollout.warnings(wanted.machine, wanted.change())
        return face.outcome(changes, "\n".join(comment), warnings)


def apply(sections=None, absent=None, owner=None, config=None, unit=None):
    """
    Put the sections into haproxy.cfg, and let a running haproxy read it.

    sections
        A mapping of headers to lists of lines; see :py:func:`plan`. Default: what the pillar needs.

    absent
        A list of sections of others to delete, such as ``["listen stats"]``. Default: none.

    owner
        Whose sections these are. Default: ``kubernetes`` for the pillar's; needed with
        ``sections``.

    config
        The file, an absolute path. Default: ``hakube:haproxy:config`` of the pillar, else
        ``/etc/haproxy/haproxy.cfg``.

    unit
        haproxy's systemd unit. Default: ``hakube:haproxy:unit`` of the pillar, else ``haproxy``.

    Returns the same as :py:func:`plan`, with what was changed.

    Fails, with the old file in place, where haproxy is not installed, where ``haproxy -c`` refuses
    the new file, and where a running haproxy does not take it.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.apply
        salt '*' hakube_haproxy.apply owner=web sections='{"listen web": ["bind :80", "mode http"]}'
    """
    with face.told():
        wanted = Wanted(_minion(), sections, absent, owner, config, unit)
        old, new = wanted.contents()
        changes = wanted.changes(old, new)
        if not changes:
            return face.outcome(comment="Already as declared")
        warnings = wanted.required(old, new)
        done = changing.make(
            wanted.place(), old, new, wanted.change(), wait=wanted.wait, last=wanted.holds_vip
        )
        comment = ["Changed", *taken_over(old, new), *_HOW[done.how](wanted, done.why)]
        warnings += [f"haproxy: {warning}" for warning in done.warnings]
        return face.outcome(changes, "\n".join(comment), warnings)


def sections_(owner=None, config=None):
    """
    Return the sections that the pillar needs, as they would stand in the file.

    owner
        With an owner: the sections of this owner that are in the file. Default: what the pillar
        needs.

    config
        The file, with ``owner``. Default: as for :py:func:`plan`.

    Returns a mapping of headers to lists of lines, with secrets masked.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.sections
        salt '*' hakube_haproxy.sections owner=kubernetes
    """
    with face.told():
        if owner is None:
            return {s.header: [_masked(line) for line in s.lines] for s in _minion().sections()}
        config = _minion().setting("config", config, file=True)
        text = files.read(face.machine(__opts__).path(config)) or b""
        found = document.parse(text).blocks
        # A block without text only keeps what was replaced.
        blocks = [block for block in found if block.owner == owner and block.text]
        return {block.key: [_masked(line.strip()) for line in block.text[1:]] for block in blocks}


def check(config=None, unit=None):
    """
    Let haproxy check the file that is there, as its unit would start it.

    config
        The file, an absolute path. Default: ``hakube:haproxy:config`` of the pillar, else
        ``/etc/haproxy/haproxy.cfg``.

    unit
        haproxy's systemd unit, whose arguments are used. Default: ``hakube:haproxy:unit`` of the
        pillar, else ``haproxy``.

    Returns ``{"valid": true, "errors": [...], "warnings": [...]}``. Fails where haproxy is not
    installed or there is no such file.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.check
    """
    with face.told():
        minion, machine = _minion(), face.machine(__opts__)
        config, unit = minion.setting("config", config, file=True), minion.setting("unit", unit)
        content = files.read(machine.path(config))
        if content is None:
            raise Refused(f"there is no {config} on this machine (state hakube.haproxy makes it)")
        verdict = checking.check(machine, config, unit, content)
        return {
            "valid": verdict.good,
            "errors": list(verdict.errors),
            "warnings": list(verdict.warnings),
        }


def version():
    """
    Return the version of the installed haproxy, such as ``2.6.12``. Fails where there is none.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_haproxy.version
    """
    with face.told():
        return checking.version()


def _minion():
    return Minion(__pillar__, __grains__, __opts__)


def _masked(line):
    return (masked(line.encode(errors="surrogateescape")) or b"").decode(errors="replace")
