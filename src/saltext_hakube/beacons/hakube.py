"""
The node's voice: tell the master when something of this node is not well
=========================================================================

Small daemons look at this node: hakube-watch (haproxy, the VIP's address), hakube-guard (corosync,
Pacemaker's processes), hakube-probe (apiserver, scheduler, controller-manager, what Pacemaker says,
files, certificates, disks). This beacon only reads what they saw, once a second, and makes verdicts
of it: up, down, or unknown. It waits for nothing, and costs some milliseconds.

Setup
-----

The state ``hakube_beacon.present`` (SLS ``hakube.beacon``) sets it up, in a minion that runs. What
it does for itself by hand is this, in the minion's configuration:

.. code-block:: yaml

    beacons:
      hakube: []

or, where the pillar has ``beacons`` of any kind (Salt ignores those of the configuration then),
the same in the pillar. There is nothing to configure: how it judges is in the pillar
(``hakube:heal``: ``fall``, ``rise``, ``reassert``), and an apply brings that to the node.
``interval`` and ``disable_during_state_run`` would only make it late.

Event
-----

One event, ``salt/beacon/MINION/hakube/report``, when a verdict or what it is weighed with changed,
when Pacemaker had news, and ``reassert`` seconds (45) after the last one. It has everything the
node has to say (what ``hakube_heal.report`` returns), so that a lost one does no harm. What goes
wrong in the beacon itself is an event ``salt/beacon/MINION/hakube/problem`` with ``problem``, a
line for people, and a line in the minion's log.
"""

from __future__ import annotations

import logging
import time

from saltext_hakube import face, jobs
from saltext_hakube.host import alone, voice

log = logging.getLogger(__name__)

__virtualname__ = "hakube"

AGAIN = 300.0  # seconds until a problem that stays is told again

_told = {"problem": "", "at": 0.0}


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def validate(config):
    """
    Whether the configuration is one for this beacon. Never raises.

    config
        What stands under the beacon's name: a list, which may be empty.

    Returns whether it is, and a line for people.
    """
    if not isinstance(config, list):
        return False, "Configuration for hakube beacon must be a list: `hakube: []`"
    return True, "Valid beacon configuration"


def beacon(config):
    """
    Look once, and return the event that is due, if any. Never raises, and never waits.

    config
        As for :py:func:`validate`; nothing in it is used.

    Returns a list of no or one event. Its ``tag`` is ``report`` or ``problem``.
    """
    try:
        machine = face.machine(__opts__)
        busy = jobs.state_run(__opts__)
        spoken = voice.pulse(machine, busy, alone.acts(machine))
    except voice.Unset:  # the beacon is configured, the node is not yet: nobody to speak for
        return []
    # Whatever it is: an exception would be told by Salt as an event without any content, each
    # second, and one in `validate` would silence all beacons of the minion.
    except Exception as error:
        return _problem(str(error) or type(error).__name__)
    _told["problem"] = ""
    return [{**spoken.report, "tag": "report"}] if spoken.why else []


def _problem(problem):
    now = time.monotonic()
    if problem == _told["problem"] and now - _told["at"] < AGAIN:
        return []
    _told.update(problem=problem, at=now)
    log.error("The beacon hakube has nothing to say: %s", problem)
    return [{"problem": problem, "tag": "problem"}]
