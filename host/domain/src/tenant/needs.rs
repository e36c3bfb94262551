//! What an adapter's `describe` requires of a tenant's file.

use serde::{Deserialize, Serialize};

/// The type of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SettingKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An absolute http or https URL.
    Url,
}

/// A setting that an adapter asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingNeed {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: SettingKind,
    /// Whether it must be given.
    pub required: bool,
    /// What it is for.
    pub doc: String,
}

/// A credential that an adapter asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CredentialNeed {
    /// Its name.
    pub name: String,
    /// `bearer`, `basic`, `header` or `hmac`. For the first three a tenant may give any kind but `hmac`.
    pub kind: String,
    /// What it is for.
    pub doc: String,
}

/// What an adapter's `describe` requires of a tenant's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdapterNeeds {
    /// Its settings.
    pub settings: Vec<SettingNeed>,
    /// Its credentials.
    pub credentials: Vec<CredentialNeed>,
    /// Settings of kind `url` whose origins it calls.
    pub origins: Vec<String>,
}
