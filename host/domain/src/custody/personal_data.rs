//! What of the database is personal data: the one list that is erased, exported and sealed by.
//!
//! Ids of leads, calls and deliveries are not in it: they name a person only to the CRM and the calling platform, and
//! keys and digests have to survive the data.

/// Whose data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSubject {
    /// The lead's.
    Lead,
    /// The operator's who wrote it.
    Operator,
}

/// A column that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalColumn {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// Whose.
    pub whose: DataSubject,
}

const fn column(table: &'static str, column: &'static str, whose: DataSubject) -> PersonalColumn {
    PersonalColumn { table, column, whose }
}

/// Every column that holds personal data, in every store.
pub const PERSONAL_DATA: [PersonalColumn; 8] = [
    column("request", "headers", DataSubject::Lead),
    column("request", "body", DataSubject::Lead),
    column("payload", "body", DataSubject::Lead),
    // The CRM's own words about what it refused.
    column("attempt", "detail", DataSubject::Lead),
    // The CRM's stage of the lead.
    column("suppression", "note", DataSubject::Lead),
    column("token", "label", DataSubject::Operator),
    column("audit", "label", DataSubject::Operator),
    column("audit", "target", DataSubject::Operator),
];
