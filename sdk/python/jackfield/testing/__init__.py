"""Tests of an adapter without a host, a CRM or WebAssembly: the same code, natively, against a script.

- `Script` says which requests the adapter is to make and what the CRM answers, in code.
- `replay` takes such scripts, with the call and what it must return, from a folder of JSON files.
"""

from .exchange import Answer, Exchange, Expected
from .replay import replay, replay_file
from .script import Script

__all__ = ["Answer", "Exchange", "Expected", "Script", "replay", "replay_file"]
