"""Tests of the adapter, natively: `jackfield adapter test`, or `python3 -m unittest` in the adapter's folder."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
# The adapter's modules and the SDK, as the component imports them.
sys.path[:0] = [str(HERE / "../src"), str(HERE / "../vendor/jackfield")]
