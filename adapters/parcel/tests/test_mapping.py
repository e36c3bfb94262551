"""The contents of parcel's elements, in edge cases of the contract."""

from __future__ import annotations

import unittest
from typing import Any

import mapping
import webhook
from jackfield import Disposition, Extension, FieldError, Host, Inbound, Lead, Outcome, Qualification, Rejected, SiteVisit
from jackfield.testing import Script
from jackfield.xml import document, parse
from soap import XSI, p, text
from stages import Stages

HOST = Host(Script())


def call(**what: Any) -> Disposition:
    known = {"call_id": "C-1", "lead_id": "L-1", "outcome": Outcome.NO_ANSWER, "accepted_at": "2026-07-01T09:01:55.000Z"}
    return Disposition(**{**known, **what})


def written(disposition: Disposition, name: str) -> str | None:
    """The text of an element in the document that parcel receives."""
    record = parse(document(mapping.record_call_outcome(HOST, disposition, "K"))).find(p("Call"))
    assert record is not None
    return text(record, name)


class Outcomes(unittest.TestCase):
    def test_every_outcome_has_its_own_code(self) -> None:
        self.assertEqual(set(mapping.CODES), set(Outcome))
        self.assertEqual(len(set(mapping.CODES.values())), len(Outcome))

    def test_other_outcomes_keep_their_words(self) -> None:
        other = call(outcome=Outcome.OTHER, other_outcome="पैंटहाउस <चाहिए> & \x00")
        self.assertEqual(written(other, "OutcomeCode"), "OTHER")
        self.assertEqual(written(other, "OutcomeText"), "पैंटहाउस <चाहिए> & \ufffd")


class Instants(unittest.TestCase):
    def test_calls_are_in_indian_time(self) -> None:
        cases = {
            "2026-07-01T09:01:55.999Z": "2026-07-01T14:31:55+05:30",
            "2026-12-31T18:29:59.000Z": "2026-12-31T23:59:59+05:30",
            "2026-12-31T18:30:00.000Z": "2027-01-01T00:00:00+05:30",
            "2028-02-28T18:30:00.000Z": "2028-02-29T00:00:00+05:30",
        }
        for accepted, told in cases.items():
            self.assertEqual(written(call(accepted_at=accepted), "CalledOn"), told)


class Amounts(unittest.TestCase):
    def test_amounts_have_two_places_and_no_exponent(self) -> None:
        cases = {0: "0.00", 1: "1.00", 8_500_000: "8500000.00", -1: "-1.00", 2**63 - 1: "9223372036854775807.00"}
        for rupees, told in cases.items():
            self.assertEqual(written(call(qualification=Qualification(budget_max=rupees)), "BudgetTo"), told)
        self.assertIsNone(written(call(), "BudgetTo"))


class Visits(unittest.TestCase):
    def visit(self, **what: Any) -> str:
        visit = SiteVisit(**{"booked": True, "date": "2028-02-29", "time_slot": "00:00", **what})
        record = mapping.record_call_outcome(HOST, call(site_visit=visit), "K").find(p("Call"))
        assert record is not None
        element = record.find(p("Visit"))
        assert element is not None
        parts = [child.text or "" for child in element]
        return " ".join(parts) or f"nil {element.get(f'{{{XSI}}}nil')}; {text(record, 'Remarks')}"

    def test_fixed_visit_keeps_its_zone(self) -> None:
        self.assertEqual(self.visit(), "2028-02-29 00:00:00 Asia/Kolkata")
        self.assertEqual(self.visit(timezone="Asia/Dubai"), "2028-02-29 00:00:00 Asia/Dubai")
        skipped = {"date": "2026-03-29", "time_slot": "02:30", "timezone": "Europe/Berlin"}
        self.assertEqual(self.visit(**skipped), "2026-03-29 03:30:00 Europe/Berlin")

    def test_unfixed_visit_is_a_remark(self) -> None:
        self.assertEqual(self.visit(booked=False), "nil true; visit wish=2028-02-29 00:00")
        self.assertEqual(self.visit(time_slot=None), "nil true; visit wish=2028-02-29")
        self.assertEqual(self.visit(date=None, time_slot=None), "nil true; None")

    def test_invalid_visit_names_its_field(self) -> None:
        for what, field in [
            ({"date": "2027-02-29"}, "site_visit.date"),
            ({"date": "tomorrow"}, "site_visit.date"),
            ({"date": "20280229"}, "site_visit.date"),
            ({"time_slot": "24:00"}, "site_visit.time_slot"),
            ({"time_slot": "11"}, "site_visit.time_slot"),
            ({"timezone": "Mars/Olympus"}, "site_visit.timezone"),
        ]:
            with self.assertRaises(Rejected) as refused:
                self.visit(**what)
            self.assertEqual([it.field for it in refused.exception.fields], [field])


class Remarks(unittest.TestCase):
    def test_values_without_an_element_are_remarked(self) -> None:
        extensions = [Extension.of("floor", "ऊपर"), Extension("/call_metadata/turns", "41")]
        self.assertEqual(written(call(extensions=extensions), "Remarks"), '/floor="ऊपर"; /call_metadata/turns=41')

    def test_long_remarks_are_cut_between_letters(self) -> None:
        remarks = written(call(extensions=[Extension.of("said", "बात" * 500)]), "Remarks") or ""
        self.assertEqual((len(remarks), remarks[-1]), (mapping.REMARKS_CHARS, "…"))


class Webhooks(unittest.TestCase):
    def names(self, body: bytes, content_type: str = "text/xml") -> list[str | None]:
        leads = webhook.leads(HOST, Inbound(content_type, body))
        return [lead.name if isinstance(lead, Lead) else lead.fields[0].message for lead in leads]

    def notification(self, charset: str, declared: str) -> bytes:
        lead = "<p:LeadNumber>1</p:LeadNumber><p:Mobile>9800000000</p:Mobile><p:CustomerName>José</p:CustomerName>"
        root = f'<p:LeadNotification xmlns:p="urn:parcel-crm:2009" event="LeadCreated"><p:Lead>{lead}</p:Lead>'
        return f'<?xml version="1.0" encoding="{declared}"?>{root}</p:LeadNotification>'.encode(charset)

    def test_notifications_in_any_charset(self) -> None:
        for charset, declared, content_type in (
            ("utf-8", "utf-8", "text/xml"),
            ("cp1252", "windows-1252", "text/xml"),
            ("cp1252", "utf-8", "text/xml; charset=windows-1252"),
            ("utf-8", "windows-1252", "text/xml; charset=utf-8"),
            ("utf-16", "utf-16", "text/xml"),
        ):
            with self.subTest(charset=charset, declared=declared):
                self.assertEqual(self.names(self.notification(charset, declared), content_type), ["José"])

    def test_times_are_printed_anew(self) -> None:
        created = b"<p:CreatedOn>2026-07-01t14:31:55.000+0530</p:CreatedOn></p:Lead>"
        body = self.notification("utf-8", "utf-8").replace(b"</p:Lead>", created)
        (lead,) = webhook.leads(HOST, Inbound("text/xml", body))
        self.assertEqual(isinstance(lead, Lead) and lead.created_at, "2026-07-01T14:31:55+05:30")


class StageTable(unittest.TestCase):
    def table(self, code: str, **settings: str) -> tuple[str, bool]:
        return Script(settings=settings).run(lambda host: Stages.of(host).read(code))

    def test_default_is_parcels_own(self) -> None:
        self.assertEqual(self.table("10"), ("new", True))
        self.assertEqual(self.table("40"), ("booked", False))

    def test_tenant_can_name_its_stages(self) -> None:
        settings = {"stages": "1=fresh, 2 = warm,30=gone", "callable_stages": "fresh, warm"}
        self.assertEqual([self.table(code, **settings) for code in ("1", "2", "30", "10")], [
            ("fresh", True), ("warm", True), ("gone", False), ("stage_10", False),
        ])  # fmt: skip

    def test_unnamed_stage_is_logged(self) -> None:
        script = Script()
        script.run(lambda host: Stages.of(host).read("55"))
        self.assertEqual([(message, fields) for _, message, fields in script.logged], [
            ("a stage that the setting `stages` does not name", {"stage": "55"}),
        ])  # fmt: skip

    def test_malformed_setting_is_named(self) -> None:
        for settings, field in [
            ({"stages": "10:new"}, "stages"),
            ({"stages": "10=new,10=old"}, "stages"),
            ({"stages": "10=New"}, "stages"),
            ({"stages": ","}, "stages"),
            ({"callable_stages": "nwe"}, "callable_stages"),
        ]:
            with self.assertRaises(Rejected) as refused:
                self.table("10", **settings)
            self.assertEqual([it.field for it in refused.exception.fields], [field])
            self.assertIsInstance(refused.exception.fields[0], FieldError)
