"""Write a Jackfield CRM adapter in Python: one class.

An adapter defines how *this* CRM answers a status query and takes a disposition. The host does the rest: signatures,
queues, retries, credentials and limits.

    from jackfield import Adapter, Credential, Description, Disposition, Host, LeadStatus, Receipt, export, url

    class Acme(Adapter):
        def describe(self) -> Description: ...
        def query_status(self, host: Host, lead_id: str) -> LeadStatus: ...
        def write_disposition(self, host: Host, call: Disposition, idempotency_key: str) -> Receipt: ...

    export(Acme())

========================================================  ======================================
for                                                       see
========================================================  ======================================
what to implement                                         `Adapter`, `Lookup`, `ParseLeads`
the records                                               `jackfield.model`
what to raise, and what the host then does                `jackfield.failures`
HTTP, settings, signatures, the log, the time             `Host`
what the CRM's answers mean                               `jackfield.http`
local times and phone numbers, by the host                `jackfield.date`, `.phone`
rupees, XML                                               `jackfield.money`, `.xml`
tests                                                     `jackfield.testing`
========================================================  ======================================

Everything is synchronous, and every invocation runs in a fresh instance. In the component there are no files, sockets,
environment variables, threads or time zone data, and no packages except those in the project itself.
"""

from .about import Credential, Description, Setting, SettingKind
from .adapter import Adapter, Lookup, ParseLeads, each_lead, export
from .failures import (
    Conflict,
    Failure,
    FieldError,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unknown,
)
from .host import Host
from .http import Response, url
from .log import Level
from .model import (
    Disposition,
    Extension,
    Inbound,
    Lead,
    LeadStatus,
    Outcome,
    Priority,
    Qualification,
    Receipt,
    SiteVisit,
)
from .raw_json import JsonFloat, RawJson

__all__ = [
    "Adapter",
    "Conflict",
    "Credential",
    "Description",
    "Disposition",
    "Extension",
    "Failure",
    "FieldError",
    "Host",
    "Inbound",
    "JsonFloat",
    "Lead",
    "LeadStatus",
    "Level",
    "Lookup",
    "NotFound",
    "Outcome",
    "ParseLeads",
    "Priority",
    "Qualification",
    "RateLimited",
    "RawJson",
    "Receipt",
    "Rejected",
    "Response",
    "Setting",
    "SettingKind",
    "SiteVisit",
    "Unauthorized",
    "Unavailable",
    "Unknown",
    "each_lead",
    "export",
    "url",
]
