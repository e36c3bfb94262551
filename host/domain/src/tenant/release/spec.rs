//! A tenant's file. Its field names are stable, because people write scripts that use them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::credential::{CredentialSpec, TlsSpec};
use super::ingress::IngressSpec;
use super::limits::LimitsSpec;
use super::runtime::RuntimeSpec;
use super::secret::{SecretRef, WebhookSecret};
use crate::delivery::DeliverySpec;
use crate::id::{AdapterName, AdapterVersion, Digest, InvalidId, TenantName};
use crate::intake::signature::SignatureProfile;
use crate::phone::Country;
use crate::tenant::egress::{EgressSpec, UrlText};
use crate::text::text_conversions;

/// A tenant's file: everything that the tenant's traffic depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantSpec {
    /// The tenant's name.
    pub tenant: TenantName,
    /// The adapter that serves it.
    pub adapter: AdapterRef,
    /// The settings that the adapter's `describe` asks for; values as text.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingValue>,
    /// The country of telephone numbers without a country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Where the adapter may send requests.
    #[serde(default)]
    pub egress: EgressSpec,
    /// The credentials that the host adds to the adapter's requests, or signs with.
    #[serde(default)]
    pub credentials: Vec<CredentialSpec>,
    /// Which certificate authorities are trusted.
    #[serde(default, skip_serializing_if = "TlsSpec::is_empty")]
    pub tls: TlsSpec,
    /// How the CRM's webhooks are verified. Without it the tenant accepts none.
    #[serde(default)]
    pub webhook: Option<WebhookSpec>,
    /// Source addresses and rate limit of the tenant's requests.
    #[serde(default)]
    pub ingress: IngressSpec,
    /// Where leads are pushed. Without it the agent pulls.
    #[serde(default)]
    pub agent: AgentSpec,
    /// How dispositions and leads are delivered.
    #[serde(default)]
    pub delivery: DeliverySpec,
    /// The resources of one invocation of the adapter.
    #[serde(default)]
    pub limits: LimitsSpec,
    /// How the adapter is run.
    #[serde(default)]
    pub runtime: RuntimeSpec,
}

impl TenantSpec {
    /// Every secret that the file refers to, with its pointer.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let credentials = self.credentials.iter().enumerate().flat_map(|(n, given)| {
            let refresh_token = given.oauth2.as_ref().and_then(|oauth2| oauth2.refresh_token.as_ref());
            let members = [
                ("secret", given.secret.as_ref()),
                ("certificate", given.certificate.as_ref()),
                ("oauth2/refresh_token", refresh_token),
            ];
            let found = members.into_iter().filter_map(|(member, found)| Some((member, found?)));
            found.map(move |(member, found)| (format!("/credentials/{n}/{member}"), found))
        });
        let ca = self.tls.ca.iter().map(|given| ("/tls/ca".to_owned(), given));
        let webhook = self
            .webhook
            .iter()
            .flat_map(|webhook| webhook.secrets.iter().enumerate());
        let webhook = webhook.map(|(n, given)| (format!("/webhook/secrets/{n}"), &given.secret));
        let push = self.agent.secrets();
        credentials.chain(ca).chain(webhook).chain(push).collect()
    }

    /// The URLs that the host itself sends requests to: the agent's and those of token endpoints.
    pub fn host_urls(&self) -> impl Iterator<Item = &UrlText> {
        let oauth2 = self.credentials.iter().filter_map(|given| given.oauth2.as_ref());
        self.agent.push_url.iter().chain(oauth2.map(|oauth2| &oauth2.token_url))
    }

    /// Every secret that the file refers to, for replacement.
    pub fn secrets_mut(&mut self) -> impl Iterator<Item = &mut SecretRef> {
        let credentials = self.credentials.iter_mut().flat_map(|given| {
            let oauth2 = given.oauth2.as_mut();
            let refresh_token = oauth2.and_then(|oauth2| oauth2.refresh_token.as_mut());
            let members = given.secret.iter_mut().chain(&mut given.certificate);
            members.chain(refresh_token)
        });
        let webhook = self
            .webhook
            .iter_mut()
            .flat_map(|webhook| &mut webhook.secrets)
            .map(|given| &mut given.secret);
        credentials
            .chain(&mut self.tls.ca)
            .chain(webhook)
            .chain(&mut self.agent.push_secret)
            .chain(&mut self.agent.push_secrets)
    }
}

/// An adapter, by name, by name and version, or by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AdapterRef {
    /// The version of this name that came last.
    Name(AdapterName),
    /// One version.
    Version(AdapterName, AdapterVersion),
    /// Exactly these bytes.
    Digest(Digest),
}

impl FromStr for AdapterRef {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.starts_with("sha256:") {
            return Ok(Self::Digest(text.parse()?));
        }
        match text.split_once('@') {
            Some((name, version)) => Ok(Self::Version(name.parse()?, version.parse()?)),
            None => Ok(Self::Name(text.parse()?)),
        }
    }
}

impl fmt::Display for AdapterRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Version(name, version) => write!(f, "{name}@{version}"),
            Self::Digest(digest) => write!(f, "{digest}"),
        }
    }
}

text_conversions!(AdapterRef);

/// A setting's value. A file may contain a number or a boolean without quotes; the adapter receives text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a setting is a text, a whole number, true or false; write other values in quotes"
)]
pub enum SettingValue {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(truth) => write!(f, "{truth}"),
        }
    }
}

/// `[webhook]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSpec {
    /// How requests are signed: the name of a built-in profile, or a table.
    #[serde(default)]
    pub profile: SignatureProfile,
    /// Each of them is accepted until it expires.
    pub secrets: Vec<WebhookSecret>,
    /// How long a key is remembered, in hours. At least 24.
    #[serde(default = "default_idempotency_hours")]
    pub idempotency_hours: u32,
}

/// Keys of leads are stored for at least a day: a window shorter than a sender's retries would cause duplicates.
pub const MIN_IDEMPOTENCY_HOURS: u32 = 24;
/// Keys of leads are stored for at most a year, so that their table does not grow without limit.
pub const MAX_IDEMPOTENCY_HOURS: u32 = 24 * 365;

/// A week, if the tenant's file does not set it.
const fn default_idempotency_hours() -> u32 {
    168
}

impl WebhookSpec {
    /// How long a key is remembered.
    #[must_use]
    pub const fn window(&self) -> Duration {
        Duration::from_secs(self.idempotency_hours as u64 * 3600)
    }
}

/// `[agent]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// Where leads are pushed. The host may reach it without a grant in `egress.allow`; the adapter may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_url: Option<UrlText>,
    /// The secret that signs pushes (Standard Webhooks). With `push_url` there is at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_secret: Option<SecretRef>,
    /// Further ones. Each signs every push, so that the agent may verify with the old or the new one during a rotation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub push_secrets: Vec<SecretRef>,
}

impl AgentSpec {
    /// The secrets that sign pushes, with their pointers.
    pub fn secrets(&self) -> impl Iterator<Item = (String, &SecretRef)> {
        let one = self
            .push_secret
            .iter()
            .map(|given| ("/agent/push_secret".to_owned(), given));
        let several = self.push_secrets.iter().enumerate();
        one.chain(several.map(|(n, given)| (format!("/agent/push_secrets/{n}"), given)))
    }
}
