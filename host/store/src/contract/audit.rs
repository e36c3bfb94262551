//! The audit trail: one chain, also with concurrent writers.

use crate::{SharedStore, Store};
use jackfield_domain::custody::audit::{Actor, AuditEntry, AuditEvent, ChainVerifier};
use jackfield_domain::id::TokenId;

use super::fixture::{at, page};

fn event(n: i64) -> AuditEvent {
    AuditEvent {
        at: at(n),
        actor: Actor::Operator(TokenId(n)),
        label: "on-call".into(),
        action: "DELETE /v1/tokens/{id}".into(),
        target: format!("id=tok_{n}"),
        status: (n % 2 == 0).then_some(200),
        request: format!("req_{n}"),
    }
}

async fn verify(store: &dyn Store) -> ChainVerifier {
    let mut verifier = ChainVerifier::new(None);
    for (seq, entry) in store.audit_after(0, 1000).await.unwrap() {
        verifier.next(seq, entry.as_ref()).unwrap();
    }
    verifier.finish().unwrap();
    verifier
}

/// Events stay unchanged, and can be read in pages and from any position.
pub async fn events_are_chained_in_order(store: SharedStore) {
    assert_eq!(store.audit_after(0, 10).await, Ok(vec![]));
    let mut written: Vec<AuditEntry> = vec![];
    for n in 0..5 {
        let last = written.last().map(|entry| (entry.seq, entry.hash));
        let entry = store.append_audit(event(n)).await.unwrap();
        assert_eq!(entry, AuditEntry::after(last, event(n)));
        written.push(entry);
    }
    assert_eq!(verify(&*store).await.head(), Some(written[4].hash));
    let after: Vec<_> = written[2..4]
        .iter()
        .map(|entry| (entry.seq, Some(entry.clone())))
        .collect();
    assert_eq!(store.audit_after(2, 2).await, Ok(after));
    let first = store.audit(page(None, 3)).await.unwrap();
    let rest = store.audit(page(first.next, 3)).await.unwrap();
    let listed: Vec<_> = first.items.into_iter().chain(rest.items).rev().collect();
    assert_eq!((listed, rest.next), (written, None));
}

/// No event is lost, and the chain does not fork.
pub async fn concurrent_events_form_one_chain(store: SharedStore) {
    let writing: Vec<_> = (0..100)
        .map(|n| {
            let store = SharedStore::clone(&store);
            tokio::spawn(async move { store.append_audit(event(n)).await.unwrap() })
        })
        .collect();
    for task in writing {
        task.await.unwrap();
    }
    assert_eq!(verify(&*store).await.count(), 100);
}
