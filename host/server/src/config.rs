//! What an operator sets: one TOML file, overridden by `JACKFIELD_*` variables. Everything has a default.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::retry::TextDuration;
use jackfield_domain::intake::address::AddressRange;

/// The host's settings. Every key is also a variable: `public_listen` is `JACKFIELD_PUBLIC_LISTEN`; a list is written
/// with commas there.
///
/// A new setting is a field here and its default below, and a line in `jackfield.example.toml`, as a test sees to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the database, the compile cache and the installation's own key are kept.
    pub data_dir: PathBuf,
    /// The file of the master key that secrets are sealed with, made at the first start; within `data_dir` unless it is
    /// an absolute path. Not used if the key is in the environment.
    pub master_key_file: PathBuf,
    /// The master key, if the environment has it. No file holds it beside other settings.
    #[serde(skip)]
    pub master_key: GivenKey,
    /// Where the agent and the CRMs connect.
    pub public_listen: SocketAddr,
    /// Where operators connect, and Prometheus.
    pub admin_listen: SocketAddr,
    /// What is logged: a level, or `tracing` directives such as `jackfield=debug,info`.
    pub log: String,
    /// `auto` is pretty on a terminal and JSON lines elsewhere.
    pub log_format: LogFormat,
    /// Deliveries of all tenants in flight at once. Each holds one adapter instance while it runs. A tenant never has
    /// more of them than are left free for the others: one alone at most half.
    pub max_deliveries: u32,
    /// Adapter instances at once, above `max_deliveries`: what is left over is for status queries, and those that find
    /// none free are refused at once.
    pub max_instances: u32,
    /// How long a drain waits for what is in flight before it gives up on it; leases bring it back.
    pub drain: TextDuration,
    /// Connections that each listener keeps open at once; more are closed as they come. One that idles takes about
    /// 20 KiB, so the default is under 100 MiB.
    pub max_connections: u32,
    /// Connections of one client's address among them: a quarter by default, so that no one address takes them all.
    /// IPv6 counts by /64. Trusted proxies are not counted.
    pub max_connections_per_address: u32,
    /// How long a connection may take to bring a request's head, TLS handshake included.
    pub header_timeout: TextDuration,
    /// How long a request's body may take on the public listener.
    pub body_timeout: TextDuration,
    /// How long a connection may stay open between two requests. Longer than the minute that load balancers keep
    /// theirs, so that it is they who close.
    pub idle_timeout: TextDuration,
    /// Load balancers: connections from here say in `X-Forwarded-For` whose request it is. Others are ignored.
    pub trusted_proxies: Vec<AddressRange>,
    /// Requests a second to the public listener from one client's address; more get 429. IPv6 counts by /64. Far above
    /// what one calling platform needs, far below what one host can do.
    pub address_per_second: NonZeroU32,
    /// Requests a second without a valid token or signature from one client's address, each answered with a 401; more
    /// get 429. Enough for a person who tries.
    pub failures_per_second: NonZeroU32,
    /// Requests a second of a tenant's agent, and webhooks a second of its CRM, unless its file says otherwise; more
    /// get 429.
    pub tenant_per_second: NonZeroU32,
    /// PEM file with the public listener's certificate, followed by those that sign it; without one there is no TLS.
    pub public_tls_cert: PathBuf,
    /// PEM file with its private key.
    pub public_tls_key: PathBuf,
    /// PEM file with the admin listener's certificate, likewise.
    pub admin_tls_cert: PathBuf,
    /// PEM file with its private key.
    pub admin_tls_key: PathBuf,
}

/// A master key from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenKey {
    /// `JACKFIELD_MASTER_KEY`: seals and opens.
    pub key: Option<Sensitive>,
    /// `JACKFIELD_MASTER_KEY_OLD`: opens what is then sealed with the other one.
    pub old: Option<Sensitive>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "jackfield-data".into(),
            master_key_file: "master.key".into(),
            master_key: GivenKey::default(),
            public_listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            log: "info".into(),
            log_format: LogFormat::Auto,
            max_deliveries: 256,
            max_instances: 1000,
            drain: TextDuration(Duration::from_secs(30)),
            max_connections: 4096,
            max_connections_per_address: 1024,
            header_timeout: TextDuration(Duration::from_secs(10)),
            body_timeout: TextDuration(Duration::from_secs(30)),
            idle_timeout: TextDuration(Duration::from_secs(75)),
            trusted_proxies: vec![],
            address_per_second: const { NonZeroU32::new(5000).unwrap() },
            failures_per_second: const { NonZeroU32::new(10).unwrap() },
            tenant_per_second: const { NonZeroU32::new(2000).unwrap() },
            public_tls_cert: PathBuf::new(),
            public_tls_key: PathBuf::new(),
            admin_tls_cert: PathBuf::new(),
            admin_tls_key: PathBuf::new(),
        }
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key or a value of the file is wrong. The text has the line and what is allowed.
    #[error("{}: {detail}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where and what.
        detail: String,
    },
    /// A variable is wrong.
    #[error("environment variable {name}: {detail}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong and what is allowed.
        detail: String,
    },
    /// A value is out of range.
    #[error("{0}")]
    Range(String),
}

/// Variables with the prefix that are not settings of the host: the command line's own.
const OTHER_VARIABLES: [&str; 4] = [
    "JACKFIELD_ADMIN_CA",
    "JACKFIELD_ADMIN_URL",
    "JACKFIELD_CONFIG",
    "JACKFIELD_TOKEN",
];
/// A timeout below a second would cut off clients across the world.
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// A timeout above an hour is none.
const MAX_TIMEOUT: Duration = Duration::from_hours(1);
/// Variables that begin so are left alone: a place for tenants' secrets.
const SECRET_PREFIX: &str = "JACKFIELD_SECRET_";

/// The master key, which is no setting: it must not be in a file beside them.
const MASTER_KEY: &str = "JACKFIELD_MASTER_KEY";
/// The one before it, while it is being changed.
const MASTER_KEY_OLD: &str = "JACKFIELD_MASTER_KEY_OLD";

impl Config {
    /// Reads the file, if there is one; the variables override it.
    ///
    /// # Errors
    /// A key or value that is wrong, with file and line, or the variable's name, and what is allowed.
    pub fn load(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut table = Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
            let wrong = |error: toml::de::Error| ConfigError::File {
                path: path.to_owned(),
                detail: error.to_string(),
            };
            // Read from its text, so that an error names the line.
            toml::from_str::<Self>(&text).map_err(wrong)?;
            table = text.parse().map_err(wrong)?;
        }
        let defaults = Self::defaults();
        let mut master_key = GivenKey::default();
        for (name, text) in variables {
            let ours = name.starts_with("JACKFIELD_") && !name.starts_with(SECRET_PREFIX);
            if name == MASTER_KEY {
                master_key.key = Some(Sensitive::new(text));
            } else if name == MASTER_KEY_OLD {
                master_key.old = Some(Sensitive::new(text));
            } else if ours && !OTHER_VARIABLES.contains(&name.as_str()) {
                let (key, value) = variable(&defaults, &name, &text)?;
                table.insert(key, value);
            }
        }
        // Every part of it was read before.
        let all = Self::deserialize(table).map_err(|error| ConfigError::Range(error.to_string()))?;
        Self { master_key, ..all }.check()
    }

    /// Every key with its default.
    fn defaults() -> Table {
        // Numbers, texts and lists of texts are always TOML.
        Table::try_from(Self::default()).unwrap_or_default()
    }

    fn check(self) -> Result<Self, ConfigError> {
        if self.master_key.old.is_some() && self.master_key.key.is_none() {
            return Err(ConfigError::Variable {
                name: MASTER_KEY_OLD.into(),
                detail: format!("is only for changing the key: give the new one as {MASTER_KEY}"),
            });
        }
        let (header, body, idle) = (self.header_timeout.0, self.body_timeout.0, self.idle_timeout.0);
        for (name, value, max) in [
            ("max_deliveries", self.max_deliveries, 10_000),
            ("max_instances", self.max_instances, 10_000),
            ("max_connections", self.max_connections, 100_000),
            (
                "max_connections_per_address",
                self.max_connections_per_address,
                self.max_connections,
            ),
        ] {
            if !(1..=max).contains(&value) {
                return Err(ConfigError::Range(format!("{name} is {value}; it must be 1 to {max}")));
            }
        }
        for (name, wait) in [
            ("header_timeout", header),
            ("body_timeout", body),
            ("idle_timeout", idle),
        ] {
            if !(MIN_TIMEOUT..=MAX_TIMEOUT).contains(&wait) {
                return Err(ConfigError::Range(format!("{name} must be 1s to 1h")));
            }
        }
        if self.trusted_proxies.iter().any(AddressRange::is_everybody) {
            return Err(ConfigError::Range(
                "trusted_proxies must name load balancers, not everybody: whoever is trusted chooses the address that \
                 limits and allow-lists see"
                    .into(),
            ));
        }
        for (name, cert, key) in [
            ("public", &self.public_tls_cert, &self.public_tls_key),
            ("admin", &self.admin_tls_cert, &self.admin_tls_key),
        ] {
            if cert.as_os_str().is_empty() != key.as_os_str().is_empty() {
                return Err(ConfigError::Range(format!(
                    "{name}_tls_cert and {name}_tls_key go together: give both, or neither"
                )));
            }
        }
        if self.max_deliveries >= self.max_instances {
            return Err(ConfigError::Range(format!(
                "max_deliveries is {} and max_instances {}; every delivery takes an instance, and what is left over is \
                 for status queries, so raise max_instances",
                self.max_deliveries, self.max_instances
            )));
        }
        Ok(self)
    }
}

/// The key that a variable sets, and its value as TOML, of the same kind as the default.
fn variable(defaults: &Table, name: &str, text: &str) -> Result<(String, Value), ConfigError> {
    let wrong = |detail: String| ConfigError::Variable {
        name: name.to_owned(),
        detail,
    };
    let key = name.trim_start_matches("JACKFIELD_").to_ascii_lowercase();
    let Some(default) = defaults.get(&key) else {
        let mut known = String::new();
        for key in defaults.keys() {
            let _ = write!(known, " JACKFIELD_{}", key.to_ascii_uppercase());
        }
        let secrets = format!("variables for tenants' secrets may begin with {SECRET_PREFIX}");
        return Err(wrong(format!("there is no such setting; there are:{known}; {secrets}")));
    };
    let as_text = || Value::String(text.to_owned());
    let value = match default {
        Value::Integer(_) => text.parse().map_or_else(|_| as_text(), Value::Integer),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => as_text(),
    };
    // Read alone, so that an error names the variable.
    Config::deserialize(Table::from_iter([(key.clone(), value.clone())]))
        .map_err(|error| wrong(error.to_string().trim().to_owned()))?;
    Ok((key, value))
}

#[cfg(test)]
mod tests;
