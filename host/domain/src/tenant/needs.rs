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

impl SettingNeed {
    /// Whether a value is a URL: by the setting's type, or by its name where an author left the type out.
    #[must_use]
    pub fn is_url(&self, value: &str) -> bool {
        let name = self.name.to_ascii_lowercase();
        let is_named_so = name == "url" || name.ends_with("_url") || name.ends_with("-url");
        match self.kind {
            SettingKind::Url => true,
            SettingKind::Text => is_named_so && value.contains("://"),
            SettingKind::Integer | SettingKind::Boolean => false,
        }
    }
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
