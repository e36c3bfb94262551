//! The host's settings: one TOML file, overridden by `JACKFIELD_*` variables. Every setting has a default.

mod variables;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Table;

use jackfield_domain::delivery::retry::TextDuration;
use jackfield_domain::intake::address::AddressRange;
use jackfield_domain::wrong_input::{toml_error, without_input};
use jackfield_sandbox::DEFAULT_GUEST_MEMORY_MIB;

pub use variables::{EnvironmentMasterKey, EnvironmentRemarks};
use variables::{MASTER_KEY, MASTER_KEY_OLD, Variables};

/// The host's settings. Every key is also a variable: `public_listen` is `JACKFIELD_PUBLIC_LISTEN`. In a variable, the
/// items of a list are separated by commas.
///
/// A new setting needs a field here, its default below, and a line in `jackfield.example.toml`, which a test checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directory of the database, the compile cache, the host's id and the master key.
    pub data_dir: PathBuf,
    /// The file with the master key that secrets are sealed with. The first start creates it. It is in `data_dir`
    /// unless the path is absolute. It is not used if the key is in the environment.
    pub master_key_file: PathBuf,
    /// The master key, if it is in the environment. It must not be in a file with other settings.
    #[serde(skip)]
    pub master_key: EnvironmentMasterKey,
    /// What to log about the environment.
    #[serde(skip)]
    pub remarks: EnvironmentRemarks,
    /// Where agents and CRMs connect.
    pub public_listen: SocketAddr,
    /// Where operators and Prometheus connect.
    pub admin_listen: SocketAddr,
    /// What is logged: a level, or `tracing` directives such as `jackfield=debug,info`.
    pub log: String,
    /// `auto` is pretty on a terminal and JSON lines elsewhere.
    pub log_format: LogFormat,
    /// How many deliveries of all tenants may be in flight at once. Each uses an adapter instance while it runs. A
    /// tenant never uses more of them than are left free for the others, so a tenant alone uses at most half.
    pub max_deliveries: u32,
    /// How many adapter instances there may be at once, more than `max_deliveries`. The difference is for status
    /// queries; a query that finds no free instance is refused at once.
    pub max_instances: u32,
    /// How long the host goes on accepting after SIGTERM, while `/readyz` says that it is not ready any more: long
    /// enough for load balancers to notice, which ask every few seconds.
    pub lame_duck: TextDuration,
    /// Memory of all adapter instances together, in MiB. What an adapter needs beyond it is refused as the fault
    /// `memory-budget`; a tenant never has more than is left for all others, so a tenant alone has at most half.
    pub guest_memory_mib: u32,
    /// How long a drain waits for what is in flight. What does not finish is resumed when its lease is recovered.
    pub drain: TextDuration,
    /// How many connections each listener keeps open at once. Further ones are closed when they arrive. An idle
    /// connection needs about 20 KiB, so the default needs less than 100 MiB.
    pub max_connections: u32,
    /// How many of them one client address may have: a quarter by default, so that one address cannot use all. IPv6
    /// addresses count by /64. Trusted proxies are not limited.
    pub max_connections_per_address: u32,
    /// How long a client may take to send a request's head, including the TLS handshake.
    pub header_timeout: TextDuration,
    /// How long a client may take to send a request's body to the public listener.
    pub body_timeout: TextDuration,
    /// How long a connection may stay open between two requests. This is longer than the minute for which load
    /// balancers keep theirs open, so that the balancer is the one that closes.
    pub idle_timeout: TextDuration,
    /// Load balancers. `X-Forwarded-For` names the client in requests from these addresses; from others it is ignored.
    pub trusted_proxies: Vec<AddressRange>,
    /// Requests a second to the public listener from one client address; further ones get 429. IPv6 addresses count by
    /// /64. The default is far above what a calling platform needs, and far below what a host can serve.
    pub address_per_second: NonZeroU32,
    /// Requests a second without a valid token or signature from one client address, each of which gets 401; further
    /// ones get 429. The default is enough for a person who tries by hand.
    pub failures_per_second: NonZeroU32,
    /// Requests a second of a tenant's agent, and webhooks a second of its CRM; further ones get 429. A tenant's file
    /// may override this.
    pub tenant_per_second: NonZeroU32,
    /// Whether both listeners speak HTTP/2 without TLS to other machines, to clients that begin with it: for proxies in
    /// a network of one's own. To this machine they always do.
    pub cleartext_http2: bool,
    /// PEM file with the public listener's certificate, followed by those that sign it. Without a file, there is no
    /// TLS.
    pub public_tls_cert: PathBuf,
    /// PEM file with its private key.
    pub public_tls_key: PathBuf,
    /// PEM file with the admin listener's certificate, in the same form.
    pub admin_tls_cert: PathBuf,
    /// PEM file with its private key.
    pub admin_tls_key: PathBuf,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object on each line.
    Json,
    /// For people.
    Pretty,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "jackfield-data".into(),
            master_key_file: "master.key".into(),
            master_key: EnvironmentMasterKey::default(),
            remarks: EnvironmentRemarks::default(),
            public_listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            log: "info".into(),
            log_format: LogFormat::Auto,
            max_deliveries: 256,
            max_instances: 1000,
            lame_duck: TextDuration(Duration::from_secs(5)),
            guest_memory_mib: DEFAULT_GUEST_MEMORY_MIB,
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
            cleartext_http2: false,
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
    /// A key or a value in the file is wrong. The text names the line and what is allowed.
    #[error("{}: {detail}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, what is wrong and what is allowed.
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

/// The shortest timeout. A shorter one would cut off distant clients.
const MIN_TIMEOUT: Duration = Duration::from_secs(1);
/// The least memory for adapters: a tenant that is alone gets half, which is room for a few interpreters.
const MIN_GUEST_MEMORY_MIB: u32 = 256;
/// The longest timeout. A longer one would protect nothing.
const MAX_TIMEOUT: Duration = Duration::from_hours(1);
impl Config {
    /// Reads the file, if there is one. The variables override it; those that the host does not know are remarked on.
    ///
    /// # Errors
    /// A key or a value is wrong. The error names the file and the line, or the variable, and says what is allowed.
    pub fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut table = Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
            let wrong = |error: toml::de::Error| ConfigError::File {
                path: path.to_owned(),
                detail: toml_error(&error, &text),
            };
            // The text is read here, and not the table, so that an error names the line.
            toml::from_str::<Self>(&text).map_err(wrong)?;
            table = text.parse().map_err(wrong)?;
        }
        let Variables {
            settings,
            master_key,
            remarks,
        } = variables::read(variables)?;
        table.extend(settings);
        // Every part of the table has been validated above.
        let all = Self::deserialize(table);
        let all = all.map_err(|error| ConfigError::Range(without_input(error.message(), &[])))?;
        Self {
            master_key,
            remarks,
            ..all
        }
        .check()
    }

    /// Every key with its default.
    fn defaults() -> Table {
        // Numbers, texts and lists of texts can always be written as TOML.
        Table::try_from(Self::default()).unwrap_or_default()
    }

    fn check(self) -> Result<Self, ConfigError> {
        if self.master_key.old.is_some() && self.master_key.key.is_none() {
            let detail = format!("is only for changing the key: set {MASTER_KEY} to the new one");
            return Err(variables::wrong(MASTER_KEY_OLD, &detail));
        }
        let (header, body, idle) = (self.header_timeout.0, self.body_timeout.0, self.idle_timeout.0);
        for (name, value, min, max) in [
            ("max_deliveries", self.max_deliveries, 1, 10_000),
            ("max_instances", self.max_instances, 1, 10_000),
            ("guest_memory_mib", self.guest_memory_mib, MIN_GUEST_MEMORY_MIB, 1 << 20),
            ("max_connections", self.max_connections, 1, 100_000),
            (
                "max_connections_per_address",
                self.max_connections_per_address,
                1,
                self.max_connections,
            ),
        ] {
            if !(min..=max).contains(&value) {
                return Err(ConfigError::Range(format!(
                    "{name} is {value}; it must be {min} to {max}"
                )));
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
        if self.lame_duck.0 > MAX_TIMEOUT {
            return Err(ConfigError::Range("lame_duck must be at most 1h".into()));
        }
        if self.trusted_proxies.iter().any(AddressRange::is_everybody) {
            return Err(ConfigError::Range(
                "trusted_proxies must name load balancers, not everybody: a trusted client chooses the address that \
                 limits and allow-lists apply to"
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
                "max_deliveries is {} and max_instances {}; every delivery uses an instance, and the others are for \
                 status queries, so raise max_instances",
                self.max_deliveries, self.max_instances
            )));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
