//! The credentials of a release: added to requests for their origins, or used to sign.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use reqwest::Url;
use sha2::Sha256;
use url::form_urlencoded;

use super::certificates::{CertificateProblem, ClientCertificate, TrustedAuthorities};
use super::oauth2::{AccessToken, OAuth2Session, TokenUnavailable};
use super::patterns::SecretPatterns;
use crate::contract::bindings::credentials::CredentialError;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::tenant::egress::{Origin, fold_name, value_fault};
use jackfield_domain::tenant::release::{CredentialKind, CredentialSpec};

/// The secrets that a release's references name.
#[derive(Debug, Clone, Default)]
pub struct CredentialSecrets {
    /// By the credential's name.
    pub by_name: HashMap<String, CredentialSecret>,
    /// `tls.ca`, in PEM.
    pub ca: Option<Sensitive>,
}

/// The secret of one credential.
#[derive(Debug, Clone)]
pub enum CredentialSecret {
    /// For all kinds except the following.
    Text(Sensitive),
    /// For `mtls`, both in PEM.
    Certificate {
        /// The host's own certificate, followed by those up to its root.
        chain: Sensitive,
        /// Its private key.
        key: Sensitive,
    },
    /// For `oauth2`.
    Session {
        /// Provides tokens.
        session: Arc<OAuth2Session>,
        /// The client's secret, if it has one; it must not appear in an answer either.
        client_secret: Option<Sensitive>,
    },
}

impl<const N: usize> From<[(String, Sensitive); N]> for CredentialSecrets {
    fn from(texts: [(String, Sensitive); N]) -> Self {
        let texts = texts
            .into_iter()
            .map(|(name, text)| (name, CredentialSecret::Text(text)));
        Self {
            by_name: texts.collect(),
            ca: None,
        }
    }
}

/// The credentials of one release.
#[derive(Default)]
pub struct Credentials {
    headers: Vec<ForOrigins<(HeaderName, HeaderValue)>>,
    parameters: Vec<ForOrigins<Parameter>>,
    sessions: Vec<ForOrigins<Arc<OAuth2Session>>>,
    identities: Vec<ForOrigins<ClientCertificate>>,
    keys: HashMap<String, Hmac<Sha256>>,
    /// What must not appear in an answer: the secrets, and the texts that are derived from them.
    sent: SecretPatterns,
    /// Secrets that are never sent, so no answer can hold them; no recording may hold them either.
    unsent: SecretPatterns,
    trust: TrustedAuthorities,
}

/// Something that is for these origins only.
struct ForOrigins<T> {
    origins: Vec<Origin>,
    value: T,
}

struct Parameter {
    name: String,
    /// `name=value`, as in a URL.
    encoded: Sensitive,
}

/// The access token of one request.
pub struct TokenInUse {
    session: Arc<OAuth2Session>,
    token: Arc<AccessToken>,
}

/// A credential cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    /// Its secret is missing.
    #[error("credential `{0}` has no secret")]
    NoSecret(String),
    /// Its secret does not fit in a header.
    #[error(
        "the secret of credential `{0}` cannot be sent in a header: it must be one line of visible ASCII characters"
    )]
    NotAHeader(String),
    /// Its certificate or key, or the tenant's own authority, cannot be used.
    #[error(transparent)]
    Tls(#[from] CertificateProblem),
}

impl Credentials {
    /// Prepares the credentials for use. Certificates must be valid `now`.
    ///
    /// # Errors
    /// A secret is missing, or is not what its kind needs.
    pub fn new(
        specs: &[CredentialSpec],
        secrets: &CredentialSecrets,
        now: Timestamp,
    ) -> Result<Self, CredentialProblem> {
        let mut credentials = Self::default();
        if let Some(ca) = &secrets.ca {
            credentials.trust = TrustedAuthorities::new(ca, now)?;
        }
        for spec in specs {
            let secret = secrets.by_name.get(&spec.name);
            let secret = secret.ok_or_else(|| CredentialProblem::NoSecret(spec.name.clone()))?;
            match secret {
                CredentialSecret::Text(text) => credentials.add(spec, text)?,
                CredentialSecret::Certificate { chain, key } => {
                    credentials.unsent.add(key);
                    credentials.identities.push(ForOrigins::new(
                        spec,
                        ClientCertificate::new(&spec.name, chain, key, now)?,
                    ));
                }
                CredentialSecret::Session { session, client_secret } => {
                    if let Some(secret) = client_secret {
                        credentials.sent.add(secret);
                    }
                    credentials.sessions.push(ForOrigins::new(spec, Arc::clone(session)));
                }
            }
        }
        Ok(credentials)
    }

    /// Only keys to sign with, by name: those of a rehearsal, which are not secret.
    pub fn from_keys(keys: &BTreeMap<String, String>) -> Self {
        let mut credentials = Self::default();
        for (name, key) in keys {
            credentials.keys.insert(name.clone(), signing_key(key.as_bytes()));
        }
        credentials
    }

    fn add(&mut self, spec: &CredentialSpec, secret: &Sensitive) -> Result<(), CredentialProblem> {
        let value = match spec.kind {
            CredentialKind::Hmac => {
                self.keys
                    .insert(spec.name.clone(), signing_key(secret.expose().as_bytes()));
                self.unsent.add(secret);
                return Ok(());
            }
            CredentialKind::Query => {
                let name = spec.parameter.clone().unwrap_or_default();
                let mut encoded = form_urlencoded::Serializer::new(String::new());
                let encoded = encoded.append_pair(&name, secret.expose()).finish();
                self.sent.add(secret);
                let encoded = Sensitive::new(encoded);
                self.parameters.push(ForOrigins::new(spec, Parameter { name, encoded }));
                return Ok(());
            }
            CredentialKind::Header => secret.clone(),
            CredentialKind::Bearer => Sensitive::new(format!("Bearer {}", secret.expose())),
            CredentialKind::Basic => {
                let user = spec.username.as_deref().unwrap_or_default();
                let pair = Sensitive::new(format!("{user}:{}", secret.expose()));
                let encoded = Sensitive::new(BASE64_STANDARD.encode(pair.expose()));
                self.sent.add(&encoded);
                Sensitive::new(format!("Basic {}", encoded.expose()))
            }
            CredentialKind::Mtls | CredentialKind::OAuth2 => {
                return Err(CredentialProblem::NoSecret(spec.name.clone()));
            }
        };
        self.sent.add(secret);
        let unusable = || CredentialProblem::NotAHeader(spec.name.clone());
        if value_fault(value.expose()).is_some() {
            return Err(unusable());
        }
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unusable())?;
        value.set_sensitive(true);
        let name = match &spec.header {
            Some(name) => HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?,
            None => AUTHORIZATION,
        };
        self.headers.push(ForOrigins::new(spec, (name, value)));
        Ok(())
    }

    /// Adds the credentials of `origin`. They replace headers and parameters of the same name that the guest has set,
    /// and headers that servers take for the same one.
    pub fn add_to(&self, headers: &mut HeaderMap, url: &mut Url, origin: &Origin) {
        for (name, value) in ForOrigins::matching(&self.headers, origin) {
            remove_twins(headers, name);
            headers.insert(name.clone(), value.clone());
        }
        for parameter in ForOrigins::matching(&self.parameters, origin) {
            parameter.add_to(url);
        }
    }

    /// The access token for a request to `origin`; none if no credential of kind `oauth2` is for it. Waits only if no
    /// token is valid.
    ///
    /// # Errors
    /// No token is available now, so nothing may be sent.
    pub async fn token(&self, origin: &Origin) -> Result<Option<TokenInUse>, TokenUnavailable> {
        let Some(session) = ForOrigins::matching(&self.sessions, origin).next() else {
            return Ok(None);
        };
        let token = session.token().await?;
        Ok(Some(TokenInUse {
            session: Arc::clone(session),
            token,
        }))
    }

    /// The certificates that are presented to some origins.
    pub fn identities(&self) -> impl Iterator<Item = (&[Origin], &ClientCertificate)> {
        self.identities.iter().map(|at| (at.origins.as_slice(), &at.value))
    }

    /// The authorities that are trusted in addition to the system's.
    pub fn trust(&self) -> &TrustedAuthorities {
        &self.trust
    }

    /// HMAC-SHA256 under the key of that name.
    pub fn sign(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let mut mac = self.keys.get(name).ok_or(CredentialError::UnknownCredential)?.clone();
        mac.update(bytes);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// Whether the text holds a secret, in any of the encodings that are searched for.
    pub fn are_in(&self, text: &[u8]) -> bool {
        let mut sessions = self.sessions.iter();
        self.sent.are_in(text)
            || self.unsent.are_in(text)
            || sessions.any(|session| session.value.patterns().are_in(text))
    }

    /// Whether an answer holds a secret: a CRM may echo the request that it was sent. `token` is the one that the
    /// request carried.
    pub fn are_echoed_in(&self, text: &[u8], token: Option<&TokenInUse>) -> bool {
        let mut sessions = self.sessions.iter();
        self.sent.are_in(text)
            || sessions.any(|session| session.value.patterns().are_in(text))
            || token.is_some_and(|token| token.token.patterns().are_in(text))
    }

    /// Whether a request to `origin` carries a secret.
    pub fn are_sent_to(&self, origin: &Origin) -> bool {
        ForOrigins::matching(&self.headers, origin).next().is_some()
            || ForOrigins::matching(&self.parameters, origin).next().is_some()
            || ForOrigins::matching(&self.sessions, origin).next().is_some()
    }
}

impl TokenInUse {
    /// Sets the token in a request, replacing whatever the guest has set.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        remove_twins(headers, &AUTHORIZATION);
        headers.insert(AUTHORIZATION, self.token.header().clone());
    }

    /// After the CRM has refused the token: another one, to send the request once more with; none if the refusal is
    /// final.
    pub async fn replacement(&self) -> Option<Self> {
        let token = self.session.replace(&self.token).await?;
        Some(Self {
            session: Arc::clone(&self.session),
            token,
        })
    }
}

/// Removes every header whose name is `name` to some server.
fn remove_twins(headers: &mut HeaderMap, name: &HeaderName) {
    let folded = fold_name(name.as_str());
    let twins: Vec<_> = headers
        .keys()
        .filter(|other| fold_name(other.as_str()) == folded)
        .cloned()
        .collect();
    for twin in twins {
        headers.remove(twin);
    }
}

fn signing_key(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    Hmac::new_from_slice(key).expect("any key")
}

impl<T> ForOrigins<T> {
    fn new(spec: &CredentialSpec, value: T) -> Self {
        Self {
            origins: spec.origins.clone(),
            value,
        }
    }

    fn matching<'a>(all: &'a [Self], origin: &'a Origin) -> impl Iterator<Item = &'a T> {
        all.iter()
            .filter(|item| item.origins.contains(origin))
            .map(|item| &item.value)
    }
}

impl Parameter {
    /// Appends the parameter to a URL's query, and removes every other of its name. The rest stays as the guest wrote
    /// it.
    fn add_to(&self, url: &mut Url) {
        let named = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == self.name.as_str());
        let others = url.query().unwrap_or_default().split('&');
        let mut query: String = others
            .filter(|pair| !pair.is_empty() && !named(pair))
            .flat_map(|pair| [pair, "&"])
            .collect();
        query.push_str(self.encoded.expose());
        url.set_query(Some(&query));
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests;
