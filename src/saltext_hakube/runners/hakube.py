"""
hakube on the master
====================

What a master needs so that ``state.apply hakube`` works, and whether its minions have it.
"""

from __future__ import annotations

import time

import salt.client
import salt.utils.minions
import salt.version
from salt.exceptions import SaltException

import saltext_hakube
from saltext_hakube.core import diagnosis
from saltext_hakube.healing import masterfile
from saltext_hakube.healing.masterfile import BACKENDS, FILE

__virtualname__ = "hakube"


def __virtual__():
    return __virtualname__


def master_config():
    """
    Print the one file of configuration that this master needs.

    It lists the fileserver backends that the master has already, and hakube after them, so that a
    file of yours below /srv/salt/hakube/ takes the place of ours; the reactor that has an event of
    a node looked into; and the schedule of ``hakube.reconcile``. A comment warns where a setting in
    the master's main file stops to count: Salt replaces the settings of /etc/salt/master by those
    of the same name in master.d. It is repeated then.

    Returns the file's content, as text. The master has to be restarted afterwards.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.master_config
        salt-run hakube.master_config > /etc/salt/master.d/hakube.conf
    """
    return masterfile.text(__opts__)


def doctor(tgt="*", tgt_type="glob", timeout=15):
    """
    Find out what keeps hakube from working on the minions, and what to do about it.

    tgt
        Which minions to ask. Default: all.

    tgt_type
        How ``tgt`` is meant: glob, list, grain, pillar, compound, ... Default: glob.

    timeout
        Seconds to wait for answers, to each of three questions. Default: 15.

    Refreshes the minions' pillar. Looks at: minions that do not answer; that lack the extension
    or have another version than the master; a pillar that is wrong; a node of the pillar that no
    answering minion is; a master that does not serve the SLS files, or lacks what the healing needs
    where a pillar asks for it.

    Returns ``{"retcode": 0 or 1, "master": {...}, "minions": {ID: {...}}, "problems": [...]}``:
    versions of extension, Salt and Python, and one line for each problem. The exit code of
    ``salt-run`` is the retcode.

    CLI Example:

    .. code-block:: bash

        salt-run hakube.doctor
        salt-run hakube.doctor 'node*' timeout=30
    """
    own = {"extension": saltext_hakube.__version__, "salt": salt.version.__version__}
    problems, versions = _look_at_master(), {}
    try:
        asked = _known(tgt, tgt_type)
        if not asked:
            problems.append(f"no minion matches {tgt}; see `salt-key --list accepted`")
        answers = _ask(asked, "hakube.version", timeout)
        versions = {name: answer for name, answer in answers.items() if isinstance(answer, dict)}
        problems += diagnosis.versions(asked, answers, own["extension"], timeout)
        # A minion keeps its pillar in memory; what counts is what the next state.apply will see.
        _ask(sorted(versions), "saltutil.refresh_pillar", timeout, wait=True)
        configs = _ask(sorted(versions), "hakube.config", timeout)
        problems += diagnosis.nodes(configs, _known("*", "glob"))
        problems += _look_at_healing(configs)
    except SaltException as error:
        problems.append(f"the minions could not be asked: {error}")
    return {
        "retcode": int(bool(problems)),
        "master": own,
        "minions": versions,
        "problems": problems,
    }


def _look_at_master():
    if "hakube" in __opts__[BACKENDS]:
        return []
    return [
        f"the master does not serve hakube's SLS files; put what `salt-run hakube.master_config` "
        f"prints into {FILE} and restart salt-master"
    ]


def _look_at_healing(configs):
    """What this master lacks to heal the clusters whose pillar asks for it."""
    modes = {it["heal"]["mode"] for it in configs.values() if isinstance(it, dict) and "heal" in it}
    lacks = masterfile.missing(__opts__) if modes - {"none"} else []
    return [
        f"the master's configuration has no {name} for the healing (hakube:heal:mode); put what "
        f"`salt-run hakube.master_config` prints into {FILE} and restart salt-master"
        for name in lacks
    ]


def _known(tgt, tgt_type):
    """The accepted minions that match."""
    found = salt.utils.minions.CkMinions(__opts__).check_minions(tgt, tgt_type)
    return sorted(found["minions"])


def _ask(minions, function, timeout, **kwargs):
    """What the minions answer within the time; who does not is not among them.

    LocalClient.cmd goes on to wait for as long as a minion says that it is still busy.
    """
    if not minions:
        return {}
    answers = {}
    with salt.client.get_local_client(__opts__["conf_file"]) as client:
        job = client.run_job(
            minions, function, kwarg=kwargs, tgt_type="list", timeout=timeout, listen=True
        )
        end = time.monotonic() + timeout
        while job and len(answers) < len(minions) and time.monotonic() < end:
            tag = f"salt/job/{job['jid']}/ret/"
            event = client.event.get_event(wait=1, tag=tag, match_type="startswith")
            if event:
                answers[event["id"]] = event["return"]
    return answers
