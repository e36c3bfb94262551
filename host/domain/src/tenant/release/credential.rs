//! `[[credentials]]` and `[tls]` of a tenant's file: how the host authenticates to the CRM, and the CRM to the host.

use serde::{Deserialize, Deserializer, Serialize};

use super::SecretRef;
use crate::tenant::egress::{Origin, UrlText};
use crate::word::words;

/// `[[credentials]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialSpec {
    /// Its name in the adapter's `describe`.
    pub name: String,
    /// How the host uses it.
    pub kind: CredentialKind,
    /// For `header`: the header's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// For `query`: the name of the URL's parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// For `basic`: the user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For `mtls`: the certificate in PEM, followed by its intermediate certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<SecretRef>,
    /// The secret. For `mtls` the private key in PEM, for `oauth2` the client's secret. Only a public OAuth2 client
    /// (`client_auth = "none"`) has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
    /// Accept a secret that is too short to be safe, because the CRM has no longer ones. One of fewer than six
    /// characters is not searched for in answers, since it would be found by chance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_short: bool,
    /// The only origins to whose requests the host adds it. Not used by `hmac`.
    #[serde(default)]
    pub origins: Vec<Origin>,
    /// For `oauth2`: how the host gets access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2Spec>,
}

impl CredentialSpec {
    /// Whether it has no secret, because it is a public OAuth2 client.
    #[must_use]
    pub fn is_public_client(&self) -> bool {
        let oauth2 = self.oauth2.as_ref().filter(|_| self.kind == CredentialKind::OAuth2);
        oauth2.is_some_and(|oauth2| oauth2.client_auth == ClientAuth::None)
    }
}

/// How the host uses a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// `authorization: Bearer …`
    Bearer,
    /// `authorization: Basic …`
    Basic,
    /// A header that the tenant chooses.
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

words!(CredentialKind {
    Bearer = "bearer",
    Basic = "basic",
    Header = "header",
    Query = "query",
    Hmac = "hmac",
    Mtls = "mtls",
    OAuth2 = "oauth2",
});

/// `[credentials.oauth2]`: how the host gets access tokens (RFC 6749).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Spec {
    /// The token endpoint. The host may reach it without a grant in `egress.allow`; the adapter may not.
    pub token_url: UrlText,
    /// The client's id.
    pub client_id: String,
    /// The grant that is exchanged for a token.
    #[serde(default)]
    pub grant: OAuth2Grant,
    /// For `refresh-token`: the first refresh token. When the server issues a new one, the host stores and uses that,
    /// until another value is written here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretRef>,
    /// The requested scopes, separated by spaces; if absent, the server decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The API that the token is for. Not in the standard, but some servers require it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The APIs that the token is for, as URIs (RFC 8707). In a file also one text.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "text_or_list")]
    pub resource: Vec<String>,
    /// How the client authenticates.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// For `client_auth = "basic"`: how id and secret are written before they are joined.
    #[serde(default, skip_serializing_if = "BasicEncoding::is_default")]
    pub basic_encoding: BasicEncoding,
}

/// One text, or a list of texts.
fn text_or_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum TextOrList {
        Text(String),
        List(Vec<String>),
    }
    Ok(match TextOrList::deserialize(deserializer)? {
        TextOrList::Text(text) => vec![text],
        TextOrList::List(list) => list,
    })
}

/// The OAuth2 grant that is exchanged for an access token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OAuth2Grant {
    /// The client's own id and secret.
    #[default]
    ClientCredentials,
    /// A refresh token that a person once authorized.
    RefreshToken,
}

/// How a client sends its secret to the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// As `authorization: Basic …`, which every standard server accepts.
    #[default]
    Basic,
    /// As `client_id` and `client_secret` in the form.
    Body,
    /// Not at all: the client is public, and only its `client_id` is in the form.
    None,
}

/// How a client's id and secret are written in `authorization: Basic …`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasicEncoding {
    /// Each is form-encoded before they are joined by a colon (RFC 6749, section 2.3.1), with `%20` for a blank and a
    /// bare `~`: servers that know only percent-encoding read that too.
    #[default]
    Form,
    /// As they are (RFC 7617), for servers that decode nothing.
    Plain,
}

impl BasicEncoding {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[tls]`: which authorities are trusted, for the adapter's requests, the token endpoint and the agent. Certificates
/// are always verified; no setting turns that off.
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
