//! Decides when to use an OAuth2 access token, when to renew it, when to wait for it, and what to do without one.
//!
//! [`TokenState`] decides; the code that sends requests to the token endpoint, and that waits, is elsewhere.
//! [`TokenAnswer`] reads the endpoint's answers, and [`AlertedCauses`] decides what operators hear of failures.

mod alert;
mod members;
mod response;

use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::retry;
pub use alert::AlertedCauses;
pub use response::{GrantedToken, OAuth2Code, TokenAnswer, TokenProblem};

/// A token is renewed this long before it expires: longer than a request with its resend, so that no token expires
/// during a request.
pub const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// How long a token is used whose endpoint gives no lifetime: shorter than the lifetimes of servers in practice. If it
/// is too long after all, the CRM refuses the token, which renews it.
pub const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);
/// A token is renewed after this time even if it is valid for longer, so that the host notices within a day that a
/// client was removed from the server.
pub const MAX_LIFETIME: Duration = Duration::from_hours(24);
/// The wait after a permanent refusal: the server no longer knows the client or its refresh token. The host still tries
/// again, because an operator may repair it at the server.
pub const PERMANENT_WAIT: Duration = Duration::from_mins(5);
/// The longest wait that a token endpoint may ask for: without a token nothing is sent.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// A token that the CRM refuses after this time was valid before, so the refusal starts a new series. Longer than the
/// longest wait between two renewals of a series, so that waiting alone does not start one.
pub const ACCEPTED_AFTER: Duration = Duration::from_mins(2);

/// The number of a token; a session counts its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenSerial(pub u64);

/// What a session knows about its token.
#[derive(Debug, Clone, Default)]
pub struct TokenState {
    token: Option<IssuedToken>,
    issued: u64,
    renewing: bool,
    /// How many renewals in a row failed.
    failures: u32,
    /// After a failure: when the token endpoint may be asked again, and the problem.
    backoff: Option<(Timestamp, TokenProblem)>,
    /// How many tokens in a row the CRM refused.
    refusals: u32,
}

#[derive(Debug, Clone, Copy)]
struct IssuedToken {
    serial: TokenSerial,
    issued_at: Timestamp,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

/// What an invocation that needs a token does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenStep {
    /// Use the current token.
    Use,
    /// Use the current token, and start its renewal.
    UseAndRenew,
    /// Start a renewal, and wait for it.
    Renew,
    /// Wait for the renewal that is running.
    Wait,
    /// Continue without a token: the endpoint is not asked before this time.
    Without {
        /// When the endpoint may be asked again.
        until: Timestamp,
        /// Why there is none.
        problem: TokenProblem,
    },
}

impl TokenState {
    /// Decides how an invocation gets a token. If the step starts a renewal, [`Self::renewed`] or [`Self::failed`] must
    /// follow.
    pub fn acquire(&mut self, now: Timestamp) -> TokenStep {
        match self.token {
            Some(token) if now < token.renew_at => TokenStep::Use,
            Some(token) if now < token.expires_at => {
                if self.renewing || self.is_backing_off(now) {
                    return TokenStep::Use;
                }
                self.renewing = true;
                TokenStep::UseAndRenew
            }
            _ => self.fetch(now),
        }
    }

    /// Decides what to do after the CRM refused the token `serial` (401). With `None`, the refusal goes to the adapter.
    ///
    /// A refused token is renewed once, however many invocations get the refusal. A CRM that refuses the new token too
    /// does not know the client: then the next renewal waits, 1 s doubling to 60 s by the new token's age.
    pub fn refused(&mut self, serial: TokenSerial, now: Timestamp) -> Option<TokenStep> {
        let Some(token) = self.token.filter(|token| token.serial == serial) else {
            // Another invocation's refusal has replaced the token meanwhile, or is about to.
            return with_token(self.acquire(now));
        };
        let age = now.duration_since(token.issued_at).unsigned_abs();
        if age >= ACCEPTED_AFTER {
            self.refusals = 0;
        }
        if self.refusals > 0 && age < retry::throttle_wait(self.refusals - 1, None) {
            return None;
        }
        self.token = None;
        self.refusals += 1;
        with_token(self.fetch(now))
    }

    /// Records a token that was requested at `asked_at`. Returns its number.
    pub fn renewed(&mut self, asked_at: Timestamp, lifetime: Option<Duration>) -> TokenSerial {
        let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME);
        let early = RENEW_BEFORE.min(lifetime / 2);
        let serial = TokenSerial(self.issued);
        self.issued += 1;
        self.token = Some(IssuedToken {
            serial,
            issued_at: asked_at,
            renew_at: retry::due(asked_at, lifetime.saturating_sub(early), 0.0),
            expires_at: retry::due(asked_at, lifetime, 0.0),
        });
        self.renewing = false;
        self.failures = 0;
        self.backoff = None;
        serial
    }

    /// Records a failed renewal. `retry_after` is the wait that the endpoint asked for, `jitter` is 0 to 1. Returns
    /// when the endpoint may be asked again.
    pub fn failed(
        &mut self,
        now: Timestamp,
        problem: TokenProblem,
        retry_after: Option<Duration>,
        jitter: f64,
    ) -> Timestamp {
        let backoff = if problem.is_permanent() {
            PERMANENT_WAIT
        } else {
            retry::throttle_wait(self.failures, None)
        };
        let wait = backoff.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
        let until = retry::due(now, wait, jitter);
        self.renewing = false;
        self.failures += 1;
        self.backoff = Some((until, problem));
        until
    }

    /// Ends the backoff: an operator expects the endpoint to work now.
    pub fn reset_backoff(&mut self) {
        self.backoff = None;
    }

    /// The number of the current token, if there is one.
    #[must_use]
    pub fn serial(&self) -> Option<TokenSerial> {
        self.token.map(|token| token.serial)
    }

    fn fetch(&mut self, now: Timestamp) -> TokenStep {
        if self.renewing {
            return TokenStep::Wait;
        }
        match self.backoff {
            Some((until, problem)) if now < until => TokenStep::Without { until, problem },
            _ => {
                self.renewing = true;
                TokenStep::Renew
            }
        }
    }

    fn is_backing_off(&self, now: Timestamp) -> bool {
        self.backoff.is_some_and(|(until, _)| now < until)
    }
}

/// The step, if it can result in a token.
fn with_token(step: TokenStep) -> Option<TokenStep> {
    Some(step).filter(|step| !matches!(step, TokenStep::Without { .. }))
}

#[cfg(test)]
mod tests;
