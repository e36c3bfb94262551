//! Every setting can be set in the file and by a variable, and errors name what is wrong.

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jackfield.toml");
    std::fs::write(&path, text).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load(Some(&path), variables).map_err(|error| error.to_string())
}

#[test]
fn every_setting_is_optional() {
    assert_eq!(Config::load(None, std::iter::empty()).unwrap(), Config::default());
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn example_has_every_key_with_its_default() {
    let example = include_str!("../../../../jackfield.example.toml");
    assert_eq!(load(example, &[]).unwrap(), Config::default());
    let written: Vec<_> = example.parse::<Table>().unwrap().keys().cloned().collect();
    let all: Vec<_> = Config::defaults().keys().cloned().collect();
    assert_eq!(written, all);
}

#[test]
fn variables_override_the_file() {
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
fn master_key_is_read_from_variables_only() {
    // Neither debug output nor errors show it.
    let both = [
        ("JACKFIELD_MASTER_KEY", "hunter2"),
        ("JACKFIELD_MASTER_KEY_OLD", "hunter1"),
    ];
    let config = load("", &both).unwrap();
    assert_eq!(config.master_key.key.as_ref().unwrap().expose(), "hunter2");
    assert_eq!(config.master_key.old.as_ref().unwrap().expose(), "hunter1");
    assert!(!format!("{config:?}").contains("hunter"));
    let error = load("", &both[1..]).unwrap_err();
    assert!(
        error.contains("JACKFIELD_MASTER_KEY_OLD") && !error.contains("hunter"),
        "{error}"
    );
    assert!(load("master_key = \"x\"", &[]).unwrap_err().contains("line 1"));
}

#[test]
fn every_key_can_be_a_variable() {
    let sample = |key| match key {
        "public_listen" | "admin_listen" => "127.0.0.1:9",
        "log_format" => "json",
        "cleartext_http2" => "true",
        "lame_duck" | "drain" | "header_timeout" | "body_timeout" | "idle_timeout" => "9s",
        "trusted_proxies" => "10.0.0.0/8, 192.0.2.1",
        "data_dir" | "master_key_file" | "log" => "debug",
        key if key.contains("_tls_") => "server.pem",
        "guest_memory_mib" => "777",
        _ => "77",
    };
    for key in Config::defaults().keys() {
        let name = format!("JACKFIELD_{}", key.to_ascii_uppercase());
        // Other settings that this one requires.
        let required = match key.as_str() {
            "max_instances" => "max_deliveries = 7",
            "max_connections" => "max_connections_per_address = 7",
            key if key.starts_with("public_tls_") => "public_tls_cert = \"c.pem\"\npublic_tls_key = \"k.pem\"",
            key if key.starts_with("admin_tls_") => "admin_tls_cert = \"c.pem\"\nadmin_tls_key = \"k.pem\"",
            _ => "",
        };
        let changed = load(required, &[(&name, sample(key))]).unwrap();
        assert_ne!(changed, load(required, &[]).unwrap(), "{name}");
    }
}

#[test]
fn text_may_look_like_a_number() {
    let config = load("", &[("JACKFIELD_DATA_DIR", "2026")]).unwrap();
    assert_eq!(config.data_dir, Path::new("2026"));
}

#[test]
fn lists_in_variables_have_commas() {
    let config = load(
        "trusted_proxies = [\"192.0.2.1\"]",
        &[("JACKFIELD_TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8")],
    );
    let written: Vec<_> = config
        .unwrap()
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(written, ["10.0.0.0/8", "fd00::/8"]);
    assert_eq!(
        load("", &[("JACKFIELD_TRUSTED_PROXIES", "")]).unwrap(),
        Config::default()
    );
}

#[test]
fn errors_say_what_is_allowed() {
    for (text, expected) in [
        ("max_connections = 0", "max_connections is 0"),
        (
            "max_connections = 5",
            "max_connections_per_address is 1024; it must be 1 to 5",
        ),
        ("header_timeout = \"0s\"", "header_timeout must be 1s to 1h"),
        ("idle_timeout = \"2h\"", "idle_timeout must be 1s to 1h"),
        ("tenant_per_second = 0", "line 1"),
        ("trusted_proxies = [\"10.0.0.1/8\"]", "10.0.0.0/8"),
        ("trusted_proxies = [\"balancer\"]", "203.0.113.0/24"),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "not everybody"),
        ("public_tls_cert = \"server.pem\"", "public_tls_key go together"),
        ("admin_tls_key = \"server.key\"", "admin_tls_key go together"),
    ] {
        let error = load(text, &[]).unwrap_err();
        assert!(error.contains(expected), "{expected} in {error}");
    }
}

#[test]
fn errors_name_the_line_or_the_variable() {
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
    assert!(
        load("", &[("JACKFIELD_MAX_INSTANCES", "many")])
            .unwrap_err()
            .contains("JACKFIELD_MAX_INSTANCES")
    );
    assert!(load("max_deliveries = 0", &[]).unwrap_err().contains("1 to 10000"));
    assert!(
        load("max_instances = 5", &[])
            .unwrap_err()
            .contains("raise max_instances")
    );
}

#[test]
fn errors_quote_no_value() {
    // A value may be a secret in the wrong place, or stand beside one.
    let canary = "whsec_Y2FuYXJ5Cg";
    let keys = Config::defaults();
    for key in keys.keys() {
        let name = format!("JACKFIELD_{}", key.to_ascii_uppercase());
        for (text, variables) in [
            (format!("{key} = \"{canary}\""), vec![]),
            (format!("{key} = [\"{canary}\", 5]"), vec![]),
            (format!("{key} = {canary}"), vec![]),
            (format!("{canary} = 1\n{key} = 5"), vec![]),
            (String::new(), vec![(name.as_str(), canary)]),
        ] {
            let shown = load(&text, &variables).err().unwrap_or_default();
            assert!(!shown.contains("whsec"), "{text}: {shown}");
            assert!(
                shown.is_empty() || shown.contains("line ") || shown.contains(&name) || shown.contains("_tls_"),
                "{shown}"
            );
        }
    }
}

#[test]
fn missing_file_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/jackfield.toml")), std::iter::empty()).unwrap_err();
    assert!(
        error.to_string().starts_with("/nowhere/jackfield.toml: cannot be read"),
        "{error}"
    );
}
