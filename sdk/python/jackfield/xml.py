"""XML of a CRM: read without what makes XML dangerous, written without what makes it invalid.

Elements are those of the standard library's `xml.etree.ElementTree`, with names as `{namespace}name`.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, tostring
from xml.parsers import expat

__all__ = ["Element", "SubElement", "XmlError", "document", "parse", "writable"]

MAX_DEPTH = 100
"""Levels of elements that `parse` takes: more than any CRM's answer has, fewer than a guest's stack bears."""

# What XML 1.0 cannot say, not even escaped.
_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(ValueError):
    """It is not XML, or XML that is not taken. The text quotes nothing of it."""


def parse(body: bytes | str) -> Element:
    """The root element. Document types are refused, and with them entities: a few bytes of those become gigabytes.

    Raises `XmlError`.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise XmlError(f"elements are nested more than {MAX_DEPTH} deep")
        builder.start(_tag(name), {_tag(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_tag(name))

    def doctype(*_: object) -> None:
        raise XmlError("a document type is not taken")

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise XmlError(f"{expat.errors.messages[error.code]} at line {error.lineno} column {error.offset}") from None
    except ValueError as error:
        raise XmlError(str(error)) from None
    return builder.close()


def document(root: Element) -> bytes:
    """The element as a document in UTF-8. Prefixes are those of `xml.etree.ElementTree.register_namespace`."""
    return b'<?xml version="1.0" encoding="utf-8"?>' + tostring(root, encoding="unicode").encode()


def writable(text: str) -> str:
    """The text with `\ufffd` in the place of what XML cannot say, such as a NUL."""
    return _UNSAYABLE.sub("\ufffd", text)


def _tag(name: str) -> str:
    return f"{{{name}" if "}" in name else name
