//! Rotating the master key of a host that is killed meanwhile, at any moment.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::{Keystone, KeystoneConfig};
use jackfield_tests::process::HostProcess;
use serde_json::Value;

use super::BINARY;
use super::installation::{apply, install, push_keystone};

/// Kills, each at another moment of the rotation.
const KILLS: u32 = 12;
/// Secrets to reseal: enough for the rotation to take a while.
const SECRETS: usize = 200;

/// The number of keys in a master key file.
fn keys_in(file: &Path) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_during_key_rotation_loses_no_secret() {
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    let operator = install(data.path());
    let mut host = HostProcess::start(BINARY, data.path(), &[]);
    push_keystone(&host, &operator);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for n in 0..SECRETS {
        let name = if n == 0 { "crm".into() } else { format!("other-{n}") };
        let put = client
            .put(format!("{}/v1/tenants/t/secrets/{name}", host.admin))
            .bearer_auth(&operator);
        assert_eq!(put.body("keystone-token").send().await.unwrap().status(), 200);
    }
    let tenant = keystone_tenant("t", &keystone.origin(), "{ stored = \"crm\" }", "");
    apply(&host, &operator, data.path(), &tenant);
    let key_file = data.path().join("master.key");

    let mut unfinished = 0;
    for kill in 0..KILLS {
        let request = client
            .post(format!("{}/v1/secrets/rotate-key", host.admin))
            .bearer_auth(&operator)
            .send();
        let asked = tokio::spawn(request);
        // Waits until both keys are in the file, and then a little longer each time.
        while keys_in(&key_file) < 2 && !asked.is_finished() {
            tokio::task::yield_now().await;
        }
        for _ in 0..kill * kill * 300 {
            tokio::task::yield_now().await;
        }
        host.kill();
        unfinished += u32::from(keys_in(&key_file) == 2);
        // The request may have been answered or not.
        drop(asked.await.unwrap());
        host = HostProcess::start(BINARY, data.path(), &[]);
        let listed = host.json(&operator, &["secrets", "list", "t", "--limit", "200"]);
        let items = listed["items"].as_array().unwrap();
        assert_eq!(items.len(), SECRETS);
        assert!(
            items
                .iter()
                .all(|item| item["opens"] == true && item["key"] == items[0]["key"]),
            "kill {kill}: {listed}"
        );
        let tenant = host.json(&operator, &["tenant", "show", "t"]);
        assert_eq!(
            (&tenant["serving"], &tenant["trouble"]),
            (&"r1".into(), &Value::Null),
            "kill {kill}"
        );
    }
    assert!(unfinished > 0, "some were killed between two steps");
    let trail = host.json(&operator, &["audit", "verify"]);
    assert_eq!(trail["intact"], true, "{trail}");
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
}

#[test]
fn unusable_master_key_prevents_the_start() {
    // An unusable master key prevents the start, and the error says why.
    let data = tempfile::tempdir().unwrap();
    let operator = install(data.path());
    let refused = |variables: &[(&str, &str)]| {
        let output = Command::new(BINARY)
            .arg("serve")
            .env("JACKFIELD_DATA_DIR", data.path())
            .env("JACKFIELD_PUBLIC_LISTEN", "127.0.0.1:0")
            .env("JACKFIELD_ADMIN_LISTEN", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let message = refused(&[("JACKFIELD_MASTER_KEY", "hunter2")]);
    assert!(
        message.contains("JACKFIELD_MASTER_KEY") && message.contains("openssl rand") && !message.contains("hunter2"),
        "{message}"
    );
    let message = refused(&[("JACKFIELD_MASTER_KEY_OLD", "hunter2")]);
    assert!(
        message.contains("JACKFIELD_MASTER_KEY_OLD") && !message.contains("hunter2"),
        "{message}"
    );
    let file = data.path().join("master.key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let message = refused(&[]);
    assert!(
        message.contains("chmod 600") && message.contains("master.key"),
        "{message}"
    );

    // A key from the environment is used instead of the file's, and cannot be rotated by the host.
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let host = HostProcess::start(BINARY, data.path(), &[("JACKFIELD_MASTER_KEY", key)]);
    let done = host.cli(&operator, &["secrets", "rotate-key"]);
    let message = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        !done.status.success() && message.contains("JACKFIELD_MASTER_KEY_OLD"),
        "{message}"
    );
    let (_, printed, log) = host.stop("TERM");
    assert!(printed.iter().chain(&log).all(|line| !line.contains(key)));
}

#[test]
fn audit_verify_fails_on_a_truncated_trail() {
    let data = tempfile::tempdir().unwrap();
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    let _ = host.json(&operator, &["token", "create", "--for", "operator"]);
    let trail = host.json(&operator, &["audit", "list"]);
    let items = trail["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[2]["actor"]), (3, &"host".into()), "{trail}");
    let verified = host.json(&operator, &["audit", "verify"]);
    let head = verified["head"].as_str().unwrap();
    let held = host.cli(&operator, &["audit", "verify", "--expect", head]);
    assert!(held.status.success());
    let other = format!("sha256:{}", "0".repeat(64));
    let held = host.cli(&operator, &["audit", "verify", "--expect", &other]);
    assert_eq!(held.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&held.stderr).contains("cut off at the end"));
    let (status, ..) = host.stop("TERM");
    assert_eq!(status.code(), Some(0));
}
