//! What an adapter says about itself, as the record that the host keeps, and the settings that its guests get.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::code::error::PackageError;
use crate::contract::bindings::exports::about::Description;
use crate::contract::convert;
use crate::guest::linked::LinkedComponent;
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::adapter::{AdapterRecord, check_described};
use jackfield_domain::tenant::{AdapterNeeds, SettingKind};

/// The pushed file that an adapter comes from.
#[derive(Debug, Clone, Copy)]
pub struct PushedFile {
    /// Of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
}

impl From<&AdapterRecord> for PushedFile {
    fn from(record: &AdapterRecord) -> Self {
        Self {
            digest: record.digest,
            size: record.size,
            pushed_at: record.pushed_at,
        }
    }
}

/// Validates what `describe` returned. Reports all mistakes at once.
pub fn record(
    file: PushedFile,
    component: &LinkedComponent,
    described: &Description,
) -> Result<AdapterRecord, PackageError> {
    let needs = convert::needs(described);
    let (name, version) =
        check_described(&described.name, &described.version, &needs).map_err(PackageError::Description)?;
    Ok(AdapterRecord {
        digest: file.digest,
        name,
        version,
        needs,
        idempotent_writes: described.idempotent_writes,
        lookup: component.has_lookup(),
        parses_leads: component.has_leads(),
        size: file.size,
        pushed_at: file.pushed_at,
    })
}

/// Settings as a guest reads them: text, and URLs without a slash at the end.
pub fn guest_settings(
    needs: &AdapterNeeds,
    settings: impl Iterator<Item = (String, String)>,
) -> HashMap<String, String> {
    let is_url = |name: &str| {
        let mut needs = needs.settings.iter();
        needs.any(|need| need.name == name && need.kind == SettingKind::Url)
    };
    let trim = |(name, mut text): (String, String)| {
        if is_url(&name) {
            text.truncate(text.trim_end_matches('/').len());
        }
        (name, text)
    };
    settings.map(trim).collect()
}
