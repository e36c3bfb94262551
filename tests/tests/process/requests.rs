//! What the log of a host process says about requests.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jackfield_tests::documents::{keystone_tenant, lead_created};
use jackfield_tests::fakes::{Keystone, KeystoneConfig};
use jackfield_tests::process::HostProcess;
use serde_json::Value;
use sha2::Sha256;

use super::BINARY;
use super::installation::{apply, install, push_keystone};

/// Sends a lead and half-closes the connection; returns what comes back.
fn send(host: &HostProcess, tenant: &str, signature: &str, body: &str) -> String {
    let address = host.public.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /v1/tenants/{tenant}/leads HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         x-hub-signature-256: {signature}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_closed_and_refused_leads_are_logged() {
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("a-token-of-this-test"))
        .await
        .unwrap();
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    push_keystone(&host, &operator);
    let webhook = "[webhook]\nprofile = \"sha256-hex\"\nsecrets = [{ value = \"case-secret\" }]";
    let tenant = keystone_tenant(
        "case-homes",
        &keystone.origin(),
        "{ value = \"a-token-of-this-test\" }",
        webhook,
    );
    apply(&host, &operator, data.path(), &tenant);

    let body = lead_created("L-07", "K-07").to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"case-secret").unwrap();
    mac.update(body.as_bytes());
    // As some vendors write it.
    let signature = format!("SHA256={}", hex::encode_upper(mac.finalize().into_bytes()));
    let answer = send(&host, "case-homes", &signature, &body);
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let forged = format!("sha256={}", "0f".repeat(32));
    for (tenant, signature) in [
        ("case-homes", forged.as_str()),
        ("made-up", &forged),
        ("case-homes", "none"),
    ] {
        let answer = send(&host, tenant, signature, &body);
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }

    let (_, _, log) = host.stop("TERM");
    let lines: Vec<Value> = log.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let answered: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "answered" && line["route"] == "/v1/tenants/{tenant}/leads")
        .map(|line| {
            let part = |name: &str| line["span"][name].as_str().unwrap_or("-").to_owned();
            (line["status"].as_u64().unwrap(), part("tenant"), part("reason"))
        })
        .collect();
    let expected = [
        (202, "case-homes", "-"),
        (401, "case-homes", "no-match"),
        (401, "-", "no-tenant"),
        (401, "case-homes", "malformed-header"),
    ];
    let expected = expected.map(|(status, tenant, reason)| (status, tenant.to_owned(), reason.to_owned()));
    assert_eq!(answered, expected, "{log:#?}");
    assert!(
        log.iter()
            .all(|line| !line.contains(&"0f".repeat(32)) && !line.contains("made-up"))
    );
}
