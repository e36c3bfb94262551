//! Tokens of agents and operators.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use jackfield_domain::id::TenantName;

/// Who a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Holder)]
pub enum TokenHolder {
    /// The calling platform, for the public API of one tenant.
    Agent,
    /// A member of the platform team, for this API.
    Operator,
}

impl TokenHolder {
    /// Its word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Operator => "operator",
        }
    }

    /// The holder with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Agent, Self::Operator]
            .into_iter()
            .find(|holder| holder.word() == word)
    }
}

/// A token, but not the token itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Such as `tok_4`.
    pub id: String,
    /// Who it is for.
    #[serde(rename = "for")]
    pub holder: TokenHolder,
    /// The tenant whose public API an agent's token opens.
    pub tenant: Option<String>,
    /// A person's note.
    pub label: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked; null while it is live.
    pub revoked_at: Option<Timestamp>,
}

/// A token to create.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Who it is for.
    #[serde(rename = "for")]
    pub holder: TokenHolder,
    /// The tenant, for an agent's token.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantName>,
    /// A note for people, at most 200 characters.
    #[serde(default)]
    pub label: String,
}

/// A token was created.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct NewTokenView {
    /// The token itself. It is shown only once; the host stores only its digest.
    pub token: String,
    /// The token's entry in listings.
    #[serde(flatten)]
    pub record: TokenView,
}

/// A token was revoked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RevokedView {
    /// The token's id.
    pub id: String,
    /// Always true.
    pub revoked: bool,
}
