//! The values behind a release's secret references. They go from here into the loaded release and nowhere else.

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;
use rand::RngExt as _;

use super::apply_error::ApplyError;
use super::oauth2::Sessions;
use super::token_endpoint::OAuth2Client;
use crate::vault::{Vault, VaultError};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::intake::signature::{SignatureProfile, SigningKey};
use jackfield_domain::tenant::release::{Release, SecretRef, TenantSpec};
use jackfield_sandbox::{CredentialSecret, CredentialSecrets};
use jackfield_store::StoreError;

/// Variables that hold secrets of the host itself, and of its operators.
const HOSTS_OWN: [&str; 3] = ["JACKFIELD_MASTER_KEY", "JACKFIELD_MASTER_KEY_OLD", "JACKFIELD_TOKEN"];

/// Everything of a release that is secret.
pub struct Resolved {
    /// By credential name.
    pub credentials: CredentialSecrets,
    /// What webhooks may be signed with, and until when.
    pub webhook_keys: Vec<(SigningKey, Option<Timestamp>)>,
    /// What pushes are signed with.
    pub push_key: Option<SigningKey>,
}

/// Takes literal secrets out of a tenant's file, puts references in their place, and returns them to be stored.
/// A literal that the active release holds already keeps its reference, so that the same file is no change. One that
/// does not open counts as not held: the file may be what brings it back.
pub async fn set_apart(
    vault: &Vault,
    mut spec: TenantSpec,
    active: Option<&Release>,
) -> Result<(TenantSpec, Vec<(String, Sensitive)>), VaultError> {
    let mut held = vec![];
    if let Some(active) = active {
        for (_, reference) in active.spec.secrets() {
            let SecretRef::Stored(name) = reference else { continue };
            if !name.starts_with(MADE_UP) {
                continue;
            }
            match vault.get(active.tenant(), name).await {
                Ok(Some(value)) => held.push((name.clone(), value)),
                Ok(None) | Err(VaultError::Unopened(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let mut fresh = vec![];
    for reference in spec.secrets_mut() {
        if let SecretRef::Value(value) = reference {
            let name = if let Some((name, _)) = held.iter().find(|(_, known)| known == value) {
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
    format!("{MADE_UP}{:024x}", rand::rng().random::<u128>() >> 32)
}

/// What the names begin with that the host makes up for literal secrets. No name that a person may choose has a `_`.
pub const MADE_UP: &str = "sec_";

/// Reads every secret that a release refers to. Sessions of OAuth2 credentials go on if nothing of theirs has changed.
pub async fn resolve(
    vault: &Vault,
    sessions: &Sessions,
    spec: &TenantSpec,
    fresh: &[(String, Sensitive)],
) -> Result<Resolved, ApplyError> {
    let mut values = HashMap::new();
    for (pointer, reference) in spec.secrets() {
        let value = read(vault, spec, fresh, reference).await?;
        let value = value.map_err(|detail| ApplyError::Secret {
            pointer: pointer.clone(),
            detail,
        })?;
        values.insert(pointer, value);
    }
    let key = |pointer: &str, profile: &SignatureProfile| {
        let value = &values[pointer];
        SigningKey::from_secret(value.expose(), profile).map_err(|error| ApplyError::Secret {
            pointer: pointer.to_owned(),
            detail: error.to_string(),
        })
    };
    let webhook = spec.webhook.iter().flat_map(|webhook| {
        webhook
            .secrets
            .iter()
            .enumerate()
            .map(move |(index, secret)| (index, secret.expires, &webhook.profile))
    });
    Ok(Resolved {
        webhook_keys: webhook
            .map(|(index, expires, profile)| Ok((key(&format!("/webhook/secrets/{index}"), profile)?, expires)))
            .collect::<Result<_, ApplyError>>()?,
        push_key: match spec.agent.push_secret {
            Some(_) => Some(key("/agent/push_secret", &SignatureProfile::default())?),
            None => None,
        },
        credentials: credentials(sessions, spec, &values)?,
    })
}

fn credentials(
    sessions: &Sessions,
    spec: &TenantSpec,
    values: &HashMap<String, Sensitive>,
) -> Result<CredentialSecrets, ApplyError> {
    let mut by_name = HashMap::new();
    let ca = values.get("/tls/ca").cloned();
    for (index, credential) in spec.credentials.iter().enumerate() {
        let at = |member: &str| values.get(&format!("/credentials/{index}/{member}")).cloned();
        let Some(secret) = at("secret") else { continue };
        let made = match (&credential.oauth2, at("certificate")) {
            (Some(oauth2), _) => {
                let client = OAuth2Client {
                    spec: oauth2.clone(),
                    secret: secret.clone(),
                    refresh_token: at("oauth2/refresh_token"),
                    egress: spec.egress.clone(),
                    ca: ca.clone(),
                };
                let session = sessions.get(&spec.tenant, &credential.name, client)?;
                let client_secret = secret;
                CredentialSecret::Session { session, client_secret }
            }
            (None, Some(chain)) => CredentialSecret::Certificate { chain, key: secret },
            (None, None) => CredentialSecret::Text(secret),
        };
        by_name.insert(credential.name.clone(), made);
    }
    Ok(CredentialSecrets { by_name, ca })
}

/// The value behind a reference, or why there is none.
pub(super) async fn read(
    vault: &Vault,
    spec: &TenantSpec,
    fresh: &[(String, Sensitive)],
    reference: &SecretRef,
) -> Result<Result<Sensitive, String>, StoreError> {
    Ok(match reference {
        // A tenant's file is no way to get the host's own keys sent anywhere.
        SecretRef::Env(name) if HOSTS_OWN.contains(&name.as_str()) => Err(format!(
            "environment variable {name} is the host's own; name another one"
        )),
        SecretRef::Env(name) => std::env::var(name).map(Sensitive::new).map_err(|_| {
            format!(
                "environment variable {name} is not set for the host's process; set it where `jackfield serve` runs"
            )
        }),
        SecretRef::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Sensitive::new(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(format!("file {} does not exist on the host", path.display()))
            }
            Err(error) => Err(format!("file {} cannot be read by the host: {error}", path.display())),
        },
        SecretRef::Value(value) => Ok(value.clone()),
        SecretRef::Stored(name) => match fresh.iter().find(|(fresh, _)| fresh == name) {
            Some((_, value)) => Ok(value.clone()),
            None => match vault.get(&spec.tenant, name).await {
                Ok(Some(value)) => Ok(value),
                Ok(None) => Err(format!(
                    "the host keeps no secret `{name}`; `jackfield secrets set {} {name}` sets it, or write it as env, \
                     file or value",
                    spec.tenant
                )),
                Err(VaultError::Store(error)) => return Err(error),
                Err(error) => Err(format!("stored secret `{name}`: {error}")),
            },
        },
    })
}
