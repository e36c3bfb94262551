//! What a token endpoint's answer means (RFC 6749, sections 5.1 and 5.2). Nothing that the endpoint wrote reaches a
//! message: it may echo what it was sent.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::custody::Sensitive;

/// A token endpoint's yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenResponse {
    /// What requests carry.
    pub access_token: Sensitive,
    /// How long it lives, if the endpoint says: at least a second.
    pub lifetime: Option<Duration>,
    /// What the next one is asked for with, if it is another than before.
    pub refresh_token: Option<Sensitive>,
}

/// The standard's words for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the standard's, and RFC 6749 says what they mean"
)]
pub enum OAuth2Code {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
    /// A word that is not in the standard; it is not repeated.
    #[serde(other)]
    Other,
}

impl OAuth2Code {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::Other => "an error code that is not in the standard",
        }
    }
}

/// Why there is no access token. Holds nothing that the endpoint wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// No connection came about: nobody there, an untrusted certificate, or an address that is not allowed.
    Unreachable,
    /// No whole answer came in time.
    NoAnswer,
    /// The endpoint refused, in the standard's words.
    Refused(OAuth2Code),
    /// It answered this status, and no error of the standard.
    Status(u16),
    /// It answered 200 with something that is no access token; what is wrong with it.
    Malformed(&'static str),
    /// The refresh token that the host keeps could not be read or written. The access token that came with a new one is
    /// not used: without the new one it would be the last.
    NotKept,
}

impl TokenProblem {
    /// Whether asking again will not help until a person has changed something.
    #[must_use]
    pub const fn is_futile(self) -> bool {
        match self {
            Self::Refused(code) => !matches!(code, OAuth2Code::ServerError | OAuth2Code::TemporarilyUnavailable),
            Self::Unreachable | Self::NoAnswer | Self::Status(_) | Self::Malformed(_) | Self::NotKept => false,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => "check token_url, egress.private_addresses and tls.ca, and that the server is up",
            Self::NoAnswer | Self::Status(_) => "look at the token server; it is asked again",
            Self::Refused(OAuth2Code::InvalidClient | OAuth2Code::UnauthorizedClient) => {
                "check client_id, the client's secret and client_auth, then apply the tenant's file again"
            }
            Self::Refused(OAuth2Code::InvalidGrant) => {
                "the grant was revoked or has expired: write a new refresh_token, then apply the tenant's file again"
            }
            Self::Refused(OAuth2Code::InvalidScope) => "check scope, then apply the tenant's file again",
            Self::Refused(_) => "check [credentials.oauth2], then apply the tenant's file again",
            Self::Malformed(_) => "check that token_url is the token endpoint",
            Self::NotKept => "look at the host's database; it is tried again",
        }
    }
}

impl fmt::Display for TokenProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the token endpoint cannot be reached"),
            Self::NoAnswer => f.write_str("the token endpoint did not answer"),
            Self::Refused(code) => write!(f, "the token endpoint refuses: {}", code.word()),
            Self::Status(status) => write!(f, "the token endpoint answers {status}"),
            Self::Malformed(what) => write!(f, "the token endpoint's answer {what}"),
            Self::NotKept => f.write_str("the refresh token could not be kept, so the access token is not used"),
        }
    }
}

#[derive(Deserialize)]
struct Yes {
    access_token: Sensitive,
    token_type: String,
    #[serde(default, deserialize_with = "lifetime")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<Sensitive>,
}

#[derive(Deserialize)]
struct No {
    error: OAuth2Code,
}

/// Seconds; some servers write the number as a text.
fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(u64),
        Text(String),
    }
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Seconds::Number(seconds)) => Ok(Some(seconds)),
        Some(Seconds::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// Reads an answer.
///
/// # Errors
/// It is no access token that can be used.
pub fn read_answer(status: u16, body: &[u8]) -> Result<TokenResponse, TokenProblem> {
    if status != 200 {
        // Between the server and here may stand a gateway with errors of its own.
        let refused = serde_json::from_slice::<No>(body)
            .ok()
            .filter(|_| matches!(status, 400 | 401 | 403));
        return Err(refused.map_or(TokenProblem::Status(status), |no| TokenProblem::Refused(no.error)));
    }
    let yes: Yes = serde_json::from_slice(body).map_err(|_| {
        TokenProblem::Malformed("is not JSON with access_token, token_type and a whole number of seconds in expires_in")
    })?;
    if !yes.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TokenProblem::Malformed("has a token_type other than bearer"));
    }
    let is_visible = |token: &Sensitive| {
        let token = token.expose();
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !is_visible(&yes.access_token) || !yes.refresh_token.as_ref().is_none_or(is_visible) {
        return Err(TokenProblem::Malformed(
            "holds a token with characters that no token has",
        ));
    }
    if yes.expires_in == Some(0) {
        return Err(TokenProblem::Malformed("holds a token that has expired already"));
    }
    Ok(TokenResponse {
        access_token: yes.access_token,
        lifetime: yes.expires_in.map(Duration::from_secs),
        refresh_token: yes.refresh_token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> String {
        match read_answer(status, body.as_bytes()) {
            Ok(granted) => format!(
                "{} for {:?}, then {:?}",
                granted.access_token.expose(),
                granted.lifetime,
                granted.refresh_token.as_ref().map(Sensitive::expose)
            ),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn a_token_is_read_as_servers_write_it() {
        let cases = [
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600}"#,
            r#"{"access_token":"a1","token_type":"bearer","expires_in":"3599","scope":"x","extra":{}}"#,
            r#"{"access_token":"a1","token_type":"BEARER"}"#,
            r#"{"access_token":"a1","token_type":"bearer","expires_in":null,"refresh_token":"r2"}"#,
        ];
        let told: Vec<_> = cases.map(|body| read(200, body)).into();
        insta::assert_snapshot!(told.join("\n"), @r#"
        a1 for Some(3600s), then None
        a1 for Some(3599s), then None
        a1 for None, then None
        a1 for None, then Some("r2")
        "#);
    }

    #[test]
    fn what_is_no_token_is_told_and_not_shown() {
        let cases = [
            (200, "<html>canary</html>"),
            (200, r#"{"access_token":"canary"}"#),
            (200, r#"{"access_token":"canary","token_type":"mac"}"#),
            (200, r#"{"access_token":"","token_type":"bearer"}"#),
            (200, r#"{"access_token":"canary\r\nx: y","token_type":"bearer"}"#),
            (
                200,
                r#"{"access_token":"a","token_type":"bearer","refresh_token":"canary ü"}"#,
            ),
            (200, r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#),
            (200, r#"{"access_token":"a","token_type":"bearer","expires_in":-5}"#),
            (
                200,
                r#"{"access_token":"a","access_token":"canary","token_type":"bearer"}"#,
            ),
            (200, r#"{"error":"invalid_grant"}"#),
            (201, r#"{"access_token":"canary","token_type":"bearer"}"#),
            (400, r#"{"error":"invalid_grant","error_description":"canary"}"#),
            (401, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"canary"}"#),
            (400, "canary"),
            (500, r#"{"error":"invalid_grant"}"#),
            (302, ""),
        ];
        let told: Vec<_> = cases.map(|(status, body)| read(status, body)).into();
        assert!(told.iter().all(|line| !line.contains("canary")), "{told:?}");
        insta::assert_snapshot!(told.join("\n"), @r#"
        the token endpoint's answer is not JSON with access_token, token_type and a whole number of seconds in expires_in
        the token endpoint's answer is not JSON with access_token, token_type and a whole number of seconds in expires_in
        the token endpoint's answer has a token_type other than bearer
        the token endpoint's answer holds a token with characters that no token has
        the token endpoint's answer holds a token with characters that no token has
        the token endpoint's answer holds a token with characters that no token has
        the token endpoint's answer holds a token that has expired already
        the token endpoint's answer is not JSON with access_token, token_type and a whole number of seconds in expires_in
        the token endpoint's answer is not JSON with access_token, token_type and a whole number of seconds in expires_in
        the token endpoint's answer is not JSON with access_token, token_type and a whole number of seconds in expires_in
        the token endpoint answers 201
        the token endpoint refuses: invalid_grant
        the token endpoint refuses: invalid_client
        the token endpoint refuses: an error code that is not in the standard
        the token endpoint answers 400
        the token endpoint answers 500
        the token endpoint answers 302
        "#);
    }

    #[test]
    fn only_what_repeating_may_change_is_repeated_soon() {
        let futile = |problem: TokenProblem| problem.is_futile();
        assert!(futile(TokenProblem::Refused(OAuth2Code::InvalidGrant)));
        assert!(futile(TokenProblem::Refused(OAuth2Code::InvalidClient)));
        assert!(!futile(TokenProblem::Refused(OAuth2Code::TemporarilyUnavailable)));
        assert!(!futile(TokenProblem::Status(503)));
        assert!(!futile(TokenProblem::Unreachable));
    }
}
