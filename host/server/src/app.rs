//! Assembles a node from its parts, and starts a host from its configuration.

mod error;
mod host_id;
mod listeners;
mod operator_token;
mod storage;
mod sync;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, AdminState};
use crate::auth::Tokens;
use crate::config::Config;
use crate::delivery::{Announcer, Engine, EngineParts, LeaseOwner, ROUND_GAP};
use crate::ingress::rate_limiter::{RateLimiter, RateLimiterConfig};
use crate::ingress::{self, PublicState};
use crate::intake::Intake;
use crate::listener::Tls;
use crate::observe::failures::StoreFailureLog;
use crate::observe::health::{self, HealthState};
use crate::observe::metrics::Metrics;
use crate::observe::request::RequestLog;
use crate::tenants::{Rollout, Tenants};
use crate::vault::{KeySource, Vault};
pub use error::StartError;
pub use host_id::HostIdError;
use jackfield_clock::{self as clock, SharedClock, SystemClock};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::intake::throttle::ThrottleRates;
use jackfield_sandbox::{Runtime, RuntimeConfig};
use jackfield_store::SharedStore;
pub use operator_token::{TokenRecovery, store_first_token};
pub use storage::{OpenStore, Storage, StorageError};

use listeners::Listeners;
use storage::make_private_dir;
use sync::RegularSync;

/// How long a host that has drained may take to announce its last alerts.
const LAST_ANNOUNCEMENT: Duration = Duration::from_secs(5);
/// The program that compiles adapters: this one, even if another version has replaced it on the disk meanwhile.
const COMPILER: &str = "/proc/self/exe";

/// A host without sockets: both routers, and the engine behind them. Tests drive it with a manual clock.
#[derive(Debug)]
pub struct Node {
    /// The public API.
    pub public: Router,
    /// The admin API.
    pub admin: Router,
    /// The delivery engine.
    pub engine: Arc<Engine>,
    /// Creates releases and activates them.
    pub rollout: Rollout,
    /// The valid tokens.
    pub tokens: Arc<Tokens>,
    /// The tenants that are served.
    pub tenants: Arc<Tenants>,
    /// The store.
    pub store: SharedStore,
    /// The metrics.
    pub metrics: Metrics,
    /// The requests that are being handled.
    pub requests: RequestLog,
    /// Logs that the store fails.
    pub failures: StoreFailureLog,
}

/// What a node is made of.
#[derive(Debug)]
pub struct NodeParts {
    /// The store.
    pub store: SharedStore,
    /// The secrets, in the same store.
    pub vault: Vault,
    /// Runs adapters.
    pub runtime: Runtime,
    /// The time.
    pub clock: SharedClock,
    /// Who holds the leases of its deliveries.
    pub owner: LeaseOwner,
    /// Randomness for jitter, and for tokens.
    pub rng: StdRng,
    /// How many deliveries may be in flight at once.
    pub max_deliveries: u32,
    /// The shortest time between two rounds of the engine.
    pub round_gap: Duration,
    /// How often clients may send requests, and which proxies are trusted.
    pub ingress: RateLimiterConfig,
    /// Cancelled when the host is about to drain: it is not ready any more.
    pub draining: CancellationToken,
}

impl Node {
    /// Assembles a node, and loads what its store has: tenants, tokens, and what was in flight when it last stopped.
    ///
    /// # Errors
    /// The store failed, or TLS cannot be set up.
    pub async fn assemble(mut parts: NodeParts) -> Result<Self, StartError> {
        let NodeParts {
            store,
            vault,
            runtime,
            clock,
            draining,
            ..
        } = parts;
        let tenants = Arc::new(Tenants::default());
        let metrics = Metrics::default();
        let failures = StoreFailureLog::new(Arc::clone(&clock));
        let requests = RequestLog::new(Arc::clone(&clock), failures.clone());
        let wake = Arc::new(Notify::new());
        let tokens = Arc::new(Tokens::new(
            Arc::clone(&store),
            Arc::clone(&clock),
            StdRng::from_rng(&mut parts.rng),
        ));
        let rollout = Rollout::new(
            Arc::clone(&store),
            vault.clone(),
            runtime,
            Arc::clone(&tenants),
            Arc::clone(&clock),
            StdRng::from_rng(&mut parts.rng),
        );
        let engine = Engine::new(EngineParts {
            store: Arc::clone(&store),
            tenants: Arc::clone(&tenants),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            failures: failures.clone(),
            wake: Arc::clone(&wake),
            rng: parts.rng,
            owner: parts.owner,
            max_in_flight: parts.max_deliveries,
            round_gap: parts.round_gap,
        });
        let health = HealthState {
            store: Arc::clone(&store),
            tenants: Arc::clone(&tenants),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            draining,
            failures: failures.clone(),
        };
        let public = ingress::router(PublicState {
            intake: Intake::new(Arc::clone(&store), Arc::clone(&wake)),
            store: Arc::clone(&store),
            tenants: Arc::clone(&tenants),
            tokens: Arc::clone(&tokens),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            rate_limiter: Arc::new(RateLimiter::new(parts.ingress, Arc::clone(&clock), metrics.clone())),
            requests: requests.clone(),
        });
        let admin = admin::router(AdminState {
            store: Arc::clone(&store),
            rollout: rollout.clone(),
            vault,
            tenants: Arc::clone(&tenants),
            tokens: Arc::clone(&tokens),
            clock,
            metrics: metrics.clone(),
            wake,
            requests: requests.clone(),
        });
        tokens.refresh().await?;
        rollout.sync().await?;
        engine.recover().await?;
        Ok(Self {
            public: public.merge(health::router(health.clone())),
            admin: admin
                .merge(health::router(health.clone()))
                .merge(health::metrics_router(health)),
            engine: Arc::new(engine),
            rollout,
            tokens,
            tenants,
            store,
            metrics,
            requests,
            failures,
        })
    }
}

/// The reference of the public API, as Markdown: `docs/public-api.md`.
#[must_use]
pub fn public_api_page() -> String {
    jackfield_api::reference_page(&ingress::public_api())
}

/// A running host.
#[derive(Debug)]
pub struct App {
    /// The address of the public API.
    pub public: SocketAddr,
    /// The address of the admin API.
    pub admin: SocketAddr,
    /// Whether the admin API is served over TLS.
    pub admin_has_tls: bool,
    /// The operator token that the first start created. It is shown once and stored nowhere.
    pub first_token: Option<Sensitive>,
    certificates: Vec<Arc<Tls>>,
    /// The tasks that serve and deliver. All of them end before the announcer does.
    tasks: Vec<JoinHandle<()>>,
    announcer: JoinHandle<()>,
    work_ended: CancellationToken,
    requests: RequestLog,
    /// Cancelled when the host is not ready any more, a while before it stops accepting.
    draining: CancellationToken,
    lame_duck: Duration,
    stop: CancellationToken,
    drain: Duration,
    clock: SharedClock,
    database: OpenStore,
    rollout: Rollout,
}

impl App {
    /// Starts a host.
    ///
    /// # Errors
    /// What prevents the start, and what to do about it.
    pub async fn start(config: &Config, storage: Storage) -> Result<Self, StartError> {
        let clock: SharedClock = Arc::new(SystemClock);
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        make_private_dir(&config.data_dir)?;
        let database = storage.open(&config.data_dir).await?;
        let owner = LeaseOwner {
            host: host_id::read_or_create(&config.data_dir)?,
            start: rand::random(),
        };
        let vault = open_vault(config, &database, &clock).await?;
        let runtime = RuntimeConfig {
            max_instances: config.max_instances,
            max_status_queries: config.max_instances - config.max_deliveries,
            guest_memory_mib: config.guest_memory_mib,
            ..RuntimeConfig::new(config.data_dir.join("adapters"), COMPILER.into())
        };
        let node = Node::assemble(NodeParts {
            store: (storage.wrap)(database.store()),
            vault,
            runtime: Runtime::start(runtime, Arc::clone(&clock))?,
            clock: Arc::clone(&clock),
            owner,
            rng: rand::make_rng(),
            max_deliveries: config.max_deliveries,
            round_gap: ROUND_GAP,
            ingress: RateLimiterConfig {
                trusted_proxies: config.trusted_proxies.clone(),
                rates: ThrottleRates {
                    address: config.address_per_second,
                    failures: config.failures_per_second,
                    tenant: config.tenant_per_second,
                },
            },
            draining: draining.clone(),
        })
        .await?;
        let listeners = Listeners::open(config, &clock, &node.metrics).await?;
        let recovery = TokenRecovery::new(&config.data_dir);
        recovery.accept(&node.tokens, &node.store, &clock).await;
        let first_token = node.tokens.ensure_operator().await?;
        let certificates = listeners.certificates();
        let (public, admin) = (listeners.public_address, listeners.admin_address);
        if first_token.is_some() {
            operator_token::audit_first(&node.store, &clock).await;
        }
        let announcer = Announcer::new(Arc::clone(&node.store), Arc::clone(&clock), node.metrics);
        let work_ended = CancellationToken::new();
        let announcer = tokio::spawn(announcer.run(work_ended.clone()));
        let rollout = node.rollout.clone();
        let mut tasks = vec![
            tokio::spawn(Arc::clone(&node.engine).run(stop.clone())),
            tokio::spawn(listeners.public.serve(node.public, stop.clone())),
            tokio::spawn(listeners.admin.serve(node.admin, stop.clone())),
            tokio::spawn(
                RegularSync {
                    rollout: node.rollout,
                    tokens: node.tokens,
                    store: node.store,
                    recovery,
                    clock: Arc::clone(&clock),
                    failures: node.failures,
                }
                .run(stop.clone()),
            ),
        ];
        for tls in &certificates {
            let (tls, stop) = (Arc::clone(tls), stop.clone());
            tasks.push(tokio::spawn(async move { tls.follow(stop).await }));
        }
        Ok(Self {
            public,
            admin,
            admin_has_tls: !config.admin_tls_cert.as_os_str().is_empty(),
            certificates,
            first_token,
            tasks,
            announcer,
            work_ended,
            requests: node.requests,
            draining,
            lame_duck: config.lame_duck.0,
            stop,
            drain: config.drain.0,
            clock,
            database,
            rollout,
        })
    }

    /// Reloads the certificates at once, whether or not their files have changed.
    pub fn reload(&self) {
        for tls in &self.certificates {
            tls.reload();
        }
    }

    /// Reports not to be ready from now on, and returns after `lame_duck`. Until the host drains it goes on accepting,
    /// so that load balancers notice before a connection is refused.
    pub async fn leave_service(&self) {
        self.draining.cancel();
        let until = clock::after(self.clock.now(), self.lame_duck);
        self.clock.sleep_until(until).await;
    }

    /// Stops accepting requests, finishes what is in flight, announces the alerts that this raised, and closes the
    /// database. What does not finish in time is resumed when its lease is recovered. Returns whether everything
    /// finished in time.
    pub async fn drain(mut self) -> bool {
        self.draining.cancel();
        self.stop.cancel();
        self.rollout.close_instance_pool();
        let aborts: Vec<_> = self.tasks.iter().map(JoinHandle::abort_handle).collect();
        let all = async {
            futures_util::future::join_all(self.tasks).await;
            self.requests.finish().await;
            self.rollout.finish_renewals().await;
        };
        let finished = clock::timeout(self.clock.as_ref(), self.drain, all).await.is_some();
        for abort in aborts {
            abort.abort();
        }
        // Until now, what was in flight may have raised alerts.
        self.work_ended.cancel();
        let last = clock::timeout(self.clock.as_ref(), LAST_ANNOUNCEMENT, &mut self.announcer);
        if last.await.is_none() {
            self.announcer.abort();
            tracing::warn!("the last alerts were not announced in time; the next start announces them");
        }
        if let Err(error) = self.database.close().await {
            tracing::warn!(%error, "the database was not closed properly; nothing is lost");
        }
        finished
    }
}

/// Opens the vault with the master key that the settings name.
async fn open_vault(config: &Config, database: &OpenStore, clock: &SharedClock) -> Result<Vault, StartError> {
    let source = match &config.master_key.key {
        Some(key) => KeySource::Environment {
            key: key.clone(),
            old: config.master_key.old.clone(),
        },
        None => KeySource::File(config.data_dir.join(&config.master_key_file)),
    };
    Ok(Vault::open(database.store(), Arc::clone(clock), source, rand::make_rng()).await?)
}
