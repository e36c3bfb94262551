//! The sessions of OAuth2 credentials. They outlive releases, so that a swap fetches no new token. Each has a task that
//! carries out its renewals, so that the end of an invocation does not cancel a renewal that it requested.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use url::Url;

use super::apply_error::ApplyError;
use super::token_endpoint::{OAuth2Client, TokenEndpoint, TokenFailure, TokenReply};
use crate::vault::Vault;
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{Digest, TenantName};
use jackfield_domain::tenant::egress::Origin;
use jackfield_domain::tenant::oauth2::{AlertedCauses, GrantedToken, TokenProblem};
use jackfield_domain::tenant::release::OAUTH2_SECRETS;
use jackfield_sandbox::{LoadError, OAuth2Session, SharedResolver};
use jackfield_store::{NewAlert, SharedStore};

/// Bytes of the digest in the name of a stored refresh token: enough that two of one credential do not collide.
const NAME_DIGEST_BYTES: usize = 8;

/// Every OAuth2 session of this host. Cheap to clone.
#[derive(Clone)]
pub struct OAuth2Sessions(Arc<SessionContext>);

struct SessionContext {
    store: SharedStore,
    vault: Vault,
    resolver: SharedResolver,
    clock: SharedClock,
    rng: Mutex<StdRng>,
    /// By tenant and credential.
    sessions: Mutex<HashMap<(TenantName, String), CredentialSessions>>,
    /// Renewals that are running.
    renewals: TaskTracker,
}

/// The sessions of one credential: one for each version of its settings that a loaded release has.
#[derive(Default)]
struct CredentialSessions {
    sessions: Vec<(OAuth2Client, Weak<OAuth2Session>)>,
    /// Locked by a renewal. Two sessions of one credential may share a refresh token, which can be used only once.
    renewal_lock: Arc<tokio::sync::Mutex<()>>,
}

impl OAuth2Sessions {
    /// No sessions yet. `rng` is for jitter.
    pub fn new(store: SharedStore, vault: Vault, resolver: SharedResolver, clock: SharedClock, rng: StdRng) -> Self {
        Self(Arc::new(SessionContext {
            store,
            vault,
            resolver,
            clock,
            rng: Mutex::new(rng),
            sessions: Mutex::default(),
            renewals: TaskTracker::new(),
        }))
    }

    /// The session of a credential: the existing one if none of its settings have changed, or a new one. An existing
    /// session that has failed asks its endpoint again at once, since an operator has applied the file again.
    ///
    /// # Errors
    /// The endpoint's address or the tenant's authority cannot be used.
    pub fn get(
        &self,
        tenant: &TenantName,
        credential: &str,
        mut client: OAuth2Client,
    ) -> Result<Arc<OAuth2Session>, ApplyError> {
        let url = client.spec.token_url.parse();
        let url = url.map_err(|problem| LoadError::Client(format!("token_url {problem}")))?;
        let origin = Origin::of(&url).map_err(|error| LoadError::Client(error.to_string()))?;
        // The adapter's own grants do not apply to the token endpoint.
        client.egress.allow = vec![origin.clone().into()];
        let mut sessions = lock(&self.0.sessions);
        sessions.retain(|_, of_credential| of_credential.drop_unused());
        let of_credential = sessions.entry((tenant.clone(), credential.to_owned())).or_default();
        if let Some(session) = of_credential.find(&client) {
            session.ask_again();
            return Ok(session);
        }
        let name = refresh_token_name(credential, &url, &client);
        let (resolver, clock) = (Arc::clone(&self.0.resolver), Arc::clone(&self.0.clock));
        let endpoint = TokenEndpoint::new(&client, url, origin, resolver, clock)?;
        let (session, requests) = OAuth2Session::new(Arc::clone(&self.0.clock));
        let renewer = Renewer {
            shared: Arc::clone(&self.0),
            tenant: tenant.clone(),
            credential: credential.to_owned(),
            token_name: name,
            first_refresh_token: client.refresh_token.clone(),
            endpoint,
            session: Arc::downgrade(&session),
            renewal_lock: Arc::clone(&of_credential.renewal_lock),
            unstored: None,
            alerted: AlertedCauses::default(),
        };
        tokio::spawn(renewer.run(requests));
        of_credential.sessions.push((client, Arc::downgrade(&session)));
        Ok(session)
    }

    /// Waits for the renewals that are running.
    pub async fn finish_renewals(&self) {
        self.0.renewals.close();
        self.0.renewals.wait().await;
    }
}

impl CredentialSessions {
    /// Drops the sessions that no release uses any more; false if the credential has none left.
    fn drop_unused(&mut self) -> bool {
        self.sessions.retain(|(_, session)| session.strong_count() > 0);
        !self.sessions.is_empty() || Arc::strong_count(&self.renewal_lock) > 1
    }

    /// The session with these settings, if a release still uses it.
    fn find(&self, client: &OAuth2Client) -> Option<Arc<OAuth2Session>> {
        let mut sessions = self.sessions.iter();
        sessions.find_map(|(known, session)| session.upgrade().filter(|_| known == client))
    }
}

/// The name under which the host stores the refresh tokens that replace the one in the tenant's file. If the file names
/// another token or another client, the name differs too, so that the token stored for the former one is not used.
fn refresh_token_name(credential: &str, token_url: &Url, client: &OAuth2Client) -> String {
    let OAuth2Client {
        spec, refresh_token, ..
    } = client;
    let first = refresh_token.as_ref().map_or("", Sensitive::expose);
    let digest = Digest::of(format!("{token_url}\n{}\n{first}", spec.client_id).as_bytes());
    format!(
        "{OAUTH2_SECRETS}{credential}/{}",
        hex::encode(&digest.as_bytes()[..NAME_DIGEST_BYTES])
    )
}

/// Carries out the renewals of one session.
struct Renewer {
    shared: Arc<SessionContext>,
    tenant: TenantName,
    credential: String,
    /// The name of the stored refresh token.
    token_name: String,
    first_refresh_token: Option<Sensitive>,
    endpoint: TokenEndpoint,
    session: Weak<OAuth2Session>,
    renewal_lock: Arc<tokio::sync::Mutex<()>>,
    /// The endpoint's answer with a refresh token that could not be stored. The token before it cannot be used again.
    unstored: Option<TokenReply>,
    /// What operators know of the current series of failures.
    alerted: AlertedCauses,
}

impl Renewer {
    /// Carries out renewals until no release uses the session any more.
    async fn run(mut self, mut requests: mpsc::Receiver<()>) {
        while requests.recv().await.is_some() {
            let _running = self.shared.renewals.token();
            let requested_at = self.shared.clock.now();
            let result = self.renew().await;
            let Some(session) = self.session.upgrade() else { return };
            match result {
                Ok(granted) => {
                    self.alerted.clear();
                    session.renewed(&granted.access_token, requested_at, granted.lifetime);
                    let (tenant, credential) = (&self.tenant, &self.credential);
                    let lifetime = granted.lifetime.map(|lifetime| lifetime.as_secs());
                    tracing::info!(%tenant, credential, lifetime, "access token renewed");
                }
                Err(failure) => self.back_off(&session, failure).await,
            }
        }
    }

    /// Requests an access token, and stores the refresh token that comes with it before anything else of the answer
    /// counts.
    async fn renew(&mut self) -> Result<GrantedToken, TokenFailure> {
        let renewal_lock = Arc::clone(&self.renewal_lock);
        let _guard = renewal_lock.lock().await;
        if let Some(reply) = self.unstored.take() {
            // Its access token may have expired by now; then the CRM says so, and the next renewal uses the refresh
            // token.
            let granted = self.store_refresh_token(reply).await;
            if granted.is_ok() || self.unstored.is_some() {
                return granted;
            }
        }
        let refresh_token = match &self.first_refresh_token {
            None => None,
            Some(first) => Some(self.stored_refresh_token().await?.unwrap_or_else(|| first.clone())),
        };
        if let (Some(session), Some(token)) = (self.session.upgrade(), &refresh_token) {
            session.remember(token);
        }
        let mut reply = self.endpoint.request_token(refresh_token.as_ref()).await;
        if reply.refresh_token == refresh_token {
            reply.refresh_token = None;
        }
        self.store_refresh_token(reply).await
    }

    /// The newest refresh token that the endpoint has issued and the host has stored; none if there was none.
    async fn stored_refresh_token(&self) -> Result<Option<Sensitive>, TokenFailure> {
        let found = self.shared.vault.get(&self.tenant, &self.token_name).await;
        found.map_err(|error| {
            let (tenant, credential) = (&self.tenant, &self.credential);
            tracing::error!(%tenant, credential, %error, "the refresh token cannot be read");
            TokenProblem::NotStored.into()
        })
    }

    /// Stores the refresh token of an answer, if it has one, and returns the rest.
    async fn store_refresh_token(&mut self, reply: TokenReply) -> Result<GrantedToken, TokenFailure> {
        let Some(token) = reply.refresh_token.clone() else {
            return reply.granted;
        };
        if let Some(session) = self.session.upgrade() {
            session.remember(&token);
        }
        // This grant uses no refresh tokens, so there is nothing to store.
        if self.first_refresh_token.is_none() {
            return reply.granted;
        }
        match self.shared.vault.put(&self.tenant, &self.token_name, token).await {
            Ok(()) => reply.granted,
            Err(error) => {
                let (tenant, credential) = (&self.tenant, &self.credential);
                tracing::error!(%tenant, credential, %error, "the new refresh token cannot be kept");
                self.unstored = Some(reply);
                Err(TokenProblem::NotStored.into())
            }
        }
    }

    /// Backs off, and raises an alert unless operators know the cause.
    async fn back_off(&mut self, session: &OAuth2Session, failure: TokenFailure) {
        let problem = failure.problem;
        let jitter = lock(&self.shared.rng).random();
        let now = self.shared.clock.now();
        let message = self
            .alerted
            .message(&self.credential, self.endpoint.host(), problem, now);
        if let Some(message) = message {
            let alert = NewAlert {
                tenant: self.tenant.clone(),
                kind: AlertKind::Credential,
                message,
                now,
            };
            match self.shared.store.raise_alert(alert).await {
                Ok(()) => self.alerted.record(problem, now),
                // The next failure tries again.
                Err(error) => tracing::error!(tenant = %self.tenant, %error, "an alert could not be written"),
            }
        }
        let until = session.failed(problem, failure.retry_after, jitter);
        let (tenant, credential) = (&self.tenant, &self.credential);
        tracing::warn!(%tenant, credential, host = self.endpoint.host(), %problem, %until, "no access token");
    }
}

impl fmt::Debug for OAuth2Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth2Sessions(…)")
    }
}
