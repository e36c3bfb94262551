//! The environment: which variables are this host's settings and secrets, and which are somebody else's.
//!
//! A variable that the host does not know never keeps it from starting. Kubernetes sets a dozen for every service in
//! reach, and for a service named `jackfield` all of them begin as the host's own do.

use std::ffi::OsString;

use toml::{Table, Value};

use super::{Config, ConfigError};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::wrong_input::without_input;

/// The prefix of the host's variables.
const PREFIX: &str = "JACKFIELD_";
/// The prefix of variables that are not settings, because they contain tenants' secrets.
const SECRET_PREFIX: &str = "JACKFIELD_SECRET_";
/// Variables with the prefix that are not settings of the host, but of the command line and of adapters' builds.
pub(super) const OTHER_VARIABLES: [&str; 5] = [
    "JACKFIELD_ADMIN_CA",
    "JACKFIELD_ADMIN_URL",
    "JACKFIELD_CONFIG",
    "JACKFIELD_TOKEN",
    "JACKFIELD_TOOLS",
];
/// The variable of the master key. It is not a setting, because it must not be in a file with settings.
pub(super) const MASTER_KEY: &str = "JACKFIELD_MASTER_KEY";
/// The variable of the previous master key, during a rotation.
pub(super) const MASTER_KEY_OLD: &str = "JACKFIELD_MASTER_KEY_OLD";

/// A master key from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentMasterKey {
    /// `JACKFIELD_MASTER_KEY`, which seals and unseals.
    pub key: Option<Sensitive>,
    /// `JACKFIELD_MASTER_KEY_OLD`, which unseals secrets, so that they can be sealed with the other one.
    pub old: Option<Sensitive>,
}

/// What an operator should know about the environment, to be logged once the log is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentRemarks {
    /// Variables with the host's prefix that it does not know.
    pub unknown: Vec<String>,
    /// Secrets that were trimmed.
    pub trimmed: Vec<&'static str>,
}

impl EnvironmentRemarks {
    /// Logs them.
    pub fn log(&self) {
        if !self.unknown.is_empty() {
            let variables = self.unknown.join(", ");
            tracing::warn!(
                variables,
                "these environment variables begin like the host's but are not its settings, and are ignored; \
                 variables for tenants' secrets begin with {SECRET_PREFIX}"
            );
        }
        for variable in &self.trimmed {
            tracing::info!(
                variable,
                "a byte-order mark or line ends around a secret are not part of it"
            );
        }
    }
}

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub settings: Table,
    pub master_key: EnvironmentMasterKey,
    pub remarks: EnvironmentRemarks,
}

/// Reads the variables with the host's prefix.
///
/// # Errors
/// The value of a setting is wrong.
pub(super) fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Variables, ConfigError> {
    let defaults = Config::defaults();
    let mut found = Variables::default();
    for (name, value) in variables {
        // A name that is not UTF-8 is not one of the host's.
        let Ok(name) = name.into_string() else { continue };
        let Some(key) = name.strip_prefix(PREFIX) else { continue };
        if name.starts_with(SECRET_PREFIX) || OTHER_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let key = key.to_ascii_lowercase();
        let is_key = name == MASTER_KEY || name == MASTER_KEY_OLD;
        if !is_key && !defaults.contains_key(&key) {
            if !is_of_kubernetes(&name) {
                found.remarks.unknown.push(name);
            }
            continue;
        }
        let Ok(text) = value.into_string() else {
            return Err(wrong(&name, "is not UTF-8"));
        };
        if is_key {
            let (secret, is_trimmed) = Sensitive::new(text).trimmed();
            let (name, slot) = if name == MASTER_KEY {
                (MASTER_KEY, &mut found.master_key.key)
            } else {
                (MASTER_KEY_OLD, &mut found.master_key.old)
            };
            *slot = Some(secret);
            found.remarks.trimmed.extend(is_trimmed.then_some(name));
        } else {
            let value = setting(&defaults, &key, &text).map_err(|detail| wrong(&name, &detail))?;
            found.settings.insert(key, value);
        }
    }
    found.remarks.unknown.sort_unstable();
    Ok(found)
}

pub(super) fn wrong(name: &str, detail: &str) -> ConfigError {
    ConfigError::Variable {
        name: name.to_owned(),
        detail: detail.to_owned(),
    }
}

/// The value of a setting as TOML, with the same type as the default; or what is wrong with it.
fn setting(defaults: &Table, key: &str, text: &str) -> Result<Value, String> {
    let as_text = || Value::String(text.to_owned());
    let value = match defaults.get(key) {
        Some(Value::Integer(_)) => text.parse().map_or_else(|_| as_text(), Value::Integer),
        Some(Value::Boolean(_)) => text.parse().map_or_else(|_| as_text(), Value::Boolean),
        Some(Value::Array(_)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => as_text(),
    };
    // The value is validated alone, so that an error names the variable.
    serde::Deserialize::deserialize(Table::from_iter([(key.to_owned(), value.clone())]))
        .map(|_: Config| value)
        .map_err(|error: toml::de::Error| without_input(error.message().trim(), &[text]))
}

/// Whether a name has one of the forms that Kubernetes and container links give the variables of a service:
/// `{SERVICE}_SERVICE_HOST`, `{SERVICE}_SERVICE_PORT`, `{SERVICE}_SERVICE_PORT_{NAME}`, `{SERVICE}_PORT`, and
/// `{SERVICE}_PORT_{n}_TCP` with `_PROTO`, `_PORT` or `_ADDR` after it. No name of the host has such a form.
pub(super) fn is_of_kubernetes(name: &str) -> bool {
    let is_port = |rest: &str| {
        let Some(rest) = rest.strip_prefix('_') else {
            return rest.is_empty();
        };
        let mut parts = rest.split('_');
        let number = parts
            .next()
            .is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        let protocol = matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"));
        number
            && protocol
            && matches!(
                (parts.next(), parts.next()),
                (None | Some("PROTO" | "PORT" | "ADDR"), None)
            )
    };
    let service_port = |rest: &str| rest.is_empty() || rest.starts_with('_');
    name.ends_with("_SERVICE_HOST")
        || name
            .match_indices("_SERVICE_PORT")
            .any(|(at, form)| service_port(&name[at + form.len()..]))
        || name
            .match_indices("_PORT")
            .any(|(at, form)| is_port(&name[at + form.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pairs(pairs: &[(&str, &str)]) -> Variables {
        read(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()))).unwrap()
    }

    #[test]
    fn forms_of_kubernetes_are_ignored() {
        let tcp = "tcp://10.96.0.7:8080";
        let foreign = [
            "JACKFIELD_SERVICE_HOST",
            "JACKFIELD_SERVICE_PORT",
            "JACKFIELD_SERVICE_PORT_HTTP",
            "JACKFIELD_PORT",
            "JACKFIELD_PORT_8080_TCP",
            "JACKFIELD_PORT_8080_TCP_PROTO",
            "JACKFIELD_PORT_8080_TCP_PORT",
            "JACKFIELD_PORT_8080_TCP_ADDR",
            "JACKFIELD_PORT_53_UDP_ADDR",
            "JACKFIELD_PORT_9_SCTP",
            "JACKFIELD_ADMIN_SERVICE_HOST",
            "JACKFIELD_ADMIN_SERVICE_PORT_ADMIN_API",
            "JACKFIELD_ADMIN_PORT_8081_TCP_ADDR",
            "JACKFIELD_PUBLIC_LISTEN_PORT",
            "JACKFIELD_TOOLS",
            "JACKFIELD_SECRET_CRM",
        ];
        let read = read_pairs(&foreign.map(|name| (name, tcp)));
        assert!(
            read.settings.is_empty() && read.remarks == EnvironmentRemarks::default(),
            "{read:?}"
        );
    }

    #[test]
    fn no_name_of_the_host_has_such_a_form() {
        let settings = Config::defaults();
        let settings = settings
            .keys()
            .map(|key| format!("{PREFIX}{}", key.to_ascii_uppercase()));
        let others = OTHER_VARIABLES.into_iter().chain([MASTER_KEY, MASTER_KEY_OLD]);
        for name in settings.chain(others.map(str::to_owned)) {
            assert!(!is_of_kubernetes(&name), "{name}");
        }
    }

    #[test]
    fn unknown_names_are_not_refused() {
        for odd in [
            "JACKFIELD_PORTS",
            "JACKFIELD_PORT_X_TCP",
            "JACKFIELD_PORT_80_TCP_NAME",
            "JACKFIELD_SERVICE_HOSTS",
            "JACKFIELD_SERVICE_PORTS",
            "JACKFIELD_",
            "JACKFIELD_PUBLIC_LISEN",
        ] {
            assert_eq!(read_pairs(&[(odd, "x")]).remarks.unknown, [odd]);
        }
        assert_eq!(read_pairs(&[("JACKFIEL", "x"), ("HOME", "/")]).remarks.unknown, [""; 0]);
    }

    #[test]
    fn odd_bytes_stop_nothing() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(vec![b'J', 0xff]);
        let foreign = [
            (odd.clone(), odd.clone()),
            ("JACKFIELD_PORT".into(), odd.clone()),
            ("X".into(), odd.clone()),
        ];
        assert!(read(foreign.into_iter()).unwrap().settings.is_empty());
        let error = read([("JACKFIELD_LOG".into(), odd)].into_iter())
            .unwrap_err()
            .to_string();
        assert_eq!(error, "environment variable JACKFIELD_LOG: is not UTF-8");
    }

    #[test]
    fn trimmed_keys_are_remarked_on() {
        let read = read_pairs(&[(MASTER_KEY, "\u{feff}key\r\n"), (MASTER_KEY_OLD, "old")]);
        let shown = |key: Option<Sensitive>| key.map(|key| key.expose().to_owned());
        assert_eq!(shown(read.master_key.key).as_deref(), Some("key"));
        assert_eq!(shown(read.master_key.old).as_deref(), Some("old"));
        assert_eq!(read.remarks.trimmed, [MASTER_KEY]);
    }
}
