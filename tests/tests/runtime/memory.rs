//! The memory of all guests has a limit, and a tenant's guests have a share of it.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause};
use jackfield_sandbox::RuntimeConfig;
use jackfield_tests::components::compile_cache;
use jackfield_tests::process::jackfield_binary;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, hostile, id, report};

const LIMITS: &str = "limits = { memory_mib = 64, cpu_ms = 10000 }";

/// With a budget of this many MiB for all guests.
fn with_budget(guest_memory_mib: u32) -> TestRuntime {
    TestRuntime::with(RuntimeConfig {
        guest_memory_mib,
        ..RuntimeConfig::new(compile_cache(), jackfield_binary())
    })
}

#[tokio::test]
async fn a_tenant_has_a_share_of_the_memory() {
    // Each of these uses what it may. Three fit into the tenant's half of the budget; the others are refused by name.
    let (test, server) = (with_budget(2 * 3 * 56), Server::start(|_| Reply::Silence).await);
    let loaded = hostile(&test, &server, LIMITS).await;
    let lead = id("fill");
    let mut running: FuturesUnordered<_> = (0..8).map(|_| loaded.query_status(&lead)).collect();
    let mut faults: Vec<Fault> = vec![];
    // The others hold what they have until their time is up, which is when all five are refused.
    while faults.len() < 5 {
        let Some(Err(Failure::Fault(fault))) = running.next().await.map(|invocation| invocation.outcome) else {
            panic!("an invocation that fits into the budget waits for the CRM");
        };
        faults.push(fault);
    }
    let time = async {
        while server.requests().len() < 3 {
            server.arrival().await;
        }
        test.run_out_of_time(Duration::from_secs(1));
    };
    let (_, ()) = tokio::join!(running.collect::<Vec<_>>(), time);
    assert_eq!((faults.len(), server.requests().len()), (5, 3), "{faults:?}");
    for fault in faults {
        assert_eq!(fault.cause, FaultCause::MemoryBudget);
        assert!(
            fault.detail.contains("as is left for all others, of the 336 MiB"),
            "{fault}"
        );
    }
    assert_eq!(report(&loaded, "ok").await.unwrap(), "ok", "their memory is free again");
}

#[tokio::test]
async fn memory_of_a_burst_is_returned() {
    // Each of eight invocations leaves what the engine keeps of its memory. A minute later it is gone; what is in
    // flight then goes on, and so does what begins later.
    let (test, server) = (with_budget(2 * 8 * 56), Server::start(|_| Reply::Silence).await);
    let loaded = &hostile(&test, &server, LIMITS).await;
    let burst = |count: usize| async move {
        let lead = id("fill");
        let queries = (0..count).map(|_| loaded.query_status(&lead));
        futures_util::future::join_all(queries).await
    };
    let arrived = |count: usize| {
        let server = &server;
        async move {
            while server.requests().len() < count {
                server.arrival().await;
            }
        }
    };
    let end = || test.run_out_of_time(Duration::from_secs(1));
    let (first, ()) = tokio::join!(burst(8), async {
        arrived(8).await;
        end();
    });
    assert!(
        first
            .iter()
            .all(|invocation| invocation.sent || invocation.http_requests == 1)
    );
    let kept = test.runtime.kept_memory();
    assert!(kept >= 8 * (30 << 20), "{kept}");

    test.runtime.return_kept_memory().await;
    test.runtime.return_kept_memory().await;
    test.clock.advance(Duration::from_mins(1));
    assert_eq!(test.runtime.kept_memory(), kept);
    let (last, ()) = tokio::join!(burst(1), async {
        arrived(9).await;
        test.runtime.return_kept_memory().await;
        assert_eq!(test.runtime.kept_memory(), 0);
        end();
    });
    assert_eq!(last[0].outcome, first[0].outcome);
    assert_eq!(report(loaded, "ok").await.unwrap(), "ok");
}

#[tokio::test]
async fn the_own_cap_is_named_first() {
    let (test, server) = (with_budget(1024), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits = { memory_mib = 32, cpu_ms = 10000 }").await;
    let Err(Failure::Fault(fault)) = report(&loaded, "fill").await else {
        panic!("50 MiB do not fit into 32");
    };
    assert_eq!(fault.cause, FaultCause::MemoryCap);
    assert_eq!(fault.detail, "it wanted more than 32 MiB of memory");
}
