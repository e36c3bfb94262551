//! The sessions of OAuth2 credentials: they live above releases, so that a swap fetches no token anew, and each has a
//! task that carries out its renewals, so that a call that ends does not end what it ordered.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::apply_error::ApplyError;
use super::token_endpoint::{OAuth2Client, TokenEndpoint, TokenFailure};
use crate::vault::Vault;
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{Digest, TenantName};
use jackfield_domain::tenant::egress::Origin;
use jackfield_domain::tenant::oauth2::{TokenProblem, TokenResponse};
use jackfield_domain::tenant::release::OAUTH2_SECRETS;
use jackfield_sandbox::{LoadError, OAuth2Session, SharedResolver};
use jackfield_store::{NewAlert, SharedStore};

/// Bytes of the digest that names a stored refresh token: enough that two of one credential do not collide.
const NAMED_BY: usize = 8;

/// Every session of this host. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

struct Shared {
    store: SharedStore,
    vault: Vault,
    resolver: SharedResolver,
    clock: SharedClock,
    rng: Mutex<StdRng>,
    /// By tenant and credential.
    known: Mutex<HashMap<(TenantName, String), Known>>,
    /// Renewals that are under way.
    under_way: TaskTracker,
}

#[derive(Default)]
struct Known {
    sessions: Vec<(OAuth2Client, Weak<OAuth2Session>)>,
    /// Held by a renewal. Two sessions of one credential may have one refresh token, which is good for one use.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Sessions {
    /// None yet. `rng` is for jitter.
    pub fn new(store: SharedStore, vault: Vault, resolver: SharedResolver, clock: SharedClock, rng: StdRng) -> Self {
        Self(Arc::new(Shared {
            store,
            vault,
            resolver,
            clock,
            rng: Mutex::new(rng),
            known: Mutex::default(),
            under_way: TaskTracker::new(),
        }))
    }

    /// The session of a credential: the one that is there, if nothing about it has changed, or a new one. One that is
    /// there asks its endpoint at once if it has failed before: somebody has applied the file again.
    ///
    /// # Errors
    /// The endpoint's address or the tenant's authority cannot be used.
    pub fn get(
        &self,
        tenant: &TenantName,
        credential: &str,
        mut client: OAuth2Client,
    ) -> Result<Arc<OAuth2Session>, ApplyError> {
        let url = &client.spec.token_url;
        let origin = Origin::of(url).map_err(|error| LoadError::Client(error.to_string()))?;
        // The adapter's own grants change nothing here.
        client.egress.allow = vec![origin.clone().into()];
        let mut known = lock(&self.0.known);
        known.retain(|_, known| known.drop_unused());
        let known = known.entry((tenant.clone(), credential.to_owned())).or_default();
        if let Some(session) = known.find(&client) {
            session.ask_again();
            return Ok(session);
        }
        let endpoint = TokenEndpoint::new(&client, origin, Arc::clone(&self.0.resolver), Arc::clone(&self.0.clock))?;
        let (session, orders) = OAuth2Session::new(Arc::clone(&self.0.clock));
        let renewer = Renewer {
            shared: Arc::clone(&self.0),
            tenant: tenant.clone(),
            credential: credential.to_owned(),
            kept_under: kept_under(credential, &client),
            first_refresh_token: client.refresh_token.clone(),
            endpoint,
            session: Arc::downgrade(&session),
            turn: Arc::clone(&known.turn),
            not_kept: None,
            alerted: false,
        };
        tokio::spawn(renewer.run(orders));
        known.sessions.push((client, Arc::downgrade(&session)));
        Ok(session)
    }

    /// Waits for the renewals that are under way.
    pub async fn settle(&self) {
        self.0.under_way.close();
        self.0.under_way.wait().await;
    }
}

impl Known {
    /// Forgets sessions that no release has any more; false if none is left.
    fn drop_unused(&mut self) -> bool {
        self.sessions.retain(|(_, session)| session.strong_count() > 0);
        !self.sessions.is_empty() || Arc::strong_count(&self.turn) > 1
    }

    fn find(&self, client: &OAuth2Client) -> Option<Arc<OAuth2Session>> {
        let mut sessions = self.sessions.iter();
        sessions.find_map(|(known, session)| session.upgrade().filter(|_| known == client))
    }
}

/// The name of the stored refresh token that came in the place of the one in the tenant's file. Another one in the
/// file, or another client, has another name: what is stored for the former does not count for it.
fn kept_under(credential: &str, client: &OAuth2Client) -> String {
    let OAuth2Client {
        spec, refresh_token, ..
    } = client;
    let first = refresh_token.as_ref().map_or("", Sensitive::expose);
    let digest = Digest::of(format!("{}\n{}\n{first}", spec.token_url, spec.client_id).as_bytes());
    format!(
        "{OAUTH2_SECRETS}{credential}/{}",
        hex::encode(&digest.as_bytes()[..NAMED_BY])
    )
}

/// Carries out the renewals of one session.
struct Renewer {
    shared: Arc<Shared>,
    tenant: TenantName,
    credential: String,
    kept_under: String,
    first_refresh_token: Option<Sensitive>,
    endpoint: TokenEndpoint,
    session: Weak<OAuth2Session>,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// What came with a refresh token that could not be kept: the one before is used up.
    not_kept: Option<TokenResponse>,
    /// Whether a person was told of the failures that go on.
    alerted: bool,
}

impl Renewer {
    /// Until no release has the session any more.
    async fn run(mut self, mut orders: mpsc::Receiver<()>) {
        while orders.recv().await.is_some() {
            let _under_way = self.shared.under_way.token();
            let asked_at = self.shared.clock.now();
            let asked = self.renew().await;
            let Some(session) = self.session.upgrade() else { return };
            match asked {
                Ok(granted) => {
                    self.alerted = false;
                    session.renewed(&granted.access_token, asked_at, granted.lifetime);
                    let (tenant, credential) = (&self.tenant, &self.credential);
                    let lifetime = granted.lifetime.map(|lifetime| lifetime.as_secs());
                    tracing::info!(%tenant, credential, lifetime, "access token renewed");
                }
                Err(asked) => self.fail(&session, asked).await,
            }
        }
    }

    /// Asks for a token, and keeps the refresh token that comes with it before anybody uses the access token.
    async fn renew(&mut self) -> Result<TokenResponse, TokenFailure> {
        let turn = Arc::clone(&self.turn);
        let _turn = turn.lock().await;
        if let Some(granted) = self.not_kept.take() {
            // Its access token may be old by now; the CRM says so if it is, and then the kept refresh token is used.
            return self.keep(granted).await;
        }
        let refresh_token = match &self.first_refresh_token {
            None => None,
            Some(first) => Some(self.newest().await?.unwrap_or_else(|| first.clone())),
        };
        if let (Some(session), Some(token)) = (self.session.upgrade(), &refresh_token) {
            session.remember(token);
        }
        let mut granted = self.endpoint.ask(refresh_token.as_ref()).await?;
        if granted.refresh_token == refresh_token {
            granted.refresh_token = None;
        }
        self.keep(granted).await
    }

    /// The refresh token that came last, if one came.
    async fn newest(&self) -> Result<Option<Sensitive>, TokenFailure> {
        let found = self.shared.vault.get(&self.tenant, &self.kept_under).await;
        found.map_err(|error| {
            let (tenant, credential) = (&self.tenant, &self.credential);
            tracing::error!(%tenant, credential, %error, "the refresh token cannot be read");
            TokenProblem::NotStored.into()
        })
    }

    async fn keep(&mut self, granted: TokenResponse) -> Result<TokenResponse, TokenFailure> {
        let Some(token) = granted.refresh_token.clone() else {
            return Ok(granted);
        };
        if let Some(session) = self.session.upgrade() {
            session.remember(&token);
        }
        // A client that never uses its refresh tokens has no need of them.
        if self.first_refresh_token.is_none() {
            return Ok(granted);
        }
        match self.shared.vault.put(&self.tenant, &self.kept_under, token).await {
            Ok(()) => Ok(granted),
            Err(error) => {
                let (tenant, credential) = (&self.tenant, &self.credential);
                tracing::error!(%tenant, credential, %error, "the new refresh token cannot be kept");
                self.not_kept = Some(granted);
                Err(TokenProblem::NotStored.into())
            }
        }
    }

    /// Backs off, and tells a person once in a row of failures.
    async fn fail(&mut self, session: &OAuth2Session, asked: TokenFailure) {
        let problem = asked.problem;
        let jitter = lock(&self.shared.rng).random();
        if !self.alerted {
            let message = format!(
                "credential `{}` has no access token from {}: {problem}; {}",
                self.credential,
                self.endpoint.host(),
                problem.advice()
            );
            let alert = NewAlert {
                tenant: self.tenant.clone(),
                kind: AlertKind::Credential,
                message,
                now: self.shared.clock.now(),
            };
            match self.shared.store.raise_alert(alert).await {
                Ok(()) => self.alerted = true,
                // The next failure tries again.
                Err(error) => tracing::error!(tenant = %self.tenant, %error, "an alert could not be written"),
            }
        }
        let until = session.failed(problem, asked.retry_after, jitter);
        let (tenant, credential) = (&self.tenant, &self.credential);
        tracing::warn!(%tenant, credential, host = self.endpoint.host(), %problem, %until, "no access token");
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(…)")
    }
}
