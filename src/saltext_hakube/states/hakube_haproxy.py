"""
haproxy's configuration
=======================

Sections of ours in the haproxy.cfg that is there; what is not ours stays byte for byte. The new
file is checked by ``haproxy -c`` before it replaces the old one; a running haproxy is reloaded,
and gets the old file back if it does not take the new one. haproxy is never started here:
Pacemaker does that.

With ``test=True`` the same is planned and shown as a diff, also on a machine without haproxy.
"""

from __future__ import annotations

from functools import partial

from salt.exceptions import CommandExecutionError

from saltext_hakube import face

__virtualname__ = "hakube_haproxy"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube_haproxy: only on Linux"
    return __virtualname__


def config_managed(name, sections=None, absent=None, owner=None, config=None, unit=None):
    """
    Make sure that haproxy.cfg has the declared sections, exactly as declared.

    name
        Any name. With ``sections`` it is also their owner, if ``owner`` is not given.

    sections
        A mapping of headers to lists of lines. Sections of the same owner that are not among them
        are taken out. Default: the frontends and backends of the Kubernetes API, as the pillar
        has it (``hakube:haproxy``, ``hakube:vip``, ``hakube:apiserver``).

    absent
        A list of sections to delete that are not ours, such as ``listen stats``.

    owner
        Whose sections these are: letters, digits and ``. _ @ -``. Default: ``kubernetes`` for the
        pillar's, else ``name``.

    config
        The file. Default: ``hakube:haproxy:config`` of the pillar, else
        ``/etc/haproxy/haproxy.cfg``. A missing one also gets ``global`` and ``defaults``.

    unit
        haproxy's systemd unit. Default: ``hakube:haproxy:unit`` of the pillar, else ``haproxy``.

    Changes: ``diff`` (a unified diff). Fails, with the old file in place, where haproxy is not
    installed, refuses the new file, or does not take it while it runs.

    .. code-block:: yaml

        kubernetes-api:
          hakube_haproxy.config_managed: []

        registry:
          hakube_haproxy.config_managed:
            - sections:
                frontend registry:
                  - mode tcp
                  - bind 10.0.0.100:5000
                  - default_backend registries
                backend registries:
                  - mode tcp
                  - server one 10.0.0.1:5000 check
            - absent:
                - listen stats
    """
    if sections is not None and owner is None:
        owner = name
    ret = _converge(name, sections=sections, absent=absent, owner=owner, config=config, unit=unit)
    return _kept(ret) if sections is None else ret


def config_absent(name, owner="kubernetes", config=None, unit=None):
    """
    Make sure that haproxy.cfg has no section of an owner. What these had replaced is put back; a
    file that was ours altogether is removed.

    name
        Any name; it only tells this state from others.

    owner
        Whose sections are taken out. Default: ``kubernetes``, the pillar's.

    config
        The file, an absolute path. Default: as for :py:func:`config_managed`.

    unit
        haproxy's systemd unit. Default: as for :py:func:`config_managed`.

    Changes: ``diff`` (a unified diff). Fails, with the file as it was, where haproxy refuses what
    would be left, or does not take it while it runs.

    .. code-block:: yaml

        no-kubernetes-api:
          hakube_haproxy.config_absent: []

        no-registry:
          hakube_haproxy.config_absent:
            - owner: registry
    """
    ret = _converge(name, sections={}, absent=None, owner=owner, config=config, unit=unit)
    return _kept(ret, absent=True) if owner == "kubernetes" else ret


def _converge(name, **arguments):
    test = __opts__["test"]
    plan = partial(__salt__["hakube_haproxy.plan"], **arguments, check=test)
    apply = partial(__salt__["hakube_haproxy.apply"], **arguments)
    return face.converge(name, test, plan, apply)


def _kept(ret, absent=False):
    """Remember the good file for a repair, should somebody spoil it (hakube_haproxy.repair)."""
    if ret["result"] and not __opts__["test"]:
        try:
            __salt__["hakube_haproxy.keep"](absent=absent)
        except CommandExecutionError as error:
            told = f"the file is not remembered for a repair: {error}"
            ret["warnings"] = [*ret.get("warnings", ()), told]
    return ret
