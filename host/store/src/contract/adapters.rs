//! Adapters: a name and version mean one component.

use crate::{NewAdapter, PutAdapter, SharedStore};
use jackfield_domain::id::Digest;
use jackfield_domain::tenant::AdapterNeeds;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::AdapterRef;

use super::fixture::{at, page};

/// A component of keystone.
pub(super) fn adapter(version: &str, bytes: &[u8], second: i64) -> NewAdapter {
    NewAdapter {
        record: AdapterRecord {
            digest: Digest::of(bytes),
            name: "keystone".parse().unwrap(),
            version: version.parse().unwrap(),
            needs: AdapterNeeds::default(),
            idempotent_writes: true,
            lookup: false,
            parses_leads: true,
            size: bytes.len() as u64,
            pushed_at: at(second),
        },
        bytes: bytes.to_vec(),
        replace: false,
    }
}

async fn resolve(store: &SharedStore, reference: &str) -> Option<Digest> {
    let reference: AdapterRef = reference.parse().unwrap();
    store.adapter(&reference).await.unwrap().map(|record| record.digest)
}

/// The same bytes are the same adapter.
pub async fn pushing_an_adapter_twice_changes_nothing(store: SharedStore) {
    let first = adapter("1.0.0", b"one", 0).record;
    for (second, expected) in [
        (0, PutAdapter::Stored(first.clone())),
        (9, PutAdapter::Known(first.clone())),
    ] {
        let put = store.put_adapter(adapter("1.0.0", b"one", second)).await;
        assert_eq!(put, Ok(expected));
    }
    assert_eq!(store.adapters(page(None, 9)).await.unwrap().items, [first]);
    assert_eq!(store.adapter_bytes(Digest::of(b"one")).await, Ok(Some(b"one".to_vec())));
    assert_eq!(store.adapter_bytes(Digest::of(b"two")).await, Ok(None));
}

/// A reference may be a name, which means the version that came last, a version or a digest.
pub async fn a_reference_means_one_component(store: SharedStore) {
    for (second, (version, bytes)) in (0..).zip([("1.1.0", "a"), ("1.0.0", "b"), ("1.2.0", "c")]) {
        let put = store.put_adapter(adapter(version, bytes.as_bytes(), second)).await;
        assert!(matches!(put, Ok(PutAdapter::Stored(_))), "{put:?}");
    }
    for (reference, bytes) in [
        ("keystone", Some("c")),
        ("keystone@1.0.0", Some("b")),
        ("keystone@1.1.0", Some("a")),
        ("keystone@2.0.0", None),
        ("groundwork", None),
    ] {
        let expected = bytes.map(|bytes| Digest::of(bytes.as_bytes()));
        assert_eq!(resolve(&store, reference).await, expected, "{reference}");
    }
    let digest = Digest::of(b"a");
    assert_eq!(resolve(&store, &digest.to_string()).await, Some(digest));
    let first = store.adapters(page(None, 2)).await.unwrap();
    let rest = store.adapters(page(first.next, 2)).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (2, 1, None));
}

/// Other bytes under the same name and version are refused, and leave nothing behind.
pub async fn a_version_is_written_once(store: SharedStore) {
    store.put_adapter(adapter("1.0.0", b"one", 0)).await.unwrap();
    let taken = store.put_adapter(adapter("1.0.0", b"two", 1)).await;
    assert_eq!(taken, Ok(PutAdapter::Taken(Digest::of(b"one"))));
    assert_eq!(resolve(&store, "keystone").await, Some(Digest::of(b"one")));
    assert_eq!(resolve(&store, &Digest::of(b"two").to_string()).await, None);
    assert_eq!(store.adapter_bytes(Digest::of(b"two")).await, Ok(None));
    let other = store.put_adapter(adapter("1.0.1", b"two", 2)).await;
    assert!(matches!(other, Ok(PutAdapter::Stored(_))), "{other:?}");
}

/// Only by order; the earlier component stays under its digest, and can be put back in the same way.
pub async fn a_version_is_replaced_by_order(store: SharedStore) {
    let replacing = |version: &str, bytes: &[u8], second| NewAdapter {
        replace: true,
        ..adapter(version, bytes, second)
    };
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let first = store.put_adapter(replacing("1.0.0", b"one", 0)).await;
    assert!(matches!(first, Ok(PutAdapter::Stored(_))), "{first:?}");
    store.put_adapter(adapter("1.1.0", b"newer", 1)).await.unwrap();
    let record = adapter("1.0.0", b"two", 2).record;
    let replaced = store.put_adapter(replacing("1.0.0", b"two", 2)).await;
    assert_eq!(replaced, Ok(PutAdapter::Replaced { record, before: one }));
    assert_eq!(resolve(&store, "keystone@1.0.0").await, Some(two));
    assert_eq!(
        resolve(&store, "keystone").await,
        Some(Digest::of(b"newer")),
        "it keeps its place"
    );
    assert_eq!(resolve(&store, &one.to_string()).await, Some(one));
    let again = store.put_adapter(replacing("1.0.0", b"two", 3)).await;
    assert!(matches!(again, Ok(PutAdapter::Known(_))), "{again:?}");
    assert_eq!(
        store.put_adapter(adapter("1.0.0", b"one", 4)).await,
        Ok(PutAdapter::Taken(two))
    );
    let back = store.put_adapter(replacing("1.0.0", b"one", 5)).await;
    let record = adapter("1.0.0", b"one", 0).record;
    assert_eq!(back, Ok(PutAdapter::Replaced { record, before: two }));
    assert_eq!(resolve(&store, "keystone@1.0.0").await, Some(one));
}

/// Of several that are put at once, one gets the name, and the others leave nothing behind.
pub async fn one_of_concurrent_pushes_gets_the_name(store: SharedStore) {
    for round in 0..10 {
        let version = format!("1.0.{round}");
        let bytes: Vec<_> = (0..4).map(|push| format!("{round}/{push}")).collect();
        let puts = bytes.iter().map(|bytes| {
            let (store, new) = (store.clone(), adapter(&version, bytes.as_bytes(), 0));
            tokio::spawn(async move { store.put_adapter(new).await.unwrap() })
        });
        let puts: Vec<_> = puts.collect();
        let (mut stored, mut taken) = (vec![], vec![]);
        for put in puts {
            match put.await.unwrap() {
                PutAdapter::Stored(record) => stored.push(record.digest),
                PutAdapter::Taken(owner) => taken.push(owner),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((stored.len(), taken.len()), (1, 3));
        assert!(taken.iter().all(|owner| *owner == stored[0]));
        assert_eq!(resolve(&store, &format!("keystone@{version}")).await, Some(stored[0]));
    }
    assert_eq!(store.adapters(page(None, 99)).await.unwrap().items.len(), 10);
}
