//! The tokens that the token server has issued, and the responses that a test orders instead.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::fakes::clock::ServerClock;

/// The tokens of a token server, shared with the CRM that accepts them and with the test.
#[derive(Debug, Clone)]
pub struct IssuedTokens(Arc<Mutex<TokenState>>);

/// What the server knows of its tokens.
#[derive(Debug)]
pub(super) struct TokenState {
    now: ServerClock,
    pub(super) lifetime: Option<Duration>,
    issued: u64,
    /// Each valid access token with its expiry.
    valid: BTreeMap<String, Timestamp>,
    pub(super) refresh_token: String,
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

    /// Rewrites the next `times` responses. Their tokens are issued, and a refresh token is used up, whatever is left
    /// of the response.
    pub fn rewrite_next(&self, times: u32, rewrite: RewriteTokens) {
        self.state().rewriting = Some((times, rewrite));
    }

    pub(super) fn state(&self) -> MutexGuard<'_, TokenState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenState {
    pub(super) fn next_failure(&mut self) -> Option<BadTokenResponse> {
        match &mut self.failing {
            None | Some((0, _)) => None,
            Some((left, bad)) => {
                *left -= 1;
                Some(*bad)
            }
        }
    }

    /// Rewrites a response if one is due; returns its status.
    pub(super) fn rewrite(&mut self, body: &mut Value) -> StatusCode {
        let Some((left, rewrite)) = self.rewriting.as_mut().filter(|(left, _)| *left > 0) else {
            return StatusCode::OK;
        };
        *left -= 1;
        StatusCode::from_u16(rewrite(body)).unwrap_or(StatusCode::OK)
    }

    pub(super) fn refresh(&mut self, token: &str) -> Result<(), &'static str> {
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

    pub(super) fn issue(&mut self) -> IssuedToken {
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
