"""Replays the recorded invocations in `fixtures/`, and checks the mapping of outcomes."""

import unittest

import mapping
from adapter import {{Pascal}}Adapter
from jackfield import Outcome
from jackfield.testing import replay_file

from tests import HERE


class Adapter(unittest.TestCase):
    def test_does_as_recorded(self) -> None:
        for file in sorted((HERE / "../fixtures").glob("*.json")):
            with self.subTest(file.stem):
                replay_file(file, {{Pascal}}Adapter())

    def test_every_outcome_has_its_own_result(self) -> None:
        self.assertEqual(set(mapping.RESULTS), set(Outcome))
        self.assertEqual(len(set(mapping.RESULTS.values())), len(Outcome))
