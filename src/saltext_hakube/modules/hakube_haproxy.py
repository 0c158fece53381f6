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

import os
import re

from saltext_hakube import face
from saltext_hakube.core.declared import alone
from saltext_hakube.core.errors import ConfigError, NotInstalled, Refused
from saltext_hakube.core.haproxy import document, kubernetes, process, shown
from saltext_hakube.core.haproxy import wanted as pillar
from saltext_hakube.core.haproxy.options import Haproxy
from saltext_hakube.core.haproxy.secrets import masked
from saltext_hakube.core.haproxy.section import declared, keys
from saltext_hakube.host import files, network, rollout
from saltext_hakube.host.haproxy import change as changing
from saltext_hakube.host.haproxy import check as checking
from saltext_hakube.host.haproxy import unit as units
from saltext_hakube.host.haproxy.health import Place
from saltext_hakube.host.haproxy.replace import unread

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

NOT_INSTALLED = "haproxy is not installed yet: the file will be checked when it is"


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
        wanted = _Wanted(sections, absent, owner, config, unit)
        old, new = wanted.contents()
        changes = _changes(wanted, old, new)
        comment = ["Would be changed" if changes else "Already as declared"]
        comment += _taken_over(old, new)
        warnings = []
        if check and changes:
            note, warnings = _looked_at(wanted, new)
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
        wanted = _Wanted(sections, absent, owner, config, unit)
        old, new = wanted.contents()
        changes = _changes(wanted, old, new)
        if not changes:
            return face.outcome(comment="Already as declared")
        warnings = _required(wanted, new)
        done = changing.make(
            wanted.place(), old, new, wanted.change(), wait=wanted.wait, last=wanted.holds_vip
        )
        comment = ["Changed", *_taken_over(old, new), *_HOW[done.how](wanted, done.why)]
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
            return {s.header: [_masked(line) for line in s.lines] for s in _of_pillar()}
        config = _setting("config", config, file=True)
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
        machine = face.machine(__opts__)
        config, unit = _setting("config", config, file=True), _setting("unit", unit)
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


class _Wanted:
    """The arguments of plan and apply, checked and completed from the pillar."""

    def __init__(self, sections, absent, owner, config, unit):
        self.machine = face.machine(__opts__)
        self.sections = _of_pillar() if sections is None else declared(sections, "sections")
        self.absent = keys(absent or [], "absent")
        if sections is not None and owner is None:
            raise ConfigError(["owner: needed with sections; name whose they are, such as 'web'"])
        self.owner = document.OWNER if owner is None else owner
        if not isinstance(self.owner, str) or not re.fullmatch(r"[A-Za-z0-9_.@-]+", self.owner):
            raise ConfigError(
                [
                    f"owner: {owner!r} is wrong; expected letters, digits and . _ @ - (in a state, "
                    "the state's name is the owner if none is given)"
                ]
            )
        self.config = _setting("config", config, file=True)
        self.unit = _setting("unit", unit)

    def contents(self):
        """The file as it is (None: missing) and as it should be."""
        old = files.read(self.machine.path(self.config))
        try:
            new = document.with_sections(
                old, self.sections, self.absent, owner=self.owner, base=process.BASE
            )
        except ConfigError as error:
            raise ConfigError(f"{self.config}: {text}" for text in error.problems) from None
        return old, old if old is None and not new else new

    @property
    def wait(self):
        """Seconds to wait for the cluster's turn."""
        pillar = _pillar()
        return float(pillar.cluster.settle_timeout if pillar else 300)

    def place(self):
        """The haproxy that is changed, and how it is asked whether it serves."""
        pillar = _pillar()
        options = pillar.haproxy if pillar else Haproxy()
        there = not options.plain and (self.sections or self.owner != document.OWNER)
        socket = options.api_socket if there and options.api_socket != "none" else None
        return Place(self.machine, self.config, self.unit, socket, options.check_path)

    def change(self):
        """What is changed, for the other nodes to know it by."""
        told = "".join(line for section in self.sections for line in section.rendered())
        digest = changing.digest(f"{self.owner} {self.absent} {told}")
        pillar = _pillar()
        node = pillar.node if pillar and pillar.node else os.uname().nodename
        return rollout.Change(self.unit, digest, node)

    def holds_vip(self):
        """Whether the VIP is on this machine; its holder goes after all others."""
        pillar = _pillar()
        own = [str(net.ip) for nets in network.interfaces().values() for net in nets]
        return bool(pillar) and pillar.vip.address in own


def _pillar():
    """What the pillar means; None where there is none, or only objects of the cluster."""
    if not __pillar__.get("hakube") or alone(__pillar__["hakube"]):
        return None
    return face.config(__pillar__, __grains__, __opts__)


def _of_pillar():
    config = face.config(__pillar__, __grains__, __opts__)
    try:
        version = checking.version()
    except NotInstalled:
        version = None
    options = kubernetes.adapted(config.haproxy, version)
    return pillar.wanted(options, config.vip.address, config.servers)


def _setting(name, given, file=False):
    """An argument, else what the pillar says, else the default."""
    if given is None:
        pillar = _pillar()
        return getattr(pillar.haproxy if pillar else Haproxy(), name)
    if not isinstance(given, str) or not given or (file and not re.fullmatch(r"/.*[^/]", given)):
        kind = "an absolute path of a file" if file else "a name, such as 'haproxy'"
        raise ConfigError([f"{name}: {given!r} is wrong; expected {kind}"])
    return given


def _looked_at(wanted, new):
    """What haproxy says of the planned file: comments and warnings."""
    try:
        verdict = checking.check(wanted.machine, wanted.config, wanted.unit, new)
    except NotInstalled:
        return [NOT_INSTALLED], []
    if verdict.good:
        return [], _warnings(wanted, verdict)
    return [], [_refusal(wanted, verdict), *_warnings(wanted, verdict)]


def _required(wanted, new):
    """haproxy's warnings; its refusal is an error."""
    try:
        verdict = checking.check(wanted.machine, wanted.config, wanted.unit, new)
    except NotInstalled:
        if wanted.sections:
            raise
        return []  # what is left is not ours, and nobody reads it
    if verdict.good:
        return _warnings(wanted, verdict)
    # What is left when ours are gone is not our doing; but a haproxy that runs shall not meet it.
    if wanted.sections or units.running(wanted.machine, wanted.unit):
        raise Refused(_refusal(wanted, verdict))
    return [_refusal(wanted, verdict), *_warnings(wanted, verdict)]


def _masked(line):
    return (masked(line.encode(errors="surrogateescape")) or b"").decode(errors="replace")


def _refusal(wanted, verdict):
    return "\n".join((f"haproxy -c refuses the new {wanted.config}:", *verdict.errors))


def _warnings(wanted, verdict):
    warnings = [f"haproxy: {warning}" for warning in verdict.warnings]
    if not units.loads(wanted.machine, wanted.config, wanted.unit):
        warnings.append(f"the unit {wanted.unit} does not load {wanted.config}")
    return warnings


def _taken_over(old, new):
    """A comment for each section that was somebody else's and is now replaced."""
    had = {block.key for block in document.parse(old or b"").blocks}
    return [
        f"The file's own '{block.key}' is replaced; it stays above ours as a comment"
        for block in document.parse(new or b"").blocks
        if block.replaced and block.key not in had
    ]


def _changes(wanted, old, new):
    changes = {}
    if new != old:
        changes["diff"] = shown.diff(old, new, wanted.config)
    elif new is not None and unread(wanted.machine, wanted.unit):
        # An earlier change was killed between the write and the reload.
        changes["reload"] = f"{wanted.unit} still runs with what was in {wanted.config} before"
    return changes
