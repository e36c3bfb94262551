//! Secrets at work: added to requests for their origins, or used to sign. None of them enters a sandbox.

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

use super::bindings::credentials::CredentialError;
use super::echo::SecretPatterns;
use super::oauth2::{AccessToken, OAuth2Session, TokenUnavailable};
use super::tls::{CertificateProblem, ClientCertificate, TrustedAuthorities};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::tenant::egress::Origin;
use jackfield_domain::tenant::release::{CredentialKind, CredentialSpec};

/// What a release's references led to.
#[derive(Debug, Clone, Default)]
pub struct CredentialSecrets {
    /// By the credential's name.
    pub by_name: HashMap<String, CredentialSecret>,
    /// `tls.ca`, in PEM.
    pub ca: Option<Sensitive>,
}

/// What one credential is made of.
#[derive(Debug, Clone)]
pub enum CredentialSecret {
    /// For all kinds but the following.
    Text(Sensitive),
    /// For `mtls`, both in PEM.
    Certificate {
        /// The host's own certificate, and those that lead to its root.
        chain: Sensitive,
        /// Its private key.
        key: Sensitive,
    },
    /// For `oauth2`.
    Session {
        /// Hands out tokens.
        session: Arc<OAuth2Session>,
        /// The client's secret, which must not come back in an answer either.
        client_secret: Sensitive,
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
    /// What must not come back in an answer: the secrets, and what was made of them.
    echoes: SecretPatterns,
    /// Secrets that are never sent, so that no answer can hold them, and that no record may hold either.
    unsent: SecretPatterns,
    trust: TrustedAuthorities,
}

/// Something that is added at these origins, and nowhere else.
struct ForOrigins<T> {
    origins: Vec<Origin>,
    what: T,
}

struct Parameter {
    name: String,
    /// `name=value`, as it stands in a URL.
    encoded: Sensitive,
}

/// A token in use by one request.
pub struct TokenInUse {
    session: Arc<OAuth2Session>,
    token: Arc<AccessToken>,
}

/// A credential cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    /// Its secret was not handed over.
    #[error("credential `{0}` has no secret")]
    NoSecret(String),
    /// Its secret cannot stand in a header.
    #[error(
        "the secret of credential `{0}` cannot be sent in a header: it must be one line of visible ASCII characters"
    )]
    NotAHeader(String),
    /// Its certificate or key, or the tenant's own authority, cannot be used.
    #[error(transparent)]
    Tls(#[from] CertificateProblem),
}

impl Credentials {
    /// Makes them ready to use. Certificates must be valid `now`.
    ///
    /// # Errors
    /// A secret is missing, or is not what its kind needs.
    pub fn new(
        specs: &[CredentialSpec],
        secrets: &CredentialSecrets,
        now: Timestamp,
    ) -> Result<Self, CredentialProblem> {
        let mut made = Self::default();
        if let Some(ca) = &secrets.ca {
            made.trust = TrustedAuthorities::new(ca, now)?;
        }
        for spec in specs {
            let secret = secrets.by_name.get(&spec.name);
            let secret = secret.ok_or_else(|| CredentialProblem::NoSecret(spec.name.clone()))?;
            match secret {
                CredentialSecret::Text(text) => made.add(spec, text)?,
                CredentialSecret::Certificate { chain, key } => {
                    made.unsent.add(key);
                    made.identities.push(ForOrigins::of(
                        spec,
                        ClientCertificate::new(&spec.name, chain, key, now)?,
                    ));
                }
                CredentialSecret::Session { session, client_secret } => {
                    made.echoes.add(client_secret);
                    made.sessions.push(ForOrigins::of(spec, Arc::clone(session)));
                }
            }
        }
        Ok(made)
    }

    /// Keys to sign with, by name, and nothing else: those of a rehearsal, which are no secrets.
    pub fn of_keys(keys: &BTreeMap<String, String>) -> Self {
        let mut made = Self::default();
        for (name, key) in keys {
            made.keys.insert(name.clone(), signing_key(key.as_bytes()));
        }
        made
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
                self.echoes.add(secret);
                let encoded = Sensitive::new(encoded);
                self.parameters.push(ForOrigins::of(spec, Parameter { name, encoded }));
                return Ok(());
            }
            CredentialKind::Header => secret.clone(),
            CredentialKind::Bearer => Sensitive::new(format!("Bearer {}", secret.expose())),
            CredentialKind::Basic => {
                let user = spec.username.as_deref().unwrap_or_default();
                let pair = Sensitive::new(format!("{user}:{}", secret.expose()));
                let encoded = Sensitive::new(BASE64_STANDARD.encode(pair.expose()));
                self.echoes.add(&encoded);
                Sensitive::new(format!("Basic {}", encoded.expose()))
            }
            CredentialKind::Mtls | CredentialKind::OAuth2 => {
                return Err(CredentialProblem::NoSecret(spec.name.clone()));
            }
        };
        self.echoes.add(secret);
        let unusable = || CredentialProblem::NotAHeader(spec.name.clone());
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unusable())?;
        value.set_sensitive(true);
        let name = match &spec.header {
            Some(name) => HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?,
            None => AUTHORIZATION,
        };
        self.headers.push(ForOrigins::of(spec, (name, value)));
        Ok(())
    }

    /// Adds what belongs to `origin`; a header or a parameter that the guest set under the same name is replaced.
    pub fn add_to(&self, headers: &mut HeaderMap, url: &mut Url, origin: &Origin) {
        for (name, value) in ForOrigins::at(&self.headers, origin) {
            headers.insert(name.clone(), value.clone());
        }
        for parameter in ForOrigins::at(&self.parameters, origin) {
            parameter.put(url);
        }
    }

    /// The access token that a request to `origin` carries; none if no credential of kind `oauth2` is for it. Waits
    /// only if there is no valid one.
    ///
    /// # Errors
    /// There is none to be had now, and nothing may be sent.
    pub async fn access(&self, origin: &Origin) -> Result<Option<TokenInUse>, TokenUnavailable> {
        let Some(session) = ForOrigins::at(&self.sessions, origin).next() else {
            return Ok(None);
        };
        let token = session.token().await?;
        Ok(Some(TokenInUse {
            session: Arc::clone(session),
            token,
        }))
    }

    /// The certificates that are shown at some origins.
    pub fn identities(&self) -> impl Iterator<Item = (&[Origin], &ClientCertificate)> {
        self.identities.iter().map(|at| (at.origins.as_slice(), &at.what))
    }

    /// Whose certificates are believed beside those that the system trusts.
    pub fn trust(&self) -> &TrustedAuthorities {
        &self.trust
    }

    /// HMAC-SHA256 under the key of that name.
    pub fn sign(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let mut mac = self.keys.get(name).ok_or(CredentialError::UnknownCredential)?.clone();
        mac.update(bytes);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// Whether a secret is in there, in a form that secrets are looked for in.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut sessions = self.sessions.iter();
        self.echoes.are_in(text)
            || self.unsent.are_in(text)
            || sessions.any(|session| session.what.echoes().are_in(text))
    }

    /// Puts stars in the place of every secret: a CRM may answer with the request that it was sent. `access` is the
    /// token that went with it.
    pub fn redact(&self, text: &mut [u8], access: Option<&TokenInUse>) {
        self.echoes.redact(text);
        for session in &self.sessions {
            session.what.echoes().redact(text);
        }
        if let Some(access) = access {
            access.token.echoes().redact(text);
        }
    }
}

impl TokenInUse {
    /// Puts the token into a request, in the place of what the guest set.
    pub fn put(&self, headers: &mut HeaderMap) {
        headers.insert(AUTHORIZATION, self.token.header().clone());
    }

    /// After the CRM refused the token: another one to send the request with, once; none if the refusal is final.
    pub async fn instead(&self) -> Option<Self> {
        let token = self.session.instead_of(&self.token).await?;
        Some(Self {
            session: Arc::clone(&self.session),
            token,
        })
    }
}

fn signing_key(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    Hmac::new_from_slice(key).expect("any key")
}

impl<T> ForOrigins<T> {
    fn of(spec: &CredentialSpec, what: T) -> Self {
        Self {
            origins: spec.origins.clone(),
            what,
        }
    }

    fn at<'a>(all: &'a [Self], origin: &'a Origin) -> impl Iterator<Item = &'a T> {
        all.iter().filter(|at| at.origins.contains(origin)).map(|at| &at.what)
    }
}

impl Parameter {
    /// Puts the parameter at the end of a URL's query, and takes away every other of its name. The rest stays as the
    /// guest wrote it.
    fn put(&self, url: &mut Url) {
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
