//! Parses a token endpoint's response (RFC 6749, sections 5.1 and 5.2). No message contains text from the endpoint: it
//! may echo the request's secrets.

use std::fmt;
use std::time::Duration;

use super::members::TokenMembers;
use crate::custody::Sensitive;
use crate::word::words;

/// A token endpoint's answer. Its refresh token counts even where the rest is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The refresh token for the next renewal, if there is one in the answer.
    pub refresh_token: Option<Sensitive>,
    /// The access token, or why there is none.
    pub granted: Result<GrantedToken, TokenProblem>,
}

/// An access token as the endpoint granted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedToken {
    /// The token that the adapter's requests carry.
    pub access_token: Sensitive,
    /// How long it is valid, if the endpoint says so: at least a second.
    pub lifetime: Option<Duration>,
}

/// The standards' error codes: RFC 6749, and RFC 8707 for resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's, and the RFCs define them")]
pub enum OAuth2Code {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    /// RFC 8707.
    InvalidTarget,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
    /// A code that is not in the standard; it is never shown.
    Other,
}

words!(OAuth2Code {
    InvalidRequest = "invalid_request",
    InvalidClient = "invalid_client",
    InvalidGrant = "invalid_grant",
    UnauthorizedClient = "unauthorized_client",
    UnsupportedGrantType = "unsupported_grant_type",
    InvalidScope = "invalid_scope",
    InvalidTarget = "invalid_target",
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
    /// It answered 2xx without a usable access token; what is wrong with the response.
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
            Self::Refused(OAuth2Code::InvalidTarget) => "check resource, then apply the tenant's file again",
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

/// Token types that are useless without proof of a key, so that they cannot be sent as `Bearer`. Everything else is
/// sent so: servers leave the type out, or write `BearerToken`, `JWT` or nothing into it.
const KEY_BOUND_TYPES: [&str; 3] = ["dpop", "mac", "pop"];

/// The most seconds of a lifetime that are told apart; a token is renewed earlier in any case.
const MAX_SECONDS: f64 = 1e9;

impl TokenAnswer {
    /// Reads an answer. A 2xx with an access token is a token, whatever else is or is not in it.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        let members = TokenMembers::read(body);
        let granted = if is_success(status) {
            granted(&members)
        } else {
            Err(refusal(status, &members))
        };
        Self::new(status, members, granted)
    }

    /// Reads the beginning of an answer whose rest is missing, because of a problem.
    #[must_use]
    pub fn cut_off(status: u16, beginning: &[u8], problem: TokenProblem) -> Self {
        Self::new(status, TokenMembers::read(beginning), Err(problem))
    }

    fn new(status: u16, members: TokenMembers, granted: Result<GrantedToken, TokenProblem>) -> Self {
        // Errors may quote the request, or explain its members under their own names.
        let refresh_token = members.refresh_token.filter(|_| is_success(status));
        Self { refresh_token, granted }
    }
}

const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

fn granted(members: &TokenMembers) -> Result<GrantedToken, TokenProblem> {
    let Some(access_token) = members.access_token.clone().filter(|_| members.complete) else {
        // Some servers answer every request with 200.
        let refused = members.error.as_ref().filter(|_| members.complete);
        return Err(
            refused.map_or(TokenProblem::Malformed("is not JSON with an access_token"), |code| {
                TokenProblem::Refused(code_of(code))
            }),
        );
    };
    let token_type = members.token_type.as_ref().map_or("", Sensitive::expose).trim();
    if KEY_BOUND_TYPES
        .iter()
        .any(|bound| token_type.eq_ignore_ascii_case(bound))
    {
        return Err(TokenProblem::Malformed("has a token_type other than bearer"));
    }
    if !access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokenProblem::Malformed(
            "holds a token with characters that no token has",
        ));
    }
    // A lifetime of nothing is none that the server knows of: some write 0 for tokens that do not expire.
    let seconds = members.expires_in.filter(|seconds| *seconds >= 1.0);
    let lifetime = seconds.map(|seconds| Duration::from_secs_f64(seconds.floor().min(MAX_SECONDS)));
    Ok(GrantedToken { access_token, lifetime })
}

fn code_of(error: &Sensitive) -> OAuth2Code {
    OAuth2Code::from_word(error.expose().trim()).unwrap_or(OAuth2Code::Other)
}

/// The problem in an answer other than 2xx. It may come from a gateway in between, with an error of its own.
fn refusal(status: u16, members: &TokenMembers) -> TokenProblem {
    let says_no = matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429);
    match &members.error {
        Some(code) if says_no && members.complete => TokenProblem::Refused(code_of(code)),
        _ => TokenProblem::Status(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> String {
        let answer = TokenAnswer::read(status, body.as_bytes());
        let granted = match answer.granted {
            Ok(granted) => format!("{} for {:?}", granted.access_token.expose(), granted.lifetime),
            Err(problem) => problem.to_string(),
        };
        match answer.refresh_token {
            Some(token) => format!("{granted}, then {}", token.expose()),
            None => granted,
        }
    }

    #[test]
    fn tokens_are_parsed_in_every_common_form() {
        let cases = [
            (200, r#"{"access_token":"a1","token_type":"Bearer","expires_in":3600}"#),
            (
                200,
                r#"{"access_token":"a1","token_type":"bearer","expires_in":"3599","scope":"x","extra":{}}"#,
            ),
            (200, r#"{"access_token":"a1","token_type":"BearerToken"}"#),
            (
                200,
                r#"{"access_token":"a1","token_type":"bearer","expires_in":null,"refresh_token":"r2"}"#,
            ),
            (200, r#"{"access_token":"a1"}"#),
            (201, r#"{"access_token":"a1","token_type":"","expires_in":3599.9}"#),
            (
                203,
                r#"{"access_token":"a1","token_type":null,"expires_in":" 3600.0 ","refresh_token":""}"#,
            ),
            (
                200,
                r#"{"access_token":"a1","expires_in":"","refresh_token":null,"scope":["x",1],"id_token":""}"#,
            ),
            (200, r#"{"access_token":"a1","expires_in":"an hour","scope":null}"#),
            (200, r#"{"access_token":"a1","expires_in":0}"#),
            (200, r#"{"access_token":"a1","expires_in":-5}"#),
            (200, r#"{"access_token":"a1","expires_in":1e300,"error":""}"#),
            (
                200,
                r#"{"access_token":"a0","access_token":"a1","refresh_token":"r ü"}"#,
            ),
            (200, "\u{feff}{\"access_token\":\"a1\"}\n\0"),
            (200, "{\"note\":\"two\nlines\",\r\n\t\"access_token\":\"a1\"}"),
            (200, r#"{"note":"\ud83d","access_token":"a1","rate":1e999}"#),
            (200, r#"{"expires_in":1e999,"access_token":"a1"}"#),
            (200, r#"{"access_token":"a1","refresh_token":"r2","expires_in":3600.}"#),
        ];
        let results: Vec<_> = cases.map(|(status, body)| read(status, body)).into();
        insta::assert_snapshot!(results.join("\n"), @r#"
        a1 for Some(3600s)
        a1 for Some(3599s)
        a1 for None
        a1 for None, then r2
        a1 for None
        a1 for Some(3599s)
        a1 for Some(3600s)
        a1 for None
        a1 for None
        a1 for None
        a1 for None
        a1 for Some(1000000000s)
        a1 for None, then r ü
        a1 for None
        a1 for None
        a1 for None
        a1 for None
        a1 for None, then r2
        "#);
    }

    #[test]
    fn a_new_refresh_token_outlives_an_odd_answer() {
        // The refresh token that was sent is used up, so the new one counts whatever else is wrong.
        let cases = [
            (200, r#"{"refresh_token":"r2"}"#),
            (200, r#"{"refresh_token":"r2","access_token":"","token_type":"bearer"}"#),
            (
                200,
                r#"{"refresh_token":"r2","access_token":{"value":"a"},"token_type":7}"#,
            ),
            (200, r#"{"refresh_token":"r2","access_token":"a","token_type":"mac"}"#),
            (200, r#"{"refresh_token":"r2","access_token":"a b"}"#),
            (200, r#"{"refresh_token":"r2","access_token":"a"#),
            (200, r#"{"error":"server_error","refresh_token":"r2"}"#),
            (202, r#"{"refresh_token":"r2","status":"pending"}"#),
            // An error speaks of the request's refresh token.
            (400, r#"{"error":"invalid_request","refresh_token":"is required"}"#),
            (500, r#"{"refresh_token":"r2"}"#),
        ];
        let results: Vec<_> = cases.map(|(status, body)| read(status, body)).into();
        insta::assert_snapshot!(results.join("\n"), @r#"
        the token endpoint's answer is not JSON with an access_token, then r2
        the token endpoint's answer is not JSON with an access_token, then r2
        the token endpoint's answer is not JSON with an access_token, then r2
        the token endpoint's answer has a token_type other than bearer, then r2
        the token endpoint's answer holds a token with characters that no token has, then r2
        the token endpoint's answer is not JSON with an access_token, then r2
        the token endpoint refuses: server_error, then r2
        the token endpoint's answer is not JSON with an access_token, then r2
        the token endpoint refuses: invalid_request
        the token endpoint answers 500
        "#);
        let beginning = br#"{"refresh_token":"r2","access_token":"a1","scope":"x"#;
        let cut = TokenAnswer::cut_off(200, beginning, TokenProblem::NoResponse);
        assert_eq!(cut.refresh_token.unwrap().expose(), "r2");
        assert_eq!(cut.granted, Err(TokenProblem::NoResponse));
        let cut = TokenAnswer::cut_off(200, br#"{"refresh_token":"r"#, TokenProblem::NoResponse);
        assert_eq!(cut.refresh_token, None, "half a token is not kept");
    }

    #[test]
    fn errors_never_quote_the_response() {
        let cases = [
            (200, "<html>canary</html>"),
            (200, r#"["canary"]"#),
            (200, r#"{"access_token":"canary","token_type":"mac"}"#),
            (200, r#"{"access_token":"","token_type":"bearer"}"#),
            (200, r#"{"access_token":"canary\r\nx: y","token_type":"bearer"}"#),
            (200, r#"{"error":"invalid_grant"}"#),
            (200, r#"{"error":"canary"}"#),
            (204, ""),
            (400, r#"{"error":"invalid_grant","error_description":"canary"}"#),
            (401, r#"{"error":"invalid_client"}"#),
            (404, r#"{"error":"unauthorized_client"}"#),
            (400, r#"{"error":"canary"}"#),
            (400, r#"{"error":{"message":"canary"}}"#),
            (400, "canary"),
            (429, r#"{"error":"canary"}"#),
            (500, r#"{"error":"invalid_grant"}"#),
            (302, ""),
        ];
        let results: Vec<_> = cases.map(|(status, body)| read(status, body)).into();
        assert!(results.iter().all(|line| !line.contains("canary")), "{results:?}");
        insta::assert_snapshot!(results.join("\n"), @r#"
        the token endpoint's answer is not JSON with an access_token
        the token endpoint's answer is not JSON with an access_token
        the token endpoint's answer has a token_type other than bearer
        the token endpoint's answer is not JSON with an access_token
        the token endpoint's answer holds a token with characters that no token has
        the token endpoint refuses: invalid_grant
        the token endpoint refuses: an error code that is not in the standard
        the token endpoint's answer is not JSON with an access_token
        the token endpoint refuses: invalid_grant
        the token endpoint refuses: invalid_client
        the token endpoint refuses: unauthorized_client
        the token endpoint refuses: an error code that is not in the standard
        the token endpoint answers 400
        the token endpoint answers 400
        the token endpoint answers 429
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
