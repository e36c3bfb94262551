//! Promise 6: no secret enters a sandbox, a log, an error, a dead letter or a dump.
//!
//! A host gets secrets of every kind and sends them to CRMs that echo every request. Then everything that the host
//! wrote, answered or stored is searched for them, in every encoding; and the adapter has searched its own memory.

use std::path::Path;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path as UrlPath;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, StatusCode};
use jackfield_tests::components::path;
use jackfield_tests::documents::{lead_created, minimal_disposition};
use jackfield_tests::fakes::{Agent, AgentConfig};
use jackfield_tests::process::{HostProcess, operator_token};
use serde_json::Value;
use sha2::Sha256;

use super::BINARY;
use super::forms::Search;
use super::installation::{agent_token, drain};

/// From an environment variable of the host, as a bearer token.
const BEARER: &str = "bearer-canary-7Qx2mZ";
/// From `jackfield secrets set`, as a password.
const PASSWORD: &str = "stored-canary-k4Wd9T";
/// Written out in the tenant's file, sent in a header of the CRM.
const HEADER: &str = "header-canary-Lp03vB";
/// From a file of the host, as a signing key.
const SIGNING: &str = "hmac-canary-yN81rC";
/// Signs webhooks.
const WEBHOOK: &str = "webhook-canary-secret-0123456789";
/// Signs pushes.
const PUSH: &str = "push-canary-secret-0123456789012";
/// Stored and never used.
const UNUSED: &str = "unused-canary-5hJ2sE";
const SECRETS: [&str; 7] = [BEARER, PASSWORD, HEADER, SIGNING, WEBHOOK, PUSH, UNUSED];
/// Everything but the compiler's log, which is a gigabyte and only about components.
const LOG: &str = "trace,cranelift_codegen=info,cranelift_frontend=info,wasmtime_internal_cranelift=info";
/// Is in the guest's memory, to show that its search works.
const CONTROL: &str = "control-in-plain-sight";

/// A CRM that echoes each request in a header and in the body, with a status that depends on the lead's id. Only for
/// the lead `down` it echoes credentials too: the host withholds such an answer and stops the adapter.
async fn echo(
    UrlPath(lead): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, String); 1], String) {
    let is_credential = |name: &str| matches!(name, "authorization" | "x-crm-key" | "x-signature");
    let sent = headers
        .iter()
        .filter(|(name, _)| lead == "down" || !is_credential(name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    let sent: Vec<_> = sent.collect();
    let status = match lead.as_str() {
        "refused" => StatusCode::UNPROCESSABLE_ENTITY,
        "down" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let text = format!("you sent {} and {}", sent.join("; "), String::from_utf8_lossy(&body));
    (status, [("x-echo", sent.join("; "))], text)
}

async fn start_crm() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/{lead}", axum::routing::any(echo));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    origin
}

fn whsec(secret: &str) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// Fails if `bytes` hold a secret.
#[track_caller]
fn assert_clean(place: &str, bytes: &[u8]) {
    static SEARCH: LazyLock<Search> = LazyLock::new(|| Search::new(&SECRETS));
    if let Some((secret, at)) = SEARCH.find(bytes) {
        let around = String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 200)]);
        panic!("{secret} in {place}: {around}");
    }
}

fn tenant_file(crms: &[String; 3], agent: &str, key_file: &Path) -> String {
    let needles = std::iter::once(CONTROL).chain(SECRETS).map(|needle| {
        let masked: Vec<_> = needle.bytes().map(|byte| byte ^ 0x5a).collect();
        hex::encode(masked)
    });
    let needles: Vec<_> = needles.collect();
    let [bearer, basic, header] = crms;
    format!(
        r#"
        tenant = "t"
        adapter = "memory-scanner"
        [settings]
        bearer_url = "{bearer}"
        basic_url = "{basic}"
        header_url = "{header}"
        control = "{CONTROL}"
        needles = "{}"
        [egress]
        allow = ["{bearer}", "{basic}", "{header}"]
        private_addresses = true
        [[credentials]]
        name = "bearer"
        kind = "bearer"
        secret = {{ env = "CANARY_BEARER" }}
        origins = ["{bearer}"]
        [[credentials]]
        name = "basic"
        kind = "basic"
        username = "host"
        secret = {{ stored = "crm-password" }}
        origins = ["{basic}"]
        [[credentials]]
        name = "header"
        kind = "header"
        header = "x-crm-key"
        secret = {{ value = "{HEADER}" }}
        origins = ["{header}"]
        [[credentials]]
        name = "signing"
        kind = "hmac"
        secret = {{ file = "{}" }}
        [webhook]
        secrets = [{{ value = "{}" }}]
        [agent]
        push_url = "{agent}/leads"
        push_secret = {{ value = "{}" }}
        [delivery]
        retry = ["0s"]
        [limits]
        cpu_ms = 30000
        status_deadline_ms = 10000
        write_deadline_ms = 30000
        "#,
        needles.join(","),
        key_file.display(),
        whsec(WEBHOOK),
        whsec(PUSH),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_found_anywhere() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let crms = [start_crm().await, start_crm().await, start_crm().await];
    let agent = Agent::start(AgentConfig::new(whsec(PUSH))).await.unwrap();
    let (_, first_printed, first_log) = HostProcess::start(BINARY, data.path(), &[]).stop("TERM");
    let operator = operator_token(&first_printed);
    let variables = [("JACKFIELD_LOG", LOG), ("CANARY_BEARER", BEARER)];
    let host = HostProcess::start(BINARY, data.path(), &variables);

    let mut outputs = vec![];
    for (name, value) in [("crm-password", PASSWORD), ("unused", UNUSED), ("unused", UNUSED)] {
        let done = host.cli_with_input(&operator, &["secrets", "set", "t", name], &format!("{value}\n"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        outputs.push(done);
    }
    outputs.push(host.cli(
        &operator,
        &["adapter", "push", path("memory-scanner").to_str().unwrap()],
    ));
    let key_file = elsewhere.path().join("signing");
    std::fs::write(&key_file, SIGNING).unwrap();
    let file = elsewhere.path().join("tenant.toml");
    std::fs::write(&file, tenant_file(&crms, &agent.origin(), &key_file)).unwrap();
    for arguments in [
        &["tenant", "apply", file.to_str().unwrap()][..],
        &["tenant", "apply", file.to_str().unwrap(), "--dry-run", "--json"],
        &["secrets", "rotate-key"],
        &["secrets", "list", "t"],
        &["tenant", "show", "t"],
    ] {
        let done = host.cli(&operator, arguments);
        assert!(
            done.status.success(),
            "{arguments:?} {}",
            String::from_utf8_lossy(&done.stderr)
        );
        outputs.push(done);
    }
    // Invalid files: wrong values, unknown kinds, broken syntax.
    for (from, to) in [
        ("cpu_ms = 30000", "cpu_ms = 0"),
        ("kind = \"header\"", "kind = \"head\""),
        ("[limits]", "limits]"),
    ] {
        let wrong = elsewhere.path().join("wrong.toml");
        let text = tenant_file(&crms, &agent.origin(), &key_file).replace(from, to);
        std::fs::write(&wrong, text).unwrap();
        let done = host.cli(&operator, &["tenant", "apply", wrong.to_str().unwrap()]);
        assert!(!done.status.success());
        outputs.push(done);
    }
    outputs.push(host.cli_with_input(
        &operator,
        &["secrets", "set", "t", "crm-password"],
        &format!("{PASSWORD}\u{7f}\n"),
    ));

    let answers = traffic(&host, &operator).await;
    assert!(answers[0].contains("control 1, secrets 0"), "{}", answers[0]);
    settle(&host, &operator);
    let everything = read_admin_api(&host, &operator).await;
    assert!(search_files(data.path()) >= 6, "the write-ahead log and its index too");
    let (_, printed, log) = host.stop("TERM");
    let searched = log.join("\n");
    assert!(
        searched.contains("control 1, secrets 0") && searched.contains("TRACE"),
        "there is a log to search"
    );
    assert!(
        everything
            .iter()
            .any(|(_, text)| text.contains("refused") && text.contains("you sent")),
        "and an echo"
    );

    for done in &outputs {
        assert_clean("the command line", &[&done.stdout[..], &done.stderr].concat());
    }
    for text in &answers {
        assert_clean("an answer of the public API", text.as_bytes());
    }
    for (place, text) in &everything {
        assert_clean(place, text.as_bytes());
    }
    for line in first_log.iter().chain(&first_printed).chain(&printed).chain(&log) {
        assert_clean("the log", line.as_bytes());
    }
    assert!(
        search_files(data.path()) >= 4,
        "the database, its lock, and what was compiled with its key"
    );
}

/// Uses every secret, with every outcome. Returns the answers, a status query's first.
async fn traffic(host: &HostProcess, operator: &str) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("{}/v1/tenants/t/leads", host.public);
    let token = &agent_token(host, operator, "t");
    let mut answers = vec![];
    // The adapter's exchanges are recorded, and fetched at the end.
    let recording = client
        .post(format!("{}/v1/tenants/t/recording", host.admin))
        .bearer_auth(operator)
        .json(&serde_json::json!({ "calls": 500, "minutes": 60, "unmasked": true }));
    assert!(recording.send().await.unwrap().status().is_success());
    for lead in ["taken", "refused", "down"] {
        let asked = client
            .get(format!("{base}/{lead}/status"))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        answers.push(asked.text().await.unwrap());
        let call = minimal_disposition(&format!("C-{lead}"), "no_answer");
        let posted = client
            .post(format!("{base}/{lead}/disposition"))
            .bearer_auth(token)
            .json(&call);
        answers.push(posted.send().await.unwrap().text().await.unwrap());
    }
    let body = lead_created("pushed", "KEY-1").to_string();
    let now = jackfield_clock::Clock::now(&jackfield_clock::SystemClock)
        .as_second()
        .to_string();
    let sign = |key: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("m1.{now}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    for (key, status) in [(WEBHOOK.as_bytes(), 202), (b"another key", 401)] {
        let request = client
            .post(&base)
            .header("webhook-id", "m1")
            .header("webhook-timestamp", &now);
        let request = request.header("webhook-signature", sign(key)).body(body.clone());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        answers.push(answer.text().await.unwrap());
    }
    answers
}

/// Waits until there is nothing left to deliver.
fn settle(host: &HostProcess, operator: &str) {
    drain(host, operator);
    let states: Vec<Value> = host.json(operator, &["deliveries", "list"])["items"]
        .as_array()
        .unwrap()
        .clone();
    for state in ["done", "dead", "review"] {
        assert!(
            states.iter().any(|delivery| delivery["state"] == state),
            "{state} in {states:?}"
        );
    }
}

/// The answers of every GET route of the admin API for every object, with its metrics, its description and its
/// refusals.
async fn read_admin_api(host: &HostProcess, operator: &str) -> Vec<(String, String)> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str, token: &str| {
        let asked = client
            .get(format!("{}{path}", host.admin))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        (format!("GET {path}: {}", asked.status()), asked.text().await.unwrap())
    };
    let (_, description) = get("/openapi.json", operator).await;
    let parsed: Value = serde_json::from_str(&description).unwrap();
    let deliveries = host.json(operator, &["deliveries", "list"]);
    let deliveries: Vec<_> = deliveries["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    let mut found = vec![("the description".to_owned(), description)];
    for path in ["/metrics", "/healthz", "/readyz", "/v1/nothing"] {
        found.push(get(path, operator).await);
    }
    for (path, methods) in parsed["paths"].as_object().unwrap() {
        if methods.get("get").is_none() {
            continue;
        }
        let filled = path
            .replace("{tenant}", "t")
            .replace("{reference}", "memory-scanner")
            .replace("{number}", "r1");
        for lead in ["taken", "refused", "down", "pushed"] {
            for id in &deliveries {
                let filled = filled.replace("{lead}", lead).replace("{id}", id);
                assert!(!filled.contains('{'), "{filled}: give the parameter a value");
                if !found
                    .iter()
                    .any(|(place, _)| place.starts_with(&format!("GET {filled}:")))
                {
                    let answer = get(&filled, operator).await;
                    assert!(answer.0.ends_with("200 OK"), "{} {}", answer.0, answer.1);
                    found.push(answer);
                    found.push(get(&filled, "jfo_wrong").await);
                }
            }
        }
    }
    let taken = client
        .delete(format!("{}/v1/tenants/t/recording", host.admin))
        .bearer_auth(operator);
    let cassette = taken.send().await.unwrap().text().await.unwrap();
    assert!(cassette.contains("\"calls\""), "{cassette}");
    found.push(("the cassette".to_owned(), cassette));
    assert!(found.len() > 30, "{}", found.len());
    found
}

/// Searches every file of the installation except the master key; returns the number of files.
fn search_files(folder: &Path) -> usize {
    let mut searched = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            searched += search_files(&path);
        } else if path.file_name().unwrap() != "master.key" {
            assert_clean(&path.display().to_string(), &std::fs::read(&path).unwrap());
            searched += 1;
        }
    }
    searched
}
