"""
Preflight
=========

Finds the traps of this topology before they bite, and says what to do: a VIP that another machine
has, a certificate that does not hold for it, ports that are closed, and some fifty more. Each has a
code; docs/preflight.md has a section for each. Changes nothing, and takes a few seconds: what does
not answer in time is told as not seen, which is neither fine nor wrong.
"""

from __future__ import annotations

from msgspec import to_builtins

from saltext_hakube import face
from saltext_hakube.core.preflight.traps import chosen, judge
from saltext_hakube.host.preflight.gather import observe

__virtualname__ = "hakube"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def preflight(only=None, skip=None):
    """
    Look for traps on this machine, in its cluster and among its peers.

    only
        Look for these codes only: a list, or text with commas. Default: all but those of the
        pillar's ``hakube:preflight:ignore``.

    skip
        Do not look for these codes, as for ``only``. Default: none.

    Returns a mapping: ``findings``, a list of mappings with ``code``, ``severity`` (``error``: it
    does harm if the apply goes on; ``warning``: it bites later, or a later step of the apply
    mends it, which the remedy says), ``where`` (a path in the pillar, a file, an address),
    ``told`` and ``remedy``; ``passed``, the codes with nothing found; ``unseen``, a mapping of the
    codes that could not be looked at to the reason. What was found on one node while another could
    not be seen is in both ``findings`` and ``unseen``.

    Fails where the pillar is wrong, or a code is unknown.

    CLI Example:

    .. code-block:: bash

        salt '*' hakube.preflight
        salt node1 hakube.preflight only=vip-in-use,clock-skew
        salt '*' hakube.preflight skip='[no-fencing]'
    """
    with face.told():
        config = face.config(__pillar__, __grains__, __opts__)
        # Who asks for a code by its name wants to know, whatever the pillar ignores.
        ignored = config.preflight.ignore if only is None else ()
        codes = chosen(only, skip, ignored)
        report = judge(config, observe(config, face.machine(__opts__)), codes)
        return to_builtins(report)
