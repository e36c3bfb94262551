//! The authorities that connections trust: the system's and a tenant's own.
//!
//! Connections that trust the same authorities share them. A copy of the system's hundred and more authorities would be
//! most of a tenant's memory, and reading them most of the time that loading a tenant takes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest as _, Sha256};

use crate::secrets::certificates::TrustedAuthorities;

use jackfield_clock::lock;

/// How long the system's certificates count as fresh. A release that is loaded later reads them again, so that a change
/// of the system's authorities takes effect without a restart.
const FRESH: Duration = Duration::from_secs(10);
/// TLS sessions that one client keeps for resumption: enough for the few servers of a tenant. Rustls keeps eight for
/// each.
const SESSIONS: usize = 32;
/// The only protocol over TLS that the client supports.
const HTTP_1: &[u8] = b"http/1.1";

/// One for the process, because there is one system.
static ROOTS: LazyLock<Roots> = LazyLock::new(Roots::new);

/// TLS cannot be set up.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TlsSetupError {
    /// There are no authorities to trust.
    #[error("the system has no certificates of authorities: install the package ca-certificates")]
    NoRoots,
    /// The TLS library refuses the configuration.
    #[error("{0}")]
    Refused(String),
}

/// The TLS configuration of a client that trusts the system's authorities and these, and presents no certificate. Its
/// sessions are its own.
///
/// # Errors
/// There are no authorities to trust, or the library refuses the configuration.
pub fn configuration(trust: &TrustedAuthorities, now: Timestamp) -> Result<ClientConfig, TlsSetupError> {
    ROOTS.configuration(trust, now)
}

struct Roots {
    provider: Arc<CryptoProvider>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    system: Option<(Timestamp, System)>,
    /// Verifiers that a connection uses, by what they trust.
    verifiers: HashMap<[u8; 32], Weak<WebPkiServerVerifier>>,
}

/// The system's certificates.
struct System {
    certificates: Vec<CertificateDer<'static>>,
    digest: [u8; 32],
}

impl Roots {
    fn new() -> Self {
        Self {
            provider: Arc::new(aws_lc_rs::default_provider()),
            known: Mutex::default(),
        }
    }

    fn configuration(&self, trust: &TrustedAuthorities, now: Timestamp) -> Result<ClientConfig, TlsSetupError> {
        let verifier = self.verifier(trust, now)?;
        let mut configuration = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsSetupError::Refused(error.to_string()))?
            .with_webpki_verifier(verifier)
            .with_no_client_auth();
        configuration.alpn_protocols = vec![HTTP_1.into()];
        configuration.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(configuration)
    }

    fn verifier(&self, trust: &TrustedAuthorities, now: Timestamp) -> Result<Arc<WebPkiServerVerifier>, TlsSetupError> {
        let mut known = lock(&self.known);
        let Known { system, verifiers } = &mut *known;
        let is_fresh = |(read, _): &(Timestamp, System)| now.duration_since(*read).unsigned_abs() < FRESH;
        if !system.as_ref().is_some_and(is_fresh) {
            *system = Some((now, System::read()));
        }
        let Some((_, system)) = system else {
            return Err(TlsSetupError::NoRoots);
        };
        let name = digest(&system.digest, trust.authorities());
        if let Some(shared) = verifiers.get(&name).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        let mut roots = RootCertStore::empty();
        for authority in trust.authorities() {
            let added = roots.add(authority.clone());
            added.map_err(|error| TlsSetupError::Refused(error.to_string()))?;
        }
        // A certificate that cannot be parsed is skipped, so nobody trusts it.
        let _ = roots.add_parsable_certificates(system.certificates.iter().cloned());
        if roots.is_empty() {
            return Err(TlsSetupError::NoRoots);
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&self.provider))
            .build()
            .map_err(|error| TlsSetupError::Refused(error.to_string()))?;
        verifiers.retain(|_, verifier| verifier.strong_count() > 0);
        verifiers.insert(name, Arc::downgrade(&verifier));
        Ok(verifier)
    }
}

impl System {
    fn read() -> Self {
        let read = rustls_native_certs::load_native_certs();
        for error in read.errors {
            tracing::warn!(%error, "certificates of the system's authorities cannot be read");
        }
        Self {
            digest: digest(&[], &read.certs),
            certificates: read.certs,
        }
    }
}

/// The digest of certificates, after `before`.
fn digest(before: &[u8], certificates: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut digest = Sha256::new_with_prefix(before);
    for certificate in certificates {
        digest.update(certificate.len().to_be_bytes());
        digest.update(certificate);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jackfield_domain::custody::Sensitive;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn authority() -> TrustedAuthorities {
        let pem = include_str!("../../../../tests/fixtures/tls/ca.pem");
        TrustedAuthorities::new(&Sensitive::new(pem.to_owned()), NOW).unwrap()
    }

    #[test]
    fn only_equal_trust_is_shared() {
        let roots = Roots::new();
        let one = roots.verifier(&TrustedAuthorities::default(), NOW).unwrap();
        let other = roots.verifier(&TrustedAuthorities::default(), NOW).unwrap();
        assert!(Arc::ptr_eq(&one, &other));
        let own = roots.verifier(&authority(), NOW).unwrap();
        assert!(
            !Arc::ptr_eq(&one, &own),
            "a tenant's authority is trusted by its own connections alone"
        );
        assert!(Arc::ptr_eq(&own, &roots.verifier(&authority(), NOW).unwrap()));
    }

    #[test]
    fn unchanged_certificates_stay_shared() {
        let roots = Roots::new();
        let before = roots.verifier(&TrustedAuthorities::default(), NOW).unwrap();
        let later = NOW + FRESH;
        let after = roots.verifier(&TrustedAuthorities::default(), later).unwrap();
        assert!(Arc::ptr_eq(&before, &after));
        let known = roots.known.lock().unwrap();
        assert_eq!(known.system.as_ref().map(|(read, _)| *read), Some(later));
    }

    #[test]
    fn unused_verifiers_are_removed() {
        let roots = Roots::new();
        drop(roots.verifier(&authority(), NOW).unwrap());
        let _used = roots.verifier(&TrustedAuthorities::default(), NOW).unwrap();
        assert_eq!(roots.known.lock().unwrap().verifiers.len(), 1);
    }

    #[test]
    fn alpn_offers_only_http_1() {
        let configuration = Roots::new().configuration(&TrustedAuthorities::default(), NOW).unwrap();
        assert_eq!(configuration.alpn_protocols, [HTTP_1]);
    }
}
