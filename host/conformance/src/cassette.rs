//! A cassette: a folder of fixtures, each of them one recorded invocation. `jackfield_domain::custody::fixture` defines
//! their format, and the SDKs' replays read it too.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::exchange::ExpectedExchange;
use jackfield_domain::custody::fixture::{ExportInput, ExportResult, FixtureDocument};
use jackfield_domain::phone::Country;

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
    /// The country of telephone numbers without a country code.
    pub country: Option<Country>,
    /// Keys to sign with.
    pub keys: BTreeMap<String, String>,
    /// The time that the guest's clock shows.
    pub now: Timestamp,
    /// What is invoked.
    pub input: ExportInput,
    /// The expected requests, and their answers.
    pub exchanges: Vec<ExpectedExchange>,
    /// The expected result.
    pub returns: ExportResult,
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
                .and_then(|value| Fixture::read(name, &value));
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
    fn read(name: String, value: &Value) -> Result<Self, String> {
        let document = FixtureDocument::read(value)?;
        Ok(Self {
            name,
            about: document.about,
            settings: document.settings,
            country: document.country,
            keys: document.keys,
            now: document.now,
            input: document.call,
            exchanges: document.exchanges.into_iter().map(ExpectedExchange::from).collect(),
            returns: document.returns,
        })
    }
}
