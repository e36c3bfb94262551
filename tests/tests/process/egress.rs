//! Outgoing requests go straight to the origins of the tenant's file, and denied ones are logged and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jackfield_tests::documents::{keystone_tenant, lead_created, minimal_disposition};
use jackfield_tests::fakes::{Agent, AgentConfig, Keystone, KeystoneConfig, KeystoneLead};
use jackfield_tests::node::{PUSH_SECRET, WEBHOOK_SECRET, sign};
use jackfield_tests::process::HostProcess;
use serde_json::Value;
use tokio::net::TcpListener;

use super::BINARY;
use super::installation::{agent_token, apply, install, push_keystone};

const VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxy_variables_are_ignored_and_denials_logged() {
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    keystone.seed(KeystoneLead::new("L"));
    let agent = Agent::start(AgentConfig::new(PUSH_SECRET)).await.unwrap();
    let (proxy, proxied) = proxy().await;
    let variables = VARIABLES.map(|name| (name, proxy.as_str()));
    let operator = install(data.path());
    let host = HostProcess::start(BINARY, data.path(), &variables);
    push_keystone(&host, &operator);
    let crm = keystone.origin();
    let parties = format!(
        "[webhook]\nsecrets = [{{ value = \"{WEBHOOK_SECRET}\" }}]\n\
         [agent]\npush_url = \"{}/leads\"\npush_secret = {{ value = \"{PUSH_SECRET}\" }}",
        agent.origin()
    );
    let tenant = keystone_tenant("t", &crm, "{ value = \"keystone-token\" }", &parties);
    let reads_only = format!("allow = [{{ origin = \"{crm}\", methods = [\"GET\"] }}]");
    let tenant = tenant.replace(&format!("allow = [\"{crm}\"]"), &reads_only);
    apply(&host, &operator, data.path(), &tenant);

    let metrics = traffic(&host, &operator, &agent).await;
    let (.., log) = host.stop("TERM");
    let refusals: Vec<Value> = log
        .iter()
        .filter(|line| line.contains("a request of the adapter was not sent"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(refusals.len(), 1, "{log:?}");
    for (member, value) in [
        ("level", "WARN"),
        ("tenant", "t"),
        ("release", "r1"),
        ("reason", "method-not-granted"),
        ("origin", crm.as_str()),
    ] {
        assert_eq!(refusals[0][member], value, "{refusals:?}");
    }
    assert!(
        !refusals[0].to_string().contains("/api"),
        "no path, it holds ids: {refusals:?}"
    );
    let counted = "jackfield_egress_refusals_total{tenant=\"t\",reason=\"method-not-granted\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert_eq!(proxied.load(Ordering::Relaxed), 0, "nothing went to the proxy");
    assert_eq!(keystone.stored().len(), 0, "the write was not granted");
}

/// Makes a status query and a push that go out, and a write that is denied. Returns the metrics.
async fn traffic(host: &HostProcess, operator: &str, agent: &Agent) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("{}/v1/tenants/t/leads", host.public);
    let token = &agent_token(host, operator, "t");
    let status = client.get(format!("{base}/L/status")).bearer_auth(token).send().await;
    assert_eq!(status.unwrap().status(), 200);

    let body = lead_created("L", "KEY-1").to_string();
    let now = jackfield_clock::Clock::now(&jackfield_clock::SystemClock)
        .as_second()
        .to_string();
    let lead = client
        .post(&base)
        .header("webhook-id", "m1")
        .header("webhook-timestamp", &now)
        .header("webhook-signature", sign("m1", &now, body.as_bytes()));
    assert_eq!(lead.body(body).send().await.unwrap().status(), 202);
    while agent.stored().is_empty() {
        tokio::task::yield_now().await;
    }

    let disposition = client.post(format!("{base}/L/disposition")).bearer_auth(token);
    let disposition = disposition.json(&minimal_disposition("C-1", "no_answer"));
    assert_eq!(disposition.send().await.unwrap().status(), 202);
    host.wait_for_log("not delivered").await;
    let metrics = client.get(format!("{}/metrics", host.admin)).send().await.unwrap();
    metrics.text().await.unwrap()
}

/// A proxy that counts connections and serves none.
async fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (address, connections)
}
