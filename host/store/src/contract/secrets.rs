//! Sealed secrets: stored, listed, removed, and resealed all at once.

use crate::{NewSecret, ResealedSecret, SecretRecord, SharedStore, Store};
use jackfield_domain::id::TenantName;

use super::fixture::{acme, at, page, sealed, zenith};

async fn put(store: &dyn Store, tenant: TenantName, name: &str, seed: u8, second: i64) -> SecretRecord {
    let sealed = sealed(seed, &format!("{tenant} {name}"));
    let new = NewSecret {
        tenant: tenant.clone(),
        name: name.into(),
        sealed: sealed.clone(),
        now: at(second),
    };
    store.put_secret(new).await.unwrap();
    SecretRecord {
        tenant,
        name: name.into(),
        sealed,
        set_at: at(second),
    }
}

/// The previous value is gone.
pub async fn a_secret_replaces_the_previous_one(store: SharedStore) {
    put(&*store, acme(), "crm", 1, 1).await;
    let second = put(&*store, acme(), "crm", 2, 2).await;
    let other = put(&*store, zenith(), "crm", 3, 3).await;
    assert_eq!(store.secret(&acme(), "crm").await, Ok(Some(second.clone())));
    assert_eq!(store.all_secrets().await, Ok(vec![second, other]));
}

/// Other secrets stay.
pub async fn a_removed_secret_is_gone(store: SharedStore) {
    put(&*store, acme(), "crm", 1, 1).await;
    let other = put(&*store, acme(), "hook", 1, 1).await;
    assert_eq!(store.remove_secret(&zenith(), "crm").await, Ok(false));
    assert_eq!(store.remove_secret(&acme(), "crm").await, Ok(true));
    assert_eq!(store.remove_secret(&acme(), "crm").await, Ok(false));
    assert_eq!(store.all_secrets().await, Ok(vec![other]));
}

/// The listing has pages, and contains one tenant's secrets.
pub async fn secrets_are_listed_by_name(store: SharedStore) {
    for name in ["b", "oauth2/crm", "a", "sec_1"] {
        put(&*store, acme(), name, 1, 1).await;
    }
    put(&*store, zenith(), "c", 1, 1).await;
    let mut seen = vec![];
    let mut after = None;
    loop {
        let part = store.secrets(&acme(), page(after, 3)).await.unwrap();
        seen.extend(part.items.into_iter().map(|secret| secret.name));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "oauth2/crm", "sec_1"]);
}

/// A value that was set meanwhile is not overwritten, and `set_at` does not change.
pub async fn resealing_changes_only_the_key(store: SharedStore) {
    let one = put(&*store, acme(), "one", 1, 1).await;
    let two = put(&*store, acme(), "two", 1, 2).await;
    let set_meanwhile = put(&*store, acme(), "two", 3, 3).await;
    let resealed = |record: &SecretRecord, seed| ResealedSecret {
        tenant: record.tenant.clone(),
        name: record.name.clone(),
        was: record.sealed.nonce,
        sealed: sealed(seed, "resealed"),
    };
    assert_eq!(store.reseal(vec![resealed(&one, 7), resealed(&two, 8)]).await, Ok(1));
    let one = SecretRecord {
        sealed: sealed(7, "resealed"),
        ..one
    };
    assert_eq!(store.all_secrets().await, Ok(vec![one, set_meanwhile]));
}
