//! A cassette: a folder of fixtures, each of them one recorded invocation. `jackfield_domain::custody::fixture` defines
//! their format, and the SDKs' replays read it too.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::exchange::ExpectedExchange;
use super::source::FixtureSource;
use jackfield_domain::custody::fixture::{ExportInput, ExportResult, FixtureDocument};
use jackfield_domain::json::JsonDocument;
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
    /// Its file.
    pub source: FixtureSource,
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
            match Fixture::read(&file) {
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
    fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
        let not_json = |error: &dyn std::fmt::Display| format!("is not JSON: {error}");
        let value: Value = serde_json::from_str(&text).map_err(|error| not_json(&error))?;
        let source = JsonDocument::parse(text.as_bytes()).map_err(|error| not_json(&error))?;
        let document = FixtureDocument::read(&value)?;
        Ok(Self {
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            source: FixtureSource::new(file.to_owned(), source),
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
