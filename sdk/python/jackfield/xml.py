"""A CRM's XML: reads it in its real charset, without the features that make XML dangerous, and writes it without invalid
characters.

Elements are those of the standard library's `xml.etree.ElementTree`, with names as `{namespace}name`.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, tostring
from xml.parsers import expat

from .charset import Undecodable, decoded

__all__ = ["Element", "SubElement", "XmlError", "document", "parse", "writable"]

MAX_DEPTH = 100
"""The nesting of elements that `parse` accepts: more than any CRM's answer has, less than exhausts a guest's stack."""

# Characters that XML 1.0 does not allow, not even escaped.
_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(ValueError):
    """It is not XML, or XML that `parse` refuses. The text does not quote it."""


def parse(body: bytes | str, content_type: str = "") -> Element:
    """The root element. Document types are refused, and with them entities, which can turn a few bytes into gigabytes.

    The charset is that of a byte-order mark, or UTF-8 where the bytes are UTF-8, or the one that `content_type` or the
    XML declaration names (see `jackfield.charset`): the declaration of a document that was converted on its way may be
    wrong.

    Raises `XmlError`.
    """
    try:
        text = body if isinstance(body, str) else decoded(body, content_type)
    except Undecodable as error:
        raise XmlError(str(error)) from None
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
        raise XmlError("a document type is not accepted")

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        # Of a text, the parser ignores what the declaration says of its charset.
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise XmlError(f"{expat.errors.messages[error.code]} at line {error.lineno} column {error.offset}") from None
    except ValueError as error:
        raise XmlError(str(error)) from None
    return builder.close()


def document(root: Element) -> bytes:
    """The element as a document in UTF-8. Prefixes are those of `xml.etree.ElementTree.register_namespace`."""
    return b'<?xml version="1.0" encoding="utf-8"?>' + tostring(root, encoding="unicode").encode()


def writable(text: str) -> str:
    """The text with `\ufffd` in place of characters that XML does not allow, such as NUL."""
    return _INVALID.sub("\ufffd", text)


def _tag(name: str) -> str:
    return f"{{{name}" if "}" in name else name
