//! `[[credentials]]` and `[tls]` of a tenant's file: what the host shows the CRM, and what the CRM must show.

use serde::{Deserialize, Serialize};

use super::SecretRef;
use crate::tenant::egress::Origin;

/// `[[credentials]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialSpec {
    /// Its name, as the adapter's `describe` calls it.
    pub name: String,
    /// What the host does with it.
    pub kind: CredentialKind,
    /// For `header`: which header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// For `query`: which parameter of the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// For `basic`: the user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For `mtls`: the certificate in PEM, followed by those that lead to its root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<SecretRef>,
    /// Where the secret is. For `mtls` the private key in PEM, for `oauth2` the client's secret.
    pub secret: SecretRef,
    /// Where the host adds it, and nowhere else. Not used by `hmac`.
    #[serde(default)]
    pub origins: Vec<Origin>,
    /// For `oauth2`: how access tokens are had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2Spec>,
}

/// What the host does with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// `authorization: Bearer …`
    Bearer,
    /// `authorization: Basic …`
    Basic,
    /// A header of the tenant's choice.
    Header,
    /// A parameter of the URL.
    Query,
    /// The key of `credentials.hmac-sha256`.
    Hmac,
    /// A client certificate in the TLS handshake.
    Mtls,
    /// `authorization: Bearer …` with an access token that the host fetches and renews.
    #[serde(rename = "oauth2")]
    OAuth2,
}

impl CredentialKind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Header => "header",
            Self::Query => "query",
            Self::Hmac => "hmac",
            Self::Mtls => "mtls",
            Self::OAuth2 => "oauth2",
        }
    }
}

/// `[credentials.oauth2]`: how the host gets access tokens (RFC 6749).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Spec {
    /// The token endpoint. The host may reach it without a grant in `egress.allow`; the adapter may not.
    pub token_url: url::Url,
    /// The client's id.
    pub client_id: String,
    /// What is handed in for a token.
    #[serde(default)]
    pub grant: OAuth2Grant,
    /// For `refresh-token`: the first one. When the server hands out another, the host keeps that and uses it from
    /// then on, until another value is written here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretRef>,
    /// The scopes asked for, separated by spaces; without it the server decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The API that the token is for. Not in the standard, and some servers want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// How the client shows its secret.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// What an access token is asked for with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OAuth2Grant {
    /// The client's own id and secret.
    #[default]
    ClientCredentials,
    /// A refresh token that a person once agreed to.
    RefreshToken,
}

/// How a client shows its secret to the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// As `authorization: Basic …`, which every server of the standard takes.
    #[default]
    Basic,
    /// As `client_id` and `client_secret` in the form.
    Body,
}

/// `[tls]`: whose certificates are believed, for the adapter's requests and the token endpoint. They are always
/// verified; there is no setting that turns it off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSpec {
    /// Certificates of a private authority in PEM, trusted in addition to those that the host's system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretRef>,
}

impl TlsSpec {
    pub(super) fn is_empty(&self) -> bool {
        self.ca.is_none()
    }
}
