"""SOAP 1.1 as parcel uses it: envelopes, and the failures that its faults mean.

The standard prescribes HTTP 500 for every fault, so the status alone says nothing:

==================  ============================================================  ==================================
fault code          parcel's error code                                           failure
==================  ============================================================  ==================================
`soap:Client`       `P-04`: no such lead                                          `NotFound`
`soap:Client`       any other: the request was refused                            `Rejected`, with parcel's fields
`soap:Server`       `P-09`: maintenance, nothing was stored                       `Unavailable`
`soap:Server`       `P-12`: too many requests                                     `RateLimited`, with parcel's delay
`soap:Server`       any other, or none: something failed meanwhile                `Unknown`
==================  ============================================================  ==================================

A 500 without a fault is not an answer of parcel's, and `Unknown`. The reasons of `Unavailable` and `Unknown` name fault
and error code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from xml.etree.ElementTree import register_namespace

from jackfield import Failure, FieldError, NotFound, RateLimited, Rejected, Response, Unavailable, Unknown
from jackfield.xml import Element, SubElement, XmlError, document, parse, writable

T = TypeVar("T")

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PARCEL = "urn:parcel-crm:2009"

for prefix, namespace in [("soap", SOAP), ("xsi", XSI), ("p", PARCEL)]:
    register_namespace(prefix, namespace)


class Unreadable(ValueError):
    """An answer differs from parcel's documentation. The text says how, and does not quote the answer."""


def p(name: str) -> str:
    """A name in parcel's namespace."""
    return f"{{{PARCEL}}}{name}"


def add(parent: Element, name: str, value: object | None) -> Element:
    """Adds an element in parcel's namespace: `xsi:nil` for none, `true` and `false` for booleans."""
    element = SubElement(parent, p(name))
    if value is None:
        element.set(f"{{{XSI}}}nil", "true")
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = writable(str(value))
    return element


def text(parent: Element, name: str) -> str | None:
    """The text of an element in parcel's namespace; none if it is missing, `xsi:nil` or empty."""
    element = parent.find(p(name))
    if element is None or element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    return (element.text or "").strip() or None


def needed(parent: Element, name: str) -> str:
    """The text of a required element."""
    found = text(parent, name)
    if found is None:
        raise Unreadable(f"<{name}> is missing or nil")
    return found


def boolean(parent: Element, name: str) -> bool:
    """A required `xs:boolean`."""
    match needed(parent, name):
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise Unreadable(f"<{name}> is no xs:boolean")


def envelope(content: Element) -> bytes:
    """The document around an operation."""
    root = Element(f"{{{SOAP}}}Envelope")
    SubElement(root, f"{{{SOAP}}}Body").append(content)
    return document(root)


class Answer:
    """The answer to an operation. Raises the failure that its fault means."""

    def __init__(self, response: Response, operation: str) -> None:
        self._response = response
        # Only 2xx and 500 are SOAP. Others come from a gateway, a proxy, or IIS refusing the user.
        if response.status != 500:
            response.accept(_explain)
        try:
            content = _content(response)
        except (XmlError, Unreadable) as error:
            raise response.unreadable(str(error)) from None
        if content.tag == f"{{{SOAP}}}Fault":
            raise _meaning(content)
        if response.status == 500 or content.tag != p(f"{operation}Response"):
            raise response.unreadable("not the answer to this operation")
        self._content = content

    def read(self, reader: Callable[[Element], T]) -> T:
        """The result of `reader`. An answer that differs from the documentation is `Unknown`."""
        try:
            return reader(self._content)
        except Unreadable as error:
            raise self._response.unreadable(str(error)) from None


def _content(response: Response) -> Element:
    """The one element in the body of the answer's document."""
    root = parse(response.body, response.header("content-type") or "")
    found = root.findall(f"{{{SOAP}}}Body/*")
    if root.tag != f"{{{SOAP}}}Envelope" or len(found) != 1:
        raise Unreadable("no SOAP envelope with one element in its body")
    return found[0]


def _explain(response: Response) -> Rejected | None:
    """The refusal in a 4xx answer, if it is parcel's own."""
    try:
        failure = _meaning(_content(response))
    except (XmlError, Unreadable):
        return None
    return failure if isinstance(failure, Rejected) else None


def _meaning(fault: Element) -> Failure:
    # The code is a qualified name; after a dot, parcel adds a finer distinction of its own.
    kind = (fault.findtext("faultcode") or "").strip().rpartition(":")[2].partition(".")[0]
    error = fault.find(f"detail/{p('Error')}")
    code = None if error is None else text(error, "ErrorCode")
    said = f"parcel answered the fault {kind or 'without a code'}"
    if code is not None:
        said += f" with error {code}"
    if kind == "Server":
        if code == "P-09":
            return Unavailable(said)
        if code == "P-12" and error is not None:
            delay = text(error, "RetryAfterSeconds")
            return RateLimited(int(delay) if delay and delay.isascii() and delay.isdigit() else None)
        return Unknown(said)
    if kind not in ("Client", "VersionMismatch", "MustUnderstand"):
        return Unknown(said)
    if code == "P-04":
        return NotFound()
    fields = [] if error is None else error.findall(p("Field"))
    message = (fault.findtext("faultstring") or "").strip()
    return Rejected(
        code or kind, message, [FieldError(field.get("name", ""), (field.text or "").strip()) for field in fields]
    )
