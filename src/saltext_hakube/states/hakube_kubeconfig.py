"""
kubeconfig files
================

The cluster entries of kubeconfig files point at the VIP. Only ``server``, and if asked for the CA,
change; every other byte stays, as do owner and mode. This state starts nothing.
"""

from __future__ import annotations

from functools import partial

from saltext_hakube import face

__virtualname__ = "hakube_kubeconfig"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_kubeconfig: hakube's machines are Linux"
    return __virtualname__


def managed(name, server=None, certificate_authority=None):
    """
    Make sure that kubeconfig files point at the API.

    name
        The kubeconfig file, an absolute path; it must be there. Any other name: the files that the
        pillar lists, else those that are there (see ``hakube_kubeconfig.plan``).

    server
        The URL. Default: the pillar's VIP and port.

    certificate_authority
        The file with the CA's certificate. Default: ``hakube:kubernetes:certificate_authority``,
        else the CA stays as it is.

    Changes: ``{FILE: {CLUSTER: {"server": {"old": ..., "new": ...}}}}``. What an entry was before
    the first change is remembered in ``/var/lib/hakube/kubeconfig.json``.

    .. code-block:: yaml

        hakube-kubeconfig:
          hakube_kubeconfig.managed: []

        /etc/kubernetes/kubelet.kubeconfig:
          hakube_kubeconfig.managed:
            - server: https://192.0.2.100:6443
    """
    file = name if name.startswith("/") else None
    arguments = {"name": file, "server": server, "certificate_authority": certificate_authority}
    plan, apply = (
        partial(__salt__[f"hakube_kubeconfig.{step}"], **arguments) for step in ("plan", "apply")
    )
    return face.converge(name, __opts__["test"], plan, apply)


def restored(name):
    """
    Make sure that cluster entries are as they were before hakube changed them. What was not
    changed by hakube, or is gone, is left alone.

    name
        The kubeconfig file, an absolute path. Any other name: all that hakube has changed.

    .. code-block:: yaml

        hakube-kubeconfig-restored:
          hakube_kubeconfig.restored: []
    """
    file = name if name.startswith("/") else None
    plan, apply = (
        partial(__salt__[f"hakube_kubeconfig.{step}"], name=file)
        for step in ("plan_restore", "restore")
    )
    return face.converge(name, __opts__["test"], plan, apply)
