"""
kubeconfig files
================

kubelet, kube-proxy, scheduler and controller-manager find the API by a kubeconfig file. These
functions point its cluster entry at the VIP: only ``server``, and if asked for the CA, change;
every other byte (users, keys, tokens, comments) stays, as do owner and mode. YAML and JSON alike.
What a file holds otherwise is never shown.

Meant are the cluster of the current context, and every cluster whose server is one of our
apiservers. An entry that uses plain http keeps it where the pillar offers it
(``hakube:haproxy:insecure``), all others get https.

Without arguments the pillar says what is needed: ``hakube:kubernetes:kubeconfigs``,
``hakube:kubernetes:certificate_authority``, ``hakube:vip:address``. These functions start nothing.
"""

from __future__ import annotations

from saltext_hakube import face
from saltext_hakube.core import kubeconfig
from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.host import kubeconfig as host
from saltext_hakube.host import kubeenv

__virtualname__ = "hakube_kubeconfig"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_kubeconfig: hakube's machines are Linux"
    return __virtualname__


def plan(name=None, server=None, certificate_authority=None):
    """
    Tell what :py:func:`apply` would change. Changes nothing.

    name
        The kubeconfig file, an absolute path. Default: those that the pillar lists
        (``hakube:kubernetes:kubeconfigs``), else those that the environment files name and
        ``/etc/kubernetes/{kubelet,controller-manager,scheduler,proxy}.{kubeconfig,conf}``, as far
        as they exist.

    server
        The URL, such as ``https://192.0.2.100:6443``. Default: the pillar's VIP and port.

    certificate_authority
        The file with the CA's certificate. An entry that has the certificate in it gets the file's
        content, another its path. Default: ``hakube:kubernetes:certificate_authority``, else the
        CA stays as it is.

    Returns ``{"changes": {...}, "comment": "...", "warnings": [...]}``. ``changes`` is
    ``{FILE: {CLUSTER: {"server": {"old": ..., "new": ...}}}}``.

    Fails where a file that was named is not there, is no kubeconfig, or cannot be edited without
    touching anything else.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeconfig.plan
        salt '*' hakube_kubeconfig.plan /etc/kubernetes/kubelet.kubeconfig
    """
    with face.told():
        found = _plan(name, server, certificate_authority)
        return _outcome("Would be set", found)


def apply(name=None, server=None, certificate_authority=None):
    """
    Point kubeconfig files at the API.

    name
        The kubeconfig file, an absolute path; see :py:func:`plan`. It must be there.

    server
        The URL; see :py:func:`plan`.

    certificate_authority
        The file with the CA's certificate; see :py:func:`plan`.

    Returns the same as :py:func:`plan`, with what was changed, and ``problems``: why the rest was
    not. Fails where nothing was changed.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeconfig.apply
    """
    with face.told():
        found = _plan(name, server, certificate_authority)
        return _made("Set", found, host.apply)


def plan_restore(name=None):
    """
    Tell what :py:func:`restore` would change. Changes nothing.

    name
        The kubeconfig file, an absolute path. Default: all that hakube has changed.

    Returns the same as :py:func:`plan`.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeconfig.plan_restore
    """
    with face.told():
        found = host.restoring(face.machine(__opts__), _names(name))
        return _outcome("Would be given back", found)


def restore(name=None):
    """
    Give cluster entries back the server and CA that they had before hakube changed them.

    name
        The kubeconfig file, an absolute path. Default: all that hakube has changed.

    Returns the same as :py:func:`apply`.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeconfig.restore
    """
    with face.told():
        found = host.restoring(face.machine(__opts__), _names(name))
        return _made("Given back", found, host.restore)


def get(name):
    """
    Return where a kubeconfig file points. Nothing that is secret is in it.

    name
        The kubeconfig file, an absolute path.

    Returns ``{"current": CLUSTER, "clusters": {CLUSTER: {...}}}``; of each cluster ``server``,
    ``certificate-authority``, ``insecure-skip-tls-verify``, and of ``certificate-authority-data``
    only whether it is there.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube_kubeconfig.get /etc/kubernetes/kubelet.kubeconfig
    """
    with face.told():
        text = host.read(face.machine(__opts__), _checked("name", name))
        try:
            found = kubeconfig.Kubeconfig(text)
        except ConfigError as error:
            raise ConfigError(f"{name}: {problem}" for problem in error.problems) from None
        return {
            "current": found.current,
            "clusters": {
                cluster.name: {
                    "server": kubeconfig.visible(kubeconfig.SERVER, cluster.server),
                    kubeconfig.CA_FILE: cluster.values.get(kubeconfig.CA_FILE),
                    kubeconfig.CA_DATA: kubeconfig.CA_DATA in cluster.values,
                    kubeconfig.SKIP_VERIFY: cluster.skip_verify,
                }
                for cluster in found.clusters
            },
        }


def _plan(name, server, authority):
    machine = face.machine(__opts__)
    names, config = _names(name), None
    if name is None or server is None:
        # A worker runs a kubelet, too, but is none of the cluster's nodes.
        config = face.config(__pillar__, __grains__, __opts__, need_node=False)
    if authority is not None:
        authority = _checked("certificate_authority", authority)
    if name is None and server is None and authority is None:
        return host.declared(machine, config)
    if config is not None:
        if names is None:
            options = config.kubernetes
            names = options.kubeconfigs
            if names is None:
                names = host.known(machine, kubeenv.texts(machine, options))
        wish = host.pillars(machine, config)
        server = server or wish.url
        authority = authority or wish.ca_file
    if not isinstance(server, str) or not server.startswith(("https://", "http://")):
        raise ConfigError([f"server: {server!r} is no URL such as https://192.0.2.100:6443"])
    plain, hosts = (wish.plain_url, wish.hosts) if config is not None else (None, ())
    if config is not None and server != wish.url:
        plain = None
    return host.plan(
        machine, names, host.wish(machine, server.rstrip("/"), plain, hosts, authority)
    )


def _made(head, found, make):
    machine = face.machine(__opts__)
    done, problems = [], []
    for change in found:
        try:
            make(machine, change)
        except (HakubeError, OSError) as error:
            problems.append(str(error))
            continue  # the files do not depend on each other
        done.append(change)
    outcome = _outcome(head, done)
    if problems and not outcome["changes"]:
        raise HakubeError("\n".join(problems))
    return {**outcome, "problems": problems}


def _outcome(head, found):
    changes = {change.file: change.changes for change in found if change.changed}
    if changes:
        return face.outcome(changes, f"{head}: {', '.join(changes)}")
    there = ", ".join(change.file for change in found)
    said = f"Already as declared: {there}" if there else "No kubeconfig file to change"
    return face.outcome({}, said)


def _names(name):
    return None if name is None else [_checked("name", name)]


def _checked(place, name):
    if not isinstance(name, str) or not name.startswith("/") or name.endswith("/"):
        raise ConfigError([f"{place}: {name!r} is no absolute path of a file"])
    return name
