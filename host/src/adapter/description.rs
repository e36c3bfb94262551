//! What an adapter says of itself, as the record that is kept of it.

use super::bindings::about::Description;
use super::convert;
use super::package::{Code, Inspected, PackageError};
use crate::domain::adapter::check_described;
use crate::domain::id::Digest;

/// Checks what `describe` says. All that is wrong is told at once.
pub fn read(digest: Digest, code: &Code, said: &Description) -> Result<Inspected, PackageError> {
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
