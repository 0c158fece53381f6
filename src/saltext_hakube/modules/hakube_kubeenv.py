"""
Kubernetes environment files
============================

The kubernetes services read environment files (``/etc/kubernetes/config``,
``/etc/kubernetes/kubelet``, ...) whose variables hold command line flags. These functions set
single variables or single flags in them, by default those that point the components at the VIP;
every other flag, line and comment stays byte for byte. Files are read by systemd's rules
(``EnvironmentFile=`` in systemd.exec(5)), variables are split into arguments as systemd does it
for ``$VAR``, and a variable that is written reads the same to a shell that sources the file.

Without arguments the pillar says what is needed: ``hakube:kubernetes`` (layout, files, names of
the variables, version), ``hakube:vip:address`` and ``hakube:haproxy`` (the URL). A version that
the pillar does not give is asked of the installed programs. Then kubeconfig files are pointed at
the VIP, too (see ``hakube_kubeconfig``), and what reads a changed file is restarted: kubelet and
kube-proxy by systemd, if they run; what Pacemaker manages by Pacemaker, one node at a time, and
where it does not come back the old files are put back and the other nodes stay as they are.
With ``hakube:kubernetes:restart: false``, and with arguments, nothing is restarted.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial

import msgspec

from saltext_hakube import face
from saltext_hakube.core import envfile, envflags, kubeenv, kubeobsolete, kubernetes
from saltext_hakube.core.errors import ConfigError, HakubeError, Refused
from saltext_hakube.core.kubeenv import Edit
from saltext_hakube.host import kube, kubeapply, kubeconfig, network, rollout, services
from saltext_hakube.host import kubeenv as host

__virtualname__ = "hakube_kubeenv"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_kubeenv: environment files are systemd's, which is Linux"
    return __virtualname__


def plan(name=None, variables=None, flags=None, restart=True):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    name
        The environment file, an absolute path. Default: all files that the pillar has variables
        for.

    variables
        A mapping of variables to values, such as ``{KUBE_MASTER: "--master=https://VIP:6443"}``.
        Null as a value means that the variable is set no more. Default: what the pillar says for
        this file. Only together with ``name``.

    flags
        A mapping of variables to flags and their values, such as
        ``{KUBELET_ARGS: {kubeconfig: /etc/kubernetes/kubelet.kubeconfig}}``: the variable's other
        flags stay as they are. Null as a value means that the flag goes. Only together with
        ``name``.

    restart
        Whether what reads a changed file is restarted, where the pillar has it so. Default: true.

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` is
    ``{FILE: {VARIABLE: {"old": ..., "new": ...}}}``; null stands for what is not there. Of a
    variable with several flags only those in question are shown. (Not a diff: that would show
    their neighbours, which may hold secrets.) Changed kubeconfig files look as in
    ``hakube_kubeconfig.plan``, and under ``restart`` stand the units that are restarted. A warning
    names what the Kubernetes version refuses, and what is not restarted though it should be.

    Fails with what is wrong with the arguments or the pillar, and where a quote in the file is
    never closed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.plan
        salt '*' hakube_kubeenv.plan /etc/kubernetes/config variables='{KUBE_LOG_LEVEL: "--v=2"}'
    """
    with face.told():
        return _plan(name, variables, flags, restart).outcome("Would be set")


def apply(name=None, variables=None, flags=None, restart=True):
    """
    Set variables, or flags in them, in environment files.

    name
        The environment file, an absolute path; see :py:func:`plan`. A missing one is made with
        mode 0644, its folder too; an old one keeps owner and mode.

    variables
        A mapping of variables to values; see :py:func:`plan`.

    flags
        A mapping of variables to flags and their values; see :py:func:`plan`.

    restart
        Whether what reads a changed file is restarted, where the pillar has it so. Default: true.
        False is for a repair of files that what runs has read before they were spoiled; it is
        refused while restarts of an apply that was cut off are due.

    Returns the same as :py:func:`plan`, with what was changed, and ``problems``: why the rest was
    not. Fails where nothing was changed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.apply
        salt '*' hakube_kubeenv.apply /etc/kubernetes/kubelet flags='{KUBELET_ARGS: {v: 4}}'
    """
    with face.told():
        work = _plan(name, variables, flags, restart)
        if not restart and kubeapply.due(face.machine(__opts__)):
            raise Refused("an apply was cut off, and restarts are due; apply hakube.kubeenv again")
        done = kubeapply.make(face.machine(__opts__), work.writes(), work.restart, work.rules())
        outcome = work.outcome("Set", done)
        if done.problems and not outcome["changes"]:
            raise HakubeError("\n".join(done.problems))
        return {**outcome, "problems": list(done.problems)}


def get(name):
    """
    Return the variables of an environment file, as systemd reads them.

    name
        The environment file, an absolute path.

    Returns ``{VARIABLE: VALUE}``, empty where there is no such file. Values are shown as they
    are: do not call it on a file with secrets where others see the output.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.get /etc/kubernetes/config
    """
    with face.told():
        return envfile.values(_read(_checked_file(name)))


class _Work:
    """What is to be done: environment files, kubeconfig files, restarts."""

    def __init__(self, edited, kubeconfigs=(), config=None, warnings=()):
        self.edited = {file: one for file, one in edited.items() if one.changed}
        self.all = [*edited, *(change.file for change in kubeconfigs)]
        self.kubeconfigs = [change for change in kubeconfigs if change.changed]
        self.config = config
        self.warnings = list(warnings)
        self.restart = self._restart()

    def _restart(self):
        config, machine = self.config, face.machine(__opts__)
        if config is None or not config.kubernetes.restart:
            return services.Plan()
        names = {*self.edited, *(change.file for change in self.kubeconfigs)}
        due = set(kubeapply.due(machine))
        variables = {
            file: envfile.changed(one.old, one.new)
            for file, one in self.edited.items()
            if file not in due
        }
        found = services.plan(
            machine, names | due, config.node, _managed(config), variables=variables
        )
        clients = (config.resources.controller.unit, config.resources.scheduler.unit)
        return services.without_early(found, clients, config.url)

    def writes(self):
        """What writes each file."""
        machine = face.machine(__opts__)
        found = [
            kubeapply.Write(file, *host.replacing(machine, file, one.old, one.new))
            for file, one in self.edited.items()
        ]
        return found + [
            kubeapply.Write(
                change.file, change.old.encode(), partial(kubeconfig.apply, machine, change)
            )
            for change in self.kubeconfigs
        ]

    def rules(self):
        """How it is done in the cluster."""
        config = self.config
        if config is None or not self.restart.managed:
            return None
        told = json.dumps([config.url, msgspec.to_builtins(config.kubernetes)], sort_keys=True)
        own = next((one for one in config.servers if one.name == config.node), None)
        ready = services.readyz(own.address, own.port) if own else None
        return kubeapply.Rules(
            rollout.Change(
                "kubernetes", hashlib.sha256(told.encode()).hexdigest()[:16], config.node
            ),
            config.node,
            {config.resources.apiserver.unit: ready} if ready else {},
            config.cluster.settle_timeout,
            partial(network.holds, config.vip.address),
        )

    def outcome(self, head, done=None):
        """What is told: of all, or of what was done."""
        changes = {file: one.changes for file, one in self.edited.items()}
        changes |= {change.file: change.changes for change in self.kubeconfigs}
        units = self.restart.units
        if done is not None:
            changes = {file: said for file, said in changes.items() if file in done.written}
            units = list(done.restarted)
        comment = f"{head}: {kubeenv.told(changes)}"
        if not changes:
            comment = f"Already as declared: {', '.join(self.all) or 'nothing to set'}"
        if units:
            changes["restart"] = units
            comment += f"; {'restarted' if done else 'would be restarted'}: {', '.join(units)}"
        return face.outcome(changes, comment, [*self.warnings, *self.restart.notes])


def _managed(config):
    """The units that Pacemaker manages and that read these files, with their resources."""
    resources = config.resources
    return {
        one.unit: one.name
        for one in (resources.apiserver, resources.controller, resources.scheduler)
    }


def _plan(name, variables, flags, restart=True):
    if variables is None and flags is None:
        return _declared(name, restart)
    if name is None:
        raise ConfigError(["name: missing; variables need the file that they are for"])
    file = _checked_file(name)
    wanted = []
    if variables is not None:
        example = "{KUBE_MASTER: '--master=https://192.0.2.100:6443'}"
        for key, value in _mapping("variables", variables, example).items():
            wanted.append(Edit(file, str(key), None, _value(f"variables:{key}", value)))
    if flags is not None:
        example = "{KUBELET_ARGS: {v: 2}}"
        for key, inner in _mapping("flags", flags, example).items():
            for flag, value in _mapping(f"flags:{key}", inner, "{v: 2}").items():
                place = f"flags:{key}:{flag}"
                wanted.append(Edit(file, str(key), _flag(place, flag), _value(place, value)))
    return _Work(kubeenv.edited({file: _read(file)}, wanted))


def _declared(name, restart):
    """What the pillar wants, and warns of."""
    # A worker runs a kubelet, too, but is none of the cluster's nodes.
    config = face.config(__pillar__, __grains__, __opts__, need_node=False)
    if not restart:
        options = msgspec.structs.replace(config.kubernetes, restart=False)
        config = msgspec.structs.replace(config, kubernetes=options)
    options, machine = config.kubernetes, face.machine(__opts__)
    versions = kubernetes.versions(options, kube.versions(machine))
    problems = kubernetes.problems(options, config.haproxy.insecure, versions)
    if problems:
        raise ConfigError(problems)
    texts = host.texts(machine, options)
    obsolete = list(kubeobsolete.find(options, versions, texts))
    removed = obsolete if options.remove_obsolete else []
    wanted = kubeenv.edits(kubernetes.wishes(options, config.url, versions, texts), removed)
    known = dict.fromkeys(edit.file for edit in wanted)
    if name is not None and _checked_file(name) not in known:
        raise ConfigError(
            [f"name: the pillar has variables for {', '.join(known)}, not for {name}"]
        )
    warnings = kubernetes.warnings(options, versions)
    left = [] if options.remove_obsolete else obsolete
    warnings += [one.told() for one in left if name in (None, one.file)]
    if name is not None:
        wanted = [edit for edit in wanted if edit.file == name]
        return _Work(kubeenv.edited(texts, wanted), config=config, warnings=warnings)
    warnings += kubeobsolete.without_credentials(options, versions, texts)
    changes = kubeconfig.declared(machine, config)
    return _Work(kubeenv.edited(texts, wanted), changes, config, warnings)


def _mapping(place, value, example):
    if not isinstance(value, dict) or not value:
        raise ConfigError([f"{place}: {value!r} is no mapping of names to values, as {example} is"])
    return value


def _flag(place, name):
    """A flag's name, which may come with its dashes."""
    name = str(name).lstrip("-")
    if not envflags.NAME.fullmatch(name):
        raise ConfigError([f"{place}: {name!r} is no name of a flag; write one such as kubeconfig"])
    return name


def _value(place, value):
    """The value as text. YAML's other kinds are refused: it is no more known what was written."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ConfigError([f"{place}: {value!r} is no text; put the value into quotes"])


def _checked_file(name):
    if not isinstance(name, str) or not name.startswith("/") or name.endswith("/"):
        raise ConfigError([f"name: {name!r} is no absolute path of a file"])
    return name


def _read(file):
    return host.text(face.machine(__opts__), file)
