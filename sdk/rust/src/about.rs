//! An adapter's description of itself: a [`Description`], with methods to build it.

pub use crate::bindings::adapter::exports::jackfield::crm::about::{Credential, Description, Setting, SettingKind};

/// The kinds of credential that a tenant's file can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// `Authorization: Bearer …`, added by the host.
    Bearer,
    /// `Authorization: Basic …`, added by the host.
    Basic,
    /// A header of the CRM's own, added by the host.
    Header,
    /// A key for [`Host::hmac_sha256`](crate::Host::hmac_sha256), which stays in the host.
    Hmac,
}

impl CredentialKind {
    fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Header => "header",
            Self::Hmac => "hmac",
        }
    }
}

/// A [`Description`] with the name and version of the calling crate, from its `Cargo.toml`. The host accepts names of
/// lower-case letters, digits and dashes, so the package needs such a name.
#[macro_export]
macro_rules! about {
    () => {
        $crate::Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    };
}

impl Description {
    /// A description without settings and credentials. [`about!`](crate::about!) takes both arguments from
    /// `Cargo.toml`.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            settings: Vec::new(),
            credentials: Vec::new(),
            origins: Vec::new(),
            idempotent_writes: false,
        }
    }

    /// A required setting that holds the URL of a CRM that the adapter uses. The tenant's `[egress]` must grant its
    /// origin. The host passes it without a trailing slash.
    #[must_use]
    pub fn origin(mut self, name: &str, doc: &str) -> Self {
        self.origins.push(name.into());
        self.required(name, SettingKind::Url, doc)
    }

    /// A setting that every release must have.
    #[must_use]
    pub fn required(self, name: &str, kind: SettingKind, doc: &str) -> Self {
        self.setting(name, kind, true, doc)
    }

    /// A setting that a tenant may leave out.
    #[must_use]
    pub fn optional(self, name: &str, kind: SettingKind, doc: &str) -> Self {
        self.setting(name, kind, false, doc)
    }

    /// A credential that the tenant's file must give.
    #[must_use]
    pub fn credential(mut self, name: &str, kind: CredentialKind, doc: &str) -> Self {
        self.credentials.push(Credential {
            name: name.into(),
            kind: kind.name().into(),
            doc: doc.into(),
        });
        self
    }

    /// Declares that writing the same disposition twice with the same key leaves one record, so that the host may
    /// repeat a write whose outcome is unknown. Only if the CRM itself guarantees it.
    #[must_use]
    pub fn idempotent_writes(mut self) -> Self {
        self.idempotent_writes = true;
        self
    }

    fn setting(mut self, name: &str, kind: SettingKind, required: bool, doc: &str) -> Self {
        self.settings.push(Setting {
            name: name.into(),
            kind,
            required,
            doc: doc.into(),
        });
        self
    }
}
