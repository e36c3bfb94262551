//! Alerts: an outbox. An alert is written in the same transaction as the event that it reports.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::column::{Columns as _, micros};
use crate::page::{PageQuery, to_page};
use crate::sql::{all, execute, exists, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryKind, DeliveryVerdict};
use jackfield_domain::id::{AlertId, DeliveryId, LeadId, TenantName};
use jackfield_store::{Alert, AlertStore, NewAlert, Page, PageRequest, StoreError, TenantAlerts};

/// The oldest alerts that no host has announced, at most a hundred.
pub(crate) const UNANNOUNCED: &str =
    "select * from alert indexed by alert_untold where told_at is null order by id limit 100";

#[async_trait]
impl AlertStore for SqliteStore {
    async fn alerts(
        &self,
        tenant: Option<&TenantName>,
        open_only: bool,
        page: PageRequest,
    ) -> Result<Page<Alert>, StoreError> {
        let tenant = tenant.cloned();
        self.readers
            .read(move |db| list(db, tenant.as_ref(), open_only, &page))
            .await
    }

    async fn unannounced_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.readers.read(|db| all(db, UNANNOUNCED, [], alert)).await
    }

    async fn mark_announced(&self, ids: &[AlertId], now: Timestamp) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.writer.submit_urgent(MarkAnnounced { ids, now }).await
    }

    async fn raise_alert(&self, alert: NewAlert) -> Result<(), StoreError> {
        self.writer.submit_urgent(alert).await
    }

    async fn update_tenant_alerts(&self, update: TenantAlerts) -> Result<(), StoreError> {
        self.writer.submit_urgent(update).await
    }

    async fn tenants_alerted(&self, kind: AlertKind) -> Result<Vec<TenantName>, StoreError> {
        let query = "select distinct tenant from alert where kind = ? and acknowledged_at is null order by tenant";
        self.readers
            .read(move |db| all(db, query, [kind.word()], |row| row.id("tenant")))
            .await
    }

    async fn acknowledge_alert(&self, id: AlertId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(Acknowledge { id, now }).await
    }
}

/// The delivery that an alert is about.
pub(crate) struct AlertSubject<'a> {
    pub(crate) id: DeliveryId,
    pub(crate) tenant: &'a TenantName,
    pub(crate) kind: DeliveryKind,
    pub(crate) lead: Option<&'a LeadId>,
}

/// Writes an alert about a delivery, unless it repeats an open one.
pub(crate) fn raise(
    tx: &Transaction<'_>,
    subject: &AlertSubject<'_>,
    kind: AlertKind,
    verdict: &DeliveryVerdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(since) = kind.repeats_newer_than(now)
        && is_open_since(tx, subject.tenant, kind, since)?
    {
        return Ok(());
    }
    let message = verdict.alert_message(subject.kind, subject.id);
    insert(
        tx,
        subject.tenant,
        kind,
        (Some(subject.id), subject.lead),
        &message,
        now,
    )
}

/// Writes an alert about a tenant as a whole.
pub(crate) fn raise_for_tenant(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    kind: AlertKind,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    insert(tx, tenant, kind, (None, None), message, now)
}

/// Closes the alerts that ask for a decision on a delivery: a person has taken it.
pub(crate) fn close_decisions(tx: &Transaction<'_>, delivery: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    for kind in AlertKind::DECISIONS {
        execute(
            tx,
            "update alert indexed by alert_of_delivery set acknowledged_at = ?
             where delivery = ? and acknowledged_at is null and kind = ?",
            params![micros(now), delivery.0, kind.word()],
        )?;
    }
    Ok(())
}

/// Writes an alert about a do-not-call of which the CRM does not know.
pub(crate) fn raise_do_not_call(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    lead: &LeadId,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    insert(tx, tenant, AlertKind::DoNotCall, (None, Some(lead)), message, now)
}

/// Closes the alerts of [`raise_do_not_call`]: a disposition brings the do-not-call to the CRM.
pub(crate) fn close_do_not_call(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    lead: &LeadId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute(
        tx,
        "update alert set acknowledged_at = ?
         where tenant = ? and kind = ? and acknowledged_at is null and lead = ?",
        params![micros(now), tenant.as_str(), AlertKind::DoNotCall.word(), lead.as_str()],
    )
    .map(drop)
}

fn insert(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    kind: AlertKind,
    (delivery, lead): (Option<DeliveryId>, Option<&LeadId>),
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into alert (tenant, kind, delivery, lead, message, at) values (?, ?, ?, ?, ?, ?)",
        params![
            tenant.as_str(),
            kind.word(),
            delivery.map(|id| id.0),
            lead.map(LeadId::as_str),
            message,
            micros(now),
        ],
    )
    .map(drop)
}

fn is_open_since(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    kind: AlertKind,
    since: Timestamp,
) -> Result<bool, StoreError> {
    exists(
        tx,
        "select 1 from alert where tenant = ? and kind = ? and acknowledged_at is null and at > ?",
        params![tenant.as_str(), kind.word(), micros(since)],
    )
}

/// Alerts, newest first.
fn list(
    db: &Connection,
    tenant: Option<&TenantName>,
    open_only: bool,
    page: &PageRequest,
) -> Result<Page<Alert>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let table = if open_only {
        "alert indexed by alert_open_ids where acknowledged_at is null and"
    } else {
        "alert where"
    };
    let sql = format!("select * from {table} id < ?1 and (?2 is null or tenant = ?2) order by id desc limit ?3");
    let values = params![part.before, tenant.map(TenantName::as_str), part.rows()];
    let found = all(db, &sql, values, alert)?;
    Ok(to_page(found, part.limit, |alert| alert.id.0.to_string()))
}

fn alert(row: &Row<'_>) -> Result<Alert, StoreError> {
    let delivery: Option<i64> = row.plain("delivery")?;
    Ok(Alert {
        id: AlertId(row.plain("id")?),
        tenant: row.id("tenant")?,
        kind: row.word("kind", AlertKind::from_word)?,
        delivery: delivery.map(DeliveryId),
        lead: row.id_option("lead")?,
        message: row.plain("message")?,
        at: row.time("at")?,
        acknowledged_at: row.time_option("acknowledged_at")?,
    })
}

impl Write for NewAlert {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        raise_for_tenant(tx, &self.tenant, self.kind, &self.message, self.now)
    }
}

impl Write for TenantAlerts {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        for (tenant, message) in &self.open {
            let open: Option<String> = first(
                tx,
                "select message from alert where tenant = ? and kind = ? and acknowledged_at is null",
                params![tenant.as_str(), self.kind.word()],
                |row| row.plain("message"),
            )?;
            match open {
                None => raise_for_tenant(tx, tenant, self.kind, message, self.now)?,
                Some(open) if open == *message => {}
                Some(_) => {
                    execute(
                        tx,
                        "update alert set message = ?, told_at = null
                         where tenant = ? and kind = ? and acknowledged_at is null",
                        params![message, tenant.as_str(), self.kind.word()],
                    )?;
                }
            }
        }
        for tenant in &self.close {
            execute(
                tx,
                "update alert set acknowledged_at = ? where tenant = ? and kind = ? and acknowledged_at is null",
                params![micros(self.now), tenant.as_str(), self.kind.word()],
            )?;
        }
        Ok(())
    }
}

/// Records when alerts were announced.
struct MarkAnnounced {
    ids: Vec<AlertId>,
    now: Timestamp,
}

impl Write for MarkAnnounced {
    type Output = ();

    fn run(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        for id in &self.ids {
            execute(
                tx,
                "update alert set told_at = ? where id = ? and told_at is null",
                [micros(self.now), id.0],
            )?;
        }
        Ok(())
    }
}

/// Marks an alert as seen. The time of the first acknowledgement is kept.
struct Acknowledge {
    id: AlertId,
    now: Timestamp,
}

impl Write for Acknowledge {
    type Output = bool;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let marked = execute(
            tx,
            "update alert set acknowledged_at = coalesce(acknowledged_at, ?) where id = ?",
            [micros(self.now), self.id.0],
        )?;
        Ok(marked > 0)
    }
}
