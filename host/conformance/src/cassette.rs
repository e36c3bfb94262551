//! A cassette: a folder of fixtures, each of them one recorded invocation. The format is the one of the SDKs' replays,
//! and is documented with `jackfield_sdk::testing::Replay`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::exchange::FixtureExchange;
use super::pointed::JsonCursor;
use jackfield_domain::id::LeadId;
use jackfield_sandbox::fixture::{FixtureDisposition, FixtureFailure, FixtureReceipt};
use jackfield_sandbox::rehearsal::{ExportInput, ExportOutput};

/// The time of a fixture that names none: 2026-07-01T09:01:55Z.
const NOW: Timestamp = Timestamp::constant(1_782_896_515, 0);

/// Recorded invocations.
#[derive(Debug)]
pub struct Cassette {
    /// The folder.
    pub folder: PathBuf,
    /// In the order of their file names.
    pub fixtures: Vec<Fixture>,
    /// Files that are not fixtures, and why.
    pub broken: Vec<(String, String)>,
}

/// One recorded invocation.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its file's name without `.json`.
    pub name: String,
    /// One sentence: what the fixture shows.
    pub about: String,
    /// Settings of the release.
    pub settings: BTreeMap<String, String>,
    /// Keys to sign with.
    pub keys: BTreeMap<String, String>,
    /// The time that the guest's clock shows.
    pub now: Timestamp,
    /// What is invoked.
    pub line: ExportInput,
    /// The expected requests, and their answers.
    pub exchanges: Vec<FixtureExchange>,
    /// The expected result.
    pub returns: Result<ExportOutput, FixtureFailure>,
}

impl Cassette {
    /// Reads every `.json` file of a folder.
    ///
    /// # Errors
    /// The folder cannot be read. Files that are not fixtures are listed in [`Self::broken`].
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut files = vec![];
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "json") {
                files.push(path);
            }
        }
        files.sort();
        let mut cassette = Self {
            folder: folder.to_owned(),
            fixtures: vec![],
            broken: vec![],
        };
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let fixture = fs::read(&file)
                .map_err(|error| error.to_string())
                .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| format!("is not JSON: {error}")))
                .and_then(|value| Fixture::read(&name, &value));
            match fixture {
                Ok(fixture) => cassette.fixtures.push(fixture),
                Err(why) => {
                    let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    cassette.broken.push((file, why));
                }
            }
        }
        Ok(cassette)
    }
}

impl Fixture {
    fn read(name: &str, value: &Value) -> Result<Self, String> {
        let root = JsonCursor::root(value);
        root.only(&["about", "settings", "keys", "now", "call", "exchanges", "returns"])?;
        let now = match root.optional("now")? {
            Some(now) => now
                .text()?
                .parse()
                .map_err(|error| now.wrong(&format!("is not an RFC 3339 time: {error}")))?,
            None => NOW,
        };
        let line = line(&root.required("call")?)?;
        let exchanges = match root.optional("exchanges")? {
            Some(list) => list
                .items()?
                .iter()
                .map(FixtureExchange::read)
                .collect::<Result<_, _>>()?,
            None => vec![],
        };
        let returns = returns(&root.required("returns")?, &line)?;
        Ok(Self {
            name: name.to_owned(),
            about: root.required("about")?.text()?.to_owned(),
            settings: root.texts("settings")?,
            keys: root.texts("keys")?,
            now,
            line,
            exchanges,
            returns,
        })
    }
}

fn line(call: &JsonCursor<'_>) -> Result<ExportInput, String> {
    let kinds = ["query_status", "write_disposition", "find", "parse_leads"];
    let (kind, given) = call.one_of(&kinds)?;
    match kind {
        "query_status" => {
            given.only(&["lead_id"])?;
            let lead_id = given.required("lead_id")?;
            let lead_id: LeadId = lead_id
                .text()?
                .parse()
                .map_err(|error| lead_id.wrong(&format!("is not a lead's id: {error}")))?;
            Ok(ExportInput::QueryStatus { lead_id })
        }
        "write_disposition" => {
            given.only(&["disposition", "idempotency_key"])?;
            let disposition: FixtureDisposition = record(&given.required("disposition")?)?;
            let key = given.optional("idempotency_key")?;
            let key = key.map(|key| key.text().map(str::to_owned)).transpose()?;
            Ok(ExportInput::WriteDisposition {
                idempotency_key: key.unwrap_or_else(|| disposition.call_id.clone()),
                disposition: Box::new(disposition),
            })
        }
        "find" => {
            given.only(&["lead_id", "idempotency_key"])?;
            Ok(ExportInput::Find {
                lead_id: given.required("lead_id")?.text()?.to_owned(),
                idempotency_key: given.required("idempotency_key")?.text()?.to_owned(),
            })
        }
        _ => {
            given.only(&["content_type", "body", "received_at"])?;
            let text = |name| match given.optional(name)? {
                Some(text) => text.text().map(str::to_owned),
                None => Ok(String::new()),
            };
            Ok(ExportInput::ParseLeads {
                content_type: text("content_type")?,
                body: given.required("body")?.text()?.to_owned(),
                received_at: text("received_at")?,
            })
        }
    }
}

fn returns(given: &JsonCursor<'_>, line: &ExportInput) -> Result<Result<ExportOutput, FixtureFailure>, String> {
    let (word, value) = given.one_of(&["ok", "err"])?;
    if word == "err" {
        return record(&value).map(Err);
    }
    Ok(Ok(match line {
        ExportInput::QueryStatus { .. } => ExportOutput::Status(record(&value)?),
        ExportInput::WriteDisposition { .. } => ExportOutput::Receipt(record(&value)?),
        ExportInput::Find { .. } => ExportOutput::Found(record::<Option<FixtureReceipt>>(&value)?),
        ExportInput::ParseLeads { .. } => ExportOutput::Leads(record(&value)?),
    }))
}

fn record<T: DeserializeOwned>(given: &JsonCursor<'_>) -> Result<T, String> {
    T::deserialize(given.value()).map_err(|error| given.wrong(&error.to_string()))
}
