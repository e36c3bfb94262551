//! Recorded invocations, as JSON files beside the adapter.

use std::collections::BTreeMap;
use std::fs;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Exchange, Script};
use crate::model::{Disposition, Failure, Inbound, Lead, Receipt, Rejection};
use crate::{Adapter, Host, Lookup, ParseLeads};

/// Replays a folder of recorded invocations against an adapter.
///
/// ```no_run
/// # use jackfield_sdk::{testing::Replay, *};
/// # struct MyAdapter;
/// # impl Adapter for MyAdapter {
/// #     fn describe() -> Description { about!() }
/// #     fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> { Err(Failure::Unknown(None)) }
/// #     fn write_disposition(_: &Host, _: &Disposition, _: &str) -> Result<Receipt, Failure> {
/// #         Err(Failure::Unknown(None))
/// #     }
/// # }
/// # impl Lookup for MyAdapter {
/// #     fn find(_: &Host, _: &str, _: &str) -> Result<Option<Receipt>, Failure> { Ok(None) }
/// # }
/// Replay::<MyAdapter>::of().with_lookup().folder(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
/// ```
///
/// Each file is one invocation, in the same format for adapters in all languages:
///
/// ```json
/// {
///   "about": "A lead that may be called",
///   "settings": {"base_url": "https://crm.example"},
///   "keys": {"signing": "a test key"},
///   "now": "2026-07-01T09:01:55Z",
///   "call": {"query_status": {"lead_id": "L-1"}},
///   "exchanges": [{
///     "request": {"method": "GET", "url": "https://crm.example/leads/L-1", "headers": {}},
///     "answer": {"status": 200, "headers": {}, "json": {"id": "L-1", "stage": "new"}}
///   }],
///   "returns": {"ok": {"lead_id": "L-1", "callable": true, "status": "new"}}
/// }
/// ```
///
/// - `call` is `query_status {lead_id}`, `write_disposition {disposition, idempotency_key}`, `find {lead_id,
///   idempotency_key}` or `parse_leads {content_type, body, received_at}`. Records are the contract's, in snake case;
///   optional fields may be omitted. The default of `idempotency_key` is the call's id.
/// - `request` has at most one of `json`, `form` (name to value) and `text`; without any, its body must be empty.
///   `headers` must be present; others may be present too.
/// - In place of `answer` (`status`, and `json` or `text`), `fails` is one of `{"denied": "why"}`, `{"unreachable":
///   "why"}`, `{"no_answer": "why"}` and `{"too_large": "why"}`.
/// - `returns` is `ok` or `err`, a failure being `"unknown"`, `{"unknown": "why"}`, `{"rate_limited": 30}`,
///   `{"rejected": {"code", "message", "fields"}}` and so on. A failure without a reason stands for any reason. A
///   lead that `parse_leads` refuses is `{"rejected": …}` in its place.
pub struct Replay<A> {
    find: Option<Find>,
    parse_leads: Option<Parse>,
    adapter: PhantomData<A>,
}

type Find = fn(&Host, &str, &str) -> Result<Option<Receipt>, Failure>;
type Parse = fn(&Host, &Inbound) -> Result<Vec<Result<Lead, Rejection>>, Failure>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    /// One sentence: what this invocation shows.
    about: String,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    keys: BTreeMap<String, String>,
    /// The country of telephone numbers without a country code.
    country: Option<String>,
    now: Option<String>,
    call: Invocation,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    returns: Returns<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Invocation {
    QueryStatus {
        lead_id: String,
    },
    WriteDisposition {
        disposition: Box<Disposition>,
        idempotency_key: Option<String>,
    },
    Find {
        lead_id: String,
        idempotency_key: String,
    },
    ParseLeads {
        #[serde(default)]
        content_type: String,
        body: String,
        #[serde(default)]
        received_at: String,
    },
}

/// A lead of a webhook, or its refusal as `{"rejected": …}`.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum ParsedLead {
    Rejected { rejected: Rejection },
    Lead(Box<Lead>),
}

impl From<Result<Lead, Rejection>> for ParsedLead {
    fn from(read: Result<Lead, Rejection>) -> Self {
        match read {
            Ok(lead) => Self::Lead(Box::new(lead)),
            Err(rejected) => Self::Rejected { rejected },
        }
    }
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Returns<T> {
    Ok(T),
    Err(Failure),
}

impl<A: Adapter> Replay<A> {
    /// Replays against this adapter, without its optional exports.
    #[must_use]
    pub fn of() -> Self {
        Self {
            find: None,
            parse_leads: None,
            adapter: PhantomData,
        }
    }

    /// Accepts recordings of `find` too.
    #[must_use]
    pub fn with_lookup(mut self) -> Self
    where
        A: Lookup,
    {
        self.find = Some(A::find);
        self
    }

    /// Accepts recordings of `parse_leads` too.
    #[must_use]
    pub fn with_parse_leads(mut self) -> Self
    where
        A: ParseLeads,
    {
        self.parse_leads = Some(A::parse_leads);
        self
    }

    /// Replays every `.json` file of the folder, in the order of their names.
    ///
    /// # Panics
    /// If a file cannot be read, or the adapter's requests or result differ from the recorded ones. The message names
    /// the file.
    pub fn folder(&self, folder: impl AsRef<Path>) {
        let folder = folder.as_ref();
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut files: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{}: no .json files to replay", folder.display());
        for file in files {
            self.file(&file);
        }
    }

    /// Replays one file.
    ///
    /// # Panics
    /// As [`folder`](Self::folder).
    pub fn file(&self, file: impl AsRef<Path>) {
        let name = file.as_ref().display();
        let text = fs::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let recording: Recording = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let title = format!("{name} ({})", recording.about);
        match &recording.call {
            Invocation::QueryStatus { lead_id } => recording.play(&title, |host| A::query_status(host, lead_id)),
            Invocation::WriteDisposition {
                disposition,
                idempotency_key,
            } => recording.play(&title, |host| {
                let key = idempotency_key.as_ref().unwrap_or(&disposition.call_id);
                A::write_disposition(host, disposition, key)
            }),
            Invocation::Find {
                lead_id,
                idempotency_key,
            } => {
                let find = self
                    .find
                    .unwrap_or_else(|| panic!("{title}: replay `with_lookup` to accept a `find`"));
                recording.play(&title, |host| find(host, lead_id, idempotency_key));
            }
            Invocation::ParseLeads {
                content_type,
                body,
                received_at,
            } => {
                let parse = self
                    .parse_leads
                    .unwrap_or_else(|| panic!("{title}: replay `with_parse_leads` to accept a `parse_leads`"));
                let inbound = Inbound {
                    content_type: content_type.clone(),
                    body: body.clone().into_bytes(),
                    received_at: received_at.clone(),
                };
                recording.play(&title, |host| {
                    let leads = parse(host, &inbound)?.into_iter();
                    Ok(leads.map(ParsedLead::from).collect::<Vec<_>>())
                });
            }
        }
    }
}

impl Recording {
    fn play<T>(&self, title: &str, invoke: impl FnOnce(&Host) -> Result<T, Failure>)
    where
        T: PartialEq + Serialize + DeserializeOwned,
    {
        let expected: Result<T, Failure> = match self.returns.clone() {
            Returns::Ok(value) => {
                Ok(serde_json::from_value(value).unwrap_or_else(|error| panic!("{title}: returns.ok: {error}")))
            }
            Returns::Err(failure) => Err(failure),
        };
        let mut returned = self.script(title).run(invoke);
        if let (Err(returned), Err(expected)) = (&mut returned, &expected) {
            returned.drop_reason_unless(expected);
        }
        assert!(
            returned == expected,
            "{title}: returned {},\nexpected {}",
            pretty(returned),
            pretty(expected),
        );
    }

    fn script(&self, title: &str) -> Script {
        let mut script = Script::new().titled(title);
        if let Some(now) = &self.now {
            script = script.at(now.parse().unwrap_or_else(|error| panic!("{title}: now: {error}")));
        }
        if let Some(country) = &self.country {
            script = script.country(country);
        }
        for (name, value) in &self.settings {
            script = script.setting(name, value);
        }
        for (name, key) in &self.keys {
            script = script.hmac_key(name, key);
        }
        self.exchanges.iter().cloned().fold(script, Script::exchange)
    }
}

/// A result as a fixture writes it.
fn pretty<T: Serialize>(result: Result<T, Failure>) -> String {
    let returns = match result {
        Ok(value) => Returns::Ok(value),
        Err(failure) => Returns::Err(failure),
    };
    serde_json::to_string_pretty(&returns).unwrap_or_else(|error| error.to_string())
}
