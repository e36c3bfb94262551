//! An OAuth2 credential in use: provides the access token, and requests its renewal when [`TokenState`] says so.
//!
//! A session is shared by all releases of a tenant that use the same credential. It does not ask the token endpoint: it
//! requests a renewal through a channel, and whoever made the session carries it out, even if the invocation that
//! requested it has ended. Nobody waits for a token while one is valid.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::patterns::SecretPatterns;
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::tenant::oauth2::{TokenProblem, TokenSerial, TokenState, TokenStep};

/// How many of a session's newest secrets are searched for in answers: the token in use and the three before it, each
/// with its refresh token. No request carries an older one.
const REMEMBERED: usize = 8;

/// One OAuth2 credential of a tenant.
pub struct OAuth2Session {
    clock: SharedClock,
    inner: Mutex<Inner>,
    /// Requests a renewal. There is at most one at a time, so a channel of one is enough.
    renewals: mpsc::Sender<()>,
    /// Notifies when a renewal has ended.
    ended: watch::Sender<()>,
}

#[derive(Default)]
struct Inner {
    state: TokenState,
    token: Option<Arc<AccessToken>>,
    secrets: VecDeque<Sensitive>,
    /// The same secrets, to be searched for.
    patterns: Arc<SecretPatterns>,
}

/// A token, ready to be sent.
pub struct AccessToken {
    serial: TokenSerial,
    header: HeaderValue,
    patterns: SecretPatterns,
}

impl AccessToken {
    /// The token, as an answer might echo it.
    pub fn patterns(&self) -> &SecretPatterns {
        &self.patterns
    }

    /// `authorization: Bearer …`
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }
}

/// There is no token, so nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenUnavailable {
    /// The token endpoint is not asked again before this time.
    #[error("{problem}; it is asked again at {until:.0}")]
    Until {
        /// The earliest time of the next request.
        until: Timestamp,
        /// Why the last request failed.
        problem: TokenProblem,
    },
    /// The host is stopping.
    #[error("the host is stopping")]
    Stopping,
}

impl OAuth2Session {
    /// A session without a token, and the requests to renew it. Whoever receives one answers it with [`Self::renewed`]
    /// or [`Self::failed`].
    #[must_use]
    pub fn new(clock: SharedClock) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (renewals, requests) = mpsc::channel(1);
        let session = Self {
            clock,
            inner: Mutex::default(),
            renewals,
            ended: watch::Sender::default(),
        };
        (Arc::new(session), requests)
    }

    /// The endpoint answered the request of `asked_at` with a token. One that does not fit in a header is a failure.
    pub fn renewed(&self, token: &Sensitive, asked_at: Timestamp, lifetime: Option<Duration>) {
        let bearer = Sensitive::new(format!("Bearer {}", token.expose()));
        let Ok(mut header) = HeaderValue::from_str(bearer.expose()) else {
            self.failed(
                TokenProblem::Malformed("holds a token that no header can hold"),
                None,
                0.0,
            );
            return;
        };
        header.set_sensitive(true);
        let mut inner = self.inner();
        inner.remember(token);
        let serial = inner.state.renewed(asked_at, lifetime);
        inner.token = Some(Arc::new(AccessToken {
            serial,
            header,
            patterns: [token].into_iter().collect(),
        }));
        drop(inner);
        self.ended.send_replace(());
    }

    /// The endpoint returned no token. `retry_after` is what it asked for, `jitter` is 0 to 1. Returns when the
    /// endpoint is asked again.
    pub fn failed(&self, problem: TokenProblem, retry_after: Option<Duration>, jitter: f64) -> Timestamp {
        let until = self
            .inner()
            .state
            .failed(self.clock.now(), problem, retry_after, jitter);
        self.ended.send_replace(());
        until
    }

    /// Searches answers for a secret of this session, such as a refresh token.
    pub fn remember(&self, secret: &Sensitive) {
        self.inner().remember(secret);
    }

    /// Allows the endpoint to be asked at once, whatever failed before.
    pub fn ask_again(&self) {
        self.inner().state.reset_backoff();
    }

    /// The token to send now. Waits only if no token is valid.
    pub(super) async fn token(&self) -> Result<Arc<AccessToken>, TokenUnavailable> {
        let mut ended = self.ended.subscribe();
        let step = self.inner().state.acquire(self.clock.now());
        self.follow(step, &mut ended).await
    }

    /// The token that replaces one that the CRM has refused; none if the refusal is final.
    pub(super) async fn replace(&self, refused: &AccessToken) -> Option<Arc<AccessToken>> {
        let mut ended = self.ended.subscribe();
        let step = self.inner().state.refused(refused.serial, self.clock.now())?;
        self.follow(step, &mut ended).await.ok()
    }

    /// Every secret that an answer might echo.
    pub(super) fn patterns(&self) -> Arc<SecretPatterns> {
        Arc::clone(&self.inner().patterns)
    }

    async fn follow(
        &self,
        mut step: TokenStep,
        ended: &mut watch::Receiver<()>,
    ) -> Result<Arc<AccessToken>, TokenUnavailable> {
        loop {
            if matches!(step, TokenStep::Renew | TokenStep::UseAndRenew) {
                // Only one renewal is in progress, so the channel has room. It fails only if the host is stopping, and
                // then the wait below fails too.
                let _ = self.renewals.try_send(());
            }
            match step {
                TokenStep::Without { until, problem } => return Err(TokenUnavailable::Until { until, problem }),
                TokenStep::Use | TokenStep::UseAndRenew => {
                    if let Some(token) = self.inner().token.clone() {
                        return Ok(token);
                    }
                }
                TokenStep::Renew | TokenStep::Wait => {}
            }
            tokio::select! {
                _ = ended.changed() => {}
                () = self.renewals.closed() => return Err(TokenUnavailable::Stopping),
            }
            step = self.inner().state.acquire(self.clock.now());
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    fn remember(&mut self, secret: &Sensitive) {
        if !self.secrets.contains(secret) {
            self.secrets.push_back(secret.clone());
            if self.secrets.len() > REMEMBERED {
                self.secrets.pop_front();
            }
            self.patterns = Arc::new(self.secrets.iter().collect());
        }
    }
}

impl fmt::Debug for OAuth2Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth2Session(…)")
    }
}
