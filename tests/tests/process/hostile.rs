//! Hostile adapters in a host process whose memory can be measured: it does not grow or panic, and it keeps serving.

use std::path::Path;

use jackfield_tests::components::path;
use jackfield_tests::documents::keystone_tenant;
use jackfield_tests::fakes::{Keystone, KeystoneConfig, KeystoneLead};
use jackfield_tests::process::HostProcess;
use jackfield_tests::raw_guest::attacks::{ATTACKS, MEMORY_MIB, component, lead};
use jackfield_tests::raw_guest::{compile_bombs, encode, guest};
use serde_json::Value;

use super::BINARY;
use super::installation::{agent_token, apply, install};

/// How much the host may grow after its warm-up, in bytes.
const GROWTH: u64 = 64 << 20;
/// Repetitions of each attack.
const TIMES: usize = 5;
/// The attacks of `tests/guests/hostile` that need no hanging server.
const HOSTILE: [&str; 10] = [
    "loop", "grow", "panic", "recurse", "frames", "storm", "logstorm", "stdout", "badout", "secret",
];

/// A host with a well-behaved tenant and hostile ones.
struct Node {
    host: HostProcess,
    operator: String,
    client: reqwest::Client,
    keystone: Keystone,
}

impl Node {
    async fn start(data: &Path) -> Self {
        Self::with(data, &[]).await
    }

    /// With these settings.
    async fn with(data: &Path, settings: &[(&str, &str)]) -> Self {
        let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
        keystone.seed(KeystoneLead::new("L"));
        let operator = install(data);
        let node = Self {
            host: HostProcess::start(BINARY, data, settings),
            operator,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            keystone,
        };
        let _ = node.push(&path("keystone"));
        // Long enough for the good tenant to be answered even on a busy machine.
        let patient = "[limits]\nstatus_deadline_ms = 10000";
        let good = keystone_tenant(
            "good",
            &node.keystone.origin(),
            "{ value = \"keystone-token\" }",
            patient,
        );
        apply(&node.host, &node.operator, data, &good);
        node
    }

    fn push(&self, file: &Path) -> Value {
        self.host
            .json(&self.operator, &["adapter", "push", file.to_str().unwrap()])
    }

    /// Pushes a component that must be refused; returns the error.
    fn refused(&self, data: &Path, component: &[u8]) -> String {
        let file = data.join("refused.wasm");
        std::fs::write(&file, component).unwrap();
        let output = self
            .host
            .cli(&self.operator, &["adapter", "push", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Makes a tenant that uses `adapter`; returns its agent's token.
    fn bad_tenant(&self, data: &Path, name: &str, adapter: &str, memory_mib: u32) -> String {
        let origin = self.keystone.origin();
        let tenant = format!(
            "tenant = \"{name}\"\nadapter = \"{adapter}\"\nsettings.base_url = \"{origin}\"\n\
             egress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
             limits = {{ memory_mib = {memory_mib}, cpu_ms = 50 }}\n"
        );
        apply(&self.host, &self.operator, data, &tenant);
        agent_token(&self.host, &self.operator, name)
    }

    /// The status code of a status query.
    async fn status(&self, tenant: &str, token: &str, lead: &str) -> u16 {
        let url = format!("{}/v1/tenants/{tenant}/leads/{lead}/status", self.host.public);
        let answer = self.client.get(url).bearer_auth(token).send().await.unwrap();
        let status = answer.status().as_u16();
        let _ = answer.bytes().await.unwrap();
        status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_guests_do_not_harm_the_host() {
    // No attack makes the host grow, panic or stop serving.
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let node = Node::start(data).await;
    let good = agent_token(&node.host, &node.operator, "good");
    let raw_file = data.join("raw.wasm");
    std::fs::write(&raw_file, component()).unwrap();
    let _ = node.push(&raw_file);
    let _ = node.push(&path("hostile"));
    let tenants = [
        ("raw", node.bad_tenant(data, "raw", "raw", MEMORY_MIB)),
        ("hostile", node.bad_tenant(data, "hostile", "hostile", 16)),
    ];
    let raw = (0..ATTACKS.len()).map(|index| (0, ATTACKS[index].name, lead(index)));
    let hostile = HOSTILE.map(|name| (1, name, name.to_owned()));
    let attacks: Vec<_> = raw.chain(hostile).collect();

    // Warm-up: queries every tenant, on every thread of the host.
    for _ in 0..50 {
        assert_eq!(node.status("good", &good, "L").await, 200);
        for (name, token) in &tenants {
            assert_ne!(node.status(name, token, "nothing-known").await, 500);
        }
    }
    let warm = node.host.peak_memory();
    let mut worst = ("nothing", 0);
    for (tenant, attack, lead) in &attacks {
        let (name, token) = &tenants[*tenant];
        for _ in 0..TIMES {
            assert_ne!(node.status(name, token, lead).await, 500, "{name}: {attack}");
        }
        assert_eq!(node.status("good", &good, "L").await, 200, "after {name}: {attack}");
        let grown = node.host.peak_memory().saturating_sub(warm);
        if grown > worst.1 {
            worst = (attack, grown);
        }
        assert!(grown < GROWTH, "{name}: {attack}: from {warm} by {grown} bytes");
    }

    let fine = guest("(call $answer (i32.const 72) (i32.const 2))", "");
    let spinning = guest("(i32.const 0)", "(func $begin (loop $l (br $l))) (start $begin)");
    let whole = encode("raw", &fine);
    let refused_components = [
        (
            compile_bombs::memory(40_000, 40_000),
            "compiling it needed more than 2048 MiB of memory",
        ),
        (encode("raw", &spinning), "`about.describe` returned nothing"),
        (whole[..whole.len() / 2].to_vec(), "may be truncated or damaged"),
        (b"\x7fELF".repeat(1000), "native code"),
        (vec![0; 8 << 20], "not WebAssembly"),
    ];
    for (component, words) in &refused_components {
        for _ in 0..2 {
            let error = node.refused(data, component);
            assert!(error.contains(words), "{words}: {error}");
        }
        assert_eq!(node.status("good", &good, "L").await, 200, "after {words}");
        let grown = node.host.peak_memory().saturating_sub(warm);
        assert!(grown < GROWTH, "{words}: from {warm} by {grown} bytes");
    }
    let (status, _, log) = node.host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
    let panicked: Vec<_> = log.iter().filter(|line| line.contains("panicked")).collect();
    assert!(panicked.is_empty(), "{panicked:?}");
    println!("the host grew most, by {} bytes, after: {}", worst.1, worst.0);
}

/// The memory that all adapters together may have, in MiB.
const BUDGET: u64 = 512;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_share_a_budget_of_memory() {
    // Two tenants with thirty-two adapters at once, each of which touches fifty MiB: those beyond the budget are
    // refused, and the process grows by no more than the budget.
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let budget = BUDGET.to_string();
    let node = Node::with(data, &[("JACKFIELD_GUEST_MEMORY_MIB", &budget)]).await;
    let _ = node.push(&path("hostile"));
    // A CRM that never answers, so that they hold what they have until their deadline.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", silent.local_addr().unwrap());
    let tenants = ["hostile", "hungry"].map(|name| {
        let tenant = format!(
            "tenant = \"{name}\"\nadapter = \"hostile\"\nsettings.base_url = \"{origin}\"\n\
         egress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
         limits = {{ memory_mib = 64, cpu_ms = 10000, status_deadline_ms = 10000 }}\n"
        );
        apply(&node.host, &node.operator, data, &tenant);
        (name, agent_token(&node.host, &node.operator, name))
    });
    let [own, other] = &tenants;
    assert_ne!(node.status(own.0, &own.1, "ok").await, 500);
    let before = node.host.peak_memory();
    let queries = (0..32).flat_map(|_| [own, other].map(|(name, token)| node.status(name, token, "fill")));
    let answers = futures_util::future::join_all(queries).await;
    let refused = answers.iter().filter(|status| **status == 503).count();
    assert!(refused > 0, "{answers:?}");
    let grown = node.host.peak_memory().saturating_sub(before);
    assert!(grown < (BUDGET << 20) + GROWTH, "{grown}");
    // They did use what they may: more than one of them had its fifty MiB.
    assert!(grown > 100 << 20, "{grown}");
    assert_ne!(node.status(own.0, &own.1, "ok").await, 500);
    let (status, _, log) = node.host.stop("TERM");
    assert_eq!(status.code(), Some(0), "{log:?}");
}
