//! A listener's certificate and private key, loaded again when their files change.
//!
//! A connection keeps the pair that it started with. If a new pair cannot be served, the old one stays in service.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};
use tokio_util::sync::CancellationToken;
use x509_cert::der::Decode as _;
use zeroize::Zeroizing;

use crate::observe::metrics::{ListenerName, Metrics};
use jackfield_clock::{self as clock, SharedClock};

/// How often the files are checked. Renewed certificates are valid for days before the old ones expire.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// The host warns when it loads a certificate that expires sooner than this: renewal has most likely failed.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The name of HTTP/2 in TLS (ALPN).
pub const H2: &[u8] = b"h2";
/// The protocols that the host offers, the preferred one first.
const PROTOCOLS: [&[u8]; 2] = [H2, b"http/1.1"];

/// The files of a certificate and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate, then the chain of those that sign it.
    pub cert: PathBuf,
    /// PEM: the private key of the certificate.
    pub key: PathBuf,
}

/// A certificate and private key that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not contain what it should.
    #[error("{}: holds no {what} in PEM; it must have a block that begins with -----BEGIN {what}-----", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// The private key does not belong to the certificate.
    #[error("the private key in {} does not belong to the first certificate in {}", key.display(), cert.display())]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The private key's file.
        key: PathBuf,
    },
    /// The certificate or the key cannot be used.
    #[error("{}: cannot be served: {detail}", cert.display())]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// Why.
        detail: String,
    },
}

/// What the file system says about a file; if it differs, the file was written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileStamp(Option<(i64, i64, u64, u64)>);

impl FileStamp {
    async fn of(path: &Path) -> Self {
        let found = tokio::fs::metadata(path).await.ok();
        Self(found.map(|file| (file.mtime(), file.mtime_nsec(), file.size(), file.ino())))
    }
}

/// The TLS of one listener: the certificate that it serves now, and the files that it comes from.
#[derive(Debug)]
pub struct Tls {
    name: ListenerName,
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
    stamps: Mutex<[FileStamp; 2]>,
    reload: Notify,
    clock: SharedClock,
    metrics: Metrics,
}

impl Tls {
    /// Loads the pair in these files.
    ///
    /// # Errors
    /// It cannot be served.
    pub async fn start(
        name: ListenerName,
        files: TlsFiles,
        clock: SharedClock,
        metrics: Metrics,
    ) -> Result<Self, TlsError> {
        let stamps = stamps(&files).await;
        let pair = read(&files).await?;
        let tls = Self {
            name,
            files,
            config: ArcSwap::new(Arc::clone(&pair.config)),
            stamps: Mutex::new(stamps),
            reload: Notify::new(),
            clock,
            metrics,
        };
        tls.serve(pair);
        Ok(tls)
    }

    /// Accepts connections with the pair that is in service now.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// Loads the files again at once, whether or not they have changed.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// Checks the files at intervals, and loads them when they have changed, until `stop` is cancelled.
    pub async fn follow(&self, stop: CancellationToken) {
        loop {
            let is_requested = tokio::select! {
                () = stop.cancelled() => return,
                () = self.reload.notified() => true,
                () = self.clock.sleep_until(clock::after(self.clock.now(), CHECK_INTERVAL)) => false,
            };
            let current = stamps(&self.files).await;
            let mut known = self.stamps.lock().await;
            if !is_requested && *known == current {
                continue;
            }
            *known = current;
            match read(&self.files).await {
                Ok(pair) => self.serve(pair),
                Err(error) => tracing::error!(
                    listener = self.name.word(),
                    %error,
                    "the new certificate is not served, the old one still is; mend the files, they are read again \
                        when they change"
                ),
            }
        }
    }

    /// Puts a pair in service for new connections.
    fn serve(&self, pair: ServablePair) {
        let (listener, expires) = (self.name.word(), pair.expires);
        self.config.store(pair.config);
        self.metrics.certificate_served(self.name, expires);
        let left = expires.duration_since(self.clock.now());
        if left < EXPIRES_SOON {
            tracing::warn!(listener, %expires, "the certificate expires soon, or has expired; renew it");
        } else {
            tracing::info!(listener, %expires, "the certificate is served");
        }
    }
}

async fn stamps(files: &TlsFiles) -> [FileStamp; 2] {
    [FileStamp::of(&files.cert).await, FileStamp::of(&files.key).await]
}

/// A certificate with its private key, checked and ready to serve.
struct ServablePair {
    config: Arc<ServerConfig>,
    expires: Timestamp,
}

async fn read(files: &TlsFiles) -> Result<ServablePair, TlsError> {
    let open = async |path: &Path| {
        let bytes = tokio::fs::read(path).await.map(Zeroizing::new);
        bytes.map_err(|source| TlsError::Unreadable {
            path: path.to_owned(),
            source,
        })
    };
    let missing = |path: &Path, what| TlsError::Missing {
        path: path.to_owned(),
        what,
    };
    let unusable = |detail: String| TlsError::Unusable {
        cert: files.cert.clone(),
        detail,
    };
    let (cert, key) = (open(&files.cert).await?, open(&files.key).await?);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&cert).collect();
    let chain = chain.map_err(|error| unusable(error.to_string()))?;
    let first = chain.first().ok_or_else(|| missing(&files.cert, "CERTIFICATE"))?;
    let expires = expiry(first).ok_or_else(|| unusable("it is not an X.509 certificate".into()))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| missing(&files.key, "PRIVATE KEY"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            cert: files.cert.clone(),
            key: files.key.clone(),
        },
        other => unusable(other.to_string()),
    })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(ServablePair {
        config: Arc::new(config),
        expires,
    })
}

/// When a certificate expires.
fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}
