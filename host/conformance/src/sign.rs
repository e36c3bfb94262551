//! Writes signatures into fixtures. Nobody computes one by hand: an author writes or edits a request, with anything in
//! the signature's place, and the adapter signs it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cassette::Cassette;
use super::double::{LenientCrm, request_pointer};
use super::{ConformanceOptions, ConformanceRun};
use jackfield_domain::custody::recording::SignatureTexts;
use jackfield_sandbox::{PackageError, Runtime};

/// Why no fixture was signed.
#[derive(Debug)]
pub enum SignError {
    /// The component is no adapter that this host runs.
    Component(PackageError),
    /// The folder of fixtures cannot be read.
    Folder(io::Error),
    /// A file in it is not a fixture; its name, and why.
    Fixture(String, String),
}

/// A fixture whose signatures were not those of the adapter.
#[derive(Debug, PartialEq, Eq)]
pub struct SignedFixture {
    /// Its file.
    pub path: PathBuf,
    /// How many signatures are new.
    pub signatures: usize,
    /// What to write into the file.
    pub text: String,
}

/// Plays the fixtures that have `keys`, and puts the signatures that the adapter makes into the recorded requests. A
/// text is changed only if nothing but the signature in it differs, so no other difference from the recording is
/// hidden. Nothing is written.
///
/// # Errors
/// The component or the fixtures cannot be used.
pub async fn sign(
    runtime: &Runtime,
    bytes: &[u8],
    folder: &Path,
    options: ConformanceOptions,
) -> Result<Vec<SignedFixture>, SignError> {
    let rehearsal = runtime.rehearsal(bytes).await.map_err(SignError::Component)?;
    let cassette = Cassette::read(folder).map_err(SignError::Folder)?;
    if let Some((file, why)) = cassette.broken.into_iter().next() {
        return Err(SignError::Fixture(file, why));
    }
    let mut run = ConformanceRun::new(&rehearsal, options);
    let mut signed = vec![];
    for fixture in cassette.fixtures {
        if fixture.keys.is_empty() || !run.is_chosen(&fixture) || run.lacks(&fixture.input).is_some() {
            continue;
        }
        let crm = Arc::new(LenientCrm::new(fixture.exchanges.clone(), None));
        let played = run.play(&fixture, fixture.input.clone(), crm).await;
        let signatures = SignatureTexts::of(&played.result.signatures);
        let mut texts = vec![];
        for (index, (exchange, (request, _))) in fixture.exchanges.iter().zip(&played.exchanged).enumerate() {
            let changed = exchange.signed_as(request, &signatures).into_iter();
            texts.extend(changed.map(|(pointer, text)| (format!("{}{pointer}", request_pointer(index)), text)));
        }
        if !texts.is_empty() {
            signed.push(SignedFixture {
                path: fixture.source.path.clone(),
                signatures: texts.len(),
                text: fixture.source.with_texts(&texts),
            });
        }
    }
    Ok(signed)
}
