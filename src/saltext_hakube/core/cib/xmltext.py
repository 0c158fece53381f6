"""XML as pacemaker's tools print it, and values that they print so that it can be read again.

Measured with pacemaker 2.1.5: behind a character that is not ASCII its tools print ``&`` and ``<``
of an attribute as they are, which is no XML; and a line end in a value as a backslash and an n.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from saltext_hakube.core.errors import HakubeError

_VALUE = re.compile(r'="([^"]*)"')
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")
_LINE_ENDS = re.compile(r"[\n\r\t]")
_SPECIAL = re.compile("[&<>\"']")


def parse(text: str | bytes, what: str) -> ET.Element:
    """The root of an XML text. ``what``: it is, for an error. Raises HakubeError.

    Comments are kept: what this project does not know survives untouched.
    """
    try:
        return _parse(text)
    except (LookupError, ValueError) as error:  # its encoding
        raise HakubeError(f"{what} is not well-formed XML: {error}") from None
    except ET.ParseError as error:
        try:
            whole = text.decode("utf-8") if isinstance(text, bytes) else text
            return _parse(_VALUE.sub(_mended, whole))
        except (ET.ParseError, ValueError):
            raise HakubeError(f"{what} is not well-formed XML: {error}") from None


def _parse(text: str | bytes) -> ET.Element:
    target = ET.TreeBuilder(insert_comments=True, insert_pis=True)
    return ET.fromstring(text, parser=ET.XMLParser(target=target))


def _mended(match: re.Match[str]) -> str:
    return '="' + _BARE.sub("&amp;", match[1]).replace("<", "&lt;") + '"'


def unprintable(value: str) -> str | None:
    """Why a value would not be read back as it was written; None where it would."""
    if _LINE_ENDS.search(value):
        return "it has a line end or tab, which pacemaker does not keep"
    if not value.isascii() and _SPECIAL.search(value):
        return (
            "it has a letter beyond ASCII and one of & < > \" ', which pacemaker 2 prints together "
            "as broken XML: the configuration could not be read any more"
        )
    return None
