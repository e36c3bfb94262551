//! A tenant's certificates: a private authority that is trusted, and those that the host presents to the CRM.
//!
//! They are parsed and validated when a release is loaded, so that whoever applies a wrong file is told, and not the
//! next request fails. Servers' certificates are always verified. The roots are those of the host's operating system
//! (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others) and the tenant's own authority.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use zeroize::Zeroizing;

use jackfield_domain::custody::Sensitive;

/// Authorities that a connection trusts in addition to the system's.
#[derive(Clone, Default)]
pub struct TrustedAuthorities {
    authorities: Vec<CertificateDer<'static>>,
    certificates: Vec<reqwest::Certificate>,
}

/// A certificate with its key, to be presented in a handshake.
#[derive(Clone)]
pub struct ClientCertificate(reqwest::Identity);

/// Certificates or a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// The text is not PEM, or holds no certificate.
    #[error("{0} holds no certificate in PEM; one starts with -----BEGIN CERTIFICATE-----")]
    NoCertificate(CertificateOwner),
    /// A certificate is not valid X.509.
    #[error("certificate {1} of {0} cannot be parsed")]
    Unreadable(CertificateOwner, usize),
    /// A certificate has expired, or is not valid yet.
    #[error("certificate {1} of {0} is valid only from {2:.0} to {3:.0}: replace it")]
    NotNow(CertificateOwner, usize, Timestamp, Timestamp),
    /// The secret is not a private key.
    #[error(
        "the secret of {0} is not a private key in PEM without a passphrase; it starts with -----BEGIN PRIVATE KEY-----"
    )]
    NoKey(CertificateOwner),
    /// The key belongs to another certificate.
    #[error("the private key of {0} does not belong to its first certificate")]
    OtherKey(CertificateOwner),
    /// The TLS library refuses them.
    #[error("the TLS library refuses the certificates of {0}")]
    Refused(CertificateOwner),
}

/// What the certificates are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateOwner {
    /// `tls.ca`
    Authority,
    /// A credential of kind `mtls`.
    Credential(String),
}

impl fmt::Display for CertificateOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority => f.write_str("tls.ca"),
            Self::Credential(name) => write!(f, "credential `{name}`"),
        }
    }
}

impl TrustedAuthorities {
    /// The certificates in `pem`, one or several.
    ///
    /// # Errors
    /// One of them cannot be used `now`.
    pub fn new(pem: &Sensitive, now: Timestamp) -> Result<Self, CertificateProblem> {
        let certificates = certificates(pem, &CertificateOwner::Authority, now)?;
        let mut store = rustls::RootCertStore::empty();
        for (n, certificate) in certificates.iter().enumerate() {
            let added = store.add(certificate.clone());
            added.map_err(|_| CertificateProblem::Unreadable(CertificateOwner::Authority, n + 1))?;
        }
        let read = certificates.iter().map(|der| reqwest::Certificate::from_der(der));
        let read: reqwest::Result<_> = read.collect();
        Ok(Self {
            certificates: read.map_err(|_| CertificateProblem::Refused(CertificateOwner::Authority))?,
            authorities: certificates,
        })
    }

    pub(crate) fn authorities(&self) -> &[CertificateDer<'static>] {
        &self.authorities
    }

    /// The same, in the HTTP client's type.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = reqwest::Certificate> {
        self.certificates.iter().cloned()
    }
}

impl fmt::Debug for TrustedAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedAuthorities({} certificates)", self.authorities.len())
    }
}

impl ClientCertificate {
    /// The client certificate of a credential: its chain, the host's own certificate first, and the key, both in PEM.
    ///
    /// # Errors
    /// They cannot be used `now`, or not together.
    pub fn new(
        credential: &str,
        chain: &Sensitive,
        key: &Sensitive,
        now: Timestamp,
    ) -> Result<Self, CertificateProblem> {
        let whose = CertificateOwner::Credential(credential.to_owned());
        let chain = certificates(chain, &whose, now)?;
        let parsed = PrivateKeyDer::from_pem_slice(key.expose().as_bytes());
        let parsed = parsed.map_err(|_| CertificateProblem::NoKey(whose.clone()))?;
        let label = match &parsed {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        // A file may hold a key and certificates in any order, and more than is needed.
        let mut pem = Zeroizing::new(String::new());
        armour(&mut pem, label, parsed.secret_der());
        for certificate in &chain {
            armour(&mut pem, "CERTIFICATE", certificate);
        }
        let key = CertifiedKey::from_der(chain, parsed, &aws_lc_rs::default_provider());
        key.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => CertificateProblem::OtherKey(whose.clone()),
            _ => CertificateProblem::NoKey(whose.clone()),
        })?;
        let identity = reqwest::Identity::from_pem(pem.as_bytes());
        Ok(Self(identity.map_err(|_| CertificateProblem::Refused(whose))?))
    }

    pub(crate) fn as_reqwest(&self) -> reqwest::Identity {
        self.0.clone()
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

/// The certificates in `pem`, all of them valid `now`.
fn certificates(
    pem: &Sensitive,
    whose: &CertificateOwner,
    now: Timestamp,
) -> Result<Vec<CertificateDer<'static>>, CertificateProblem> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose().as_bytes()).collect();
    let found = found.map_err(|_| CertificateProblem::NoCertificate(whose.clone()))?;
    if found.is_empty() {
        return Err(CertificateProblem::NoCertificate(whose.clone()));
    }
    for (n, der) in found.iter().enumerate() {
        let unreadable = || CertificateProblem::Unreadable(whose.clone(), n + 1);
        let parsed = Certificate::from_der(der).map_err(|_| unreadable())?;
        let validity = parsed.tbs_certificate().validity();
        let time = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            Timestamp::from_second(seconds).map_err(|_| unreadable())
        };
        let (from, to) = (time(validity.not_before)?, time(validity.not_after)?);
        if !(from..=to).contains(&now) {
            return Err(CertificateProblem::NotNow(whose.clone(), n + 1, from, to));
        }
    }
    Ok(found)
}

fn armour(pem: &mut String, label: &str, der: &[u8]) {
    let body = Zeroizing::new(BASE64_STANDARD.encode(der));
    for part in ["-----BEGIN ", label, "-----\n", &body, "\n-----END ", label, "-----\n"] {
        pem.push_str(part);
    }
}
