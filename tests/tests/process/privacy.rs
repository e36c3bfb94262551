//! No secret and no personal data in the log or the metrics (promise 10).

use jackfield_tests::documents::{disposition, keystone_tenant, lead_created};
use jackfield_tests::fakes::{Behaviour, Keystone, KeystoneConfig, KeystoneLead, Mode};
use jackfield_tests::node::sign;
use jackfield_tests::process::{HostProcess, operator_token};

use super::BINARY;
use super::installation::{agent_token, apply, drain, push_keystone};

/// Texts that must never show: a lead's name, numbers and texts, and every secret.
const CANARIES: [&str; 9] = [
    "Canary Sharma",
    "9123456780",
    "9123456781",
    "Canary Towers",
    "storage.agent.example",
    "crm-canary-token",
    "d2ViaG9vay1jYW5hcnktc2VjcmV0LTAxMjM0NTY3",
    "webhook-canary-secret",
    "canary-remark",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_canary_is_logged_or_counted() {
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("crm-canary-token")).await.unwrap();
    keystone.seed(KeystoneLead::new("L"));
    let (_, printed, first_log) = HostProcess::start(BINARY, data.path(), &[]).stop("TERM");
    let operator = operator_token(&printed);
    let log_level = [("JACKFIELD_LOG", "debug"), ("CANARY_CRM_TOKEN", "crm-canary-token")];
    let host = HostProcess::start(BINARY, data.path(), &log_level);
    push_keystone(&host, &operator);
    let webhook = "[webhook]\nsecrets = [{ value = \"whsec_d2ViaG9vay1jYW5hcnktc2VjcmV0LTAxMjM0NTY3\" }]";
    let tenant = keystone_tenant("t", &keystone.origin(), "{ env = \"CANARY_CRM_TOKEN\" }", webhook);
    apply(&host, &operator, data.path(), &tenant);
    let agent = agent_token(&host, &operator, "t");

    traffic(&host, &keystone, &agent).await;
    drain(&host, &operator);
    let metrics = metrics(&host).await;
    let (_, printed, log) = host.stop("TERM");
    assert!(log.len() > 20, "there is a log to search: {log:?}");
    assert!(
        log.iter()
            .any(|line| line.contains("\"delivery\":\"dlv_") && line.contains("\"release\":\"r1\"")),
        "{log:?}"
    );
    assert!(log.iter().any(|line| line.contains("\"request_id\":\"req_")), "{log:?}");
    let everything = first_log
        .iter()
        .chain(&printed)
        .chain(&log)
        .map(String::as_str)
        .chain(metrics.lines());
    for line in everything {
        for canary in CANARIES {
            assert!(!line.contains(canary), "{canary} in {line}");
        }
    }
}

/// Sends a lead's data through every path, refusals and failures included.
async fn traffic(host: &HostProcess, keystone: &Keystone, agent: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("{}/v1/tenants/t/leads", host.public);
    let mut lead = lead_created("L", "KEY-1");
    lead["lead"]["name"] = "Canary Sharma".into();
    lead["lead"]["phone"] = "+919123456780".into();
    lead["lead"]["phone_alt"] = "+919123456781".into();
    lead["lead"]["project_interest"] = "Canary Towers".into();
    let mut wrong = lead.clone();
    wrong["lead"]["created_at"] = "Canary Sharma".into();
    for (id, body, status) in [("m1", &lead, 202), ("m1", &lead, 200), ("m2", &wrong, 422)] {
        let body = body.to_string();
        let now = jackfield_clock::Clock::now(&jackfield_clock::SystemClock)
            .as_second()
            .to_string();
        let request = client
            .post(&base)
            .header("webhook-id", id)
            .header("webhook-timestamp", &now)
            .header("webhook-signature", sign(id, &now, body.as_bytes()));
        assert_eq!(request.body(body).send().await.unwrap().status(), status);
    }
    assert_eq!(
        client.post(&base).body(lead.to_string()).send().await.unwrap().status(),
        401
    );

    let mut document = disposition("C-1", "other canary-remark");
    document["remark"] = "canary-remark Canary Sharma +919123456780".into();
    let post = |lead: &str, body: &serde_json::Value| {
        client
            .post(format!("{base}/{lead}/disposition"))
            .bearer_auth(agent)
            .json(body)
            .send()
    };
    assert_eq!(post("L", &document).await.unwrap().status(), 202);
    assert_eq!(
        post("NOBODY", &disposition("C-2", "no_answer")).await.unwrap().status(),
        202
    );
    assert_eq!(
        post("L", &serde_json::json!({"name": "Canary Sharma"}))
            .await
            .unwrap()
            .status(),
        422
    );
    for mode in [Mode::Ok, Mode::FailAfterStore, Mode::Down] {
        keystone.behave(Behaviour::always(mode));
        let status = client
            .get(format!("{base}/L/status"))
            .bearer_auth(agent)
            .send()
            .await
            .unwrap();
        assert!(status.text().await.unwrap().contains("callable"));
    }
    keystone.behave(Behaviour::always(Mode::Ok));
}

/// The metrics page. Asserts that it has every documented metric.
async fn metrics(host: &HostProcess) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = client
        .get(format!("{}/metrics", host.admin))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for name in [
        "jackfield_accepted_total",
        "jackfield_refused_total",
        "jackfield_attempts_total",
        "jackfield_deliveries",
        "jackfield_queue_depth",
        "jackfield_queue_oldest_age_seconds",
        "jackfield_write_back_seconds_bucket",
        "jackfield_status_query_seconds_bucket",
        "jackfield_status_answers_total",
        "jackfield_adapter_calls_total",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    metrics
}
