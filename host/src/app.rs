//! Puts the parts together: a node from its parts, and a running host from its configuration.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::adapter::{Runtime, RuntimeConfig, RuntimeError};
use crate::admin::{self, AdminState};
use crate::auth::Tokens;
use crate::clock::{self, SharedClock, SystemClock};
use crate::config::Config;
use crate::delivery::{Announcer, Engine, EngineParts};
use crate::domain::release::Sensitive;
use crate::health::{self, HealthState};
use crate::ingress::{self, PublicState};
use crate::metrics::Metrics;
use crate::store::sqlite::{OpenError, SqliteStore};
use crate::store::{SharedStore, StoreError};
use crate::tenants::{Rollout, Tenants};
use crate::vault::Vault;

/// How often the host looks for releases and tokens that another host made.
const SYNC: Duration = Duration::from_secs(1);
/// A database file has one process, so its leases need no other name.
const OWNER: &str = "local";

/// A host without sockets: both routers and the engine behind them. Tests drive it with a clock of their own.
#[derive(Debug)]
pub struct Node {
    /// The public listener's.
    pub public: Router,
    /// The admin listener's.
    pub admin: Router,
    /// Delivers.
    pub engine: Arc<Engine>,
    /// Makes releases.
    pub rollout: Rollout,
    /// Knows who may call.
    pub tokens: Arc<Tokens>,
    /// Who is served.
    pub tenants: Arc<Tenants>,
    /// Remembers.
    pub store: SharedStore,
    /// Counts.
    pub metrics: Metrics,
}

/// What a node is made of.
#[derive(Debug)]
pub struct NodeParts {
    /// Remembers.
    pub store: SharedStore,
    /// Runs adapters.
    pub runtime: Runtime,
    /// Tells the time.
    pub clock: SharedClock,
    /// Randomness for jitter, and for tokens.
    pub rng: StdRng,
    /// Deliveries in flight at once.
    pub max_deliveries: u32,
    /// Cancelled when the host drains.
    pub draining: CancellationToken,
}

/// A host could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made.
    #[error("the data directory {} cannot be used: {source}; set data_dir to one that can be written \
        to", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] reqwest::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error("{name} = \"{address}\" cannot be listened on: {source}; is another host running, or is the port taken?")]
    Listen {
        /// The setting.
        name: &'static str,
        /// Its value.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl Node {
    /// Puts a node together, with everything that its store says: tenants, tokens, and what was in flight when it last
    /// stopped.
    ///
    /// # Errors
    /// The store failed, or TLS cannot be set up.
    pub async fn assemble(mut parts: NodeParts) -> Result<Self, StartError> {
        let NodeParts {
            store,
            runtime,
            clock,
            draining,
            ..
        } = parts;
        let tenants = Arc::new(Tenants::default());
        let metrics = Metrics::default();
        let wake = Arc::new(Notify::new());
        let tokens = Arc::new(Tokens::new(
            Arc::clone(&store),
            Arc::clone(&clock),
            StdRng::from_rng(&mut parts.rng),
        ));
        let vault = Vault::new(Arc::clone(&store));
        let rollout = Rollout::new(
            Arc::clone(&store),
            vault,
            runtime,
            Arc::clone(&tenants),
            Arc::clone(&clock),
        );
        let engine = Engine::new(EngineParts {
            store: Arc::clone(&store),
            tenants: Arc::clone(&tenants),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            wake: Arc::clone(&wake),
            rng: parts.rng,
            owner: OWNER.into(),
            max_in_flight: parts.max_deliveries,
        })?;
        let health = HealthState {
            store: Arc::clone(&store),
            tenants: Arc::clone(&tenants),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            draining,
        };
        let public = ingress::router(PublicState {
            store: Arc::clone(&store),
            tenants: Arc::clone(&tenants),
            tokens: Arc::clone(&tokens),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            wake: Arc::clone(&wake),
        });
        let admin = admin::router(AdminState {
            store: Arc::clone(&store),
            rollout: rollout.clone(),
            tenants: Arc::clone(&tenants),
            tokens: Arc::clone(&tokens),
            clock,
            wake,
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
        })
    }
}

/// A running host.
#[derive(Debug)]
pub struct App {
    /// Where the public API listens.
    pub public: SocketAddr,
    /// Where the admin API listens.
    pub admin: SocketAddr,
    /// The operator token that the first start made; shown once and kept nowhere.
    pub first_token: Option<Sensitive>,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    drain: Duration,
    clock: SharedClock,
    store: Arc<SqliteStore>,
}

impl App {
    /// Starts a host.
    ///
    /// # Errors
    /// What keeps it from starting, and what to do about it.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let clock: SharedClock = Arc::new(SystemClock);
        let stop = CancellationToken::new();
        make_private_dir(&config.data_dir)?;
        let database = Arc::new(SqliteStore::open(&config.data_dir.join("jackfield.db")).await?);
        let runtime = RuntimeConfig {
            max_instances: config.max_instances,
            max_status_queries: config.max_instances - config.max_deliveries,
            ..RuntimeConfig::new(config.data_dir.join("adapters"))
        };
        let node = Node::assemble(NodeParts {
            store: Arc::clone(&database) as SharedStore,
            runtime: Runtime::start(runtime, Arc::clone(&clock))?,
            clock: Arc::clone(&clock),
            rng: rand::make_rng(),
            max_deliveries: config.max_deliveries,
            draining: stop.clone(),
        })
        .await?;
        let public = listen("public_listen", config.public_listen).await?;
        let admin = listen("admin_listen", config.admin_listen).await?;
        let first_token = node.tokens.ensure_operator().await?;
        let addresses = (bound(&public, config.public_listen), bound(&admin, config.admin_listen));

        let announcer = Announcer::new(Arc::clone(&node.store), Arc::clone(&clock), node.metrics).await?;
        let tasks = vec![
            tokio::spawn(announcer.run(stop.clone())),
            tokio::spawn(Arc::clone(&node.engine).run(stop.clone())),
            tokio::spawn(serve(public, node.public, stop.clone())),
            tokio::spawn(serve(admin, node.admin, stop.clone())),
            tokio::spawn(follow(node.rollout, node.tokens, Arc::clone(&clock), stop.clone())),
        ];
        let (public, admin) = addresses;
        Ok(Self {
            public,
            admin,
            first_token,
            tasks,
            stop,
            drain: config.drain.0,
            clock,
            store: database,
        })
    }

    /// Stops accepting, finishes what is in flight or leaves it to its lease, and closes the database.
    /// Returns whether everything was finished in time.
    pub async fn drain(self) -> bool {
        self.stop.cancel();
        let aborts: Vec<_> = self.tasks.iter().map(JoinHandle::abort_handle).collect();
        let all = futures_util::future::join_all(self.tasks);
        let finished = clock::timeout(self.clock.as_ref(), self.drain, all).await.is_some();
        for abort in aborts {
            abort.abort();
        }
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database was not closed tidily; nothing is lost");
        }
        finished
    }
}

/// A directory that only its owner may look into.
fn make_private_dir(path: &std::path::Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StartError::DataDir {
        path: path.to_owned(),
        source,
    })
}

async fn listen(name: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { name, address, source })
}

/// The address with the port that the system chose, if it was left to it.
fn bound(listener: &TcpListener, wished: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(wished)
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let listener = listener.tap_io(|stream| {
        // Without it an answer may wait for the other side's acknowledgement of the headers.
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "a listener failed");
    }
}

/// Follows what other hosts over the same store do.
async fn follow(rollout: Rollout, tokens: Arc<Tokens>, clock: SharedClock, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = clock.sleep_until(clock::after(clock.now(), SYNC)) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = rollout.sync().await {
            tracing::warn!(%error, "releases could not be read");
        }
        if let Err(error) = tokens.refresh().await {
            tracing::warn!(%error, "tokens could not be read");
        }
    }
}
