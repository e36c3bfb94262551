//! Reads the values of a release's secret references. They go from here into the loaded release and nowhere else.

use std::collections::HashMap;

use jiff::Timestamp;
use rand::RngExt as _;

use super::apply_error::ApplyError;
use super::oauth2::OAuth2Sessions;
use super::secret_reader::{GENERATED_PREFIX, SecretReader};
use super::token_endpoint::OAuth2Client;
use crate::vault::{Vault, VaultError};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::intake::signature::{
    InvalidSigningSecret, SignatureProfile, SigningKey, WebhookKey, signing_secret_hint,
};
use jackfield_domain::tenant::release::{Release, SecretRef, TenantSpec, push_weakness};
use jackfield_sandbox::{CredentialSecret, CredentialSecrets};

/// The values of all secrets of a release.
pub struct ResolvedSecrets {
    /// The secrets of credentials, by the credential's name.
    pub credentials: CredentialSecrets,
    /// The keys that may sign webhooks, each with the time at which it expires.
    pub webhook_keys: Vec<(WebhookKey, Option<Timestamp>)>,
    /// The keys that sign pushes.
    pub push_keys: Vec<SigningKey>,
}

/// Replaces the literal secrets in a tenant's file by references, and returns the literals to be stored. A literal that
/// is already stored for the active release keeps its reference, so that applying the same file again changes nothing.
/// A stored secret that cannot be unsealed counts as missing, since the file may be what restores it.
pub async fn extract_literals(
    vault: &Vault,
    mut spec: TenantSpec,
    active: Option<&Release>,
) -> Result<(TenantSpec, Vec<(String, Sensitive)>), VaultError> {
    let mut stored = vec![];
    if let Some(active) = active {
        for (_, reference) in active.spec.secrets() {
            let SecretRef::Stored(name) = reference else { continue };
            if !name.starts_with(GENERATED_PREFIX) {
                continue;
            }
            match vault.get(active.tenant(), name).await {
                Ok(Some(value)) => stored.push((name.clone(), value)),
                Ok(None) | Err(VaultError::Unopened(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let mut fresh = vec![];
    for reference in spec.secrets_mut() {
        if let SecretRef::Value(value) = reference {
            let name = if let Some((name, _)) = stored.iter().find(|(_, known)| known == value) {
                name.clone()
            } else {
                let name = random_name();
                fresh.push((name.clone(), value.clone()));
                name
            };
            *reference = SecretRef::Stored(name);
        }
    }
    Ok((spec, fresh))
}

#[expect(
    clippy::disallowed_methods,
    reason = "no decision depends on it; it only has to be unique"
)]
fn random_name() -> String {
    format!("{GENERATED_PREFIX}{:024x}", rand::rng().random::<u128>() >> 32)
}

/// Refuses a file with a secret that is too short to be safe, unless its credential says that it may be. Returns what
/// to tell the operator of the others.
///
/// # Errors
/// The first such secret.
pub async fn examine(
    reader: &SecretReader,
    spec: &TenantSpec,
    fresh: &[(String, Sensitive)],
) -> Result<Vec<String>, ApplyError> {
    let mut notes = vec![];
    let check = SecretCheck { reader, spec, fresh };
    for (index, given) in spec.credentials.iter().enumerate() {
        if let Some(secret) = &given.secret {
            let pointer = format!("/credentials/{index}/secret");
            check.refuse(&pointer, secret, |value| given.weakness(value)).await?;
        }
    }
    if let Some(webhook) = &spec.webhook {
        for (index, given) in webhook.secrets.iter().enumerate() {
            let pointer = format!("/webhook/secrets/{index}");
            let value = check
                .refuse(&pointer, &given.secret, |value| given.weakness(value))
                .await?;
            notes.extend(note(&pointer, value.as_ref(), &webhook.profile));
        }
    }
    for (pointer, secret) in spec.agent.secrets() {
        let value = check.refuse(&pointer, secret, push_weakness).await?;
        notes.extend(note(&pointer, value.as_ref(), &SignatureProfile::standard_webhooks()));
    }
    Ok(notes)
}

fn note(pointer: &str, secret: Option<&Sensitive>, profile: &SignatureProfile) -> Option<String> {
    let hint = signing_secret_hint(secret?.expose(), profile)?;
    Some(format!("{pointer}: {hint}"))
}

/// Reads the secrets of a file to see whether they are safe.
struct SecretCheck<'a> {
    reader: &'a SecretReader,
    spec: &'a TenantSpec,
    fresh: &'a [(String, Sensitive)],
}

impl SecretCheck<'_> {
    /// The secret; none if it cannot be read: whoever loads the release is told which ones cannot.
    async fn refuse(
        &self,
        pointer: &str,
        secret: &SecretRef,
        weakness: impl Fn(&Sensitive) -> Option<String>,
    ) -> Result<Option<Sensitive>, ApplyError> {
        let value = self.reader.read(self.spec, self.fresh, secret).await?.ok();
        match value.as_ref().and_then(weakness) {
            Some(detail) => Err(ApplyError::Secret {
                pointer: pointer.to_owned(),
                detail,
            }),
            None => Ok(value),
        }
    }
}

/// Reads every secret that a release refers to. An OAuth2 credential keeps its session if none of its settings have
/// changed.
pub async fn resolve(
    reader: &SecretReader,
    sessions: &OAuth2Sessions,
    spec: &TenantSpec,
    fresh: &[(String, Sensitive)],
) -> Result<ResolvedSecrets, ApplyError> {
    let mut values = HashMap::new();
    for (pointer, reference) in spec.secrets() {
        let value = reader.read(spec, fresh, reference).await?;
        let value = value.map_err(|detail| ApplyError::Secret {
            pointer: pointer.clone(),
            detail,
        })?;
        values.insert(pointer, value);
    }
    let unusable = |pointer: &str, error: InvalidSigningSecret| ApplyError::Secret {
        pointer: pointer.to_owned(),
        detail: error.to_string(),
    };
    let webhook_key = |pointer: &str, profile: &SignatureProfile| {
        let key = WebhookKey::from_secret(values[pointer].expose(), profile);
        key.map_err(|error| unusable(pointer, error))
    };
    let push_key = |pointer: &str| {
        let key = SigningKey::from_secret(values[pointer].expose(), &SignatureProfile::default());
        key.map_err(|error| unusable(pointer, error))
    };
    let webhook = spec.webhook.iter().flat_map(|webhook| {
        webhook
            .secrets
            .iter()
            .enumerate()
            .map(move |(index, secret)| (index, secret.expires, &webhook.profile))
    });
    Ok(ResolvedSecrets {
        webhook_keys: webhook
            .map(|(index, expires, profile)| Ok((webhook_key(&format!("/webhook/secrets/{index}"), profile)?, expires)))
            .collect::<Result<_, ApplyError>>()?,
        push_keys: spec
            .agent
            .secrets()
            .map(|(pointer, _)| push_key(&pointer))
            .collect::<Result<_, _>>()?,
        credentials: credentials(sessions, spec, &values)?,
    })
}

fn credentials(
    sessions: &OAuth2Sessions,
    spec: &TenantSpec,
    values: &HashMap<String, Sensitive>,
) -> Result<CredentialSecrets, ApplyError> {
    let mut by_name = HashMap::new();
    let ca = values.get("/tls/ca").cloned();
    for (index, credential) in spec.credentials.iter().enumerate() {
        let value = |member: &str| values.get(&format!("/credentials/{index}/{member}")).cloned();
        let credential_secret = match (&credential.oauth2, value("certificate"), value("secret")) {
            (Some(oauth2), _, client_secret) => {
                let client = OAuth2Client {
                    spec: oauth2.clone(),
                    secret: client_secret.clone(),
                    refresh_token: value("oauth2/refresh_token"),
                    egress: spec.egress.clone(),
                    ca: ca.clone(),
                };
                let session = sessions.get(&spec.tenant, &credential.name, client)?;
                CredentialSecret::Session { session, client_secret }
            }
            (None, Some(chain), Some(key)) => CredentialSecret::Certificate { chain, key },
            (None, None, Some(secret)) => CredentialSecret::Text(secret),
            // The credential is reported as one without a secret.
            (None, _, None) => continue,
        };
        by_name.insert(credential.name.clone(), credential_secret);
    }
    Ok(CredentialSecrets { by_name, ca })
}
