//! An OAuth2 credential at work: hands out the access token, and has it renewed when [`TokenState`] says so.
//!
//! A session is shared by all releases of a tenant that use the same credential. Who asks the token endpoint is not
//! here: a renewal is ordered through a channel, and whoever made the session carries it out, beyond the life of the
//! call that ordered it. A valid token is never waited for.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::echo::SecretPatterns;
use jackfield_clock::SharedClock;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::tenant::oauth2::{Serial, TokenProblem, TokenState, TokenStep};

/// Secrets of a session that are looked for in answers, the newest: those of the token in use and of three before, each
/// with its refresh token. A request carries none that is older.
const REMEMBERED: usize = 8;

/// One OAuth2 credential of a tenant.
pub struct OAuth2Session {
    clock: SharedClock,
    inner: Mutex<Inner>,
    /// Orders a renewal. There is at most one, so one place is enough.
    orders: mpsc::Sender<()>,
    /// Marks the end of each renewal.
    ended: watch::Sender<()>,
}

#[derive(Default)]
struct Inner {
    state: TokenState,
    token: Option<Arc<AccessToken>>,
    secrets: VecDeque<Sensitive>,
    /// The same, ready to be looked for.
    echoes: Arc<SecretPatterns>,
}

/// A token, ready to be sent.
pub struct AccessToken {
    serial: Serial,
    header: HeaderValue,
    echoes: SecretPatterns,
}

impl AccessToken {
    /// The token, as an answer might echo it.
    pub fn echoes(&self) -> &SecretPatterns {
        &self.echoes
    }

    /// `authorization: Bearer …`
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }
}

/// There is no token, and so nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenUnavailable {
    /// The token endpoint is not asked before this time.
    #[error("{problem}; it is asked again at {until:.0}")]
    Until {
        /// When.
        until: Timestamp,
        /// Why.
        problem: TokenProblem,
    },
    /// The host is stopping.
    #[error("the host is stopping")]
    Stopping,
}

impl OAuth2Session {
    /// A session without a token, and the orders to renew it. Whoever takes one off ends it with [`Self::renewed`] or
    /// [`Self::failed`].
    #[must_use]
    pub fn new(clock: SharedClock) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (orders, taken) = mpsc::channel(1);
        let session = Self {
            clock,
            inner: Mutex::default(),
            orders,
            ended: watch::Sender::default(),
        };
        (Arc::new(session), taken)
    }

    /// A token came, asked for at `asked_at`. One that no header can hold is a failure.
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
            echoes: [token].into_iter().collect(),
        }));
        drop(inner);
        self.ended.send_replace(());
    }

    /// No token came. `retry_after` is what the endpoint asked for, `jitter` is 0 to 1. Returns when it is asked again.
    pub fn failed(&self, problem: TokenProblem, retry_after: Option<Duration>, jitter: f64) -> Timestamp {
        let until = self
            .inner()
            .state
            .failed(self.clock.now(), problem, retry_after, jitter);
        self.ended.send_replace(());
        until
    }

    /// Has a secret of this session looked for in answers, such as a refresh token.
    pub fn remember(&self, secret: &Sensitive) {
        self.inner().remember(secret);
    }

    /// Lets the endpoint be asked at once, whatever failed before.
    pub fn ask_again(&self) {
        self.inner().state.ask_again();
    }

    /// The token to send now. Waits only if there is none that is valid.
    pub(super) async fn token(&self) -> Result<Arc<AccessToken>, TokenUnavailable> {
        let mut ended = self.ended.subscribe();
        let step = self.inner().state.wanted(self.clock.now());
        self.follow(step, &mut ended).await
    }

    /// The token to send in the place of one that the CRM refused; none if the refusal is final.
    pub(super) async fn instead_of(&self, refused: &AccessToken) -> Option<Arc<AccessToken>> {
        let mut ended = self.ended.subscribe();
        let step = self.inner().state.refused(refused.serial, self.clock.now())?;
        self.follow(step, &mut ended).await.ok()
    }

    /// Every secret that an answer might echo.
    pub(super) fn echoes(&self) -> Arc<SecretPatterns> {
        Arc::clone(&self.inner().echoes)
    }

    async fn follow(
        &self,
        mut step: TokenStep,
        ended: &mut watch::Receiver<()>,
    ) -> Result<Arc<AccessToken>, TokenUnavailable> {
        loop {
            if matches!(step, TokenStep::Renew | TokenStep::UseAndRenew) {
                // Only one renewal is under way, so there is room: what fails here is a host that stops, and then the
                // wait below fails too.
                let _ = self.orders.try_send(());
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
                () = self.orders.closed() => return Err(TokenUnavailable::Stopping),
            }
            step = self.inner().state.wanted(self.clock.now());
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remember(&mut self, secret: &Sensitive) {
        if !self.secrets.contains(secret) {
            self.secrets.push_back(secret.clone());
            if self.secrets.len() > REMEMBERED {
                self.secrets.pop_front();
            }
            self.echoes = Arc::new(self.secrets.iter().collect());
        }
    }
}

impl fmt::Debug for OAuth2Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth2Session(…)")
    }
}
