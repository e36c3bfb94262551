//! A token server (RFC 6749): `POST /token` with the client-credentials or the refresh-token grant.
//!
//! It accepts a form without repeated parameters (except `resource`), the client's secret only in the configured place
//! and encoding, and exactly the configured scope and resources. Each refresh token is valid once, and each response
//! carries the next one. A reused refresh token counts as theft and revokes the whole grant. Error descriptions repeat
//! the request, as careless servers do. Besides the misbehaviour of all fakes, [`IssuedTokens::fail_next`] orders bad
//! token responses, and [`IssuedTokens::rewrite_next`] responses in the words of another server.

mod tokens;

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, LOCATION, WWW_AUTHENTICATE},
};
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::json;

pub use self::tokens::{BadTokenResponse, IssuedToken, IssuedTokens, RewriteTokens};
use super::{
    http_message::{FakeResponse, has_media_type, header, json_response, response, with_retry_after},
    service::{FakeService, NoLead, RequestOutcome},
};

/// The token server's options.
#[derive(Debug, Clone)]
pub struct OAuth2Config {
    /// The id of the only client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The only way in which the client may authenticate.
    pub client_auth: AcceptedClientAuth,
    /// The only scope that it grants; none refuses every scope.
    pub scope: Option<String>,
    /// The resources that requests must name, in this order.
    pub resources: Vec<String>,
    /// Where it keeps the tokens that it issues.
    pub tokens: IssuedTokens,
}

impl OAuth2Config {
    /// A server without a scope that expects `authorization: Basic`.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, tokens: IssuedTokens) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            client_auth: AcceptedClientAuth::Basic,
            scope: None,
            resources: vec![],
            tokens,
        }
    }
}

/// How the client must authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedClientAuth {
    /// By `authorization: Basic`, with an id and a secret that form decoders and percent decoders read alike.
    Basic,
    /// By `authorization: Basic`, with an id and a secret that are not encoded.
    PlainBasic,
    /// By `client_id` and `client_secret` in the form.
    Body,
    /// By `client_id` in the form: the client is public.
    Public,
}

/// The server behind [`OAuth2`](super::OAuth2).
#[derive(Debug)]
pub struct TokenServer {
    config: OAuth2Config,
    issued: Vec<IssuedToken>,
}

impl FakeService for TokenServer {
    type Config = OAuth2Config;
    type Lead = NoLead;
    type Record = IssuedToken;
    const RECORDS: (&'static str, &'static str) = ("issued", "issued");

    fn from_config(config: OAuth2Config) -> Self {
        let issued = Vec::new();
        Self { config, issued }
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        match self.grant(request) {
            Ok(response) => RequestOutcome::Stored(response),
            Err((status, error)) => {
                // A careless server leaks the request into its client's log.
                let sent = format!(
                    "{} sent {:?} {}",
                    self.config.client_id,
                    request.headers().get(AUTHORIZATION),
                    String::from_utf8_lossy(request.body())
                );
                let mut response = json_response(status, &json!({ "error": error, "error_description": sent }));
                if status == StatusCode::UNAUTHORIZED {
                    let headers = response.headers_mut();
                    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                }
                RequestOutcome::Refused(response)
            }
        }
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        with_retry_after(response(StatusCode::TOO_MANY_REQUESTS, None, Bytes::new()), retry_after)
    }

    fn maintenance() -> FakeResponse {
        response(StatusCode::SERVICE_UNAVAILABLE, None, "back in a moment")
    }

    fn crash() -> FakeResponse {
        response(StatusCode::INTERNAL_SERVER_ERROR, None, "something went wrong")
    }

    fn seed(&mut self, lead: NoLead) {
        match lead {}
    }

    fn stored(&self) -> Vec<IssuedToken> {
        self.issued.clone()
    }

    fn clear(&mut self) {
        self.issued.clear();
    }
}

type Refusal = (StatusCode, &'static str);

impl TokenServer {
    fn grant(&mut self, request: &Request<Bytes>) -> Result<FakeResponse, Refusal> {
        let invalid = (StatusCode::BAD_REQUEST, "invalid_request");
        if request.uri() != "/token" || request.method() != Method::POST {
            return Err((StatusCode::NOT_FOUND, "invalid_request"));
        }
        if !has_media_type(request, "application/x-www-form-urlencoded") {
            return Err(invalid);
        }
        let (mut form, mut resources) = (BTreeMap::new(), vec![]);
        for (name, value) in form_urlencoded::parse(request.body()) {
            if name == "resource" {
                resources.push(value.into_owned());
            } else if form.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(invalid);
            }
        }
        self.authenticate(request, &mut form)?;
        let grant = form.remove("grant_type").ok_or(invalid)?;
        if form.remove("scope") != self.config.scope {
            return Err((StatusCode::BAD_REQUEST, "invalid_scope"));
        }
        if resources != self.config.resources {
            return Err((StatusCode::BAD_REQUEST, "invalid_target"));
        }
        let token = form.remove("refresh_token");
        if !form.is_empty() {
            return Err(invalid);
        }
        let mut state = self.config.tokens.state();
        if let Some(bad) = state.next_failure() {
            return bad.response();
        }
        let rotated = match (grant.as_str(), token) {
            ("client_credentials", None) => None,
            ("refresh_token", Some(token)) => {
                state
                    .refresh(&token)
                    .map_err(|error| (StatusCode::BAD_REQUEST, error))?;
                Some(state.refresh_token.clone())
            }
            ("client_credentials" | "refresh_token", _) => return Err(invalid),
            _ => return Err((StatusCode::BAD_REQUEST, "unsupported_grant_type")),
        };
        let issued = state.issue();
        let mut body = json!({ "access_token": issued.access_token, "token_type": "Bearer" });
        if let Some(lifetime) = state.lifetime {
            body["expires_in"] = json!(lifetime.as_secs());
        }
        if let Some(token) = rotated {
            body["refresh_token"] = json!(token);
        }
        let status = state.rewrite(&mut body);
        drop(state);
        self.issued.push(issued);
        let mut response = json_response(status, &body);
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    fn authenticate(&self, request: &Request<Bytes>, form: &mut BTreeMap<String, String>) -> Result<(), Refusal> {
        let in_form = (form.remove("client_id"), form.remove("client_secret"));
        let in_header = header(request, AUTHORIZATION.as_str());
        let credentials = match (self.config.client_auth, in_form, in_header) {
            (AcceptedClientAuth::Basic, (None, None), Some(given)) => basic(given, decoded_alike),
            (AcceptedClientAuth::PlainBasic, (None, None), Some(given)) => basic(given, |text| Some(text.to_owned())),
            (AcceptedClientAuth::Body, (Some(id), Some(secret)), None) => Some((id, secret)),
            (AcceptedClientAuth::Public, (Some(id), None), None) => Some((id, self.config.client_secret.clone())),
            (_, (Some(_), Some(_)), Some(_)) => return Err((StatusCode::BAD_REQUEST, "invalid_request")),
            _ => None,
        };
        let known = (self.config.client_id.clone(), self.config.client_secret.clone());
        if credentials == Some(known) {
            Ok(())
        } else {
            Err((StatusCode::UNAUTHORIZED, "invalid_client"))
        }
    }
}

/// The client's id and secret from Basic authentication, each decoded.
fn basic(value: &str, decode: fn(&str) -> Option<String>) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((decode(id)?, decode(secret)?))
}

/// The decoded text, if servers that read it as a form and servers that know only percent-encoding agree on it.
fn decoded_alike(text: &str) -> Option<String> {
    let (as_form, empty) = form_urlencoded::parse(text.as_bytes()).next()?;
    let in_percent = percent_decode_str(text).decode_utf8().ok()?;
    (empty.is_empty() && as_form == in_percent && !text.contains("%7E")).then(|| in_percent.into_owned())
}

impl BadTokenResponse {
    fn response(self) -> Result<FakeResponse, Refusal> {
        let token = |kind: &str, token: &str| {
            json_response(StatusCode::OK, &json!({ "access_token": token, "token_type": kind }))
        };
        match self {
            Self::Error(error) => Err((StatusCode::BAD_REQUEST, error)),
            Self::Html => Ok(response(StatusCode::OK, Some("text/html"), "<h1>Please log in</h1>")),
            Self::WrongType => Ok(token("mac", "access-canary")),
            Self::Huge => Ok(token("Bearer", &"x".repeat(100_000))),
            Self::Redirect => {
                let mut redirect = response(StatusCode::FOUND, None, Bytes::new());
                redirect
                    .headers_mut()
                    .insert(LOCATION, HeaderValue::from_static("/elsewhere"));
                Ok(redirect)
            }
        }
    }
}
