//! A host process that is told to stop, or disturbed, by signals, and an operator who has lost the token.

use std::path::Path;
use std::process::{Command, Output};

use jackfield_tests::process::{HostProcess, operator_token};

use super::BINARY;
use super::installation::install;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lame_duck_is_not_ready_and_accepts() {
    let data = tempfile::tempdir().unwrap();
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[("JACKFIELD_LAME_DUCK", "1h")]);
    // A client of its own for each request: a new connection must be accepted.
    let ready = async |base: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(format!("{base}/readyz")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ready(&host.public).await.0, 200);
    host.signal("TERM");
    host.wait_for_log("not ready any more").await;
    for base in [&host.public, &host.admin] {
        let (status, text) = ready(base).await;
        assert!(status == 503 && text.contains("accepting"), "{status} {text}");
    }
    let listed = host.json(&operator, &["token", "list"]);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "the host still serves");
    // A second SIGTERM changes nothing; a SIGINT ends the wait, and the host drains.
    host.signal("TERM");
    let (status, _, log) = host.stop("INT");
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(log.iter().any(|line| line.contains("drained")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_signals_do_not_end_the_host() {
    let data = tempfile::tempdir().unwrap();
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    for name in [
        "USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PIPE", "XFSZ", "STKFLT", "34", "64",
    ] {
        host.signal(name);
    }
    host.wait_for_log("SIGUSR2").await;
    let _ = host.json(&operator, &["token", "list"]);
    for name in ["QUIT", "PWR", "XCPU"] {
        let other = tempfile::tempdir().unwrap();
        let (status, _, log) = HostProcess::start(BINARY, other.path(), &[]).stop(name);
        assert_eq!(status.code(), Some(0), "{name}: {log:?}");
        assert!(log.iter().any(|line| line.contains("drained")), "{name}: {log:?}");
    }
    let (status, ..) = host.stop("TERM");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn first_token_file_is_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let data = tempfile::tempdir().unwrap();
    let (_, printed, log) = HostProcess::start(BINARY, data.path(), &[]).stop("TERM");
    let file = data.path().join("operator.token");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = operator_token(&printed);
    assert!(token.starts_with("jfo_") && !file.exists());
    assert!(
        printed.iter().chain(&log).all(|line| !line.contains(&token)),
        "{printed:?} {log:?}"
    );
}

fn recover(data: &Path) -> Output {
    let mut command = Command::new(BINARY);
    command.args(["token", "recover"]).env("JACKFIELD_DATA_DIR", data);
    command.output().unwrap()
}

fn printed_token(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn lost_operator_token_is_recovered() {
    let data = tempfile::tempdir().unwrap();
    let first = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &[]);
    let output = recover(data.path());
    let token = printed_token(&output);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("accepts it from now on"),
        "{output:?}"
    );
    let listed = host.json(&token, &["token", "list"]);
    assert_eq!(
        listed["items"][0]["label"], "made by `jackfield token recover`",
        "{listed}"
    );
    let audit = host.json(&token, &["audit", "list"]);
    let recovered = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["status"] == 201)
        .unwrap();
    assert_eq!(
        (&recovered["actor"], &recovered["action"]),
        (&"host".into(), &"token recover".into()),
        "{audit}"
    );
    // The lost token can be revoked now.
    let lost = listed["items"][1]["id"].as_str().unwrap();
    let _ = host.json(&token, &["token", "revoke", lost]);
    assert_eq!(host.cli(&first, &["token", "list"]).status.code(), Some(1));
    let (_, _, log) = host.stop("TERM");
    assert!(log.iter().any(|line| line.contains("token recover")) && !log.iter().any(|line| line.contains(&token)));

    // A host that does not run accepts it when it starts.
    let output = recover(data.path());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the next start accepts it"),
        "{output:?}"
    );
    let host = HostProcess::start(BINARY, data.path(), &[]);
    let _ = host.json(&printed_token(&output), &["token", "list"]);
    let (status, ..) = host.stop("TERM");
    assert_eq!(status.code(), Some(0));
    let nowhere = recover(&data.path().join("nowhere"));
    assert!(
        String::from_utf8_lossy(&nowhere.stderr).contains("no data directory"),
        "{nowhere:?}"
    );
}
