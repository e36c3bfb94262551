//! A token server (RFC 6749): `POST /token` with the client-credentials or the refresh-token grant.
//!
//! It accepts a form without repeated parameters, the client's secret only in the configured place, and exactly the
//! configured scope. Each refresh token is valid once, and each response carries the next one. A reused refresh token
//! counts as theft and revokes the whole grant. Error descriptions repeat the request, as careless servers do. Besides
//! the misbehaviour of all fakes, [`IssuedTokens::fail_next`] orders bad token responses, and
//! [`IssuedTokens::rewrite_next`] responses in the words of another server.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, LOCATION, WWW_AUTHENTICATE},
};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    clock::ServerClock,
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
    /// Whether the secret must be in the form; otherwise it must be in `authorization: Basic`.
    pub secret_in_body: bool,
    /// The only scope that it grants; none refuses every scope.
    pub scope: Option<String>,
    /// Where it keeps the tokens that it issues.
    pub tokens: IssuedTokens,
}

impl OAuth2Config {
    /// A server without a scope that expects `authorization: Basic`.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, tokens: IssuedTokens) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            secret_in_body: false,
            scope: None,
            tokens,
        }
    }
}

/// The tokens of a token server, shared with the CRM that accepts them and with the test.
#[derive(Debug, Clone)]
pub struct IssuedTokens(Arc<Mutex<TokenState>>);

#[derive(Debug)]
struct TokenState {
    now: ServerClock,
    lifetime: Option<Duration>,
    issued: u64,
    /// Each valid access token with its expiry.
    valid: BTreeMap<String, Timestamp>,
    refresh_token: String,
    used: Vec<String>,
    revoked: bool,
    failing: Option<(u32, BadTokenResponse)>,
    rewriting: Option<(u32, RewriteTokens)>,
}

/// Changes a response that grants tokens, and returns its status.
pub type RewriteTokens = fn(&mut Value) -> u16;

/// A response that holds no usable token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadTokenResponse {
    /// 400 with this error code.
    Error(&'static str),
    /// 200 with an HTML page.
    Html,
    /// 200 with a token of another type.
    WrongType,
    /// 200 with a token of 100,000 characters.
    Huge,
    /// 302 to another path.
    Redirect,
}

impl IssuedTokens {
    /// No access tokens yet, and one grant whose first refresh token is `refresh_token`. Access tokens live for
    /// `lifetime`; without one, they live for an hour and responses do not state it.
    pub fn new(now: ServerClock, refresh_token: impl Into<String>, lifetime: Option<Duration>) -> Self {
        Self(Arc::new(Mutex::new(TokenState {
            now,
            lifetime,
            issued: 0,
            valid: BTreeMap::new(),
            refresh_token: refresh_token.into(),
            used: Vec::new(),
            revoked: false,
            failing: None,
            rewriting: None,
        })))
    }

    /// Whether an access token is valid now.
    pub fn is_valid(&self, token: &str) -> bool {
        let state = self.state();
        state.valid.get(token).is_some_and(|until| state.now.get() < *until)
    }

    /// How many access tokens were issued.
    pub fn issued(&self) -> u64 {
        self.state().issued
    }

    /// The refresh token that is valid now.
    pub fn refresh_token(&self) -> String {
        self.state().refresh_token.clone()
    }

    /// Whether the grant was revoked because a refresh token was reused.
    pub fn is_revoked(&self) -> bool {
        self.state().revoked
    }

    /// Replaces the grant with a new one.
    pub fn replace_grant(&self, refresh_token: impl Into<String>) {
        let mut state = self.state();
        state.refresh_token = refresh_token.into();
        state.revoked = false;
    }

    /// Revokes all access tokens.
    pub fn revoke_access_tokens(&self) {
        self.state().valid.clear();
    }

    /// Sets the lifetime of access tokens issued from now on.
    pub fn set_lifetime(&self, lifetime: Option<Duration>) {
        self.state().lifetime = lifetime;
    }

    /// Sends a bad response to the next `times` valid requests.
    pub fn fail_next(&self, times: u32, bad: BadTokenResponse) {
        self.state().failing = Some((times, bad));
    }

    /// Rewrites the next `times` responses. Their tokens are issued, and a refresh token is used up, whatever is left of
    /// the response.
    pub fn rewrite_next(&self, times: u32, rewrite: RewriteTokens) {
        self.state().rewriting = Some((times, rewrite));
    }

    fn state(&self) -> MutexGuard<'_, TokenState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenState {
    fn next_failure(&mut self) -> Option<BadTokenResponse> {
        match &mut self.failing {
            None | Some((0, _)) => None,
            Some((left, bad)) => {
                *left -= 1;
                Some(*bad)
            }
        }
    }

    /// Rewrites a response if one is due; returns its status.
    fn rewrite(&mut self, body: &mut Value) -> StatusCode {
        let Some((left, rewrite)) = self.rewriting.as_mut().filter(|(left, _)| *left > 0) else {
            return StatusCode::OK;
        };
        *left -= 1;
        StatusCode::from_u16(rewrite(body)).unwrap_or(StatusCode::OK)
    }

    fn refresh(&mut self, token: &str) -> Result<(), &'static str> {
        if self.used.iter().any(|used| used == token) {
            self.revoked = true;
            self.valid.clear();
        }
        if self.revoked || token != self.refresh_token {
            return Err("invalid_grant");
        }
        let next = format!("refresh-canary-{}", self.used.len() + 2);
        self.used.push(std::mem::replace(&mut self.refresh_token, next));
        Ok(())
    }

    fn issue(&mut self) -> IssuedToken {
        self.issued += 1;
        let access_token = format!("access-canary-{}", self.issued);
        let lifetime = self.lifetime.unwrap_or(Duration::from_hours(1));
        let until = self.now.get() + SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        self.valid.insert(access_token.clone(), until);
        IssuedToken { access_token, until }
    }
}

/// An access token as the server stores it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IssuedToken {
    /// The token.
    pub access_token: String,
    /// Its expiry.
    pub until: Timestamp,
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
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(request.body()) {
            if form.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(invalid);
            }
        }
        self.authenticate(request, &mut form)?;
        let grant = form.remove("grant_type").ok_or(invalid)?;
        if form.remove("scope") != self.config.scope {
            return Err((StatusCode::BAD_REQUEST, "invalid_scope"));
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
        let in_form = form.remove("client_id").zip(form.remove("client_secret"));
        let in_header = header(request, AUTHORIZATION.as_str()).and_then(basic);
        let credentials = match (self.config.secret_in_body, in_form, in_header) {
            (true, Some(given), None) | (false, None, Some(given)) => given,
            (_, Some(_), Some(_)) => return Err((StatusCode::BAD_REQUEST, "invalid_request")),
            _ => return Err((StatusCode::UNAUTHORIZED, "invalid_client")),
        };
        let known = (self.config.client_id.clone(), self.config.client_secret.clone());
        if credentials == known {
            Ok(())
        } else {
            Err((StatusCode::UNAUTHORIZED, "invalid_client"))
        }
    }
}

/// The client's id and secret from Basic authentication, each form-encoded.
fn basic(value: &str) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| {
        let (decoded, empty) = form_urlencoded::parse(text.as_bytes()).next()?;
        empty.is_empty().then(|| decoded.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
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
