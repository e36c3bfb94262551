"""Replays the recorded invocations in `fixtures/`, and checks that there are some of each export."""

import json
import unittest

from adapter import Parcel
from jackfield.testing import replay_file

from tests import HERE

FIXTURES = sorted((HERE / "../fixtures").glob("*.json"))


class Fixtures(unittest.TestCase):
    def test_does_as_recorded(self) -> None:
        for file in FIXTURES:
            with self.subTest(file.stem):
                replay_file(file, Parcel())

    def test_every_operation_is_recorded(self) -> None:
        calls = {word for file in FIXTURES for word in json.loads(file.read_text(encoding="utf-8"))["call"]}
        self.assertEqual(calls, {"query_status", "write_disposition", "parse_leads"})
