//! mortar: an ERP system of the nineties behind HTTP. Lines of `KEY=value`, fixed-width fields, return codes inside
//! HTTP 200, an HMAC on every message. Every accepted disposal adds a document, and documents cannot be searched.
//!
//! | program | response |
//! | --- | --- |
//! | `POST /mortar/v1/enquiry` | a party's `STAGE`, `DND`, `SPOKE`, `CALLED` and `AT` |
//! | `POST /mortar/v1/disposal` | `DOC`, the number of a new document |
//!
//! It checks, in this order: the MAC of the raw body (0401), the message (0100), the fields (0101), the party (0404),
//! and the lock of a user who has the party open (0409). Other paths get the proxy's 404.

mod entry;
mod message;

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request, StatusCode};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use self::message::Message;
use super::http_message::{FakeResponse, has_media_type, header, response};
use super::service::{FakeService, RequestOutcome};

/// mortar's options.
#[derive(Debug, Clone)]
pub struct MortarConfig {
    /// The key that bodies are authenticated with.
    pub key: String,
}

impl MortarConfig {
    /// A mortar with one key.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into() }
    }
}

/// A lead as mortar stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MortarParty {
    /// Its number: ten digits.
    pub number: String,
    /// 10 new, 20 contacted, 30 visit fixed, 40 booked, 90 closed.
    #[serde(default = "new_stage")]
    pub stage: String,
    /// Whether it asked not to be called: `Y`, `N` or a space. A disposal with `DND=Y` sets it.
    #[serde(default = "no")]
    pub dnd: String,
    /// Whether a person has spoken to it: `Y`, `N` or a space.
    #[serde(default = "no")]
    pub spoke: String,
    /// The date (`YYYYMMDD`) and time (`HHMM`) of its last call in Indian time; spaces if never called.
    #[serde(default = "never")]
    pub called: (String, String),
    /// Whether a user has it open at a terminal, which blocks writes.
    #[serde(default)]
    pub locked: bool,
}

impl MortarParty {
    /// A new party that may be called. Pads the number to ten digits.
    pub fn new(number: impl AsRef<str>) -> Self {
        Self {
            number: format!("{:0>10}", number.as_ref()),
            stage: new_stage(),
            dnd: no(),
            spoke: no(),
            called: never(),
            locked: false,
        }
    }
}

fn new_stage() -> String {
    "10".into()
}

fn no() -> String {
    "N".into()
}

fn never() -> (String, String) {
    (" ".repeat(8), " ".repeat(4))
}

/// A disposal as mortar stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MortarDocument {
    /// mortar's own number, such as `M-000123`.
    pub number: String,
    /// Every field, as received.
    pub fields: BTreeMap<String, String>,
}

impl MortarDocument {
    /// A field's value; empty if absent.
    pub fn get(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", String::as_str)
    }
}

/// The CRM behind [`Mortar`](super::Mortar).
#[derive(Debug)]
pub struct MortarCrm {
    config: MortarConfig,
    parties: BTreeMap<String, MortarParty>,
    documents: Vec<MortarDocument>,
}

impl FakeService for MortarCrm {
    type Config = MortarConfig;
    type Lead = MortarParty;
    type Record = MortarDocument;
    const RECORDS: (&'static str, &'static str) = ("calls", "stored");

    fn from_config(config: MortarConfig) -> Self {
        Self {
            config,
            parties: BTreeMap::new(),
            documents: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        let done = match (request.method(), request.uri().path()) {
            (&Method::POST, "/mortar/v1/enquiry") => self.enquiry(request),
            (&Method::POST, "/mortar/v1/disposal") => self.disposal(request),
            _ => return RequestOutcome::Refused(proxy_404()),
        };
        done.unwrap_or_else(|refusal| RequestOutcome::Refused(refusal.response()))
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        let wait = retry_after.map_or_else(|| " ".repeat(4), |seconds| format!("{seconds:04}"));
        Message::code("0429").with("WAIT", &wait).response()
    }

    fn maintenance() -> FakeResponse {
        Message::code("0900").with("MSG", "NIGHT BATCH").response()
    }

    fn crash() -> FakeResponse {
        Message::code("0512").with("MSG", "ABEND S0C7").response()
    }

    fn seed(&mut self, party: MortarParty) {
        self.parties.insert(party.number.clone(), party);
    }

    fn stored(&self) -> Vec<MortarDocument> {
        self.documents.clone()
    }

    fn clear(&mut self) {
        self.parties.clear();
        self.documents.clear();
    }
}

impl MortarCrm {
    fn enquiry(&self, request: &Request<Bytes>) -> Result<RequestOutcome, Message> {
        let fields = self.verified(request)?.exactly(&["PARTY"]).ok_or_else(wrong_lines)?;
        let number = &fields[0].1;
        if !entry::is_digits(number, 10) {
            return Err(invalid(&[("PARTY".into(), "MUST BE 10 DIGITS")]));
        }
        let party = self.parties.get(number).ok_or_else(|| Message::code("0404"))?;
        let answer = Message::code("0000")
            .with("PARTY", &party.number)
            .with("STAGE", &party.stage)
            .with("DND", &party.dnd)
            .with("SPOKE", &party.spoke)
            .with("CALLED", &party.called.0)
            .with("AT", &party.called.1);
        Ok(RequestOutcome::Read(answer.response()))
    }

    fn disposal(&mut self, request: &Request<Bytes>) -> Result<RequestOutcome, Message> {
        let fields = self.verified(request)?.exactly(&entry::KEYS).ok_or_else(wrong_lines)?;
        let errors = entry::check(&fields);
        if !errors.is_empty() {
            return Err(invalid(&errors));
        }
        let fields: BTreeMap<_, _> = fields.into_iter().collect();
        let party = self
            .parties
            .get_mut(&fields["PARTY"])
            .ok_or_else(|| Message::code("0404"))?;
        if party.locked {
            return Err(Message::code("0409").with("MSG", "OPEN AT A TERMINAL"));
        }
        if fields["DND"] == "Y" {
            "Y".clone_into(&mut party.dnd);
        }
        party.called = (fields["DATE"].clone(), fields["TIME"].clone());
        let number = format!("M-{:06}", self.documents.len() + 1);
        let answer = Message::code("0000").with("DOC", &number).response();
        self.documents.push(MortarDocument { number, fields });
        Ok(RequestOutcome::Stored(answer))
    }

    fn verified(&self, request: &Request<Bytes>) -> Result<Message, Message> {
        let refused = |why| Message::code("0401").with("MSG", why);
        let given = header(request, "x-mortar-mac").ok_or_else(|| refused("X-MORTAR-MAC MUST BE THERE ONCE"))?;
        let lowercase = !given.bytes().any(|byte| byte.is_ascii_uppercase());
        let tag = hex::decode(given).ok().filter(|_| lowercase);
        let tag = tag.ok_or_else(|| refused("X-MORTAR-MAC MUST BE LOWERCASE HEX"))?;
        let mac = Hmac::<Sha256>::new_from_slice(self.config.key.as_bytes());
        let mac = mac.map_err(|_| refused("NO KEY IS SET UP"))?;
        mac.chain_update(request.body())
            .verify_slice(&tag)
            .map_err(|_| refused("WRONG MAC"))?;
        if !has_media_type(request, "text/plain") {
            return Err(Message::code("0100").with("MSG", "SEND TEXT/PLAIN"));
        }
        Message::parse(request.body()).map_err(|why| Message::code("0100").with("MSG", why))
    }
}

fn wrong_lines() -> Message {
    Message::code("0100").with("MSG", "WRONG LINES OR WRONG ORDER")
}

fn invalid(errors: &[(String, &'static str)]) -> Message {
    let answer = Message::code("0101").with("MSG", "ENTRY REFUSED");
    errors
        .iter()
        .fold(answer, |answer, (key, why)| answer.with("FLD", key).with("MSG", why))
}

fn proxy_404() -> FakeResponse {
    let page = "<html><head><title>404</title></head><body>Not found on this gateway.</body></html>\n";
    response(StatusCode::NOT_FOUND, Some("text/html"), page)
}
