"""
The cluster's objects
=====================

Resources, groups, clones, bundles, constraints, properties, defaults, node attributes, fence
devices and levels, tags, permissions and alerts of the Pacemaker cluster, planned against the truth
(the CIB's XML) and changed by one versioned patch. Which ``pcs`` is installed makes no difference:
it is not used here.

Used by the state ``hakube_pcs.managed`` and by those for single kinds (``resource_present`` ...).
What a person does by hand with a running cluster is in :py:mod:`hakube_pcs_admin
<saltext_hakube.modules.hakube_pcs_admin>`; it is called as ``hakube_pcs.FUNCTION``, too.

What is declared is the pillar's: the Kubernetes API's objects and ``hakube:objects``,
``hakube:absent``, ``hakube:purge``; or what the arguments of these names say, in the same shape
(docs/objects.md).
"""

import msgspec
import yaml

from saltext_hakube import face
from saltext_hakube.core.cib import export as exporting
from saltext_hakube.core.cib.kinds import BY_TYPE
from saltext_hakube.core.cib.prediction import told
from saltext_hakube.core.cib.reading import objects as objects_of
from saltext_hakube.core.declared import declared, given
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.reading import read
from saltext_hakube.core.values import FilePath
from saltext_hakube.host import cib, files, settle
from saltext_hakube.host import objects as engine

__virtualname__ = "hakube_pcs"
__func_alias__ = {"list_": "list"}


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def show(name=None):
    """
    The objects that stand in the cluster, whoever made them.

    name
        Only objects with this id. Default: all.

    Returns a list of mappings with ``type`` (Primitive, Group, Clone, Order, Property, ...), ``id``
    and what belongs to each type; what may be a secret is masked.

    Raises an error if no cluster runs here, or it has no object of this id.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.show
        salt node1 hakube_pcs.show VIP-apiserver
    """
    with face.told():
        found = objects_of(cib.running(face.machine(__opts__)))
        agents = exporting.agents(found)
        chosen = [item for item in found if name in (None, item.id)]
        if not chosen:
            raise ConfigError(
                [f"the cluster has no object of the id {name!r}; hakube_pcs.list has them all"]
            )
        return [msgspec.to_builtins(exporting.masked(item, agents)) for item in chosen]


def list_(kind=None):
    """
    The ids of the objects that stand in the cluster, by kind.

    kind
        Only this kind, by its key in ``hakube:objects``, such as ``primitives`` or ``orders``.
        Default: all that there are.

    Returns a mapping of kinds to lists of ids.

    Raises an error if no cluster runs here, or there is no such kind.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.list
        salt node1 hakube_pcs.list primitives
    """
    with face.told():
        keys = [described.key for described in BY_TYPE.values()]
        if kind not in (None, *keys):
            raise ConfigError([f"there is no kind {kind!r}; there are {', '.join(keys)}"])
        result = {}
        for item in objects_of(cib.running(face.machine(__opts__))):
            result.setdefault(BY_TYPE[type(item)].key, []).append(item.id)
        return result if kind is None else {kind: result.get(kind, [])}


def plan(objects=None, absent=None, purge=None, allow_disruption=None):
    """
    What would change in the cluster so that it means what is declared, and what it would then do.

    Changes nothing. Where no cluster runs yet, the plan is that of an empty one, and says so.

    objects
        Objects by kind and id, as in ``hakube:objects``, in place of all that the pillar declares.

    absent
        Names by kind, as in ``hakube:absent``; likewise.

    purge
        List of kinds, as in ``hakube:purge``; likewise.

    allow_disruption
        True: no limits (``hakube:safety``) for this plan. Default: as the pillar has it.

    Returns a mapping with ``changes`` (``{id: {"action": "create clone", ...}}``; what differs only
    in spelling, as 60s and 1min, is no change; secrets are masked), ``comment``, ``predicted``
    (what the cluster would do, as :py:func:`predict` has it), ``problems`` (why the plan would be
    refused) and ``warnings`` (failed actions that nobody has
    cleaned up, resources that run nowhere).

    Raises an error if the declaration is wrong or an object refers to one that does not exist.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.plan
        salt node1 hakube_pcs.plan absent='{orders: [order-vip-haproxy]}'
    """
    with face.told():
        wanted = _declared(objects, absent, purge, allow_disruption)
        machine = face.machine(__opts__)
        planned = engine.plan(machine, wanted)
        warnings = []
        if planned.cluster and not planned.plan.changes:
            wrong, mended = settle.look(machine, wanted.objects)
            warnings = [*wrong, *mended]
        return {**_outcome(planned, warnings), "problems": list(planned.refusal)}


def predict(objects=None, absent=None, purge=None):
    """
    What the cluster would do if it were changed to what is declared, said by its own scheduler.

    Changes nothing. It is one transition on the cluster's status as it is now (``crm_simulate``).

    objects, absent, purge
        As for :py:func:`plan`.

    objects
        Objects by kind and id, in place of all that the pillar declares.

    absent
        Names by kind.

    purge
        List of kinds.

    Returns a mapping with ``actions`` and ``pending``, lists of ``{"action": "restart", "resource":
    "haproxy", "nodes": ["node1"]}`` (start, stop, restart, reload, promote, demote, fence: where;
    move and migrate: from and to; pending: what the cluster is about to do anyway), ``lines`` (the
    actions in words) and ``note`` (why nothing can be foreseen, or None).

    Raises an error if the declaration is wrong.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.predict
        salt node1 hakube_pcs.predict absent='{primitives: [old-vip]}'
    """
    with face.told():
        planned = engine.plan(
            face.machine(__opts__), _declared(objects, absent, purge, allow_disruption=None)
        )
        found = planned.prediction
        return {**found.plain(), "lines": told(found.actions)}


def apply(objects=None, absent=None, purge=None, allow_disruption=None):
    """
    Make the cluster mean what is declared, by one patch, then wait until it is at rest.

    Any node may run this, all at once: the patch is compare-and-swap, so one node's is taken and
    the others find nothing left to do. What is to be removed is stopped first. Waits at most
    ``hakube:cluster:settle_timeout`` seconds (default 300).

    objects
        Objects by kind and id, as in ``hakube:objects``, in place of all that the pillar declares.

    absent
        Names by kind, as in ``hakube:absent``; likewise.

    purge
        List of kinds, as in ``hakube:purge``; likewise.

    allow_disruption
        True: no limits (``hakube:safety``) for this run. Default: as the pillar has it.

    Returns the mapping of :py:func:`plan` with what was changed, and ``problems``: a line for each
    resource that could not be started or stopped, or that the wait came to its end; if there is one
    the exit code is 1.

    Raises an error if the plan would disturb more than ``hakube:safety`` allows, no cluster runs
    here, it has no quorum, or others changed it again and again for 60 s.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.apply
        salt node1 hakube_pcs.apply allow_disruption=True
    """
    with face.told():
        wanted = _declared(objects, absent, purge, allow_disruption)
        done = engine.apply(face.machine(__opts__), wanted)
        if done.wrong:
            __context__["retcode"] = 1
        return {**_outcome(done.planned, done.mended), "problems": list(done.wrong)}


def export(path=None, administrative=False):
    """
    The cluster as it is, however it was made, as a pillar.

    Applied to the same cluster, that pillar changes nothing. It has the objects and nothing else:
    no machines, no haproxy; it is a whole pillar for ``hakube_pcs.managed``, or its
    ``hakube:objects`` goes into yours.

    What may be a secret is masked. Over an object that exists a masked value means the one that is
    there; to make the object anew the real one has to be written.

    path
        A file on the minion, mode 0600, into which the pillar is written as YAML, with the secrets
        in clear. Default: none, it is returned, masked.

    administrative
        True: also what an administrator set for the moment (target-role, is-managed, maintenance,
        standby, maintenance-mode, moves and bans). Declared, these are the pillar's from then on.
        Default: False.

    Returns the pillar, or with ``path`` a mapping with that ``path``.

    Raises an error if no cluster runs here, or the file cannot be written.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_pcs.export --out=yaml
        salt node1 hakube_pcs.export path=/root/cluster.sls
    """
    with face.told():
        text = cib.running(face.machine(__opts__))
        found = exporting.export(text, secrets=path is not None, administrative=administrative)
        pillar = {"hakube": {"objects": found}}
        if path is None:
            return pillar
        told_ = yaml.safe_dump(pillar, sort_keys=False, allow_unicode=True)
        name = read(path, FilePath, "path")
        files.write_private(face.machine(__opts__).path(name), told_.encode())
        return {"path": name}


def _declared(objects, absent, purge, allow_disruption):
    facts = face.facts(__grains__, __opts__)
    if (objects, absent, purge) == (None, None, None):
        wanted = declared(face.below(__pillar__), facts)
    else:
        wanted = given(objects, absent, purge, __pillar__.get("hakube"), facts)
    return wanted if allow_disruption is None else wanted.allowing(allow_disruption)


def _outcome(planned, warnings):
    comment = _summary(planned)
    predicted = planned.prediction
    if planned.plan.changes and planned.cluster:
        lines = told(predicted.actions) or [predicted.note or "nothing starts, stops or moves"]
        comment = "\n".join([comment, "The cluster then, by its own scheduler:", *lines])
    result = face.outcome(planned.plan.told(), comment, list(warnings))
    return {**result, "predicted": predicted.plain()}


def _summary(planned):
    count = len(planned.plan.changes)
    if not planned.cluster and not count:
        return "No cluster runs here; what a stopped one has in it stays as it is"
    if not planned.cluster:
        return "No cluster runs here yet; this is what will be created in it"
    if not count:
        return "The cluster is as declared"
    return f"{count} change{'s' if count > 1 else ''}: " + "; ".join(
        f"{change.action} {change.kind} {change.id}" for change in planned.plan.changes
    )
