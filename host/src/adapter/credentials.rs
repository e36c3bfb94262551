//! Secrets at work: added to requests for their origins, or used to sign. None of them enters a sandbox.

use std::collections::HashMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use super::bindings::credentials::CredentialError;
use crate::domain::egress::Origin;
use crate::domain::release::{CredentialKind, CredentialSpec, Sensitive};

/// Values of the release's `[[credentials]]`, by name.
pub type CredentialSecrets = HashMap<String, Sensitive>;

/// Bytes from which on a secret is looked for in answers. Shorter ones would be found by chance and garble them, and
/// protect nothing.
const SHORTEST_ECHO: usize = 6;

/// The credentials of one release.
#[derive(Default)]
pub struct Credentials {
    headers: Vec<Added>,
    keys: HashMap<String, Hmac<Sha256>>,
    /// What must not come back in an answer: the secrets, and what was made of them.
    echoes: Vec<Sensitive>,
}

struct Added {
    origins: Vec<Origin>,
    name: HeaderName,
    value: HeaderValue,
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
}

impl Credentials {
    /// Makes them ready to use.
    ///
    /// # Errors
    /// A secret is missing, or cannot stand in a header.
    pub fn new(specs: &[CredentialSpec], secrets: &CredentialSecrets) -> Result<Self, CredentialProblem> {
        let mut made = Self::default();
        for spec in specs {
            let secret = secrets
                .get(&spec.name)
                .ok_or_else(|| CredentialProblem::NoSecret(spec.name.clone()))?;
            made.add(spec, secret)?;
        }
        Ok(made)
    }

    fn add(&mut self, spec: &CredentialSpec, secret: &Sensitive) -> Result<(), CredentialProblem> {
        let value = match spec.kind {
            CredentialKind::Hmac => {
                #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
                let key = Hmac::new_from_slice(secret.expose().as_bytes()).expect("any key");
                self.keys.insert(spec.name.clone(), key);
                return Ok(());
            }
            CredentialKind::Header => secret.clone(),
            CredentialKind::Bearer => Sensitive::new(format!("Bearer {}", secret.expose())),
            CredentialKind::Basic => {
                let user = spec.username.as_deref().unwrap_or_default();
                let encoded = BASE64_STANDARD.encode(format!("{user}:{}", secret.expose()));
                self.echoes.push(Sensitive::new(encoded.clone()));
                Sensitive::new(format!("Basic {encoded}"))
            }
        };
        self.echoes.push(secret.clone());
        let unusable = || CredentialProblem::NotAHeader(spec.name.clone());
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unusable())?;
        value.set_sensitive(true);
        let name = match &spec.header {
            Some(name) => HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?,
            None => AUTHORIZATION,
        };
        self.headers.push(Added {
            origins: spec.origins.clone(),
            name,
            value,
        });
        Ok(())
    }

    /// Adds what belongs to `origin`; a header that the guest set under the same name is replaced.
    pub fn add_to(&self, headers: &mut HeaderMap, origin: &Origin) {
        for added in self.headers.iter().filter(|added| added.origins.contains(origin)) {
            headers.insert(added.name.clone(), added.value.clone());
        }
    }

    /// HMAC-SHA256 under the key of that name.
    pub fn sign(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let mut mac = self.keys.get(name).ok_or(CredentialError::UnknownCredential)?.clone();
        mac.update(bytes);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// Puts stars in the place of every secret: a CRM may answer with the request that it was sent.
    pub fn redact(&self, text: &mut [u8]) {
        let echoes = self.echoes.iter().map(|echo| echo.expose().as_bytes());
        for echo in echoes.filter(|echo| echo.len() >= SHORTEST_ECHO) {
            let found: Vec<_> = memchr::memmem::find_iter(text, echo).collect();
            for at in found {
                text[at..at + echo.len()].fill(b'*');
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::release::SecretRef;

    const CRM: &str = "https://crm.example";

    fn spec(kind: CredentialKind) -> CredentialSpec {
        CredentialSpec {
            name: "crm".into(),
            kind,
            header: (kind == CredentialKind::Header).then(|| "X-Api-Key".into()),
            username: (kind == CredentialKind::Basic).then(|| "host".into()),
            secret: SecretRef::Env("X".into()),
            origins: vec![CRM.parse().unwrap()],
        }
    }

    fn credentials(kind: CredentialKind, secret: &str) -> Result<Credentials, CredentialProblem> {
        let secrets = [("crm".to_owned(), Sensitive::new(secret.into()))];
        Credentials::new(&[spec(kind)], &secrets.into())
    }

    fn headers(kind: CredentialKind, origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append("authorization", "the guest's".parse().unwrap());
        headers.append("x-api-key", "the guest's".parse().unwrap());
        headers.append("x-api-key", "another".parse().unwrap());
        let credentials = credentials(kind, "s3cr3t-value").unwrap();
        credentials.add_to(&mut headers, &origin.parse().unwrap());
        headers
    }

    #[test]
    fn each_kind_is_added_in_place_of_the_guests_header() {
        assert_eq!(
            headers(CredentialKind::Bearer, CRM)["authorization"],
            "Bearer s3cr3t-value"
        );
        assert_eq!(
            headers(CredentialKind::Basic, CRM)["authorization"],
            "Basic aG9zdDpzM2NyM3QtdmFsdWU="
        );
        let own = headers(CredentialKind::Header, CRM);
        assert_eq!(own.get_all("x-api-key").iter().collect::<Vec<_>>(), ["s3cr3t-value"]);
        assert_eq!(own["authorization"], "the guest's");
    }

    #[test]
    fn another_origin_gets_nothing() {
        for other in ["http://crm.example", "https://crm.example:8443", "https://evil.example"] {
            assert_eq!(
                headers(CredentialKind::Bearer, other)["authorization"],
                "the guest's",
                "{other}"
            );
        }
    }

    #[test]
    fn a_key_signs_and_is_never_a_header() {
        let credentials = credentials(CredentialKind::Hmac, "Jefe").unwrap();
        let mut headers = HeaderMap::new();
        credentials.add_to(&mut headers, &CRM.parse().unwrap());
        assert!(headers.is_empty());
        // RFC 4231, test case 2.
        let signed = credentials.sign("crm", b"what do ya want for nothing?").unwrap();
        assert_eq!(
            hex::encode(signed),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(credentials.sign("other", b"").is_err());
    }

    #[test]
    fn an_echo_is_starred_out() {
        let credentials = credentials(CredentialKind::Basic, "s3cr3t-value").unwrap();
        let mut body = b"you sent aG9zdDpzM2NyM3QtdmFsdWU=, which is s3cr3t-value!".to_vec();
        credentials.redact(&mut body);
        assert_eq!(body, b"you sent ************************, which is ************!");
    }

    #[test]
    fn what_cannot_be_used_is_named_and_not_shown() {
        let broken = credentials(CredentialKind::Bearer, "two\nlines").unwrap_err();
        assert_eq!(broken, CredentialProblem::NotAHeader("crm".into()));
        assert!(!broken.to_string().contains("two"));
        let missing = Credentials::new(&[spec(CredentialKind::Bearer)], &HashMap::new()).unwrap_err();
        assert_eq!(missing, CredentialProblem::NoSecret("crm".into()));
        let fine = credentials(CredentialKind::Bearer, "s3cr3t-value").unwrap();
        assert!(!format!("{fine:?}").contains("s3cr3t"));
    }
}
