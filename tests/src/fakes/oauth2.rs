//! A token server (RFC 6749): `POST /token` with the client-credentials or the refresh-token grant.
//!
//! It takes a form without doubled members, the client's secret in the one way it was told, and exactly its scope.
//! Refresh tokens are good for one use: each answer holds another, and one that comes a second time is taken for
//! theft: everything that was ever handed out to that grant is revoked. An error's description repeats the request, as
//! careless servers do. Beside the misbehaviour that all fakes have, the [`IssuedTokens`] orders wrong answers.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{
    agent::NoLead,
    clock::ServerClock,
    response::{FakeResponse, has_media_type, header, json_response, response},
    server::{FakeService, RequestOutcome},
};

/// What the token server is started with.
#[derive(Debug, Clone)]
pub struct OAuth2Config {
    /// Where to listen; port 0 picks a free one.
    pub addr: SocketAddr,
    /// The only client's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Whether the secret comes in the form; else as `authorization: Basic`.
    pub secret_in_body: bool,
    /// The only scope it grants; none if no request may name one.
    pub scope: Option<String>,
    /// What it has handed out.
    pub book: IssuedTokens,
}

impl OAuth2Config {
    /// On a free loopback port.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, book: IssuedTokens) -> Self {
        Self {
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            secret_in_body: false,
            scope: None,
            book,
        }
    }
}

/// What a token server has handed out, for the CRM that believes it and for the test.
#[derive(Debug, Clone)]
pub struct IssuedTokens(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    now: ServerClock,
    lifetime: Option<Duration>,
    issued: u64,
    /// Access tokens that are valid, until when.
    valid: BTreeMap<String, Timestamp>,
    refresh_token: String,
    used_up: Vec<String>,
    revoked: bool,
    wrong: Option<(u32, BadTokenResponse)>,
}

/// An answer that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadTokenResponse {
    /// 400 with this error code.
    Error(&'static str),
    /// 200 with a page for people.
    Html,
    /// 200 with a token of another type.
    WrongType,
    /// 200 with a token of 100,000 characters.
    Huge,
    /// 302 to another place.
    Redirect,
}

impl IssuedTokens {
    /// An empty one. `refresh_token` is the first of the only grant; access tokens live for `lifetime`, and without
    /// one for an hour that no answer mentions.
    pub fn new(now: ServerClock, refresh_token: impl Into<String>, lifetime: Option<Duration>) -> Self {
        Self(Arc::new(Mutex::new(Book {
            now,
            lifetime,
            issued: 0,
            valid: BTreeMap::new(),
            refresh_token: refresh_token.into(),
            used_up: Vec::new(),
            revoked: false,
            wrong: None,
        })))
    }

    /// Whether an access token is valid now.
    pub fn is_valid(&self, token: &str) -> bool {
        let book = self.book();
        book.valid.get(token).is_some_and(|until| book.now.get() < *until)
    }

    /// How many access tokens were handed out.
    pub fn issued(&self) -> u64 {
        self.book().issued
    }

    /// The refresh token that is good now.
    pub fn refresh_token(&self) -> String {
        self.book().refresh_token.clone()
    }

    /// Whether the grant was revoked because a refresh token came twice.
    pub fn is_revoked(&self) -> bool {
        self.book().revoked
    }

    /// Agrees to a new grant, in the place of the one before.
    pub fn replace_grant(&self, refresh_token: impl Into<String>) {
        let mut book = self.book();
        book.refresh_token = refresh_token.into();
        book.revoked = false;
    }

    /// Lets no access token be valid any more.
    pub fn revoke_access_tokens(&self) {
        self.book().valid.clear();
    }

    /// Lets access tokens live for another time from now on.
    pub fn set_lifetime(&self, lifetime: Option<Duration>) {
        self.book().lifetime = lifetime;
    }

    /// Answers wrongly for the next `times` good requests.
    pub fn fail_next(&self, times: u32, wrong: BadTokenResponse) {
        self.book().wrong = Some((times, wrong));
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn wrong(&mut self) -> Option<BadTokenResponse> {
        match &mut self.wrong {
            None | Some((0, _)) => None,
            Some((left, wrong)) => {
                *left -= 1;
                Some(*wrong)
            }
        }
    }

    fn refresh(&mut self, token: &str) -> Result<(), &'static str> {
        if self.used_up.iter().any(|used| used == token) {
            self.revoked = true;
            self.valid.clear();
        }
        if self.revoked || token != self.refresh_token {
            return Err("invalid_grant");
        }
        let next = format!("refresh-canary-{}", self.used_up.len() + 2);
        self.used_up.push(std::mem::replace(&mut self.refresh_token, next));
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

/// An access token as the server remembers it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IssuedToken {
    /// The token.
    pub access_token: String,
    /// Until when it is valid.
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

    fn from_config(config: OAuth2Config) -> (SocketAddr, Self) {
        let issued = Vec::new();
        (config.addr, Self { config, issued })
    }

    fn handle(&mut self, request: &Request<Bytes>) -> RequestOutcome {
        match self.grant(request) {
            Ok(answer) => RequestOutcome::Stored(answer),
            Err((status, error)) => {
                // What a careless server tells its client's log.
                let sent = format!(
                    "{} sent {:?} {}",
                    self.config.client_id,
                    request.headers().get(AUTHORIZATION),
                    String::from_utf8_lossy(request.body())
                );
                let mut answer = json_response(status, &json!({ "error": error, "error_description": sent }));
                if status == StatusCode::UNAUTHORIZED {
                    let headers = answer.headers_mut();
                    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                }
                RequestOutcome::Refused(answer)
            }
        }
    }

    fn too_many(retry_after: Option<u32>) -> FakeResponse {
        let mut answer = response(StatusCode::TOO_MANY_REQUESTS, None, Bytes::new());
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
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

    fn forget(&mut self) {
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
        let mut book = self.config.book.book();
        if let Some(wrong) = book.wrong() {
            return wrong.response();
        }
        let rotated = match (grant.as_str(), token) {
            ("client_credentials", None) => None,
            ("refresh_token", Some(token)) => {
                book.refresh(&token).map_err(|error| (StatusCode::BAD_REQUEST, error))?;
                Some(book.refresh_token.clone())
            }
            ("client_credentials" | "refresh_token", _) => return Err(invalid),
            _ => return Err((StatusCode::BAD_REQUEST, "unsupported_grant_type")),
        };
        let issued = book.issue();
        let mut body = json!({ "access_token": issued.access_token, "token_type": "Bearer" });
        if let Some(lifetime) = book.lifetime {
            body["expires_in"] = json!(lifetime.as_secs());
        }
        if let Some(token) = rotated {
            body["refresh_token"] = json!(token);
        }
        drop(book);
        self.issued.push(issued);
        let mut answer = json_response(StatusCode::OK, &body);
        answer
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(answer)
    }

    fn authenticate(&self, request: &Request<Bytes>, form: &mut BTreeMap<String, String>) -> Result<(), Refusal> {
        let in_form = form.remove("client_id").zip(form.remove("client_secret"));
        let in_header = header(request, AUTHORIZATION.as_str()).and_then(basic);
        let shown = match (self.config.secret_in_body, in_form, in_header) {
            (true, Some(shown), None) | (false, None, Some(shown)) => shown,
            (_, Some(_), Some(_)) => return Err((StatusCode::BAD_REQUEST, "invalid_request")),
            _ => return Err((StatusCode::UNAUTHORIZED, "invalid_client")),
        };
        let known = (self.config.client_id.clone(), self.config.client_secret.clone());
        if shown == known {
            Ok(())
        } else {
            Err((StatusCode::UNAUTHORIZED, "invalid_client"))
        }
    }
}

/// The client's id and secret, each encoded as in a form.
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
                let mut answer = response(StatusCode::FOUND, None, Bytes::new());
                answer
                    .headers_mut()
                    .insert(LOCATION, HeaderValue::from_static("/elsewhere"));
                Ok(answer)
            }
        }
    }
}
