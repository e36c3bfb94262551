"""Dates, rupees, phone numbers, XML and shapes."""

from __future__ import annotations

import json
import unittest
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jackfield import Extension, Host, Lead, LeadStatus, Outcome, RawJson, Rejected, SiteVisit
from jackfield import date as dates
from jackfield import money, phone, shape, xml
from jackfield.raw_json import to_json
from jackfield.testing import Script

HOST = Host(Script())
DATES = Path(__file__).parent / "../../dates.json"
"""The cases of local times that the host and every SDK are tested with."""
REJECTIONS = Path(__file__).parent / "../../rejections.json"
"""What people read of a number, a time or a zone that cannot be used; the same in every SDK."""


class Dates(unittest.TestCase):
    def test_instants_in_indian_time(self) -> None:
        called = dates.in_ist("2026-07-01T20:01:55.000Z")
        self.assertEqual(called.strftime("%d/%m/%Y %H:%M"), "02/07/2026 01:31")
        with self.assertRaises(Rejected):
            dates.in_ist("2026-07-01 yesterday")
        with self.assertRaises(Rejected):
            dates.in_ist("9999-12-31T23:59:59Z")

    def test_instants_are_printed_anew(self) -> None:
        for text in ("2026-07-01T09:01:55Z", "2026-07-01T14:31:55.1+05:30", "2026-07-01T09:01:55.123456789Z"):
            self.assertIsNotNone(dates.instant(text), text)
        for text, printed in (
            ("2026-07-01T09:01:55Z", "2026-07-01T09:01:55+00:00"),
            ("2026-07-01t09:01:55.120z", "2026-07-01T09:01:55.12+00:00"),
            ("2026-07-01T14:31:55+0530", "2026-07-01T14:31:55+05:30"),
            ("2026-07-01 14:31+05", "2026-07-01T14:31:00+05:00"),
            ("2026-07-01 14:31:55.123456789 -0330", "2026-07-01T14:31:55.123456789-03:30"),
            ("2026-07-01T14:31:55-00:00", "2026-07-01T14:31:55+00:00"),
            ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59+00:00"),
        ):
            self.assertEqual(dates.normalized(text), printed)
            self.assertEqual(LeadStatus("L", True, "new", last_call_attempt=text).last_call_attempt, printed)
            self.assertEqual(Lead("L", "+919800000000", created_at=text).created_at, printed)
        for text in (
            "",
            "2026-07-01",
            "2026-07-01T09:01:55",
            "2026-02-30T09:01:55Z",
            "2026-07-01T25:01:55Z",
            "2026-07-01T09:01:55+25:00",
            "2026-07-01T09:01:55 IST",
            "२०२६-07-01T09:01:55Z",
        ):
            self.assertIsNone(dates.instant(text), text)
            self.assertIsNone(dates.normalized(text), text)
        self.assertEqual(LeadStatus("L", True, "new", last_call_attempt="soon").last_call_attempt, "soon")

    def test_reads_and_writes_indian_dates(self) -> None:
        read = dates.parse_ist("%d/%m/%Y %H:%M", "05/07/2026 16:30")
        self.assertEqual(read and dates.rfc3339(read), "2026-07-05T16:30:00+05:30")
        for text in ("31/02/2026 16:30", "05/07/2026", "05/07/2026 24:30", ""):
            self.assertIsNone(dates.parse_ist("%d/%m/%Y %H:%M", text), text)
        self.assertEqual(dates.rfc3339(datetime(2026, 7, 1, tzinfo=timezone.utc)), "2026-07-01T00:00:00+00:00")
        with self.assertRaises(ValueError):
            dates.rfc3339(datetime(2026, 7, 1))

    def test_visit_starts_in_its_own_zone(self) -> None:
        for day, hour, zone, starts in (
            ("2028-02-29", "00:00", None, "2028-02-29T00:00:00+05:30"),
            ("2026-07-05", "11:00", "Asia/Dubai", "2026-07-05T11:00:00+04:00"),
            ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T03:30:00+02:00"),
            ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T02:30:00+02:00"),
        ):
            visit = dates.visit_start(HOST, SiteVisit(True, day, hour, zone))
            self.assertEqual(visit and (dates.rfc3339(visit.at), visit.zone), (starts, zone or "Asia/Kolkata"))
        for unfixed in (None, SiteVisit(), SiteVisit(False, "2026-07-05", "11:00"), SiteVisit(True, None, "11:00")):
            self.assertIsNone(dates.visit_start(HOST, unfixed))
        for day, hour, zone, name in (
            ("2026-02-30", "11:00", None, "site_visit.date"),
            ("tomorrow", "11:00", None, "site_visit.date"),
            ("2026-07-05", "25:00", None, "site_visit.time_slot"),
            ("2026-07-05", "11", None, "site_visit.time_slot"),
            ("2026-07-05", "11:00", "IST", "site_visit.timezone"),
        ):
            with self.assertRaises(Rejected) as refused:
                dates.visit_start(HOST, SiteVisit(True, day, hour, zone))
            self.assertEqual(refused.exception.fields[0].field, name)

    def test_local_times_of_named_zones(self) -> None:
        read = dates.parse_local(HOST, "%d/%m/%Y %H:%M", "05/07/2026 16:30", "America/New_York")
        self.assertEqual(read and dates.rfc3339(read), "2026-07-05T16:30:00-04:00")
        self.assertIsNone(dates.parse_local(HOST, "%d/%m/%Y %H:%M", "31/02/2026 16:30", "America/New_York"))
        for instant in ("2026-07-05T16:30:00-0400", datetime(2026, 7, 5, 20, 30, tzinfo=timezone.utc)):
            told = dates.in_zone(HOST, instant, "Asia/Kolkata")
            self.assertEqual(told.strftime("%d/%m/%Y %H:%M"), "06/07/2026 02:00")
        with self.assertRaises(Rejected) as refused:
            dates.in_zone(HOST, "2026-07-05T16:30:00Z", "IST", field="crm_zone")
        self.assertEqual(refused.exception.fields[0].field, "crm_zone")
        with self.assertRaises(Rejected) as refused:
            dates.parse_local(HOST, "%d/%m/%Y", "05/07/2026", "IST", field="crm_zone")
        self.assertEqual(refused.exception.fields[0].field, "crm_zone")
        with self.assertRaises(Rejected) as refused:
            dates.in_zone(HOST, "yesterday", "UTC")
        self.assertEqual(refused.exception.fields[0].field, "time")

    def test_double_converts_as_the_host(self) -> None:
        double, cases = Script(), json.loads(DATES.read_text(encoding="utf-8"))
        for case in cases["instants"]:
            self.assertEqual(double.instant(case["local"], case["zone"]), case["instant"], case)
        for case in cases["locals"]:
            self.assertEqual(double.local(case["instant"], case["zone"]), case["local"], case)
        for zone in cases["unknown_zones"]:
            self.assertEqual(double.instant("2026-07-05T16:30", zone), dates.DateError.UNKNOWN_ZONE, zone)
            self.assertEqual(double.local("2026-07-05T16:30:00Z", zone), dates.DateError.UNKNOWN_ZONE, zone)
        for text in cases["invalid_locals"]:
            self.assertEqual(double.instant(text, "Asia/Kolkata"), dates.DateError.INVALID_TIME, text)
        for text in cases["invalid_instants"]:
            self.assertEqual(double.local(text, "UTC"), dates.DateError.INVALID_TIME, text)


class Rejections(unittest.TestCase):
    def test_have_the_shared_wording(self) -> None:
        for case in json.loads(REJECTIONS.read_text(encoding="utf-8"))["cases"]:
            host, text = Host(Script(country=case.get("country", "IN"))), case["text"]
            with self.assertRaises(Rejected) as refused:
                match case["asked"]:
                    case "phone":
                        phone.e164(host, text)
                    case "instant":
                        dates.from_local(host, text, case["zone"])
                    case "local":
                        dates.in_zone(host, text, case["zone"])
            it = refused.exception
            self.assertEqual((it.code, it.message), (case["code"], case["message"]), text)
            self.assertEqual([(each.field, each.message) for each in it.fields], [(case["field"], case["detail"])])


class Money(unittest.TestCase):
    def test_groups_three_then_two_digits(self) -> None:
        for rupees, text in {
            0: "0",
            999: "999",
            1_000: "1,000",
            10_000: "10,000",
            100_000: "1,00,000",
            12_000_000: "1,20,00,000",
            2**63 - 1: "92,23,37,20,36,85,47,75,807",
            -(2**63): "-92,23,37,20,36,85,47,75,808",
        }.items():
            self.assertEqual(money.grouped(rupees), text)
            self.assertEqual(money.parse(text), rupees)
        for text in ("85 lakh", "", "1.5", "१"):
            self.assertIsNone(money.parse(text))

    def test_speaks_in_lakhs_and_crores(self) -> None:
        for rupees, text in {
            99_999: "99,999",
            100_000: "1 lakh",
            8_550_000: "85.5 lakh",
            9_999_999: "99.99 lakh",
            10_000_000: "1 crore",
            12_050_000: "1.2 crore",
            105_000_000: "10.5 crore",
            -250_000: "-2.5 lakh",
        }.items():
            self.assertEqual(money.spoken(rupees), text)


class Phones(unittest.TestCase):
    def test_the_double_reads_usual_spellings(self) -> None:
        for text in ("9800000000", "09800000000", "919800000000", "+91 98000-00000", "(98000) 00000", "00919800000000"):
            self.assertEqual(phone.e164(HOST, text), "+919800000000", text)
        self.assertEqual(phone.e164(Host(Script(country=None)), "+1 (415) 555-0100"), "+14155550100")
        for text, country, words in (
            ("", "IN", "is not a telephone number"),
            ("98000OOOOO", "IN", "is not a telephone number"),
            ("9800000000", None, "has no country code, and the tenant's file has no `country`"),
            ("5800000000", "IN", "is not in its country's numbering plan"),
            ("980000000", "IN", "is not in its country's numbering plan"),
            ("+9198000000001", "IN", "is not in its country's numbering plan"),
        ):
            with self.assertRaises(Rejected) as refused:
                phone.e164(Host(Script(country=country)), text, field="Mobile")
            ((error,), code) = refused.exception.fields, refused.exception.code
            self.assertEqual((code, error.field), ("bad-phone", "Mobile"))
            self.assertTrue(error.message.startswith(words), error.message)
        with self.assertRaisesRegex(AssertionError, "numbering plan of India only, not of FR"):
            phone.e164(Host(Script(country="FR")), "01 23 45 67 89")

    def test_ten_digits_are_indian(self) -> None:
        self.assertEqual(phone.ten_digits("+919700000000"), "9700000000")
        self.assertIsNone(phone.ten_digits("9700000000"))
        self.assertIsNone(phone.ten_digits("+91 9700000000"))


class Xml(unittest.TestCase):
    def test_charset_is_that_of_the_bytes(self) -> None:
        def document(declared: str, charset: str) -> bytes:
            return f'<?xml version="1.0" encoding="{declared}"?><a>Café ₹</a>'.replace(
                "₹", "₹" if charset.startswith("utf") else "€"
            ).encode(charset)

        for declared, charset, content_type, read in (
            ("windows-1252", "cp1252", "", "Café €"),
            ("windows-1252", "cp1252", "text/xml", "Café €"),
            ("ISO-8859-1", "cp1252", "", "Café €"),
            ("utf-8", "cp1252", "text/xml; charset=windows-1252", "Café €"),
            # The host has converted the document, or its server converts what it labels: the declaration is wrong.
            ("windows-1252", "utf-8", "text/xml; charset=utf-8", "Café ₹"),
            ("windows-1252", "utf-8", "text/xml; charset=windows-1252", "Café ₹"),
            ("utf-16", "utf-8", "", "Café ₹"),
            ("utf-8", "utf-8-sig", "", "Café ₹"),
            ("utf-16", "utf-16", "", "Café ₹"),
            ("utf-16", "utf-16-le", "", "Café ₹"),
            ("utf-16", "utf-16-be", "text/xml; charset=utf-16", "Café ₹"),
        ):
            with self.subTest(declared=declared, charset=charset):
                self.assertEqual(xml.parse(document(declared, charset), content_type).text, read)
        for declared, words in (("utf-8", "not UTF-8"), ("klingon", "in a charset that is not known here: klingon")):
            with self.assertRaises(xml.XmlError) as error:
                xml.parse(document(declared, "cp1252"))
            self.assertEqual(str(error.exception), words)

    def test_dangerous_xml_is_refused(self) -> None:
        bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
        for text in (bomb, '<!DOCTYPE a SYSTEM "file:///x"><a/>', "<a>" * 101 + "</a>" * 101, "<a>&b;</a>", "<a>", ""):
            with self.assertRaises(xml.XmlError):
                xml.parse(text)
            with self.assertRaises(xml.XmlError):
                xml.parse(text.encode("utf-16"))
        self.assertEqual(xml.parse("<a>" * 100 + "</a>" * 100).tag, "a")

    def test_names_have_namespaces(self) -> None:
        root = xml.parse('<p:a xmlns:p="urn:p" xmlns:q="urn:q" q:n="1" m="2"><b xmlns="urn:q">x&amp;<![CDATA[<y>]]></b></p:a>')
        self.assertEqual((root.tag, root.attrib), ("{urn:p}a", {"{urn:q}n": "1", "m": "2"}))
        self.assertEqual(root.findtext("{urn:q}b"), "x&<y>")

    def test_reads_what_it_writes(self) -> None:
        root = xml.Element("a")
        root.text = xml.writable("क <&> \x00\x0b\ud800\ufffe\t\n")
        self.assertEqual(xml.parse(xml.document(root)).text, "क <&> \ufffd\ufffd\ufffd\ufffd\t\n")


@dataclass(frozen=True)
class Inner:
    n: int
    ratio: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner | None
    many: list[Inner] = field(default_factory=list)
    by_name: dict[str, int] = field(default_factory=dict)
    outcome: Outcome = Outcome.NO_ANSWER
    anything: Any = None
    at: datetime | None = None


class Shapes(unittest.TestCase):
    def test_reads_valid_values(self) -> None:
        self.assertEqual(shape.read(Outer, {"name": "x", "new": 1}), Outer("x", None))
        given = {
            "name": "x",
            "inner": {"n": 1, "ratio": 2},
            "many": [{"n": 2}],
            "by_name": {"a": 1},
            "outcome": "other",
            "anything": [None],
        }
        read = Outer("x", Inner(1, 2.0), [Inner(2)], {"a": 1}, Outcome.OTHER, [None])
        self.assertEqual(shape.read(Outer, given), read)
        given = {"name": "x", "at": "2026-07-01T14:31:55+0530"}
        self.assertEqual(shape.read(Outer, given).at, datetime(2026, 7, 1, 9, 1, 55, tzinfo=timezone.utc))

    def test_errors_name_the_place_and_quote_nothing(self) -> None:
        for given, words in (
            ({}, "/name is missing"),
            ({"name": 9800000000}, "/name should be str and is a int"),
            ({"name": None}, "/name should be str and is null"),
            ({"name": "x", "inner": {"n": True}}, "/inner/n should be int and is a bool"),
            ({"name": "x", "many": [{"n": 1}, {"n": "2"}]}, "/many/1/n should be int and is a str"),
            ({"name": "x", "outcome": "secret"}, "/outcome is not one of"),
            ([], "/ should be Outer and is an array"),
            ({"name": "x", "at": "yesterday"}, "/at should be an instant as RFC 3339 has it"),
            ({"name": "x", "at": 1782896515}, "/at should be datetime and is a int"),
        ):
            with self.assertRaises(shape.Misshapen) as error:
                shape.read(Outer, given)
            self.assertTrue(str(error.exception).startswith(words), error.exception)
        with self.assertRaises(shape.Misshapen):
            shape.read(Outer, {"name": "x", "new": 1}, strict=True)

    def test_results_are_checked(self) -> None:
        shape.checked(LeadStatus("L", True, "new", extensions=[Extension.of("a/b", 1)]), LeadStatus)
        for wrong, words in (
            (None, "what the adapter returned should be LeadStatus and is None"),
            (LeadStatus("L", 1, "new"), "LeadStatus.callable should be bool and is int"),  # type: ignore[arg-type]
            (LeadStatus("L", True, "new", extensions=["x"]), "an item of LeadStatus.extensions should be Extension and is str"),  # type: ignore[list-item]
        ):
            with self.assertRaises(TypeError) as error:
                shape.checked(wrong, LeadStatus)
            self.assertEqual(str(error.exception), words)

    def test_extensions_keep_their_values(self) -> None:
        self.assertEqual(Extension.of("a/b~c", "ऊ"), Extension("/a~1b~0c", '"ऊ"'))
        self.assertEqual(Extension("/x", "12").value, 12)
        self.assertEqual(Extension.of("x", Extension("/x", '{"a":[1.10,1e2]}').value).json, '{"a": [1.10, 1e2]}')
        self.assertEqual(Extension("/x", "not json").value, "not json")

    def test_raw_values_keep_their_digits(self) -> None:
        raw = [Extension("/x", it).raw for it in ("100000000000000000000001", "[1.10]", "not json", "1e400")]
        body = {"raw": raw, "ऊ\ue000": "\ue000", "n": 1}
        self.assertEqual(
            to_json(body), '{"raw": [100000000000000000000001, [1.10], "not json", 1e400], "ऊ\ue000": "\ue000", "n": 1}'
        )
        self.assertEqual(to_json({"a": [1, None, "\n"]}), '{"a": [1, null, "\\n"]}')
        for wrong in ("1,2", "", "NaN"):
            self.assertRaises(ValueError, RawJson, wrong)
        self.assertRaises(TypeError, to_json, {"a": object()})
