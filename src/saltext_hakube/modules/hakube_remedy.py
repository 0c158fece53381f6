"""
Remedies: what this node does about what is wrong here
======================================================

One rung of the ladder at a time, for one component, by whoever asks: the master's healing, a
person, or the node itself while its master is away. Called as ``hakube_heal.FUNCTION``.

Whoever asks is not believed: each rung first looks at what is wrong with this node's own eyes, and
does nothing where nothing is. It does nothing either without quorum, in maintenance, in standby,
for what is unmanaged, while a state run goes on, and while the last action has to settle
(``hakube:heal:settle``). What can hurt takes the cluster's turn, so that one node at a time does
it.

========= ========================================================================================
rung      what it does
========= ========================================================================================
probe     look again, and say what is seen
files     put files of ours right again, as they were applied last; what failed because of them
          starts again
hand      tell Pacemaker of a resource that is down though it takes it for running; or clean up a
          failure that keeps it down, of a *blocked* one only after it is verified to be stopped
kill      SIGKILL a unit that was verified to hang; Pacemaker recovers it
move      the VIP to a node whose haproxy is well: for 10 minutes, or, where the VIP follows the
          health of the haproxies, until that moves it; no person's move or ban is taken away
standby   nothing runs on this node any more, until it is taken back (the healing does so after 10
          minutes), booted, or a person ends it
fence     reboot another node by its fence device: only where the ladder in the pillar has it, and
          on a person's word
========= ========================================================================================
"""

from __future__ import annotations

import logging
from functools import partial

import msgspec
from salt.exceptions import CommandExecutionError

from saltext_hakube import face, jobs
from saltext_hakube.core import guard, probe, watch
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.kubelayout import KUBECONFIGS
from saltext_hakube.core.kubernetes import env_files
from saltext_hakube.core.remedy import task as tasks
from saltext_hakube.core.remedy.words import COMPONENTS, RUNGS
from saltext_hakube.core.restart import NAME
from saltext_hakube.host import network as host_network
from saltext_hakube.host.remedy import act as host
from saltext_hakube.host.remedy import others
from saltext_hakube.host.remedy.scene import Scene, Subject

__virtualname__ = "hakube_heal"

log = logging.getLogger(__name__)

_KUBERNETES = frozenset({"apiserver", "scheduler", "controller-manager"})


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def act(  # noqa: PLR0917
    rung, component, incident, deadline=60, test=None, evidence=None, undo=False
):
    """
    Do one rung for one component of this node, if there is anything to do, and see what came of it.

    rung
        ``probe``, ``files``, ``hand``, ``kill``, ``move``, ``standby`` or ``fence``.

    component
        ``haproxy``, ``vip``, ``apiserver``, ``scheduler``, ``controller-manager``, ``pacemaker``
        (``hand``: whatever of these is stuck here), ``files`` (``files``: all of ours), ``eyes``
        (``files``: those of hakube's own programs, which are started where they do not run).

    incident
        What it is for: an incident's id, or a person's words; up to 300 letters.

    deadline
        Seconds, 1 to 600, after which nothing more is done or waited for. Default: 60.

    test
        True: only say what would be done. Default: ``test`` of the minion's configuration.

    evidence
        A mapping of names to lists of lines. ``fence`` needs ``node`` (who is to be fenced) and
        ``token`` (a person's word, 8 letters or more); the others do not believe it. Default: none.

    undo
        True: take back what the rung did; there is that of ``standby`` only. Default: false.

    Returns a mapping:

    - ``rung``, ``component``, ``incident``, ``node``: as asked, and this node
    - ``result``: ``done``; ``nothing`` (what should be wrong is not, or not for this rung);
      ``refused`` (it would do harm, it is somebody else's affair now, or this node could not even
      look: nothing was done); ``failed`` (a step could not be done); ``would`` (of a test)
    - ``why``: in words; ``did``: what was done, a line for each step
    - ``verified``: whether it helped; null where nothing was done. Of ``probe``: whether the
      component is well, null where nobody knows
    - ``took``: seconds

    Raises an error only where an argument or the pillar is wrong.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_heal.act probe apiserver 'just looking'
        salt node1 hakube_heal.act hand haproxy 'by hand' test=True
        salt node1 hakube_heal.act kill scheduler 'by hand' deadline=45
    """
    with face.told():
        config = _config()
        testing = bool(__opts__.get("test", False) if test is None else test)
        task = tasks.task(
            rung=rung,
            component=component,
            incident=str(incident),
            deadline=deadline,
            test=testing,
            evidence=evidence or {},
            undo=undo,
        )
        done = _done(_scene(config, task))
    head = {"rung": rung, "component": component, "incident": task.incident, "node": config.node}
    return {**head, **msgspec.to_builtins(done)}


def _done(scene):
    """What came of it. A defect of ours is a refusal as long as nothing was begun."""
    try:
        return host.act(scene)
    except Exception as error:
        if scene.begun:
            raise
        log.exception("hakube_heal.act")
        raise HakubeError(f"{type(error).__name__}: {error}") from None


def witness(what, node=""):
    """
    Tell how something of another node looks from here: what was mended there is well when others
    find it so. Changes nothing.

    what
        ``apiserver`` (of that node, at its address) or ``vip`` (wherever it is).

    node
        The node whose apiserver it is, as the pillar has it. Default: none, for ``vip``.

    Returns ``{"value": ..., "why": ...}``. ``value``: ``up`` (it answers), ``down``, or
    ``unknown``: it is of this node itself, or the pillar declares no such apiserver.

    Raises an error where an argument or the pillar is wrong.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_heal.witness apiserver node2
        salt node1 hakube_heal.witness vip
    """
    with face.told():
        config = _config()
        seen = others.see(config, what, node, host_network.interfaces())
    return {"value": seen.value, "why": seen.why}


def rungs(component=None, deadline=60):
    """
    Tell what each rung would do on this node now. Changes nothing.

    component
        One of :py:func:`act`'s. Default: all.

    deadline
        Seconds, 1 to 600, for each answer. Default: 60. ``kill`` takes some seconds to find that
        something hangs.

    Returns ``{COMPONENT: {RUNG: {"result": ..., "why": ..., "would": [...]}}}`` with the rungs of
    the component's ladder (``hakube:heal:rungs``); ``result`` is ``would``, ``nothing`` or
    ``refused``.

    Raises an error where an argument or the pillar is wrong.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_heal.rungs
        salt node1 hakube_heal.rungs haproxy
    """
    with face.told():
        config = _config()
        told = {}
        for name in COMPONENTS if component is None else [component]:
            ladder = config.heal.ladder(_asked(RUNGS[0], name, deadline).component)
            told[name] = {rung: _told(config, rung, name, deadline) for rung in ladder}
    return told


def _told(config, rung, component, deadline):
    found = host.rungs(_scene(config, _asked(rung, component, deadline)))
    would = [order.told for order in found.orders]
    return {"result": found.result, "why": found.why, "would": would}


def _asked(rung, component, deadline):
    return tasks.task(
        rung=rung, component=component, incident="nobody's", deadline=deadline, test=True
    )


def _config():
    return face.config(__pillar__, __grains__, __opts__)


def _scene(config, task):
    machine = face.machine(__opts__)
    return Scene(machine, config, task, tuple(_subjects(config)), jobs.state_run(__opts__))


def _subjects(config):
    """Whose files may be put right, in the order of an apply."""
    reflex = config.reflex
    guarded = reflex.guard or reflex.announce
    kubernetes = (*env_files(config.kubernetes), *(config.kubernetes.kubeconfigs or KUBECONFIGS))
    haproxy, eyes = frozenset({"haproxy"}), frozenset({"eyes"})
    yield _subject("restart", haproxy, [f"*/{NAME}"], absent=not reflex.restart)
    yield _subject("sysctl", haproxy, [config.sysctl.file])
    # Of haproxy's file more is known: whether it would be as it was applied.
    yield _subject("haproxy", haproxy, plan="repairs", apply="repair", applied=True)
    yield _subject("watch", haproxy | eyes, _own(watch), absent=not config.watch.enabled)
    yield _subject("guard", eyes | {"vip"}, _own(guard), absent=not guarded)
    if config.heals:
        yield _subject("probe", eyes, _own(probe))
    # What runs has read it before it was spoiled, and what does not run reads it when it starts.
    yield _subject("kubeenv", _KUBERNETES, kubernetes, restart=False)


def _own(subject):
    return subject.DAEMON.program, subject.DAEMON.config, subject.DAEMON.unit


def _subject(name, components, paths=(), plan="plan", apply="apply", **arguments):
    def call(function):
        try:
            return __salt__[f"hakube_{name}.{function}"](**arguments)
        except CommandExecutionError as error:  # host knows of our own errors only
            raise HakubeError(str(error)) from None

    return Subject(name, components, tuple(paths), partial(call, plan), partial(call, apply))
