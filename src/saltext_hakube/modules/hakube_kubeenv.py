"""
Kubernetes environment files
============================

The kubernetes services read environment files (``/etc/kubernetes/config``,
``/etc/kubernetes/kubelet``, ...) whose variables hold command line flags. These functions set
single variables in them, by default those that point the components at the VIP; every other line
and comment stays byte for byte. Files are read by systemd's rules (``EnvironmentFile=`` in
systemd.exec(5)), and what is written reads the same to systemd and to a shell that sources it.

A changed file has an effect when its service starts again. These functions start nothing.

Without arguments the pillar says what is needed: ``hakube:kubernetes`` (files, names of the
variables, version), ``hakube:vip:address`` and ``hakube:haproxy`` (the URL).
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core import envfile, kubernetes
from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.host import files

__virtualname__ = "hakube_kubeenv"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_kubeenv: environment files are systemd's, which is Linux"
    return __virtualname__


def plan(name=None, variables=None):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    name
        The environment file, an absolute path. Default: all files that the pillar has variables
        for.

    variables
        A mapping of variables to values, such as ``{KUBE_MASTER: "--master=https://VIP:6443"}``.
        Null as a value means that the variable is set no more. Default: what the pillar says for
        this file. Only together with ``name``.

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` is
    ``{FILE: {VARIABLE: {"old": ..., "new": ...}}}``; null stands for a variable that is not set.
    (Not a diff: that would show neighbouring lines, which may hold secrets.) A warning names a
    variable with a flag that the pillar's Kubernetes version refuses.

    Fails with what is wrong with the arguments or the pillar, and where a quote in the file is
    never closed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.plan
        salt '*' hakube_kubeenv.plan /etc/kubernetes/config variables='{KUBE_LOG_LEVEL: "--v=2"}'
    """
    with face.told():
        found = _plan(name, variables)
        return _outcome("Would be set", found, _warnings(name, variables))


def apply(name=None, variables=None):
    """
    Set variables in environment files.

    name
        The environment file, an absolute path; see :py:func:`plan`. A missing one is made with
        mode 0644, its folder too; an old one keeps owner and mode.

    variables
        A mapping of variables to values; see :py:func:`plan`.

    Returns the same as :py:func:`plan`, with what was changed, and ``problems``: why the rest was
    not. Fails where nothing was changed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeenv.apply
        salt '*' hakube_kubeenv.apply /etc/kubernetes/config variables='{KUBE_LOG_LEVEL: "--v=2"}'
    """
    with face.told():
        found = _plan(name, variables)
        done, problems = {}, []
        for file, (text, changed) in found.items():
            try:
                if text is not None:
                    path = face.machine(__opts__).path(file)
                    files.write(path, text.encode(errors="surrogateescape"))
            except (HakubeError, OSError) as error:
                problems.append(str(error))
                continue  # the files do not depend on each other
            done[file] = (text, changed)
        outcome = _outcome("Set", done, _warnings(name, variables))
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


def _plan(name, variables):
    """By file: the new text (None: as it is), and what changes in it."""
    found = {}
    for file, wanted in _wanted(name, variables).items():
        text = _read(file)
        declared = {key: value for key, value in wanted.items() if value is not None}
        dropped = [key for key, value in wanted.items() if value is None]
        try:
            new = envfile.with_values(envfile.without(text, dropped), declared)
        except ConfigError as error:
            raise ConfigError(f"{file}: {problem}" for problem in error.problems) from None
        before = {key: envfile.get(text, key) for key in wanted}
        changes = {k: {"old": before[k], "new": v} for k, v in wanted.items() if before[k] != v}
        found[file] = (new if new != text else None, changes)
    return found


def _wanted(name, variables):
    """By file: the variables and their values as text."""
    if variables is None:
        declared = kubernetes.variables(_config().kubernetes, _config().url)
        if name is None:
            return declared
        if _checked_file(name) not in declared:
            known = ", ".join(declared)
            raise ConfigError([f"name: the pillar has variables for {known}, not for {name}"])
        return {name: declared[name]}
    if name is None:
        raise ConfigError(["name: missing; variables need the file that they are for"])
    if not isinstance(variables, dict) or not variables:
        example = "{KUBE_MASTER: '--master=https://192.0.2.100:6443'}"
        raise ConfigError(
            [f"variables: {variables!r} is no mapping of names to values, as {example} is"]
        )
    return {_checked_file(name): {str(k): _value(k, v) for k, v in variables.items()}}


def _value(name, value):
    """The value as text. YAML's other kinds are refused: it is no more known what was written."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ConfigError([f"variables:{name}: {value!r} is no text; put the value into quotes"])


def _warnings(name, variables):
    if variables is not None:
        return []
    options = _config().kubernetes
    return [
        f"{file}: {variable} is set, but Kubernetes {options.version} refuses its flag; it is left "
        "alone, remove it with hakube_kubeenv.absent"
        for file, variables in kubernetes.obsolete(options).items()
        for variable in variables
        if name in (None, file) and envfile.get(_read(file), variable)
    ]


def _outcome(head, found, warnings):
    changes = {file: changed for file, (text, changed) in found.items() if text is not None}
    names = "; ".join(f"{', '.join(changed)} in {file}" for file, changed in changes.items())
    comment = f"{head}: {names}" if changes else f"Already as declared: {', '.join(found)}"
    return face.outcome(changes, comment, warnings)


def _config():
    # A worker runs a kubelet, too, but is none of the cluster's nodes.
    return face.config(__pillar__, __grains__, __opts__, need_node=False)


def _checked_file(name):
    if not isinstance(name, str) or not name.startswith("/") or name.endswith("/"):
        raise ConfigError([f"name: {name!r} is no absolute path of a file"])
    return name


def _read(file):
    content = files.read(face.machine(__opts__).path(file))
    return (content or b"").decode(errors="surrogateescape")
