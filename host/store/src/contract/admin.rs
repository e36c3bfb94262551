//! Records that operators manage.

use crate::{NewRelease, NewToken, SharedStore, Store, TokenPurpose, TokenRecord};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{Digest, ReleaseNumber, TenantName, TokenId};
use jackfield_domain::tenant::release::{Release, SecretRef, TenantSpec};
use serde_json::json;

use super::adapters::adapter;
use super::fixture::{accept_call, acme, at, page, sealed, zenith};

fn spec(tenant: &TenantName) -> TenantSpec {
    let spec = json!({
        "tenant": tenant.as_str(),
        "adapter": "keystone@1.0.0",
        "settings": {"base_url": "https://crm.example", "page_size": 50, "strict": true},
        "egress": {"allow": ["https://crm.example"]},
        "credentials": [{"name": "crm", "kind": "bearer", "secret": {"stored": "crm-1"},
            "origins": ["https://crm.example"]}],
        "webhook": {"secrets": [{"stored": "hook-1", "expires": "2027-01-01T00:00:00Z"}, {"env": "HOOK"}]},
        "agent": {"push_url": "https://agent.example/leads", "push_secret": {"file": "/run/agent"}},
        "delivery": {"retry": ["0s", "30s"], "concurrency": 3, "per_second": 20, "per_day": 50000},
        "limits": {"memory_mib": 32},
    });
    serde_json::from_value(spec).unwrap()
}

async fn release(store: &dyn Store, tenant: &TenantName, second: i64) -> Release {
    let new = NewRelease {
        spec: spec(tenant),
        adapter: Digest::of(b"one"),
        secrets: vec![("crm-1".into(), sealed(1, tenant.as_str()))],
        now: at(second),
    };
    store.put_release(new).await.unwrap()
}

/// Every release stays unchanged.
pub async fn releases_count_up_and_become_active(store: SharedStore) {
    store.put_adapter(adapter("1.0.0", b"one", 0)).await.unwrap();
    assert_eq!(store.tenant(&acme()).await, Ok(None));
    for n in 1..=3 {
        let created = release(&*store, &acme(), n).await;
        assert_eq!((created.number, created.created_at), (ReleaseNumber(n), at(n)));
        assert_eq!(store.release(&acme(), created.number).await, Ok(Some(created)));
    }
    assert_eq!(release(&*store, &zenith(), 9).await.number, ReleaseNumber(1));
    let tenant = store.tenant(&acme()).await.unwrap().unwrap();
    assert_eq!((tenant.active, tenant.newest), (ReleaseNumber(3), ReleaseNumber(3)));
    assert_eq!((tenant.created_at, tenant.activated_at), (at(1), at(3)));
    let stored = store.release(&acme(), ReleaseNumber(1)).await.unwrap().unwrap();
    assert_eq!((stored.spec, stored.adapter), (spec(&acme()), Digest::of(b"one")));

    let numbers = async |after| {
        let part = store.releases(&acme(), page(after, 2)).await.unwrap();
        (
            part.items.iter().map(|release| release.number.0).collect::<Vec<_>>(),
            part.next,
        )
    };
    let (first, next) = numbers(None).await;
    assert_eq!((first, numbers(next).await), (vec![3, 2], (vec![1], None)));
    let part = store.tenants(page(None, 1)).await.unwrap();
    assert_eq!(part.items, [tenant]);
    assert_eq!(store.tenants(page(part.next, 1)).await.unwrap().items[0].name, zenith());
}

/// A rollback is one pointer write.
pub async fn an_earlier_release_can_be_activated(store: SharedStore) {
    store.put_adapter(adapter("1.0.0", b"one", 0)).await.unwrap();
    for n in 1..=2 {
        release(&*store, &acme(), n).await;
    }
    release(&*store, &zenith(), 3).await;
    assert_eq!(store.activate(&acme(), ReleaseNumber(1), at(5)).await, Ok(true));
    assert_eq!(store.activate(&acme(), ReleaseNumber(3), at(6)).await, Ok(false));
    assert_eq!(store.activate(&zenith(), ReleaseNumber(2), at(6)).await, Ok(false));
    let tenant = store.tenant(&acme()).await.unwrap().unwrap();
    assert_eq!(
        (tenant.active, tenant.newest, tenant.activated_at),
        (ReleaseNumber(1), ReleaseNumber(2), at(5))
    );
    let active = store.active_releases().await;
    assert_eq!(
        active,
        Ok(vec![(acme(), ReleaseNumber(1)), (zenith(), ReleaseNumber(1))])
    );
    assert_eq!(release(&*store, &acme(), 7).await.number, ReleaseNumber(3));
}

/// A release refers to secrets by name; a literal secret is refused.
pub async fn secrets_are_stored_separately(store: SharedStore) {
    store.put_adapter(adapter("1.0.0", b"one", 0)).await.unwrap();
    release(&*store, &acme(), 1).await;
    let stored = store.secret(&acme(), "crm-1").await.unwrap().unwrap();
    assert_eq!((stored.sealed, stored.set_at), (sealed(1, "acme"), at(1)));
    assert_eq!(store.secret(&acme(), "crm-2").await, Ok(None));
    assert_eq!(store.secret(&zenith(), "crm-1").await, Ok(None));

    let mut spec = spec(&acme());
    spec.credentials[0].secret = Some(SecretRef::Value(Sensitive::new("literal".into())));
    let literal = NewRelease {
        spec,
        adapter: Digest::of(b"one"),
        secrets: vec![],
        now: at(2),
    };
    assert!(store.put_release(literal).await.is_err());
    assert_eq!(store.tenant(&acme()).await.unwrap().unwrap().newest, ReleaseNumber(1));
}

/// Only their hashes are stored.
pub async fn tokens_are_live_until_revoked(store: SharedStore) {
    let token = async |text: &str, purpose, second| {
        let new = NewToken {
            hash: Digest::of(text.as_bytes()),
            purpose,
            label: text.into(),
            now: at(second),
        };
        store.put_token(new).await.unwrap()
    };
    let agent = token("agent", TokenPurpose::Agent(acme()), 1).await;
    let operator = token("operator", TokenPurpose::Operator, 2).await;
    let live = store.live_tokens().await;
    let expected = [
        (Digest::of(b"agent"), agent.clone()),
        (Digest::of(b"operator"), operator.clone()),
    ];
    assert_eq!(live, Ok(expected.to_vec()));
    assert_eq!(store.revoke_token(agent.id, at(3)).await, Ok(true));
    assert_eq!(store.revoke_token(agent.id, at(4)).await, Ok(false));
    assert_eq!(store.revoke_token(TokenId(99), at(4)).await, Ok(false));
    assert_eq!(store.live_tokens().await, Ok(vec![expected[1].clone()]));
    let revoked = TokenRecord {
        revoked_at: Some(at(3)),
        ..agent
    };
    let first = store.tokens(page(None, 1)).await.unwrap();
    let rest = store.tokens(page(first.next, 1)).await.unwrap();
    assert_eq!((first.items, rest.items), (vec![operator], vec![revoked]));
}

/// Hosts that follow a store read everything again when the revision changes; nothing else notifies them.
pub async fn the_revision_follows_releases_and_tokens(store: SharedStore) {
    let mut last = store.revision().await.unwrap();
    assert_ne!(last, 0);
    let mut changed = async || {
        let now = store.revision().await.unwrap();
        std::mem::replace(&mut last, now) != now
    };
    assert!(!changed().await);
    let new = |second| NewToken {
        hash: Digest::of(format!("{second}").as_bytes()),
        purpose: TokenPurpose::Operator,
        label: String::new(),
        now: at(second),
    };
    let token = store.put_token(new(1)).await.unwrap();
    assert!(changed().await, "a token was created");
    assert_eq!(store.revoke_token(token.id, at(2)).await, Ok(true));
    assert!(changed().await, "a token was revoked");
    store.put_adapter(adapter("1.0.0", b"one", 0)).await.unwrap();
    for n in 3..=4 {
        release(&*store, &acme(), n).await;
        assert!(changed().await, "a release became active");
    }
    assert_eq!(store.activate(&acme(), ReleaseNumber(1), at(5)).await, Ok(true));
    assert!(changed().await, "an earlier release became active");
    accept_call(&*store, "C", "L", at(6)).await;
    assert!(!changed().await, "work does not change it");
}

/// The check can be repeated.
pub async fn a_store_is_ready(store: SharedStore) {
    assert_eq!(store.ready().await, Ok(()));
    assert_eq!(store.ready().await, Ok(()));
}
