//! What an adapter says of itself, as the record that is kept of it.

use std::collections::HashMap;

use super::bindings::exports::about::Description;
use super::convert;
use super::package::{Inspected, LinkedComponent, PackageError};
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::SettingKind;
use jackfield_domain::tenant::adapter::{AdapterRecord, check_described};
use jackfield_domain::tenant::release::{Release, SettingValue};

/// Checks what `describe` says. All that is wrong is told at once.
pub fn read(digest: Digest, code: &LinkedComponent, said: &Description) -> Result<Inspected, PackageError> {
    let needs = convert::needs(said);
    let (name, version) = check_described(&said.name, &said.version, &needs).map_err(PackageError::Description)?;
    Ok(Inspected {
        digest,
        name,
        version,
        needs,
        idempotent_writes: said.idempotent_writes,
        lookup: code.has_lookup(),
        parses_leads: code.has_leads(),
    })
}

/// The settings as a guest reads them: text, and URLs without a slash at their end.
pub fn settings(release: &Release, record: &AdapterRecord) -> HashMap<String, String> {
    let is_url = |name: &str| {
        let mut needs = record.needs.settings.iter();
        needs.any(|need| need.name == name && need.kind == SettingKind::Url)
    };
    let text = |(name, value): (&String, &SettingValue)| {
        let mut text = value.to_string();
        if is_url(name) {
            text.truncate(text.trim_end_matches('/').len());
        }
        (name.clone(), text)
    };
    release.spec.settings.iter().map(text).collect()
}
