"""
Kubernetes environment files
============================

The kubernetes services read environment files (``/etc/kubernetes/config``,
``/etc/kubernetes/kubelet``, ...) whose variables hold command line flags. These functions set
single variables or single flags in them, by default those that point the components at the VIP;
every other flag, line and comment stays byte for byte. Files are read by systemd's rules
(``EnvironmentFile=`` in systemd.exec(5)), variables are split into arguments as systemd does it
for ``$VAR``, and a variable that is written reads the same to a shell that sources the file.

A changed file has an effect when its service starts again. These functions start nothing.

Without arguments the pillar says what is needed: ``hakube:kubernetes`` (layout, files, names of
the variables, version), ``hakube:vip:address`` and ``hakube:haproxy`` (the URL). A version that
the pillar does not give is asked of the installed programs.
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core import envfile, envflags, kubeenv, kubeobsolete, kubernetes
from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.kubeenv import Edit
from saltext_hakube.host import files, kube
from saltext_hakube.host import kubeenv as host

__virtualname__ = "hakube_kubeenv"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_kubeenv: environment files are systemd's, which is Linux"
    return __virtualname__


def plan(name=None, variables=None, flags=None):
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

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` is
    ``{FILE: {VARIABLE: {"old": ..., "new": ...}}}``; null stands for what is not there. Of a
    variable with several flags only those in question are shown. (Not a diff: that would show
    their neighbours, which may hold secrets.) A warning names what the Kubernetes version refuses.

    Fails with what is wrong with the arguments or the pillar, and where a quote in the file is
    never closed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.plan
        salt '*' hakube_kubeenv.plan /etc/kubernetes/config variables='{KUBE_LOG_LEVEL: "--v=2"}'
    """
    with face.told():
        found, warnings = _plan(name, variables, flags)
        return _outcome("Would be set", found, warnings)


def apply(name=None, variables=None, flags=None):
    """
    Set variables, or flags in them, in environment files.

    name
        The environment file, an absolute path; see :py:func:`plan`. A missing one is made with
        mode 0644, its folder too; an old one keeps owner and mode.

    variables
        A mapping of variables to values; see :py:func:`plan`.

    flags
        A mapping of variables to flags and their values; see :py:func:`plan`.

    Returns the same as :py:func:`plan`, with what was changed, and ``problems``: why the rest was
    not. Fails where nothing was changed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.apply
        salt '*' hakube_kubeenv.apply /etc/kubernetes/kubelet flags='{KUBELET_ARGS: {v: 4}}'
    """
    with face.told():
        found, warnings = _plan(name, variables, flags)
        done, problems = {}, []
        for file, edited in found.items():
            try:
                if edited.changed:
                    path = face.machine(__opts__).path(file)
                    files.write(path, edited.new.encode(errors="surrogateescape"))
            except (HakubeError, OSError) as error:
                problems.append(str(error))
                continue  # the files do not depend on each other
            done[file] = edited
        outcome = _outcome("Set", done, warnings)
        if problems and not outcome["changes"]:
            raise HakubeError("\n".join(problems))
        return {**outcome, "problems": problems}


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


def _plan(name, variables, flags):
    """By file: its text and what changes in it; the warnings."""
    if variables is None and flags is None:
        return _declared(name)
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
    return kubeenv.edited({file: _read(file)}, wanted), []


def _declared(name):
    """What the pillar wants, and warns of."""
    config = _config()
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
    if name is not None:
        wanted = [edit for edit in wanted if edit.file == name]
    warnings = kubernetes.warnings(options, versions)
    left = [] if options.remove_obsolete else obsolete
    warnings += [one.told() for one in left if name in (None, one.file)]
    if name is None:
        warnings += kubeobsolete.without_credentials(options, versions, texts)
    return kubeenv.edited(texts, wanted), warnings


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


def _outcome(head, found, warnings):
    changes = {file: edited.changes for file, edited in found.items() if edited.changed}
    told = f"{head}: {kubeenv.told(changes)}"
    comment = told if changes else f"Already as declared: {', '.join(found) or 'nothing to set'}"
    return face.outcome(changes, comment, warnings)


def _config():
    # A worker runs a kubelet, too, but is none of the cluster's nodes.
    return face.config(__pillar__, __grains__, __opts__, need_node=False)


def _checked_file(name):
    if not isinstance(name, str) or not name.startswith("/") or name.endswith("/"):
        raise ConfigError([f"name: {name!r} is no absolute path of a file"])
    return name


def _read(file):
    return host.text(face.machine(__opts__), file)
