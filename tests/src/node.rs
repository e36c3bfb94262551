//! A host for one test: the real routers, store, sandbox and engine, with a manual clock and a seeded rng.

mod deliveries;
mod names;
mod public_request;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request};
use jackfield::app::{Node, NodeParts, OpenStore, Storage};
use jackfield::delivery::LeaseOwner;
use jackfield::ingress::rate_limiter::RateLimiterConfig;
use jackfield::tenants::{AppliedRelease, ApplyError};
use jackfield::vault::{KeySource, Vault};
use jackfield_clock::{Clock as _, ManualClock, SharedClock};
use jackfield_domain::intake::throttle::ThrottleRates;
use jackfield_domain::tenant::release::Release;
use jackfield_sandbox::{Runtime, RuntimeConfig};
use jackfield_store::{PageRequest, SharedStore, TokenPurpose};
use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;
use sha2::Sha256;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::components::{compile_cache, component};
use crate::documents::keystone_tenant;
use crate::fakes::{Agent, AgentConfig, Groundwork, GroundworkConfig, Keystone, KeystoneConfig, ServerClock};
use crate::process::jackfield_binary;
use crate::response::{TestResponse, send_request};
pub use names::LOOPBACK_NAMES;
use names::TestResolver;

/// keystone's bearer token.
pub const KEYSTONE_TOKEN: &str = "keystone-canary-token";
/// The key that signs groundwork's parameters.
pub const GROUNDWORK_KEY: &str = "groundwork-canary-key";
/// The secret that signs webhooks.
pub const WEBHOOK_SECRET: &str = "whsec_d2ViaG9vay1jYW5hcnktc2VjcmV0LTAxMjM0NTY3";
/// The secret that signs pushes.
pub const PUSH_SECRET: &str = "whsec_cHVzaC1jYW5hcnktc2VjcmV0LTAxMjM0NTY3ODk=";

/// The rate limit of one address, in requests per second. Only requests with a peer address have one.
pub const ADDRESS_PER_SECOND: u32 = 120;
/// The rate limit of one address for requests that fail authentication, per second.
pub const FAILURES_PER_SECOND: u32 = 3;

/// A host with two fake CRMs and a fake agent.
pub struct TestNode {
    /// The host.
    pub node: Node,
    /// Its clock.
    pub clock: ManualClock,
    /// The tidy CRM.
    pub keystone: Keystone,
    /// The old CRM.
    pub groundwork: Groundwork,
    /// The calling platform.
    pub agent: Agent,
    /// Its sandbox.
    pub runtime: Runtime,
    database: OpenStore,
    token: String,
    dir: TempDir,
    finished: bool,
}

impl TestNode {
    /// A host with both adapters pushed and two tenants: `dwarka-homes` on keystone, `saket-estates` on groundwork.
    pub async fn start() -> Self {
        let test = Self::empty().await;
        for name in ["keystone", "groundwork"] {
            test.node.rollout.push_adapter(component(name)).await.unwrap();
        }
        test.apply(&test.dwarka("")).await;
        test.apply(&test.saket("")).await;
        test
    }

    /// A host without adapters and tenants.
    pub async fn empty() -> Self {
        let clock = ManualClock::new("2026-07-01T09:00:00Z".parse().unwrap());
        let dir = tempfile::tempdir().unwrap();
        let agent_time = clock.clone();
        let agent = AgentConfig {
            now: ServerClock::from_fn(move || agent_time.now()),
            ..AgentConfig::new(PUSH_SECRET)
        };
        let shared: SharedClock = Arc::new(clock.clone());
        // Tests share a cache of native code, so that each adapter compiles only once.
        let runtime = Runtime::start(
            RuntimeConfig {
                max_instances: 64,
                resolver: Arc::new(TestResolver),
                ..RuntimeConfig::new(compile_cache(), jackfield_binary())
            },
            shared,
        )
        .unwrap();
        let (node, database) = assemble(&dir, &runtime, &clock).await;
        Self {
            token: agent_token(&node).await,
            node,
            clock,
            keystone: Keystone::start(KeystoneConfig::new(KEYSTONE_TOKEN)).await.unwrap(),
            groundwork: Groundwork::start(GroundworkConfig::new(GROUNDWORK_KEY)).await.unwrap(),
            agent: Agent::start(agent).await.unwrap(),
            runtime,
            database,
            dir,
            finished: false,
        }
    }

    /// Stops the host, even with work in flight, and starts another one with its data.
    pub async fn restart(&mut self) {
        self.database.close().await.unwrap();
        (self.node, self.database) = assemble(&self.dir, &self.runtime, &self.clock).await;
    }

    /// The file of the keystone tenant, with further tables.
    #[must_use]
    pub fn dwarka(&self, more: &str) -> String {
        let secret = format!("{{ value = \"{KEYSTONE_TOKEN}\" }}");
        keystone_tenant(
            "dwarka-homes",
            &self.keystone.origin(),
            &secret,
            &self.webhook_and_agent(more),
        )
    }

    /// The file of the groundwork tenant, with further tables.
    #[must_use]
    pub fn saket(&self, more: &str) -> String {
        let crm = self.groundwork.origin();
        format!(
            r#"
            tenant = "saket-estates"
            adapter = "groundwork"
            country = "IN"
            [settings]
            base_url = "{crm}"
            [egress]
            allow = ["{crm}"]
            private_addresses = true
            [[credentials]]
            name = "signing"
            kind = "hmac"
            secret = {{ value = "{GROUNDWORK_KEY}" }}
            {}"#,
            self.webhook_and_agent(more)
        )
    }

    /// The tables that both tenants share: webhook secrets and the agent's push URL.
    fn webhook_and_agent(&self, more: &str) -> String {
        format!(
            r#"
            [webhook]
            secrets = [{{ value = "{WEBHOOK_SECRET}" }}]
            [agent]
            push_url = "{}/leads"
            push_secret = {{ value = "{PUSH_SECRET}" }}
            {more}"#,
            self.agent.origin()
        )
    }

    /// Applies a tenant's file, which must succeed.
    pub async fn apply(&self, toml: &str) -> AppliedRelease {
        self.try_apply(toml)
            .await
            .unwrap_or_else(|error| panic!("{error}: {error:?}"))
    }

    /// Applies a tenant's file.
    ///
    /// # Errors
    /// The host refuses the file.
    pub async fn try_apply(&self, toml: &str) -> Result<AppliedRelease, ApplyError> {
        self.node.rollout.apply(None, toml, false).await
    }

    /// The release that serves a tenant.
    #[must_use]
    pub fn serving(&self, tenant: &str) -> Release {
        self.node
            .tenants
            .get(&tenant.parse().unwrap())
            .unwrap()
            .release()
            .clone()
    }

    /// Sends a request to the admin listener.
    pub async fn admin(&self, request: Request<Body>) -> TestResponse {
        send_request(self.node.admin.clone(), request).await
    }

    /// Sends a GET request as the agent.
    pub async fn get(&self, path: &str) -> TestResponse {
        self.public(self.request(Method::GET, path, Body::empty())).await
    }

    /// Sends a POST request as the agent.
    pub async fn post(&self, path: &str, body: &Value) -> TestResponse {
        self.public(self.request(Method::POST, path, Body::from(body.to_string())))
            .await
    }

    /// A request with the agent's token for the tenant in the path.
    #[must_use]
    pub fn request(&self, method: Method, path: &str, body: Body) -> Request<Body> {
        let builder = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        builder
            .header("authorization", format!("Bearer {}", self.token_for(path)))
            .body(body)
            .unwrap()
    }

    fn token_for(&self, path: &str) -> &str {
        let mut tokens = self.token.split(' ');
        let (dwarka, saket) = (tokens.next().unwrap(), tokens.next().unwrap());
        if path.contains("/saket-estates/") {
            saket
        } else {
            dwarka
        }
    }

    /// Sends a status query.
    pub async fn status(&self, tenant: &str, lead: &str) -> TestResponse {
        self.get(&format!("/v1/tenants/{tenant}/leads/{lead}/status")).await
    }

    /// Posts a disposition.
    pub async fn dispose(&self, tenant: &str, lead: &str, disposition: &Value) -> TestResponse {
        self.post(&format!("/v1/tenants/{tenant}/leads/{lead}/disposition"), disposition)
            .await
    }

    /// Sends a webhook with this id, signed now.
    pub async fn webhook(&self, tenant: &str, id: &str, body: &[u8]) -> TestResponse {
        self.public(self.signed(tenant, id, body)).await
    }

    /// A webhook request with this id, signed now.
    #[must_use]
    pub fn signed(&self, tenant: &str, id: &str, body: &[u8]) -> Request<Body> {
        let timestamp = self.clock.now().as_second().to_string();
        Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/tenants/{tenant}/leads"))
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", sign(id, &timestamp, body))
            .body(Body::from(body.to_owned()))
            .unwrap()
    }

    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &SharedStore {
        &self.node.store
    }

    /// The host's data directory.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Ends the test, and asserts that the queue is empty.
    pub async fn finish(mut self) {
        self.finished = true;
        let left = self.store().queue_depth().await.unwrap();
        let live: Vec<_> = left.iter().filter(|waiting| waiting.state.is_live()).collect();
        assert!(live.is_empty(), "work is left in the queue: {live:?}");
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "end the test with `finish`, which looks for work that is left"
        );
    }
}

async fn assemble(dir: &TempDir, runtime: &Runtime, clock: &ManualClock) -> (Node, OpenStore) {
    let database = Storage::default().open(dir.path()).await.unwrap();
    let store = database.store();
    let shared: SharedClock = Arc::new(clock.clone());
    let key = KeySource::File(dir.path().join("master.key"));
    let vault = Vault::open(store.clone(), shared, key, rand::make_rng());
    let parts = NodeParts {
        store,
        vault: vault.await.unwrap(),
        runtime: runtime.clone(),
        clock: Arc::new(clock.clone()),
        owner: LeaseOwner {
            host: "test".into(),
            start: rand::random(),
        },
        rng: StdRng::seed_from_u64(7),
        max_deliveries: 32,
        round_gap: Duration::ZERO,
        ingress: RateLimiterConfig {
            trusted_proxies: vec!["127.9.0.0/16".parse().unwrap()],
            // The clock stands still, so limits refill only when the test advances it.
            rates: ThrottleRates {
                address: NonZeroU32::new(ADDRESS_PER_SECOND).unwrap(),
                failures: NonZeroU32::new(FAILURES_PER_SECOND).unwrap(),
                tenant: NonZeroU32::MAX,
            },
        },
        draining: CancellationToken::new(),
    };
    (Node::assemble(parts).await.unwrap(), database)
}

/// The agent's tokens for both tenants.
async fn agent_token(node: &Node) -> String {
    let mut tokens = vec![];
    for tenant in ["dwarka-homes", "saket-estates"] {
        let purpose = TokenPurpose::Agent(tenant.parse().unwrap());
        let (token, _) = node.tokens.create(purpose, "test".into()).await.unwrap();
        tokens.push(token.expose().to_owned());
    }
    tokens.join(" ")
}

/// A Standard Webhooks signature with [`WEBHOOK_SECRET`], computed without the host's code.
#[must_use]
pub fn sign(id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = STANDARD.decode(WEBHOOK_SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The first page of a listing.
#[must_use]
pub const fn first_page() -> PageRequest {
    PageRequest {
        after: None,
        limit: 100,
    }
}

/// Parses a timestamp.
#[must_use]
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
