//! `jackfield adapter record`, from the command to the fixture files.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use http::StatusCode;
use jackfield_sdk::testing::Replay;
use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::{Keystone, KeystoneConfig, KeystoneLead};
use jackfield_tests::process::HostProcess;

use super::BINARY;
use super::installation::{agent_token, apply, install, push_keystone};

/// The command that records into `folder`.
fn record(host: &HostProcess, token: &str, folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(["adapter", "record", "--tenant", "t", folder.to_str().unwrap()])
        .args(more)
        .env("JACKFIELD_ADMIN_URL", &host.admin)
        .env("JACKFIELD_TOKEN", token)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invocations_become_fixture_files() {
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("canary-token")).await.unwrap();
    keystone.seed(KeystoneLead::new("L-1"));
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    push_keystone(&host, &operator);
    let tenant = keystone_tenant("t", &keystone.origin(), "{ value = \"canary-token\" }", "");
    apply(&host, &operator, data.path(), &tenant);
    let agent = agent_token(&host, &operator, "t");
    let cassette = data.path().join("cassette");

    let unconfirmed = record(&host, &operator, &cassette, &[]).output().unwrap();
    assert!(
        !unconfirmed.status.success() && text(&unconfirmed).contains("--yes-personal-data"),
        "{}",
        text(&unconfirmed)
    );
    assert!(!cassette.exists());

    let more = ["--calls", "1", "--yes-personal-data"];
    let recording = record(&host, &operator, &cassette, &more).spawn().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status_url = format!("{}/v1/tenants/t/recording", host.admin);
    while client
        .get(&status_url)
        .bearer_auth(&operator)
        .send()
        .await
        .unwrap()
        .status()
        != StatusCode::OK
    {
        tokio::task::yield_now().await;
    }
    let status = format!("{}/v1/tenants/t/leads/L-1/status", host.public);
    let status = client.get(status).bearer_auth(&agent);
    assert_eq!(status.send().await.unwrap().status(), StatusCode::OK);
    let ended = tokio::task::spawn_blocking(|| recording.wait_with_output().unwrap())
        .await
        .unwrap();
    assert!(
        ended.status.success() && text(&ended).contains("status-1.json"),
        "{}",
        text(&ended)
    );
    let recorded = std::fs::read_to_string(cassette.join("status-1.json")).unwrap();
    assert!(
        recorded.contains("L-1") && !recorded.contains("canary-token"),
        "{recorded}"
    );
    Replay::<keystone::Keystone>::of().with_lookup().folder(&cassette);

    // An abandoned recording can be ended by anyone.
    let begun = client
        .post(&status_url)
        .bearer_auth(&operator)
        .json(&serde_json::json!({}));
    assert_eq!(begun.send().await.unwrap().status(), StatusCode::CREATED);
    let taken = record(&host, &operator, &cassette, &["--yes-personal-data"])
        .output()
        .unwrap();
    assert!(text(&taken).contains("--end"), "{}", text(&taken));
    let ended = record(&host, &operator, &cassette, &["--end", "--yes-personal-data"])
        .output()
        .unwrap();
    assert!(
        ended.status.success() && text(&ended).contains("Nothing was recorded"),
        "{}",
        text(&ended)
    );
    let (status, _, log) = host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
}
