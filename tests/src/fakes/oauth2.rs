//! A token server (RFC 6749): `POST /token` with the client-credentials or the refresh-token grant.
//!
//! It takes a form without doubled members, the client's secret in the one way it was told, and exactly its scope.
//! Refresh tokens are good for one use: each answer holds another, and one that comes a second time is taken for
//! theft: everything that was ever handed out to that grant is revoked. An error's description repeats the request, as
//! careless servers do. Beside the misbehaviour that all fakes have, the [`TokenBook`] orders wrong answers.

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
    clock::Now,
    message::{Answer, answer, has_media_type, header, json_answer},
    server::{Handled, Trade},
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
    pub book: TokenBook,
}

impl OAuth2Config {
    /// On a free loopback port.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>, book: TokenBook) -> Self {
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
pub struct TokenBook(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    now: Now,
    lifetime: Option<Duration>,
    issued: u64,
    /// Access tokens that are valid, until when.
    valid: BTreeMap<String, Timestamp>,
    refresh_token: String,
    used_up: Vec<String>,
    revoked: bool,
    wrong: Option<(u32, WrongAnswer)>,
}

/// An answer that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongAnswer {
    /// 400 with this error code.
    Refusal(&'static str),
    /// 200 with a page for people.
    Garbage,
    /// 200 with a token of another type.
    OtherType,
    /// 200 with a token of 100,000 characters.
    Huge,
    /// 302 to another place.
    Redirect,
}

impl TokenBook {
    /// An empty one. `refresh_token` is the first of the only grant; access tokens live for `lifetime`, and without
    /// one for an hour that no answer mentions.
    pub fn new(now: Now, refresh_token: impl Into<String>, lifetime: Option<Duration>) -> Self {
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
    pub fn grant_anew(&self, refresh_token: impl Into<String>) {
        let mut book = self.book();
        book.refresh_token = refresh_token.into();
        book.revoked = false;
    }

    /// Lets no access token be valid any more.
    pub fn forget_access(&self) {
        self.book().valid.clear();
    }

    /// Lets access tokens live for another time from now on.
    pub fn set_lifetime(&self, lifetime: Option<Duration>) {
        self.book().lifetime = lifetime;
    }

    /// Answers wrongly for the next `times` good requests.
    pub fn answer_wrongly(&self, times: u32, wrong: WrongAnswer) {
        self.book().wrong = Some((times, wrong));
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn wrong(&mut self) -> Option<WrongAnswer> {
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

    fn issue(&mut self) -> Issued {
        self.issued += 1;
        let access_token = format!("access-canary-{}", self.issued);
        let lifetime = self.lifetime.unwrap_or(Duration::from_hours(1));
        let until = self.now.get() + SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        self.valid.insert(access_token.clone(), until);
        Issued { access_token, until }
    }
}

/// An access token as the server remembers it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Issued {
    /// The token.
    pub access_token: String,
    /// Until when it is valid.
    pub until: Timestamp,
}

/// The server behind [`OAuth2`](super::OAuth2).
#[derive(Debug)]
pub struct TokenServer {
    config: OAuth2Config,
    issued: Vec<Issued>,
}

impl Trade for TokenServer {
    type Config = OAuth2Config;
    type Lead = NoLead;
    type Record = Issued;
    const LEDGER: (&'static str, &'static str) = ("issued", "issued");

    fn from_config(config: OAuth2Config) -> (SocketAddr, Self) {
        let issued = Vec::new();
        (config.addr, Self { config, issued })
    }

    fn handle(&mut self, request: &Request<Bytes>) -> Handled {
        match self.grant(request) {
            Ok(answer) => Handled::Stored(answer),
            Err((status, error)) => {
                // What a careless server tells its client's log.
                let sent = format!(
                    "{} sent {:?} {}",
                    self.config.client_id,
                    request.headers().get(AUTHORIZATION),
                    String::from_utf8_lossy(request.body())
                );
                let mut answer = json_answer(status, &json!({ "error": error, "error_description": sent }));
                if status == StatusCode::UNAUTHORIZED {
                    let headers = answer.headers_mut();
                    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                }
                Handled::Refused(answer)
            }
        }
    }

    fn too_many(retry_after: Option<u32>) -> Answer {
        let mut answer = answer(StatusCode::TOO_MANY_REQUESTS, None, Bytes::new());
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }

    fn maintenance() -> Answer {
        answer(StatusCode::SERVICE_UNAVAILABLE, None, "back in a moment")
    }

    fn crash() -> Answer {
        answer(StatusCode::INTERNAL_SERVER_ERROR, None, "something went wrong")
    }

    fn seed(&mut self, lead: NoLead) {
        match lead {}
    }

    fn stored(&self) -> Vec<Issued> {
        self.issued.clone()
    }

    fn forget(&mut self) {
        self.issued.clear();
    }
}

type Refusal = (StatusCode, &'static str);

impl TokenServer {
    fn grant(&mut self, request: &Request<Bytes>) -> Result<Answer, Refusal> {
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
            return wrong.answer();
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
        let mut answer = json_answer(StatusCode::OK, &body);
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

impl WrongAnswer {
    fn answer(self) -> Result<Answer, Refusal> {
        let token = |kind: &str, token: &str| {
            json_answer(StatusCode::OK, &json!({ "access_token": token, "token_type": kind }))
        };
        match self {
            Self::Refusal(error) => Err((StatusCode::BAD_REQUEST, error)),
            Self::Garbage => Ok(answer(StatusCode::OK, Some("text/html"), "<h1>Please log in</h1>")),
            Self::OtherType => Ok(token("mac", "access-canary")),
            Self::Huge => Ok(token("Bearer", &"x".repeat(100_000))),
            Self::Redirect => {
                let mut answer = answer(StatusCode::FOUND, None, Bytes::new());
                answer
                    .headers_mut()
                    .insert(LOCATION, HeaderValue::from_static("/elsewhere"));
                Ok(answer)
            }
        }
    }
}
