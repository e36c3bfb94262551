"""How much a line of the log matters; `Host.log` writes one."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """How much a line of the log matters."""

    DEBUG = "debug"
    """For the author of the adapter while writing it."""
    INFO = "info"
    """What happened."""
    WARN = "warn"
    """Something is not as it should be; the call goes on."""
    ERROR = "error"
    """The call cannot do what it was asked."""
