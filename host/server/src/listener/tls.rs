//! A listener's certificate and private key, taken up anew when their files change.
//!
//! A connection goes on with the pair that it began with. A new pair that cannot be served leaves the old one serving.

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

use crate::observe::metrics::{Door, Metrics};
use jackfield_clock::{self as clock, SharedClock};

/// How often the files are looked at. Renewed certificates are good for days before the old ones end.
const LOOK: Duration = Duration::from_secs(5);
/// A certificate that ends sooner than this is warned of when it is taken up: renewal has most likely failed.
const ENDS_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// HTTP/2 by its name in TLS.
pub const H2: &[u8] = b"h2";
/// What is offered, the best first.
const PROTOCOLS: [&[u8]; 2] = [H2, b"http/1.1"];

/// Where a certificate and its private key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate, then those that sign it.
    pub cert: PathBuf,
    /// PEM: its private key.
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
    /// A file does not hold what it should.
    #[error("{}: holds no {what} in PEM; it must have a block that begins with -----BEGIN {what}-----", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// The two do not belong together.
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

/// What a file looked like; another look means that it was written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look(Option<(i64, i64, u64, u64)>);

impl Look {
    async fn at(path: &Path) -> Self {
        let found = tokio::fs::metadata(path).await.ok();
        Self(found.map(|file| (file.mtime(), file.mtime_nsec(), file.size(), file.ino())))
    }
}

/// The TLS of one listener.
#[derive(Debug)]
pub struct Tls {
    door: Door,
    files: TlsFiles,
    serving: ArcSwap<ServerConfig>,
    looked: Mutex<[Look; 2]>,
    reload: Notify,
    clock: SharedClock,
    metrics: Metrics,
}

impl Tls {
    /// Takes up the pair in these files.
    ///
    /// # Errors
    /// It cannot be served.
    pub async fn start(door: Door, files: TlsFiles, clock: SharedClock, metrics: Metrics) -> Result<Self, TlsError> {
        let looked = look(&files).await;
        let pair = read(&files).await?;
        let tls = Self {
            door,
            files,
            serving: ArcSwap::new(Arc::clone(&pair.config)),
            looked: Mutex::new(looked),
            reload: Notify::new(),
            clock,
            metrics,
        };
        tls.serve(pair);
        Ok(tls)
    }

    /// Accepts connections with the pair that serves now.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.serving.load_full())
    }

    /// Reads the files at once, whether or not they have changed.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// Follows the files until `stop` is cancelled.
    pub async fn follow(&self, stop: CancellationToken) {
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                () = self.reload.notified() => true,
                () = self.clock.sleep_until(clock::after(self.clock.now(), LOOK)) => false,
            };
            let now = look(&self.files).await;
            let mut looked = self.looked.lock().await;
            if !asked && *looked == now {
                continue;
            }
            *looked = now;
            match read(&self.files).await {
                Ok(pair) => self.serve(pair),
                Err(error) => tracing::error!(
                    listener = self.door.word(),
                    %error,
                    "the new certificate is not served, the old one still is; mend the files, they are read again \
                        when they change"
                ),
            }
        }
    }

    fn serve(&self, pair: Pair) {
        let (listener, expires) = (self.door.word(), pair.expires);
        self.serving.store(pair.config);
        self.metrics.certificate(self.door, expires);
        let left = expires.duration_since(self.clock.now());
        if left < ENDS_SOON {
            tracing::warn!(listener, %expires, "the certificate expires soon, or has expired; renew it");
        } else {
            tracing::info!(listener, %expires, "the certificate is served");
        }
    }
}

async fn look(files: &TlsFiles) -> [Look; 2] {
    [Look::at(&files.cert).await, Look::at(&files.key).await]
}

/// A pair that can be served.
struct Pair {
    config: Arc<ServerConfig>,
    expires: Timestamp,
}

async fn read(files: &TlsFiles) -> Result<Pair, TlsError> {
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
    Ok(Pair {
        config: Arc::new(config),
        expires,
    })
}

/// When a certificate ends.
fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}
