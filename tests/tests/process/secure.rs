//! A host process with TLS: the command line as its client, and certificates reloaded on SIGHUP.

use std::fs;
use std::path::{Path, PathBuf};

use jackfield_tests::process::{HostProcess, operator_token};

use super::BINARY;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_listeners_serve_tls_and_reload_on_hup() {
    let data = tempfile::tempdir().unwrap();
    let (cert, key) = (data.path().join("server.pem"), data.path().join("server.key"));
    fs::copy(fixture("first.pem"), &cert).unwrap();
    fs::copy(fixture("first.key"), &key).unwrap();
    let ca = fixture("ca.pem");
    let variables = [
        ("JACKFIELD_PUBLIC_TLS_CERT", text(&cert)),
        ("JACKFIELD_PUBLIC_TLS_KEY", text(&key)),
        ("JACKFIELD_ADMIN_TLS_CERT", text(&cert)),
        ("JACKFIELD_ADMIN_TLS_KEY", text(&key)),
    ];
    let (_, printed, _) = HostProcess::start(BINARY, data.path(), &variables).stop("TERM");
    assert!(
        printed.iter().any(|line| line.contains("JACKFIELD_ADMIN_URL=https://")),
        "{printed:?}"
    );
    let token = operator_token(&printed);
    let host = HostProcess::start(BINARY, data.path(), &variables);

    let listed = host.cli(&token, &["--admin-ca", text(&ca), "adapter", "list"]);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let stranger = host.cli(&token, &["adapter", "list"]);
    assert_eq!(stranger.status.code(), Some(1), "an unknown authority is not trusted");
    let wrong = host.cli(&token, &["--admin-ca", text(&key), "adapter", "list"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("holds no certificate"));

    let authority = reqwest::Certificate::from_pem(&fs::read(&ca).unwrap()).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    let expiry = async || {
        let page = client.get(format!("{}/metrics", host.admin)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let values = page
            .lines()
            .filter_map(|line| line.strip_prefix("jackfield_tls_certificate_expiry_seconds{"));
        values
            .map(|line| line.rsplit_once(' ').unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        client
            .get(format!("{}/healthz", host.public))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(expiry().await, ["4417977600", "4417977600"]);
    fs::copy(fixture("second.pem"), &cert).unwrap();
    fs::copy(fixture("second.key"), &key).unwrap();
    host.signal("HUP");
    host.wait_for_log("reloading the certificates").await;
    while expiry().await != ["4449513600", "4449513600"] {
        tokio::task::yield_now().await;
    }
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    let pem = fs::read_to_string(&key).unwrap();
    let secret = pem.lines().nth(1).unwrap();
    assert!(log.iter().all(|line| !line.contains(secret)));
}

#[test]
fn unusable_certificate_prevents_the_start() {
    let data = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(BINARY)
        .arg("serve")
        .env("JACKFIELD_DATA_DIR", data.path())
        .env("JACKFIELD_PUBLIC_LISTEN", "127.0.0.1:0")
        .env("JACKFIELD_ADMIN_LISTEN", "127.0.0.1:0")
        .env("JACKFIELD_PUBLIC_TLS_CERT", fixture("first.pem"))
        .env("JACKFIELD_PUBLIC_TLS_KEY", fixture("second.key"))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("public listener") && message.contains("does not belong"),
        "{message}"
    );
}

#[test]
fn plain_listener_on_a_public_address_warns() {
    let data = tempfile::tempdir().unwrap();
    let everywhere = [("JACKFIELD_PUBLIC_LISTEN", "0.0.0.0:0")];
    let (_, _, log) = HostProcess::start(BINARY, data.path(), &everywhere).stop("TERM");
    let warned = |listener: &str| {
        let about = format!("set {listener}_tls_cert");
        log.iter()
            .any(|line| line.contains("in the clear") && line.contains(&about))
    };
    assert!(warned("public") && !warned("admin"), "{log:?}");
}
