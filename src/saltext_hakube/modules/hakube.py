"""
The configuration of hakube
===========================

What the pillar ``hakube`` means on this minion: checked as a whole, with every default filled in.
The SLS files of hakube ask here, and so can people: ``salt '*' hakube.config`` shows what will be
built before anything is. ``pillar.example/`` has a minimal pillar and one with every key.
"""

from __future__ import annotations

import platform

import salt.version

import saltext_hakube
from saltext_hakube import face
from saltext_hakube.core import unrendered
from saltext_hakube.core.config import public, resolve
from saltext_hakube.core.declared import alone, declared
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.values import MASKED

__virtualname__ = "hakube"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def config(pillar=None):
    """
    Return the whole configuration of this minion, with secrets shown as ``********``.

    pillar
        A mapping to look at in place of the minion's pillar: what would stand under ``hakube``.
        So a pillar can be checked before it is put in place, on any minion, also one that is none
        of its nodes. Leave ``cluster:password`` out, the arguments of a Salt command can be seen
        in the master's job cache. Default: the minion's pillar ``hakube``, as the minion has it in
        memory: ``saltutil.refresh_pillar`` gets a changed one.

    Returns a mapping with the keys of the pillar, every default filled in, and: ``node`` (the name
    that this minion has in the cluster), ``nodes`` and ``servers`` (lists), ``url`` (where clients
    reach the API), ``units`` (the systemd units that Pacemaker manages), ``platform`` (packages
    and repository of this operating system), ``warnings`` (a list of lines), ``live`` (false where
    the minion's configuration has ``hakube: {root: DIR}``, a folder that stands for the machine).

    Fails with one line for each problem, see :py:func:`problems`.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube.config
        salt node1 hakube.config pillar='{cluster: {nodes: {node1: 192.0.2.11}}, ...}'
    """
    with face.told():
        return {**public(_resolved(pillar)), "live": face.machine(__opts__).live}


def problems(pillar=None):
    """
    Return what is wrong with the pillar: a list of lines, empty if nothing is.

    pillar
        A mapping to look at in place of the minion's pillar; see :py:func:`config`.

    Each line has the path in the pillar, what is wrong, and what is allowed or to be done. A pillar
    of objects only (docs/objects.md) is judged as that. Where Salt could not render the minion's
    pillar, a line says what it says of it.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube.problems
    """
    data = __pillar__.get("hakube") if pillar is None else pillar
    # What stands in other SLS files is there all the same, and no state is applied.
    error = unrendered.error(__pillar__) if pillar is None and data else ""
    found = [error] if error else []
    try:
        facts = face.facts(__grains__, __opts__)
        if alone(data):
            declared(data, facts)
        else:
            _resolved(pillar)
    except ConfigError as wrong:
        found += wrong.problems
    return found


def version():
    """
    Return which versions this minion runs.

    Returns ``{"extension": "0.1.0", "salt": "3008.3", "python": "3.11.7"}``. The runner
    ``hakube.doctor`` compares them.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube.version
    """
    return {
        "extension": saltext_hakube.__version__,
        "salt": salt.version.__version__,
        "python": platform.python_version(),
    }


def _resolved(pillar):
    if pillar is None:
        return face.config(__pillar__, __grains__, __opts__)
    return resolve(_with_password(pillar), face.facts(__grains__, __opts__), need_node=False)


def _with_password(pillar):
    """The pillar with something where the password will stand, if that was left out."""
    cluster = pillar.get("cluster") if isinstance(pillar, dict) else None
    if isinstance(cluster, dict) and "password" not in cluster:
        return {**pillar, "cluster": {**cluster, "password": MASKED}}
    return pillar
