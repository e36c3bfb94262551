"""The severities of log lines; `Host.log` writes one."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """The severity of a log line."""

    DEBUG = "debug"
    """For the author of the adapter while writing it."""
    INFO = "info"
    """An ordinary event."""
    WARN = "warn"
    """Something is wrong; the invocation continues."""
    ERROR = "error"
    """The invocation cannot do what it was asked to do."""
