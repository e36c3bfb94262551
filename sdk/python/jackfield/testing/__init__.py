"""Tests of an adapter without a host, a CRM or WebAssembly: the same code, natively, against a script.

- `Script` defines in code which requests the adapter must make and what the CRM answers.
- `replay` reads such scripts, with the invocation and its expected result, from a folder of JSON files.
"""

from .exchange import Answer, Exchange, Expected
from .replay import replay, replay_file
from .script import Script

__all__ = ["Answer", "Exchange", "Expected", "Script", "replay", "replay_file"]
