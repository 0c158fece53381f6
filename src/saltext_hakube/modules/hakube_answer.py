"""
What this node answers its master
=================================

The master's healing asks through here, so that it knows who answers: Salt lets any minion answer a
job in the name of another one. Called as ``hakube_heal.answer``.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from functools import partial

from salt.exceptions import CommandExecutionError, SaltInvocationError

from saltext_hakube.core.remedy import seal
from saltext_hakube.core.remedy.lines import line

__virtualname__ = "hakube_heal"

log = logging.getLogger(__name__)

FUNCTIONS = ("report", "act", "witness")


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def answer(function, nonce, arguments=None):
    """
    Return what :py:func:`report`, :py:func:`act` or :py:func:`witness` returns, sealed: only a node
    of this cluster can have given it, and only to this question.

    function
        ``report``, ``act`` or ``witness``.

    nonce
        What the master says, another one each time: 16 to 64 letters.

    arguments
        A mapping of the function's arguments. Default: none.

    Returns ``{"answer": TEXT, "seal": HEX}``. The text is JSON: what the function returns, or
    ``{"error": TEXT}`` where it failed; of ``act`` an error that came before anything was touched
    is its result ``refused``. The seal is an HMAC of nonce, minion and text, with a key
    that is made of ``hakube:cluster:password``.

    Fails where a function or a nonce is none, or this minion has no such pillar.

    CLI Example:

    .. code-block:: bash

        salt node1 hakube_heal.answer report 0123456789abcdef
    """
    if function not in FUNCTIONS:
        raise SaltInvocationError(f"function: one of {', '.join(FUNCTIONS)} is expected")
    if not isinstance(nonce, str) or not 16 <= len(nonce) <= 64:
        raise SaltInvocationError("nonce: text of 16 to 64 letters is expected")
    password = __pillar__
    for key in ("hakube", "cluster", "password"):  # the pillar may be of any shape
        password = password.get(key) if isinstance(password, Mapping) else None
    if not isinstance(password, str):
        raise CommandExecutionError("hakube:cluster:password is missing in this minion's pillar")
    try:
        said = _called(f"hakube_heal.{function}", arguments or {})()
    except (CommandExecutionError, SaltInvocationError) as error:
        # What goes wrong once it is begun is among the results of act: no error of it is of that.
        refused = {"result": "refused", "why": line(error)}
        said = refused if function == "act" else {"error": str(error)}
    except Exception as error:  # that the master is told, and does not wait for nothing
        log.exception("hakube_heal.%s", function)
        said = {"error": f"{type(error).__name__}: {error}"}
    return seal.seal(said, seal.key(password), nonce, __opts__["id"])


def _called(name, arguments):
    """The function with its arguments. Raises SaltInvocationError where this minion has none, or
    has none with these: its extension may be older than its master's."""
    if name not in __salt__:
        raise SaltInvocationError(f"this minion has no {name}; its log may say why")
    try:
        inspect.signature(__salt__[name]).bind(**arguments)
    except TypeError as error:
        raise SaltInvocationError(
            f"{name} of this minion, which may run an older hakube: {error}"
        ) from None
    return partial(__salt__[name], **arguments)
