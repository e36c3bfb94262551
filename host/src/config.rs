//! What an operator sets: one TOML file, and `JACKFIELD_*` variables over it. Everything has a default.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::{Table, Value};

use crate::domain::retry::Wait;

/// The host's settings. Every key is also a variable: `public_listen` is `JACKFIELD_PUBLIC_LISTEN`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the database, the compile cache and the installation's own key are kept.
    pub data_dir: PathBuf,
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
    pub drain: Wait,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
            public_listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            log: "info".into(),
            log_format: LogFormat::Auto,
            max_deliveries: 256,
            max_instances: 1000,
            drain: Wait(Duration::from_secs(30)),
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
const OTHER_VARIABLES: [&str; 3] = ["JACKFIELD_ADMIN_URL", "JACKFIELD_CONFIG", "JACKFIELD_TOKEN"];
/// Variables that begin so are left alone: a place for tenants' secrets.
const SECRET_PREFIX: &str = "JACKFIELD_SECRET_";

const KEYS: [&str; 8] = [
    "data_dir",
    "public_listen",
    "admin_listen",
    "log",
    "log_format",
    "max_deliveries",
    "max_instances",
    "drain",
];

impl Config {
    /// Reads the file, if there is one, and lays the variables over it.
    ///
    /// # Errors
    /// A key or value that is wrong, with file and line, or the variable's name, and what is allowed.
    pub fn load(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut config = match file {
            None => Self::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
                    path: path.to_owned(),
                    source,
                })?;
                toml::from_str(&text).map_err(|error| ConfigError::File {
                    path: path.to_owned(),
                    detail: error.to_string(),
                })?
            }
        };
        for (name, value) in variables {
            let ours = name.starts_with("JACKFIELD_") && !name.starts_with(SECRET_PREFIX);
            if ours && !OTHER_VARIABLES.contains(&name.as_str()) {
                config = config.overlay(&name, &value)?;
            }
        }
        config.check()
    }

    /// Sets what one variable says.
    fn overlay(self, name: &str, value: &str) -> Result<Self, ConfigError> {
        let wrong = |detail: String| ConfigError::Variable {
            name: name.to_owned(),
            detail,
        };
        let key = name.trim_start_matches("JACKFIELD_").to_ascii_lowercase();
        if !KEYS.contains(&key.as_str()) {
            let mut known = String::new();
            for key in KEYS {
                let _ = write!(known, " JACKFIELD_{}", key.to_ascii_uppercase());
            }
            let secrets = format!("variables for tenants' secrets may begin with {SECRET_PREFIX}");
            return Err(wrong(format!("there is no such setting; there are:{known}; {secrets}")));
        }
        let value = value
            .parse::<i64>()
            .map_or_else(|_| Value::String(value.to_owned()), Value::Integer);
        let one = Self::deserialize(Table::from_iter([(key.clone(), value)]))
            .map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        Ok(match key.as_str() {
            "data_dir" => Self {
                data_dir: one.data_dir,
                ..self
            },
            "public_listen" => Self {
                public_listen: one.public_listen,
                ..self
            },
            "admin_listen" => Self {
                admin_listen: one.admin_listen,
                ..self
            },
            "log" => Self { log: one.log, ..self },
            "log_format" => Self {
                log_format: one.log_format,
                ..self
            },
            "max_deliveries" => Self {
                max_deliveries: one.max_deliveries,
                ..self
            },
            "max_instances" => Self {
                max_instances: one.max_instances,
                ..self
            },
            _ => Self {
                drain: one.drain,
                ..self
            },
        })
    }

    fn check(self) -> Result<Self, ConfigError> {
        for (name, value, max) in [
            ("max_deliveries", self.max_deliveries, 10_000),
            ("max_instances", self.max_instances, 10_000),
        ] {
            if !(1..=max).contains(&value) {
                return Err(ConfigError::Range(format!("{name} is {value}; it must be 1 to {max}")));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jackfield.toml");
        std::fs::write(&path, text).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&path), variables).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_has_to_be_set() {
        assert_eq!(Config::load(None, std::iter::empty()).unwrap(), Config::default());
        assert_eq!(load("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn the_example_has_every_key_with_its_default() {
        let example = include_str!("../../jackfield.example.toml");
        assert_eq!(load(example, &[]).unwrap(), Config::default());
        let keys: Vec<_> = example.parse::<Table>().unwrap().keys().cloned().collect();
        assert_eq!(keys.len(), KEYS.len());
        assert!(
            KEYS.iter().all(|key| keys.iter().any(|written| written == key)),
            "{keys:?}"
        );
    }

    #[test]
    fn variables_lie_over_the_file() {
        let config = load(
            "public_listen = \"127.0.0.1:1\"\nmax_instances = 300\ndrain = \"5s\"",
            &[
                ("JACKFIELD_PUBLIC_LISTEN", "127.0.0.1:2"),
                ("JACKFIELD_MAX_DELIVERIES", "9"),
                ("HOME", "/"),
            ],
        )
        .unwrap();
        assert_eq!(config.public_listen.port(), 2);
        assert_eq!(
            (config.max_instances, config.max_deliveries, config.drain.0.as_secs()),
            (300, 9, 5)
        );
    }

    #[test]
    fn every_key_can_be_a_variable() {
        let sample = |key| match key {
            "public_listen" | "admin_listen" => "127.0.0.1:9",
            "log_format" => "json",
            "max_deliveries" | "max_instances" => "77",
            "drain" => "9s",
            _ => "debug",
        };
        for key in KEYS {
            let name = format!("JACKFIELD_{}", key.to_ascii_uppercase());
            let max = if key == "max_instances" {
                "max_deliveries = 7"
            } else {
                ""
            };
            let changed = load(max, &[(&name, sample(key))]).unwrap();
            assert_ne!(changed, load(max, &[]).unwrap(), "{name}");
        }
    }

    #[test]
    fn a_wrong_key_or_value_names_the_line_and_what_is_allowed() {
        let error = load("log = \"info\"\npublic_lisen = \"x\"", &[]).unwrap_err();
        for part in [
            "jackfield.toml",
            "line 2",
            "public_lisen",
            "public_listen",
            "max_deliveries",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        let error = load("\nlog_format = \"xml\"", &[]).unwrap_err();
        for part in ["line 2", "auto", "json", "pretty"] {
            assert!(error.contains(part), "{part} in {error}");
        }
        let error = load("", &[("JACKFIELD_PUBLIC_LISEN", "x")]).unwrap_err();
        for part in ["JACKFIELD_PUBLIC_LISEN", "JACKFIELD_PUBLIC_LISTEN"] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(
            load("", &[("JACKFIELD_MAX_INSTANCES", "many")])
                .unwrap_err()
                .contains("JACKFIELD_MAX_INSTANCES")
        );
        assert!(load("max_deliveries = 0", &[]).unwrap_err().contains("1 to 10000"));
        for too_few in ["max_instances = 5", "max_instances = 256"] {
            assert!(load(too_few, &[]).unwrap_err().contains("raise max_instances"));
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::load(Some(Path::new("/nowhere/jackfield.toml")), std::iter::empty()).unwrap_err();
        assert!(
            error.to_string().starts_with("/nowhere/jackfield.toml: cannot be read"),
            "{error}"
        );
    }
}
