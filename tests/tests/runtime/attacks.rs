//! What only a raw guest can do to its host (`tests/src/raw_guest/attacks.rs`): each attack ends its own invocation, as
//! a fault with a name.

use std::time::Duration;

use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::{Failure, FaultCause};
use jackfield_sandbox::{Invocation, LoadedRelease};
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::raw_guest::attacks::{ATTACKS, ExpectedEnd, MEMORY_MIB, component, lead};
use jackfield_tests::raw_guest::{HOST_CALLS, TRAPPING_EXPORTS, encode, guest};
use jiff::Timestamp;

use super::server::{Reply, Server};
use super::test_runtime::{TestRuntime, hostile, id, report};

/// Bytes of a fault's detail: 500 characters.
const MAX_DETAIL: usize = 2000;

/// A server whose answers are as large as the host accepts.
async fn generous() -> Server {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2097152\r\n\r\n".to_vec();
    answer.resize(answer.len() + (2 << 20), b' ');
    Server::start(move |_| Reply::Answer(answer.clone())).await
}

/// The raw guest, with a server that it may reach.
async fn raw(test: &TestRuntime, server: &Server) -> LoadedRelease {
    let origin = &server.origin;
    let spec = format!(
        "settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
         limits = {{ memory_mib = {MEMORY_MIB}, cpu_ms = 200 }}"
    );
    test.load_bytes(component(), &spec).await
}

#[tokio::test]
async fn each_attack_ends_only_its_invocation() {
    // Each attack ends its own invocation as a named fault, and a neighbour is not affected.
    let (test, server) = (TestRuntime::new(), generous().await);
    let (raw, neighbour) = (raw(&test, &server).await, hostile(&test, &server, "").await);
    let mut wrong = vec![];
    for (index, attack) in ATTACKS.iter().enumerate() {
        let ended = report(&raw, &lead(index)).await;
        let as_it_must = match (attack.end, &ended) {
            (ExpectedEnd::Answer(words), Ok(status)) => status.contains(words),
            (ExpectedEnd::Fault(cause, words), Err(Failure::Fault(fault))) => {
                fault.cause == cause && fault.detail.contains(words) && fault.detail.len() <= MAX_DETAIL
            }
            _ => false,
        };
        if !as_it_must {
            wrong.push(format!("{} ended in {ended:?}", attack.name));
        }
        assert_eq!(report(&neighbour, "count").await.unwrap(), "1", "after {}", attack.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The cause of the fault in which an invocation ended.
fn cause<T: std::fmt::Debug>(invocation: &Invocation<T>) -> FaultCause {
    invocation.fault().unwrap_or_else(|| panic!("{invocation:?}"))
}

#[tokio::test]
async fn trap_ends_only_its_own_invocation() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let neighbour = hostile(&test, &server, "").await;
    let guest = test
        .load_bytes(encode("raw-full", &guest("unreachable", TRAPPING_EXPORTS)), "")
        .await;
    let (lead, key, now) = (id("L"), "C-1".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let disposition = Disposition::read(id("L"), minimal_disposition("C-1", "no_answer")).unwrap();
    for _ in 0..3 {
        assert_eq!(cause(&guest.query_status(&lead).await), FaultCause::Trap);
        let written = guest.write(&disposition, now, &key).await;
        assert_eq!((cause(&written), written.sent), (FaultCause::Trap, false));
        assert_eq!(cause(&guest.find(&lead, &key).await), FaultCause::Trap);
        assert_eq!(
            cause(&guest.parse("application/json", b"{}", now).await),
            FaultCause::Trap
        );
        assert_eq!(report(&neighbour, "count").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn sleeping_guest_stops_at_its_deadline() {
    let (test, server) = (TestRuntime::new(), Server::friendly().await);
    let origin = &server.origin;
    // Sleeps an hour, after a request that shows the test that the invocation has begun.
    let sleeping = "(call $base) (call $ask) (call $block (call $subscribe (i64.const 3600000000000))) unreachable";
    let guest = guest(sleeping, HOST_CALLS);
    let spec =
        format!("settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n");
    let loaded = test.load_bytes(encode("raw", &guest), &spec).await;
    let time = async {
        server.arrival().await;
        test.clock.advance(Duration::from_mins(1));
    };
    let (ended, ()) = tokio::join!(report(&loaded, "L"), time);
    match ended {
        Err(Failure::Fault(fault)) => assert_eq!(fault.cause, FaultCause::WallClock, "{fault}"),
        other => panic!("{other:?}"),
    }
}
