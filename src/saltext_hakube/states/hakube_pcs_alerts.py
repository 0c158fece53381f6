"""
Single alerts of the cluster
============================

States for people who write SLS by hand; called as ``hakube_pcs.FUNCTION``. What holds for all of
them, their changes and failures: :py:mod:`hakube_pcs_resources
<saltext_hakube.states.hakube_pcs_resources>`.
"""

from saltext_hakube import single
from saltext_hakube.core.cib.objects import Alert

__virtualname__ = "hakube_pcs"


def __virtual__():
    return single.virtual(__grains__)


def alert_present(
    name,
    path,
    options=None,
    meta=None,
    select=None,
    attributes=None,
    recipients=None,
    description=None,
):
    """
    The program is told what happens in the cluster.

    name
        The alert's id.

    path
        The program, the same on all nodes.

    options
        Mapping of what it gets in its environment; or a list of sets. Default: none.

    meta
        Mapping of meta attributes, such as ``timeout``; or a list of sets. Default: none.

    select
        List of what it is told: ``attributes``, ``fencing``, ``nodes``, ``resources``. Default:
        pacemaker's, all but attributes.

    attributes
        With ``attributes`` selected: list of the node attributes. Default: all.

    recipients
        Mapping of ids to recipients with ``value``, ``options``, ``meta``, ``description``; these
        are all. Default: none.

    description
        Text for people. Default: what stands there stays.

    Changes name what differed; fails as ``hakube_pcs.managed`` does.

    .. code-block:: yaml

        mail:
          hakube_pcs.alert_present:
            - path: /usr/local/bin/alert-mail
            - select: [nodes, fencing]
            - recipients:
                mail-admins: {value: root@example.com}
    """
    parts = {
        "path": path,
        "options": options,
        "meta": meta,
        "select": select,
        "attributes": attributes,
        "recipients": recipients,
        "description": description,
    }
    return single.present(__salt__, __opts__, (Alert, name), parts)


def alert_absent(name):
    """
    There is no such alert, nor its recipients; the program stays.

    name
        The alert's id.

    .. code-block:: yaml

        mail:
          hakube_pcs.alert_absent
    """
    return single.absent(__salt__, __opts__, (Alert, name))
