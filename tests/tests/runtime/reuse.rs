//! `[runtime] reuse`: an instance serves several invocations of one release, one at a time, and none after a fault.

use std::sync::Arc;
use std::time::Duration;

use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_sandbox::LoadedRelease;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::raw_guest::{HOST_CALLS, encode, guest};
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, fault, id, report, without_reason};

/// A release of the guest `counter`, whose instances serve `reuse` invocations.
async fn counter(test: &TestRuntime, reuse: u32, more: &str) -> LoadedRelease {
    test.load("counter", &format!("runtime.reuse = {reuse}\n{more}")).await
}

/// The same, with a server for `hang`.
async fn counter_with_server(test: &TestRuntime, reuse: u32, server: &Server) -> LoadedRelease {
    let origin = &server.origin;
    let more =
        format!("settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n");
    counter(test, reuse, &more).await
}

async fn counts<const N: usize>(loaded: &LoadedRelease) -> [String; N] {
    let mut counts = [const { String::new() }; N];
    for count in &mut counts {
        *count = report(loaded, "L").await.unwrap();
    }
    counts
}

#[tokio::test]
async fn instance_serves_reuse_invocations() {
    let test = TestRuntime::new();
    let loaded = counter(&test, 3, "").await;
    assert_eq!(counts(&loaded).await, ["1", "2", "3", "1", "2", "3", "1"]);
    let invocation = loaded.query_status(&id("L")).await;
    assert!(invocation.reused);
    let loaded = counter(&test, 2, "").await;
    assert_eq!(counts(&loaded).await, ["1", "2", "1", "2", "1"]);
}

#[tokio::test]
async fn default_is_a_fresh_instance_each_time() {
    let test = TestRuntime::new();
    for loaded in [counter(&test, 1, "").await, test.load("counter", "").await] {
        assert_eq!(counts(&loaded).await, ["1", "1", "1", "1"]);
        assert!(!loaded.query_status(&id("L")).await.reused);
        assert_eq!(test.runtime.idle_instances(), 0);
    }
}

#[tokio::test]
async fn all_exports_share_the_instance() {
    let test = TestRuntime::new();
    let loaded = counter(&test, 100, "").await;
    let (lead, key, now) = (id("L"), "C-1".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let disposition = Disposition::read(id("L"), minimal_disposition("C-1", "no_answer")).unwrap();
    for round in [0, 4] {
        let count = |n: u32| (round + n).to_string();
        assert_eq!(report(&loaded, "L").await.unwrap(), count(1));
        assert_eq!(loaded.write(&disposition, now, &key).await.outcome.unwrap(), count(2));
        assert_eq!(loaded.find(&lead, &key).await.outcome.unwrap(), Some(count(3)));
        let leads = loaded.parse("application/json", b"{}", now).await.outcome.unwrap();
        assert_eq!(leads[0].as_ref().unwrap().members["id"], count(4));
    }
    assert_eq!(test.runtime.idle_instances(), 1);
}

#[tokio::test]
async fn releases_share_no_instances() {
    let test = TestRuntime::new();
    let first = counter(&test, 1000, "").await;
    let others = [
        counter(&test, 1000, "").await,
        counter(&test, 1000, "limits.cpu_ms = 201").await,
    ];
    for turn in 1..=300 {
        assert_eq!(report(&first, "note-canary").await.unwrap(), (2 * turn - 1).to_string());
        assert_eq!(report(&first, "recall").await.unwrap(), format!("{} canary", 2 * turn));
        for other in &others {
            assert_eq!(report(other, "recall").await.unwrap(), format!("{turn} "));
        }
    }
    assert_eq!(test.runtime.idle_instances(), 3);
}

#[tokio::test]
async fn faulted_instance_is_dropped() {
    let test = TestRuntime::new();
    let loaded = counter(&test, 1000, "limits = { cpu_ms = 50, memory_mib = 16 }").await;
    let faults = [
        ("panic", FaultCause::Trap),
        ("exit", FaultCause::Trap),
        ("recurse", FaultCause::Stack),
        ("loop", FaultCause::CpuDeadline),
        ("keep-20", FaultCause::MemoryCap),
        ("badout", FaultCause::BadOutput),
    ];
    for (order, cause) in faults {
        assert_eq!(counts(&loaded).await, ["1", "2"], "before {order}");
        assert_eq!(fault(&loaded, order).await.cause, cause, "{order}");
        assert_eq!(test.runtime.idle_instances(), 0, "after {order}");
    }
    // A failure that the guest returns is an answer; its instance stays in use.
    assert_eq!(counts(&loaded).await, ["1", "2"]);
    assert_eq!(report(&loaded, "refuse").await.unwrap_err(), Failure::NotFound);
    assert_eq!(counts(&loaded).await, ["4", "5"]);
}

#[tokio::test]
async fn stopped_instance_is_dropped() {
    // No instance is reused after its deadline, or after its invocation was cancelled.
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::Silence).await);
    let loaded = counter(&test, 1000, "limits.cpu_ms = 60000").await;
    assert_eq!(counts(&loaded).await, ["1", "2"]);
    let looping = fault(&loaded, "loop");
    let time = async {
        // The loop yields, so this runs meanwhile.
        tokio::task::yield_now().await;
        test.clock.advance(Duration::from_secs(1));
    };
    let (fault, ()) = tokio::join!(looping, time);
    assert_eq!(fault.cause, FaultCause::WallClock);
    assert_eq!(test.runtime.idle_instances(), 0);
    assert_eq!(counts(&loaded).await, ["1"]);
    drop(loaded);

    let loaded = counter_with_server(&test, 1000, &server).await;
    assert_eq!(counts(&loaded).await, ["1", "2"]);
    {
        let lead = id("hang");
        let hanging = loaded.query_status(&lead);
        tokio::select! {
            ended = hanging => panic!("{ended:?}"),
            () = server.arrival() => {}
        }
    }
    assert_eq!(test.runtime.idle_instances(), 0);
    assert_eq!(counts(&loaded).await, ["1"]);
}

#[tokio::test]
async fn memory_stays_counted_across_reuse() {
    let test = TestRuntime::new();
    let loaded = counter(&test, 1000, "limits = { memory_mib = 16, cpu_ms = 10000 }").await;
    // A second block fits; a third does not, so a fresh instance serves it.
    let kept = ["keep-5", "keep-5", "keep-5", "L"];
    let mut counts = vec![];
    for order in kept {
        counts.push(report(&loaded, order).await.unwrap());
    }
    assert_eq!(counts, ["1", "2", "1", "2"]);
    // Twelve would fit in a fresh instance, but not beside five.
    let fault = fault(&loaded, "keep-12").await;
    assert_eq!(fault.cause, FaultCause::MemoryCap);
    assert_eq!(fault.detail, "it wanted more than 16 MiB of memory");
    assert_eq!(report(&loaded, "keep-12").await.unwrap(), "1");
}

#[tokio::test]
async fn instance_denied_memory_is_dropped() {
    // An instance that was denied memory is not reused, even if the guest coped.
    let test = TestRuntime::new();
    let loaded = counter(&test, 1000, "").await;
    assert_eq!(report(&loaded, "beg").await.unwrap(), "1 true");
    assert_eq!(counts(&loaded).await, ["1", "2"]);
}

#[tokio::test]
async fn cpu_time_is_counted_per_invocation() {
    let test = TestRuntime::new();
    let spec = "limits = { cpu_ms = 60, status_deadline_ms = 10000 }";
    let loaded = counter(&test, 1000, spec).await;
    // Finds an amount of work that exceeds the limit while half of it does not.
    let mut millions = 16;
    while report(&loaded, &format!("compute-{millions}")).await.is_ok() {
        millions *= 2;
    }
    // Each of these does at least a sixteenth of the limit, and all of them together exceed it.
    let order = format!("compute-{}", millions / 8);
    for call in 1..=40 {
        assert_eq!(report(&loaded, &order).await.unwrap(), call.to_string());
    }
    assert_eq!(fault(&loaded, "loop").await.cause, FaultCause::CpuDeadline);
}

#[tokio::test]
async fn fault_shows_only_its_own_output() {
    let test = TestRuntime::new();
    let loaded = counter(&test, 1000, "").await;
    assert_eq!(report(&loaded, "print-first").await.unwrap(), "1");
    assert_eq!(
        report(&loaded, "print-second").await.unwrap(),
        "2",
        "standard error stays open"
    );
    let exit = fault(&loaded, "exit").await;
    assert!(exit.detail.contains("exit code"), "{exit}");
    assert!(!exit.detail.contains("printed"), "{exit}");
    assert_eq!(report(&loaded, "print-third").await.unwrap(), "1");
    let panic = fault(&loaded, "panic").await;
    assert!(!panic.detail.contains("printed"), "{panic}");
}

#[tokio::test]
async fn concurrent_invocations_share_no_instance() {
    let (test, server) = (TestRuntime::new(), Server::start(|_| Reply::Silence).await);
    let loaded = counter_with_server(&test, 1000, &server).await;
    let lead = id("hang");
    let at_once = futures_util::future::join_all((0..20).map(|_| loaded.query_status(&lead)));
    let time = async {
        while server.requests().len() < 20 {
            server.arrival().await;
        }
        test.run_out_of_time(Duration::from_secs(1));
    };
    let (invocations, ()) = tokio::join!(at_once, time);
    assert!(
        invocations.iter().all(|invocation| !invocation.reused
            && without_reason(invocation.outcome.clone()) == Err(Failure::Unknown(None)))
    );
    assert_eq!(test.runtime.idle_instances(), 20);
    assert_eq!(
        counts(&loaded).await,
        ["2", "3"],
        "the last one in is the first one out"
    );
}

#[tokio::test]
async fn leaked_resources_are_bounded() {
    // Resources that an invocation does not drop do not pile up: the instance is replaced.
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let origin = &server.origin;
    let spec = format!(
        "runtime.reuse = 10000\nsettings.base_url = \"{origin}\"\n\
         egress = {{ allow = [\"{origin}\"], private_addresses = true }}"
    );
    // Each invocation leaks a pollable and its timer, and answers with a letter that counts the invocations of its
    // instance.
    let leaves = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (drop (call $subscribe (i64.const 1)))
        (i32.store8 (i32.const 96) (i32.add (i32.const 96) (global.get $calls)))
        (call $answer (i32.const 96) (i32.const 1))";
    let more = format!("(global $calls (mut i32) (i32.const 0)) {HOST_CALLS}");
    let loaded = test.load_bytes(encode("raw", &guest(leaves, &more)), &spec).await;
    let mut letters = String::new();
    for _ in 0..7 {
        letters += &report(&loaded, "L").await.unwrap();
    }
    assert_eq!(letters, "abcdeab", "after the fifth invocation it holds ten");
}

#[tokio::test]
async fn idle_instance_is_evicted_when_needed() {
    let test = TestRuntime::with_one_instance();
    let (one, other) = (counter(&test, 1000, "").await, counter(&test, 1000, "").await);
    for _ in 0..50 {
        assert_eq!(counts(&one).await, ["1", "2"]);
        assert_eq!(counts(&other).await, ["1", "2"]);
        assert_eq!(test.runtime.idle_instances(), 1);
    }
}

#[tokio::test]
async fn idle_instances_expire() {
    // Idle instances are dropped with their release, after a while, and when the host drains.
    let test = TestRuntime::new();
    let (one, other) = (counter(&test, 1000, "").await, counter(&test, 1000, "").await);
    let _: ([String; 1], [String; 1]) = (counts(&one).await, counts(&other).await);
    assert_eq!(test.runtime.idle_instances(), 2);
    drop(one);
    assert_eq!(test.runtime.idle_instances(), 1);
    test.clock.advance(Duration::from_mins(10));
    assert_eq!(counts(&other).await, ["1", "2"], "it was idle for too long");
    test.runtime.close_instance_pool();
    assert_eq!(test.runtime.idle_instances(), 0);
    assert_eq!(counts(&other).await, ["1", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_count_is_seen_once_under_load() {
    // Under load, every instance serves each of its counts exactly once.
    const CALLS: usize = 4000;
    const REUSE: u32 = 7;
    let test = TestRuntime::new();
    let loaded = Arc::new(counter(&test, REUSE, "").await);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let loaded = Arc::clone(&loaded);
            tokio::spawn(async move {
                let mut seen = [0_usize; REUSE as usize + 1];
                for _ in 0..CALLS / 8 {
                    let count: usize = report(&loaded, "L").await.unwrap().parse().unwrap();
                    seen[count] += 1;
                }
                seen
            })
        })
        .collect();
    let mut seen = [0; REUSE as usize + 1];
    for caller in callers {
        let own = caller.await.unwrap();
        seen.iter_mut().zip(own).for_each(|(all, own)| *all += own);
    }
    assert_eq!((seen[0], seen.iter().sum::<usize>()), (0, CALLS));
    assert!(
        seen.is_sorted_by(|a, b| *a == 0 || a >= b),
        "no count without the counts before it: {seen:?}"
    );
    let unfinished = seen[1] - seen[REUSE as usize];
    assert_eq!(
        unfinished,
        test.runtime.idle_instances(),
        "every instance with invocations left is idle"
    );
}
