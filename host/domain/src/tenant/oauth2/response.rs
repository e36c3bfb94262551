//! Parses a token endpoint's response (RFC 6749, sections 5.1 and 5.2). No message contains text from the endpoint: it
//! may echo the request's secrets.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::custody::Sensitive;
use crate::word::words;

/// A token endpoint's successful response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenResponse {
    /// The token that the adapter's requests carry.
    pub access_token: Sensitive,
    /// How long it is valid, if the endpoint says so: at least a second.
    pub lifetime: Option<Duration>,
    /// The refresh token for the next renewal, if it changed.
    pub refresh_token: Option<Sensitive>,
}

/// The standard's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the standard's, and RFC 6749 defines them")]
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
    /// A code that is not in the standard; it is never shown.
    #[serde(other)]
    Other,
}

words!(OAuth2Code {
    InvalidRequest = "invalid_request",
    InvalidClient = "invalid_client",
    InvalidGrant = "invalid_grant",
    UnauthorizedClient = "unauthorized_client",
    UnsupportedGrantType = "unsupported_grant_type",
    InvalidScope = "invalid_scope",
    AccessDenied = "access_denied",
    ServerError = "server_error",
    TemporarilyUnavailable = "temporarily_unavailable",
    Other = "an error code that is not in the standard",
});

/// Why there is no access token. Contains no text from the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// There was no connection: no server, an untrusted certificate, or an address that is not allowed.
    Unreachable,
    /// No complete response arrived in time.
    NoResponse,
    /// The endpoint refused with a code of the standard.
    Refused(OAuth2Code),
    /// It answered with this status, and without an error of the standard.
    Status(u16),
    /// It answered 200 without a usable access token; what is wrong with the response.
    Malformed(&'static str),
    /// The stored refresh token could not be read or written. The access token that came with a new refresh token is
    /// not used: without that refresh token it would be the last one.
    NotStored,
}

impl TokenProblem {
    /// Whether a retry cannot succeed until a person has changed something.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        match self {
            Self::Refused(code) => !matches!(code, OAuth2Code::ServerError | OAuth2Code::TemporarilyUnavailable),
            Self::Unreachable | Self::NoResponse | Self::Status(_) | Self::Malformed(_) | Self::NotStored => false,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => "check token_url, egress.private_addresses and tls.ca, and that the server is up",
            Self::NoResponse | Self::Status(_) => "look at the token server; it is asked again",
            Self::Refused(OAuth2Code::InvalidClient | OAuth2Code::UnauthorizedClient) => {
                "check client_id, the client's secret and client_auth, then apply the tenant's file again"
            }
            Self::Refused(OAuth2Code::InvalidGrant) => {
                "the grant was revoked or has expired: write a new refresh_token, then apply the tenant's file again"
            }
            Self::Refused(OAuth2Code::InvalidScope) => "check scope, then apply the tenant's file again",
            Self::Refused(_) => "check [credentials.oauth2], then apply the tenant's file again",
            Self::Malformed(_) => "check that token_url is the token endpoint",
            Self::NotStored => "look at the host's database; it is tried again",
        }
    }
}

impl fmt::Display for TokenProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the token endpoint cannot be reached"),
            Self::NoResponse => f.write_str("the token endpoint did not answer"),
            Self::Refused(code) => write!(f, "the token endpoint refuses: {code}"),
            Self::Status(status) => write!(f, "the token endpoint answers {status}"),
            Self::Malformed(what) => write!(f, "the token endpoint's answer {what}"),
            Self::NotStored => f.write_str("the refresh token could not be kept, so the access token is not used"),
        }
    }
}

#[derive(Deserialize)]
struct SuccessBody {
    access_token: Sensitive,
    token_type: String,
    #[serde(default, deserialize_with = "lifetime")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<Sensitive>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: OAuth2Code,
}

/// Seconds; some servers write the number as a string.
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

/// Parses a response.
///
/// # Errors
/// It contains no usable access token.
pub fn parse_response(status: u16, body: &[u8]) -> Result<TokenResponse, TokenProblem> {
    if status != 200 {
        // The response may come from a gateway in between, with an error of its own.
        let refused = serde_json::from_slice::<ErrorBody>(body)
            .ok()
            .filter(|_| matches!(status, 400 | 401 | 403));
        return Err(refused.map_or(TokenProblem::Status(status), |body| TokenProblem::Refused(body.error)));
    }
    let granted: SuccessBody = serde_json::from_slice(body).map_err(|_| {
        TokenProblem::Malformed("is not JSON with access_token, token_type and a whole number of seconds in expires_in")
    })?;
    if !granted.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TokenProblem::Malformed("has a token_type other than bearer"));
    }
    let is_visible = |token: &Sensitive| {
        let token = token.expose();
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !is_visible(&granted.access_token) || !granted.refresh_token.as_ref().is_none_or(is_visible) {
        return Err(TokenProblem::Malformed(
            "holds a token with characters that no token has",
        ));
    }
    if granted.expires_in == Some(0) {
        return Err(TokenProblem::Malformed("holds a token that has expired already"));
    }
    Ok(TokenResponse {
        access_token: granted.access_token,
        lifetime: granted.expires_in.map(Duration::from_secs),
        refresh_token: granted.refresh_token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> String {
        match parse_response(status, body.as_bytes()) {
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
    fn tokens_are_parsed_in_every_common_form() {
        let cases = [
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600}"#,
            r#"{"access_token":"a1","token_type":"bearer","expires_in":"3599","scope":"x","extra":{}}"#,
            r#"{"access_token":"a1","token_type":"BEARER"}"#,
            r#"{"access_token":"a1","token_type":"bearer","expires_in":null,"refresh_token":"r2"}"#,
        ];
        let results: Vec<_> = cases.map(|body| read(200, body)).into();
        insta::assert_snapshot!(results.join("\n"), @r#"
        a1 for Some(3600s), then None
        a1 for Some(3599s), then None
        a1 for None, then None
        a1 for None, then Some("r2")
        "#);
    }

    #[test]
    fn errors_never_quote_the_response() {
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
        let results: Vec<_> = cases.map(|(status, body)| read(status, body)).into();
        assert!(results.iter().all(|line| !line.contains("canary")), "{results:?}");
        insta::assert_snapshot!(results.join("\n"), @r#"
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
    fn only_a_refusal_can_be_permanent() {
        let permanent = |problem: TokenProblem| problem.is_permanent();
        assert!(permanent(TokenProblem::Refused(OAuth2Code::InvalidGrant)));
        assert!(permanent(TokenProblem::Refused(OAuth2Code::InvalidClient)));
        assert!(!permanent(TokenProblem::Refused(OAuth2Code::TemporarilyUnavailable)));
        assert!(!permanent(TokenProblem::Status(503)));
        assert!(!permanent(TokenProblem::Unreachable));
    }
}
