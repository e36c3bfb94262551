"""Replays the recorded invocations in `fixtures/`, and checks the mapping of outcomes."""

import unittest

import mapping
from adapter import {{Pascal}}Adapter
from jackfield import Outcome
from jackfield.testing import replay_file

from tests import HERE


class Adapter(unittest.TestCase):
    def test_does_as_recorded(self) -> None:
        files = sorted((HERE / "../fixtures").glob("*.json"))
        self.assertTrue(files, "there are no fixtures to replay")
        for file in files:
            with self.subTest(file.stem):
                replay_file(file, {{Pascal}}Adapter())

    def test_every_outcome_has_a_result(self) -> None:
        self.assertEqual(set(mapping.RESULTS), set(Outcome))
