"""An adapter's description of itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SettingKind(Enum):
    """The type that a setting's value must have; the host checks it when a release is made."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    URL = "url"
    """An absolute http or https URL. The host passes it without a trailing slash."""


@dataclass(frozen=True)
class Setting:
    """A setting that a tenant's file gives under `[settings]`."""

    name: str
    """`[a-z][a-z0-9_]*`"""
    doc: str
    """One sentence for the person who writes the tenant's file."""
    kind: SettingKind = SettingKind.TEXT
    required: bool = False
    """A release without a required setting is refused."""


@dataclass(frozen=True)
class Credential:
    """A credential that a tenant's file gives under `[[credentials]]`. The host adds it to requests."""

    name: str
    kind: str
    """`bearer`, `basic`, `header` or `hmac`. If it is not `hmac`, a tenant may give any other kind that the host adds
    by itself; the adapter sees no difference."""
    doc: str
    """One sentence for the person who writes the tenant's file."""

    def __post_init__(self) -> None:
        if self.kind not in ("bearer", "basic", "header", "hmac"):
            raise ValueError(f"a credential's kind is bearer, basic, header or hmac, not {self.kind!r}")


@dataclass(frozen=True)
class Description:
    """An adapter's description of itself."""

    name: str
    """`[a-z][a-z0-9-]*`, at most 64 characters: the name in `adapter.toml`."""
    version: str
    """`MAJOR.MINOR.PATCH`, with an optional `-suffix`."""
    origins: tuple[Setting, ...] = ()
    """Settings that hold the URL of a CRM which the adapter uses; see `origin`. The tenant's `[egress]` must grant
    each."""
    settings: tuple[Setting, ...] = ()
    """The other settings."""
    credentials: tuple[Credential, ...] = ()
    idempotent_writes: bool = False
    """Whether writing the same disposition twice with the same key leaves one record. True only if the CRM itself
    guarantees it."""


def origin(name: str, doc: str) -> Setting:
    """A required setting that holds the URL of a CRM which the adapter uses."""
    return Setting(name, doc, SettingKind.URL, required=True)
