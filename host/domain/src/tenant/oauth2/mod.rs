//! When an OAuth2 access token is used, renewed and waited for, and what follows from a token that cannot be had.
//!
//! [`TokenState`] decides; who asks the token endpoint, and who waits, is elsewhere. What an endpoint's answer means is
//! in [`read_answer`].

mod answer;

use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::retry;
pub use answer::{OAuth2Code, TokenProblem, TokenResponse, read_answer};

/// A token is renewed this long before it expires: longer than a call with its resend, so that none begins with a token
/// that ends on the way.
pub const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// How long a token is used whose endpoint does not say: shorter than any server in practice. If it was too long after
/// all, the CRM refuses the token, and that renews it.
pub const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);
/// A token is renewed after this time even if it could live longer, so that a client that was taken off the server is
/// noticed within a day.
pub const MAX_LIFETIME: Duration = Duration::from_hours(24);
/// The wait after a refusal that repeating does not change: the client or its refresh token is not known any more.
/// Still tried again, for an operator who repairs it at the server.
pub const FUTILE_WAIT: Duration = Duration::from_mins(5);
/// The longest wait that a token endpoint may ask for: without a token nothing goes out.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// A token that was refused after a longer time than this had been good before: the refusal begins a new row. Longer
/// than the longest wait between two renewals of a row, so that waiting alone does not begin one.
pub const GOOD_AFTER: Duration = Duration::from_mins(2);

/// Which token of a session: they are numbered as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenSerial(pub u64);

/// What a session knows of its token.
#[derive(Debug, Clone, Default)]
pub struct TokenState {
    held: Option<Held>,
    issued: u64,
    renewing: bool,
    /// Failures in a row.
    failures: u32,
    /// After a failure: the token endpoint is not asked before.
    quiet: Option<(Timestamp, TokenProblem)>,
    /// Tokens in a row that the CRM refused.
    refusals: u32,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    serial: TokenSerial,
    issued_at: Timestamp,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

/// What whoever wants a token does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenStep {
    /// Uses the one that is there.
    Use,
    /// Uses it, and has a new one fetched meanwhile.
    UseAndRenew,
    /// Has one fetched, and waits for it.
    Renew,
    /// Waits for the one that is being fetched.
    Wait,
    /// Goes without: the endpoint is not asked before this time.
    Without {
        /// When it is asked again.
        until: Timestamp,
        /// Why there is none.
        problem: TokenProblem,
    },
}

impl TokenState {
    /// A call wants a token. A renewal that the step says is under way from now on: [`Self::renewed`] or
    /// [`Self::failed`] must follow.
    pub fn wanted(&mut self, now: Timestamp) -> TokenStep {
        match self.held {
            Some(held) if now < held.renew_at => TokenStep::Use,
            Some(held) if now < held.expires_at => {
                if self.renewing || self.is_quiet(now) {
                    return TokenStep::Use;
                }
                self.renewing = true;
                TokenStep::UseAndRenew
            }
            _ => self.fetch(now),
        }
    }

    /// The CRM refused the token `serial` (401). `None` if nothing is to be done about it: the refusal goes to the
    /// adapter.
    ///
    /// However many calls meet the refusal of one token, it is renewed once. A CRM that refuses the new one too does
    /// not know the client: then the next renewal waits, 1 s doubling to 60 s by the new token's age.
    pub fn refused(&mut self, serial: TokenSerial, now: Timestamp) -> Option<TokenStep> {
        let Some(held) = self.held.filter(|held| held.serial == serial) else {
            // Somebody else's refusal has replaced it meanwhile, or is about to.
            return with_token(self.wanted(now));
        };
        let age = now.duration_since(held.issued_at).unsigned_abs();
        if age >= GOOD_AFTER {
            self.refusals = 0;
        }
        if self.refusals > 0 && age < retry::throttle_wait(self.refusals - 1, None) {
            return None;
        }
        self.held = None;
        self.refusals += 1;
        with_token(self.fetch(now))
    }

    /// A token came, asked for at `asked_at`. Returns its number.
    pub fn renewed(&mut self, asked_at: Timestamp, lifetime: Option<Duration>) -> TokenSerial {
        let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME);
        let early = RENEW_BEFORE.min(lifetime / 2);
        let serial = TokenSerial(self.issued);
        self.issued += 1;
        self.held = Some(Held {
            serial,
            issued_at: asked_at,
            renew_at: retry::due(asked_at, lifetime.saturating_sub(early), 0.0),
            expires_at: retry::due(asked_at, lifetime, 0.0),
        });
        self.renewing = false;
        self.failures = 0;
        self.quiet = None;
        serial
    }

    /// No token came. `retry_after` is what the endpoint asked for, `jitter` is 0 to 1. Returns when it is asked again.
    pub fn failed(
        &mut self,
        now: Timestamp,
        problem: TokenProblem,
        retry_after: Option<Duration>,
        jitter: f64,
    ) -> Timestamp {
        let backoff = if problem.is_futile() {
            FUTILE_WAIT
        } else {
            retry::throttle_wait(self.failures, None)
        };
        let wait = backoff.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
        let until = retry::due(now, wait, jitter);
        self.renewing = false;
        self.failures += 1;
        self.quiet = Some((until, problem));
        until
    }

    /// An operator has a reason to think that the endpoint answers now: it may be asked at once.
    pub fn ask_again(&mut self) {
        self.quiet = None;
    }

    /// The number of the token that is there, used or not.
    #[must_use]
    pub fn serial(&self) -> Option<TokenSerial> {
        self.held.map(|held| held.serial)
    }

    fn fetch(&mut self, now: Timestamp) -> TokenStep {
        if self.renewing {
            return TokenStep::Wait;
        }
        match self.quiet {
            Some((until, problem)) if now < until => TokenStep::Without { until, problem },
            _ => {
                self.renewing = true;
                TokenStep::Renew
            }
        }
    }

    fn is_quiet(&self, now: Timestamp) -> bool {
        self.quiet.is_some_and(|(until, _)| now < until)
    }
}

/// The step, if it may end in a token.
fn with_token(step: TokenStep) -> Option<TokenStep> {
    Some(step).filter(|step| !matches!(step, TokenStep::Without { .. }))
}

#[cfg(test)]
mod tests;
