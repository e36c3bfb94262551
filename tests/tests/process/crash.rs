//! A host killed at random moments under load loses and duplicates nothing that it acknowledged (promises 1 and 2).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jackfield_tests::documents::{keystone_tenant, minimal_disposition};
use jackfield_tests::fakes::{Keystone, KeystoneConfig, KeystoneLead};
use jackfield_tests::process::HostProcess;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::{Notify, watch};

use super::BINARY;
use super::installation::{agent_token, apply, drain, install, push_keystone};

const KILLS: usize = 50;
const CLIENTS: usize = 8;
const LEADS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_and_duplicate_nothing() {
    let data = tempfile::tempdir().unwrap();
    let keystone = Keystone::start(KeystoneConfig::new("keystone-token")).await.unwrap();
    for lead in 0..LEADS {
        keystone.seed(KeystoneLead::new(format!("L{lead}")));
    }
    let (agent, operator) = set_up(data.path(), &keystone);

    let mut rng = StdRng::seed_from_u64(50);
    let mut acknowledged = BTreeSet::new();
    let next_call = Arc::new(AtomicUsize::new(0));
    for _ in 0..KILLS {
        let host = HostProcess::start(BINARY, data.path(), &[]);
        let kill_after = rng.random_range(1..60);
        acknowledged.extend(load(&host, &agent, &next_call, kill_after).await);
        host.kill();
    }

    let host = HostProcess::start(BINARY, data.path(), &[]);
    drain(&host, &operator);
    assert!(acknowledged.len() > KILLS, "there was load: {}", acknowledged.len());
    let stored = keystone.stored();
    for call in &acknowledged {
        let found: Vec<_> = stored.iter().filter(|record| record.call_id == *call).collect();
        assert_eq!(found.len(), 1, "{call} was acknowledged");
        assert_eq!(found[0].revision, 1, "{call} was written once");
    }
    let twice: Vec<_> = stored.iter().filter(|record| record.revision > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    println!(
        "{} dispositions acknowledged over {KILLS} kills; {} stored",
        acknowledged.len(),
        stored.len()
    );
}

/// Sets up an adapter and a tenant; returns the agent's and the operator's token.
fn set_up(data: &Path, keystone: &Keystone) -> (String, String) {
    let operator = install(data);
    let host = HostProcess::start(BINARY, data, &[]);
    push_keystone(&host, &operator);
    let ladder = "[delivery]\nretry = [\"0s\", \"1s\", \"1s\", \"1s\", \"1s\", \"1s\", \"1s\", \"1s\"]";
    let tenant = keystone_tenant("t", &keystone.origin(), "{ value = \"keystone-token\" }", ladder);
    apply(&host, &operator, data, &tenant);
    let agent = agent_token(&host, &operator, "t");
    let (status, ..) = host.stop("TERM");
    assert!(status.success());
    (agent, operator)
}

/// Posts dispositions until `kill_after` are acknowledged; returns their calls. More are in flight when it returns,
/// which is the moment to kill the host.
async fn load(host: &HostProcess, agent: &str, next_call: &Arc<AtomicUsize>, kill_after: usize) -> Vec<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (acks, mut acked) = watch::channel(Vec::new());
    let (acks, stop) = (Arc::new(acks), Arc::new(Notify::new()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, acks, stop, next_call) = (
                client.clone(),
                Arc::clone(&acks),
                Arc::clone(&stop),
                Arc::clone(next_call),
            );
            let (public, agent) = (host.public.clone(), agent.to_owned());
            tokio::spawn(async move {
                loop {
                    let n = next_call.fetch_add(1, Ordering::Relaxed);
                    let call = format!("CALL-{n}");
                    let url = format!("{public}/v1/tenants/t/leads/L{}/disposition", n % LEADS);
                    let post = client
                        .post(url)
                        .bearer_auth(&agent)
                        .json(&minimal_disposition(&call, "no_answer"))
                        .send();
                    tokio::select! {
                        answer = post => match answer {
                            Ok(answer) if answer.status() == 202 => acks.send_modify(|acks| acks.push(call)),
                            Ok(answer) => panic!("{}", answer.status()),
                            Err(_) => return,
                        },
                        () = stop.notified() => return,
                    }
                }
            })
        })
        .collect();
    acked.wait_for(|acks| acks.len() >= kill_after).await.unwrap();
    stop.notify_waiters();
    let calls = acked.borrow().clone();
    for client_task in &clients {
        client_task.abort();
    }
    calls
}
