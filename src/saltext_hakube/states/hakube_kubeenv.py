"""
Kubernetes environment files
============================

Single variables of the files that the kubernetes services read (``/etc/kubernetes/config``,
``/etc/kubernetes/kubelet``, ...), or single flags in them, by default those that point the
components at the VIP. Other flags, lines and comments stay byte for byte. A changed file has an
effect when its service starts again; this state starts nothing.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_kubeenv"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_kubeenv: environment files are systemd's, which is Linux"
    return __virtualname__


def managed(name, variables=None, flags=None):
    """
    Make sure that variables, or single flags in them, have their values.

    name
        The environment file, an absolute path. Without ``variables`` and ``flags`` it may be any
        other name, too: then all files that the pillar has variables for are managed.

    variables
        A mapping of variables to values; put values into quotes. Default: the pillar's
        (``KUBE_MASTER`` in ``/etc/kubernetes/config`` and, before Kubernetes 1.8,
        ``KUBELET_API_SERVER`` in ``/etc/kubernetes/kubelet``; see ``hakube:kubernetes``).

    flags
        A mapping of variables to flags and their values. The variable's other flags stay; null as
        a value means that the flag goes.

    A missing file is made with mode 0644, its folder too; an old one keeps owner and mode. Of
    several assignments to a variable only the last, which is the one that counts, is changed.

    Changes: ``{FILE: {VARIABLE: {"old": ..., "new": ...}}}``. A warning names a variable with a
    flag that the Kubernetes version refuses; it is left alone, unless
    ``hakube:kubernetes:remove_obsolete`` says otherwise.

    .. code-block:: yaml

        hakube-kubeenv:
          hakube_kubeenv.managed: []

        /etc/kubernetes/config:
          hakube_kubeenv.managed:
            - variables:
                KUBE_MASTER: "--master=https://192.0.2.100:6443"

        /etc/kubernetes/kubelet:
          hakube_kubeenv.managed:
            - flags:
                KUBELET_ARGS:
                  kubeconfig: /etc/kubernetes/kubelet.kubeconfig
    """
    given = variables is not None or flags is not None
    return _converge(name, name if given or name.startswith("/") else None, variables, flags)


def absent(name, variables):
    """
    Make sure that variables are not set. The file stays, even if nothing is left in it: a unit
    may need it. (A single flag goes with ``managed`` and ``flags``.)

    name
        The environment file, an absolute path.

    variables
        A list of variables.

    Changes: ``{FILE: {VARIABLE: {"old": ..., "new": null}}}``.

    .. code-block:: yaml

        /etc/kubernetes/kubelet:
          hakube_kubeenv.absent:
            - variables:
                - KUBELET_API_SERVER
    """
    if not isinstance(variables, list) or not variables:
        comment = f"variables: {variables!r} is no list of names; write one such as [KUBE_MASTER]"
        return {"name": name, "result": False, "changes": {}, "comment": comment}
    return _converge(name, name, dict.fromkeys(variables))


def _converge(name, file, variables, flags=None):
    plan, apply = (
        partial(__salt__[f"hakube_kubeenv.{step}"], name=file, variables=variables, flags=flags)
        for step in ("plan", "apply")
    )
    return face.converge(name, __opts__["test"], plan, apply)
