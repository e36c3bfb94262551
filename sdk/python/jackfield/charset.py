"""Text in the charset that it is really in.

The host converts the answers of old servers to UTF-8; what it leaves is UTF-8 or UTF-16. A declaration may therefore
name another charset than the bytes have, so bytes that are UTF-8 are read as UTF-8, whatever they say. Webhooks come as
they were sent.
"""

from __future__ import annotations

import codecs
import re

_HEADER = re.compile(r"""charset\s*=\s*["']?([^"';\s]+)""", re.IGNORECASE)
_DECLARATION = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # The mark of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Bytes in these charsets may be valid UTF-8 by chance; two ASCII characters at the beginning are UTF-8 indeed.
_WIDE = ("utf-16", "utf-32", "utf16", "utf32")
_ASCII = re.compile(rb"[ -~\s]{2}")
_UNMARKED = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))

# As browsers do: pages that say ISO 8859-1 have the quotes and dashes of Windows.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252"}

# A codec is imported when it is first used; in a component, its file no longer exists.
for _name in (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii"),
    *(f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *(f"cp{page}" for page in range(1250, 1259)),
    *("koi8-r", "koi8-u", "mac-roman", "cp437", "cp850"),
    # Not of answers, but of domain names.
    *("idna", "punycode"),
):
    codecs.lookup(_name)


def well_formed(text: str) -> str:
    """The text with `\ufffd` for each half of a surrogate pair without the other. JSON can say it, but it is not a
    character, and cannot be sent."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Undecodable(ValueError):
    """The bytes are not text in their charset. The message does not quote them."""


def decoded(body: bytes, content_type: str = "") -> str:
    """The text, without a byte-order mark. Its charset is that of the mark, or UTF-8 where the bytes are UTF-8, or the
    one that the header names, or the one that an XML declaration names.

    Raises `Undecodable`.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _decode(body[len(mark) :], name)
    for first, name in _UNMARKED:
        if body.startswith(first):
            return _decode(body, name)
    header = _HEADER.search(content_type)
    if header and header[1].lower().startswith(_WIDE) and not _ASCII.match(body):
        return _decode(body, _codec(header[1]))
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    declaration = _DECLARATION.match(body)
    return _decode(body, _codec(header[1] if header else declaration[1].decode() if declaration else "utf-8"))


def _codec(name: str) -> str:
    try:
        named = codecs.lookup(name).name
    except LookupError:
        raise Undecodable(f"in a charset that is not known here: {name[:24]}") from None
    return _MEANT.get(named, named)


def _decode(body: bytes, name: str) -> str:
    try:
        return body.decode(name)
    except (UnicodeDecodeError, LookupError):
        raise Undecodable("not UTF-8" if name == "utf-8" else f"not text in the charset {name}") from None
