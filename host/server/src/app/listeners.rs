//! The public and the admin listener, from the host's settings: sockets, limits and certificates.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;

use super::StartError;
use crate::config::Config;
use crate::listener::{Listener, ListenerLimits, Tls, TlsFiles};
use crate::observe::metrics::{ListenerName, Metrics};
use jackfield_clock::SharedClock;
use jackfield_domain::intake::slow_client::SlowClientLimits;

/// How long a body may take on the admin listener: an adapter of 64 MiB over a connection of 1 Mbit/s.
const ADMIN_BODY: Duration = Duration::from_mins(10);
/// Bytes of bodies that a listener may be receiving at once: 256 of the largest that the public one accepts, and four
/// of the largest adapters.
const BODY_MEMORY: usize = 256 * 1024 * 1024;
/// Open files besides connections: those of the database, compiled adapters, the log and the runtimes.
const OTHER_FILES: u64 = 256;

/// Both listeners, before they serve.
pub struct Listeners {
    /// The one for agents and CRMs.
    pub public: Listener,
    /// The one for operators.
    pub admin: Listener,
    /// The public listener's address.
    pub public_address: SocketAddr,
    /// The admin listener's address.
    pub admin_address: SocketAddr,
}

impl Listeners {
    /// Opens both listeners.
    ///
    /// # Errors
    /// An address cannot be listened on, or a certificate cannot be served.
    pub async fn open(config: &Config, clock: &SharedClock, metrics: &Metrics) -> Result<Self, StartError> {
        raise_open_files(config);
        let time_limits = SlowClientLimits {
            head: config.header_timeout.0,
            body: config.body_timeout.0,
            idle: config.idle_timeout.0,
        };
        let listener = |name, socket, time_limits, tls| Listener {
            name,
            socket,
            limits: ListenerLimits {
                connections: config.max_connections,
                connections_per_address: config.max_connections_per_address,
                trusted: config.trusted_proxies.clone(),
                time_limits,
                body_memory: BODY_MEMORY,
            },
            tls,
            cleartext_http2: config.cleartext_http2,
            clock: Arc::clone(clock),
            metrics: metrics.clone(),
        };
        let tls = async |name, cert, key| certificate(name, cert, key, Arc::clone(clock), metrics.clone()).await;
        let public_tls = tls(ListenerName::Public, &config.public_tls_cert, &config.public_tls_key).await?;
        let admin_tls = tls(ListenerName::Admin, &config.admin_tls_cert, &config.admin_tls_key).await?;
        let (public, public_address) = listen("public_listen", config.public_listen).await?;
        let (admin, admin_address) = listen("admin_listen", config.admin_listen).await?;
        warn_if_clear(ListenerName::Public, public_address, public_tls.as_ref());
        warn_if_clear(ListenerName::Admin, admin_address, admin_tls.as_ref());
        let admin_time_limits = SlowClientLimits {
            body: ADMIN_BODY,
            ..time_limits
        };
        Ok(Self {
            public: listener(ListenerName::Public, public, time_limits, public_tls),
            admin: listener(ListenerName::Admin, admin, admin_time_limits, admin_tls),
            public_address,
            admin_address,
        })
    }

    /// The certificates of both listeners, whose files are watched.
    pub fn certificates(&self) -> Vec<Arc<Tls>> {
        [&self.public.tls, &self.admin.tls]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// A socket, and its address with the port that the system chose if the settings left the choice to it.
async fn listen(name: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { name, address, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    Ok((socket, bound))
}

/// The certificate of a listener, if it has one.
async fn certificate(
    name: ListenerName,
    cert: &Path,
    key: &Path,
    clock: SharedClock,
    metrics: Metrics,
) -> Result<Option<Arc<Tls>>, StartError> {
    if cert.as_os_str().is_empty() {
        return Ok(None);
    }
    let (cert, key) = (cert.to_owned(), key.to_owned());
    match Tls::start(name, TlsFiles { cert, key }, clock, metrics).await {
        Ok(tls) => Ok(Some(Arc::new(tls))),
        Err(source) => Err(StartError::Certificate {
            listener: name.word(),
            source,
        }),
    }
}

fn warn_if_clear(name: ListenerName, address: SocketAddr, tls: Option<&Arc<Tls>>) {
    if tls.is_none() && !address.ip().is_loopback() {
        let listener = name.word();
        tracing::warn!(
            listener,
            %address,
            "tokens and personal data travel in the clear: set {listener}_tls_cert and {listener}_tls_key, unless a \
                proxy on a network of your own ends TLS"
        );
    }
}

/// Raises this process's limit on open files as far as the system allows. On many systems it is 1,024 at first, too few
/// for the connections, and may be raised much higher.
fn raise_open_files(config: &Config) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // Each delivery and each status query may have a connection to a CRM.
    let wanted = u64::from(config.max_connections) + u64::from(config.max_instances) + OTHER_FILES;
    if let Some(files) = now.filter(|files| *files < wanted) {
        tracing::warn!(
            files,
            wanted,
            "the limit on open files is too low for max_connections; raise it (ulimit -n, LimitNOFILE), or lower the \
                setting"
        );
    }
}
