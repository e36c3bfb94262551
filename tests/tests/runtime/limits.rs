//! Everything that a guest can do to its host is contained in its own invocation.

use std::sync::Arc;
use std::time::Duration;

use jackfield_domain::delivery::failure::{Failure, FaultCause};

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, fault, hostile, id, report, without_reason};

#[tokio::test]
async fn memory_cap_is_a_named_fault() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits = { memory_mib = 16, cpu_ms = 10000 }").await;
    let fault = fault(&loaded, "grow").await;
    assert_eq!(fault.cause, FaultCause::MemoryCap, "{fault}");
    assert_eq!(fault.detail, "it wanted more than 16 MiB of memory");
    assert_eq!(report(&loaded, "ok").await.unwrap(), "ok", "the next call is fine");
}

#[tokio::test]
async fn infinite_loop_is_stopped_and_others_run() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits.cpu_ms = 300").await;
    // One thread for both: unless the loop yields, the well-behaved invocation would run only after it.
    let order = std::sync::Mutex::new(vec![]);
    let looping = async {
        let fault = fault(&loaded, "loop").await;
        assert_eq!(fault.cause, FaultCause::CpuDeadline);
        assert_eq!(fault.detail, "it computed longer than 300 ms");
        order.lock().unwrap().push("loop");
    };
    let behaved = async {
        report(&loaded, "ok").await.unwrap();
        order.lock().unwrap().push("ok");
    };
    tokio::join!(looping, behaved);
    assert_eq!(*order.lock().unwrap(), ["ok", "loop"]);
}

#[tokio::test]
async fn waiting_uses_wall_time_not_cpu() {
    // Waiting for the CRM does not count as CPU time, but has a wall-clock deadline.
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::Silence).await);
    let loaded = hostile(&test, &server, "limits.cpu_ms = 50").await;
    let hanging = async {
        let lead = id("hang");
        let invocation = loaded.query_status(&lead).await;
        assert_eq!(
            (invocation.sent, invocation.http_requests, invocation.http_status),
            (false, 1, None)
        );
        assert!(invocation.out_of_time);
        assert_eq!(
            invocation.took,
            Duration::from_millis(950),
            "early enough for the guest to handle it"
        );
        invocation.outcome.unwrap_err()
    };
    let time = async {
        server.arrival().await;
        // Another guest computes, in real time for longer than the CPU limit.
        let busy = fault(&loaded, "loop").await;
        assert_eq!(busy.cause, FaultCause::CpuDeadline);
        test.clock.advance(Duration::from_millis(950));
    };
    let (failure, ()) = tokio::join!(hanging, time);
    assert_eq!(
        without_reason::<()>(Err(failure)).unwrap_err(),
        Failure::Unknown(None),
        "the guest's own word for no answer"
    );
}

#[tokio::test]
async fn slow_guest_is_stopped_by_the_wall_clock() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits.cpu_ms = 60000").await;
    let looping = fault(&loaded, "loop");
    let time = async {
        // The loop yields, so this runs meanwhile.
        tokio::task::yield_now().await;
        test.clock.advance(Duration::from_secs(1));
    };
    let (fault, ()) = tokio::join!(looping, time);
    assert_eq!(fault.cause, FaultCause::WallClock);
    assert_eq!(fault.detail, "the invocation took longer than its deadline of 1000 ms");
}

#[tokio::test]
async fn panic_fault_has_the_message() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "").await;
    let fault = fault(&loaded, "panic").await;
    assert_eq!(fault.cause, FaultCause::Trap);
    assert!(fault.detail.contains("hostile panic message"), "{fault}");
}

#[tokio::test]
async fn recursion_ends_at_the_stack_limit() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits.cpu_ms = 10000").await;
    assert_eq!(fault(&loaded, "recurse").await.cause, FaultCause::Stack);
    // The guest's own stack lies below its data and ends at address zero, so it overflows its memory. The engine cannot
    // tell that from a wild pointer, so the fault says only what is certain.
    let frames = fault(&loaded, "frames").await;
    assert_eq!(frames.cause, FaultCause::Trap);
    assert!(frames.detail.contains("out of bounds"), "{frames}");
    assert!(frames.detail.contains("too deep a recursion"), "{frames}");
}

#[tokio::test]
async fn every_invocation_has_a_fresh_instance() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "").await;
    for _ in 0..20 {
        assert_eq!(report(&loaded, "count").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn answer_outside_the_contract_is_a_fault() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "").await;
    let fault = fault(&loaded, "badout").await;
    assert_eq!(fault.cause, FaultCause::BadOutput);
    assert_eq!(
        fault.detail,
        "status.query answered for another lead than it was asked for"
    );
}

#[tokio::test]
async fn output_and_log_floods_are_harmless() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "limits.cpu_ms = 30000").await;
    assert_eq!(report(&loaded, "stdout").await.unwrap(), "stdout true, stderr true");
    let invocation = loaded.query_status(&id("logstorm")).await;
    assert_eq!(invocation.outcome.unwrap().status, "10000 lines");
    let warning = invocation.log.last_warning().unwrap();
    assert!(warning.len() <= 4096, "{} bytes", warning.len());
}

#[tokio::test]
async fn sandbox_holds_no_secrets() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let loaded = hostile(&test, &server, "").await;
    assert_eq!(report(&loaded, "secret").await.unwrap(), "nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_invocations_run_at_once() {
    const CALLS: usize = 1000;
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::Silence).await);
    let loaded = Arc::new(hostile(&test, &server, "").await);
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let loaded = loaded.clone();
            tokio::spawn(async move { loaded.query_status(&id("hang")).await })
        })
        .collect();
    while server.requests().len() < CALLS {
        server.arrival().await;
    }
    assert_eq!(report(&loaded, "count").await.unwrap(), "1", "there is room for more");
    test.run_out_of_time(Duration::from_secs(1));
    for call in calls {
        let invocation = call.await.unwrap();
        assert_eq!(without_reason(invocation.outcome).unwrap_err(), Failure::Unknown(None));
        assert!(invocation.out_of_time);
    }
    for _ in 0..CALLS {
        assert_eq!(
            report(&loaded, "count").await.unwrap(),
            "1",
            "every instance is free again"
        );
    }
}
