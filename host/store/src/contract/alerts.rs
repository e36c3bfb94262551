//! Alerts: the outbox, and those that a tenant has at most one of.

use crate::{NewAlert, SharedStore, TenantAlerts};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::id::{AlertId, TenantName};

use super::fixture::{accept_call, acme, at, page, replay, send_to_review, zenith};

fn credential_alert(second: i64) -> NewAlert {
    NewAlert {
        tenant: acme(),
        kind: AlertKind::Credential,
        message: "credential `crm` has no access token".into(),
        now: at(second),
    }
}

/// An alert stays in the outbox until it is marked, in any order.
pub async fn alerts_are_unannounced_until_marked(store: SharedStore) {
    for n in 0..3 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        send_to_review(&*store, at(n)).await;
    }
    let alerts = store.unannounced_alerts().await.unwrap();
    assert_eq!(
        store.unannounced_alerts().await,
        Ok(alerts.clone()),
        "reading marks nothing"
    );
    assert_eq!(store.mark_announced(&[], at(8)).await, Ok(()));
    assert_eq!(store.mark_announced(&[alerts[1].id, AlertId(99)], at(8)).await, Ok(()));
    let left = [alerts[0].clone(), alerts[2].clone()];
    assert_eq!(store.unannounced_alerts().await, Ok(left.to_vec()));
    assert_eq!(store.acknowledge_alert(alerts[0].id, at(9)).await, Ok(true));
    assert_eq!(
        store.unannounced_alerts().await.unwrap().len(),
        2,
        "an acknowledged alert is not yet announced"
    );
    let ids: Vec<_> = alerts.iter().map(|alert| alert.id).collect();
    assert_eq!(store.mark_announced(&ids, at(9)).await, Ok(()));
    assert_eq!(store.unannounced_alerts().await, Ok(vec![]));
    assert_eq!(store.alerts(None, true, page(None, 9)).await.unwrap().items.len(), 2);
}

/// A long outbox is read in batches, oldest first.
pub async fn unannounced_alerts_are_read_in_batches(store: SharedStore) {
    for n in 0..101 {
        store.raise_alert(credential_alert(n)).await.unwrap();
    }
    let first = store.unannounced_alerts().await.unwrap();
    assert_eq!((first.len(), first[0].at, first[99].at), (100, at(0), at(99)));
    let ids: Vec<_> = first.iter().map(|alert| alert.id).collect();
    store.mark_announced(&ids, at(200)).await.unwrap();
    let rest = store.unannounced_alerts().await.unwrap();
    assert_eq!(rest.iter().map(|alert| alert.at).collect::<Vec<_>>(), [at(100)]);
}

/// The outbox returns the oldest first, the listing the newest.
pub async fn alerts_are_announced_oldest_first(store: SharedStore) {
    for n in 0..3 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        send_to_review(&*store, at(n)).await;
    }
    let alerts = store.unannounced_alerts().await.unwrap();
    assert_eq!(
        alerts.iter().map(|alert| alert.at).collect::<Vec<_>>(),
        [at(0), at(1), at(2)]
    );
    store.mark_announced(&[alerts[0].id], at(8)).await.unwrap();
    assert_eq!(store.unannounced_alerts().await, Ok(alerts[1..].to_vec()));
    assert_eq!(store.acknowledge_alert(alerts[1].id, at(9)).await, Ok(true));
    assert_eq!(store.acknowledge_alert(AlertId(99), at(9)).await, Ok(false));
    let listed = async |tenant: Option<TenantName>, open_only| {
        let listed = store.alerts(tenant.as_ref(), open_only, page(None, 9)).await.unwrap();
        listed.items.iter().map(|alert| alert.at).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, true).await, [at(2), at(0)]);
    assert_eq!(listed(Some(acme()), false).await, [at(2), at(1), at(0)]);
    assert_eq!(listed(Some(zenith()), false).await, []);
}

/// An alert about a tenant is listed and announced like those about deliveries.
pub async fn an_alert_may_have_no_delivery(store: SharedStore) {
    assert_eq!(store.raise_alert(credential_alert(1)).await, Ok(()));
    assert_eq!(store.raise_alert(credential_alert(2)).await, Ok(()));
    let alerts = store.unannounced_alerts().await.unwrap();
    assert_eq!(
        alerts,
        store
            .alerts(Some(&acme()), true, page(None, 9))
            .await
            .unwrap()
            .items
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    let [first, second] = &alerts[..] else {
        panic!("{alerts:?}")
    };
    assert_eq!(
        (&first.tenant, first.kind, first.at, second.at),
        (&acme(), AlertKind::Credential, at(1), at(2))
    );
    assert_eq!(
        (first.message.as_str(), first.delivery, &first.lead),
        ("credential `crm` has no access token", None, &None)
    );
}

/// It is announced again when its message changes, closed when its cause is gone, and opened anew later.
pub async fn a_tenant_has_one_alert_of_its_kind(store: SharedStore) {
    let kind = AlertKind::NotServing;
    let update = async |second, open: &[(TenantName, &str)], close: &[TenantName]| {
        let open = open
            .iter()
            .map(|(tenant, message)| (tenant.clone(), (*message).to_owned()));
        let (open, close, now) = (open.collect(), close.to_vec(), at(second));
        let update = TenantAlerts { kind, open, close, now };
        store.update_tenant_alerts(update).await.unwrap();
    };
    let announce = async || {
        let alerts = store.unannounced_alerts().await.unwrap();
        let ids: Vec<_> = alerts.iter().map(|alert| alert.id).collect();
        store.mark_announced(&ids, at(9)).await.unwrap();
        let shown = alerts.into_iter().map(|alert| (alert.tenant, alert.message));
        shown.collect::<Vec<_>>()
    };
    store.raise_alert(credential_alert(0)).await.unwrap();
    announce().await;
    update(1, &[(acme(), "no secret"), (zenith(), "no secret")], &[]).await;
    assert_eq!(store.tenants_alerted(kind).await, Ok(vec![acme(), zenith()]));
    assert_eq!(announce().await.len(), 2);
    update(2, &[(acme(), "no secret"), (zenith(), "no adapter")], &[]).await;
    assert_eq!(announce().await, [(zenith(), "no adapter".to_owned())]);
    update(3, &[], &[acme()]).await;
    assert_eq!(store.tenants_alerted(kind).await, Ok(vec![zenith()]));
    update(4, &[(acme(), "no secret")], &[zenith(), zenith()]).await;
    assert_eq!(announce().await, [(acme(), "no secret".to_owned())]);
    let all = store.alerts(None, false, page(None, 9)).await.unwrap().items;
    let of_kind = all.iter().filter(|alert| alert.kind == kind);
    let times: Vec<_> = of_kind.map(|alert| (alert.at, alert.acknowledged_at)).collect();
    assert_eq!(times, [(at(4), None), (at(1), Some(at(4))), (at(1), Some(at(3)))]);
    assert_eq!(store.tenants_alerted(AlertKind::Credential).await, Ok(vec![acme()]));
}

/// Whatever a person decides on a delivery, nothing asks for the decision any more; other alerts stay.
pub async fn a_decision_closes_its_alerts(store: SharedStore) {
    let mut stopped = vec![];
    for n in 0..4 {
        accept_call(&*store, &format!("C-{n}"), &format!("L-{n}"), at(n)).await;
        stopped.push(send_to_review(&*store, at(n)).await);
    }
    store.raise_alert(credential_alert(5)).await.unwrap();
    let open = async || {
        let alerts = store.alerts(None, true, page(None, 9)).await.unwrap().items;
        alerts.into_iter().map(|alert| alert.delivery).collect::<Vec<_>>()
    };
    assert_eq!(open().await.len(), 5);
    store.replay(replay(&stopped[..1], at(6))).await.unwrap();
    assert_eq!(store.discard(stopped[1], at(7)).await, Ok(true));
    assert_eq!(store.settle(stopped[2], None, at(8)).await, Ok(true));
    assert_eq!(open().await, [None, Some(stopped[3])]);
    let all = store.alerts(None, false, page(None, 9)).await.unwrap().items;
    let closed: Vec<_> = all.iter().rev().map(|alert| alert.acknowledged_at).collect();
    assert_eq!(closed, [Some(at(6)), Some(at(7)), Some(at(8)), None, None]);

    let again = send_to_review(&*store, at(9)).await;
    assert_eq!(again, stopped[0]);
    assert_eq!(
        open().await,
        [Some(again), None, Some(stopped[3])],
        "it asks again when it stops again"
    );
}
