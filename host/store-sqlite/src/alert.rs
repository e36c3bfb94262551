//! Alerts: an outbox. An alert is written in the same transaction as the event that it reports.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use crate::SqliteStore;
use crate::column::{Columns, json, micros};
use crate::page::{PageQuery, to_page};
use crate::writer::Write;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::{DeliveryKind, DeliveryVerdict};
use jackfield_domain::id::{AlertId, DeliveryId, LeadId, TenantName};
use jackfield_store::{Alert, AlertStore, NewAlert, Page, PageRequest, StoreError, TenantAlerts};

/// The oldest alerts that no host has announced, at most a hundred.
pub(crate) const UNANNOUNCED: &str =
    "select * from alert indexed by alert_untold where told_at is null order by id limit 100";

/// Acknowledges a delivery's open alerts of some kinds.
const CLOSE_DECISIONS: &str = "update alert indexed by alert_of_delivery set acknowledged_at = ?1
    where delivery = ?2 and acknowledged_at is null and kind in (select value from json_each(?3))";

#[async_trait]
impl AlertStore for SqliteStore {
    async fn alerts(
        &self,
        tenant: Option<&TenantName>,
        open_only: bool,
        page: PageRequest,
    ) -> Result<Page<Alert>, StoreError> {
        list(&self.readers, tenant, open_only, &page).await
    }

    async fn unannounced_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let rows = sqlx::query(UNANNOUNCED).fetch_all(&self.readers).await?;
        rows.iter().map(alert).collect()
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
        let rows = sqlx::query(query).bind(kind.word()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| row.id("tenant")).collect()
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
pub(crate) async fn raise(
    db: &mut SqliteConnection,
    subject: &AlertSubject<'_>,
    kind: AlertKind,
    verdict: &DeliveryVerdict,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(since) = kind.repeats_newer_than(now)
        && is_open_since(db, subject.tenant, kind, since).await?
    {
        return Ok(());
    }
    let message = verdict.alert_message(subject.kind, subject.id);
    insert(
        db,
        subject.tenant,
        kind,
        (Some(subject.id), subject.lead),
        &message,
        now,
    )
    .await
}

/// Writes an alert about a tenant as a whole.
pub(crate) async fn raise_for_tenant(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    kind: AlertKind,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    insert(db, tenant, kind, (None, None), message, now).await
}

/// Closes the alerts that ask for a decision on a delivery: a person has taken it.
pub(crate) async fn close_decisions(
    db: &mut SqliteConnection,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kinds = AlertKind::DECISIONS.map(AlertKind::word);
    sqlx::query(CLOSE_DECISIONS)
        .bind(micros(now))
        .bind(delivery.0)
        .bind(json("a list of kinds", &kinds)?)
        .execute(db)
        .await?;
    Ok(())
}

/// Writes an alert about a do-not-call of which the CRM does not know.
pub(crate) async fn raise_do_not_call(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    lead: &LeadId,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    insert(db, tenant, AlertKind::DoNotCall, (None, Some(lead)), message, now).await
}

/// Closes the alerts of [`raise_do_not_call`]: a disposition brings the do-not-call to the CRM.
pub(crate) async fn close_do_not_call(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    lead: &LeadId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update alert set acknowledged_at = ?
         where tenant = ? and kind = ? and acknowledged_at is null and lead = ?",
    )
    .bind(micros(now))
    .bind(tenant.as_str())
    .bind(AlertKind::DoNotCall.word())
    .bind(lead.as_str())
    .execute(db)
    .await?;
    Ok(())
}

async fn insert(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    kind: AlertKind,
    (delivery, lead): (Option<DeliveryId>, Option<&LeadId>),
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("insert into alert (tenant, kind, delivery, lead, message, at) values (?, ?, ?, ?, ?, ?)")
        .bind(tenant.as_str())
        .bind(kind.word())
        .bind(delivery.map(|id| id.0))
        .bind(lead.map(LeadId::as_str))
        .bind(message)
        .bind(micros(now))
        .execute(db)
        .await?;
    Ok(())
}

async fn is_open_since(
    db: &mut SqliteConnection,
    tenant: &TenantName,
    kind: AlertKind,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let open = sqlx::query("select 1 from alert where tenant = ? and kind = ? and acknowledged_at is null and at > ?")
        .bind(tenant.as_str())
        .bind(kind.word())
        .bind(micros(since))
        .fetch_optional(db)
        .await?;
    Ok(open.is_some())
}

/// Alerts, newest first.
pub(crate) async fn list(
    db: &SqlitePool,
    tenant: Option<&TenantName>,
    open_only: bool,
    page: &PageRequest,
) -> Result<Page<Alert>, StoreError> {
    let part = PageQuery::newest_first(page)?;
    let mut query = QueryBuilder::<Sqlite>::new("select * from alert where id < ");
    query.push_bind(part.before);
    if let Some(tenant) = tenant {
        query.push(" and tenant = ").push_bind(tenant.as_str());
    }
    if open_only {
        query.push(" and acknowledged_at is null");
    }
    query.push(" order by id desc limit ").push_bind(part.rows());
    let rows = query.build().fetch_all(db).await?;
    to_page(&rows, part.limit, alert, |alert| alert.id.0.to_string())
}

fn alert(row: &SqliteRow) -> Result<Alert, StoreError> {
    let delivery: Option<i64> = row.plain("delivery")?;
    Ok(Alert {
        id: AlertId(row.plain("id")?),
        tenant: row.id("tenant")?,
        kind: row.checked("kind", AlertKind::from_word)?,
        delivery: delivery.map(DeliveryId),
        lead: row.id_option("lead")?,
        message: row.plain("message")?,
        at: row.time("at")?,
        acknowledged_at: row.time_option("acknowledged_at")?,
    })
}

impl Write for NewAlert {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        raise_for_tenant(db, &self.tenant, self.kind, &self.message, self.now).await
    }
}

impl Write for TenantAlerts {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        for (tenant, message) in &self.open {
            let open: Option<String> = sqlx::query_scalar(
                "select message from alert where tenant = ? and kind = ? and acknowledged_at is null",
            )
            .bind(tenant.as_str())
            .bind(self.kind.word())
            .fetch_optional(&mut *db)
            .await?;
            match open {
                None => raise_for_tenant(db, tenant, self.kind, message, self.now).await?,
                Some(open) if open == *message => {}
                Some(_) => {
                    sqlx::query(
                        "update alert set message = ?, told_at = null
                         where tenant = ? and kind = ? and acknowledged_at is null",
                    )
                    .bind(message)
                    .bind(tenant.as_str())
                    .bind(self.kind.word())
                    .execute(&mut *db)
                    .await?;
                }
            }
        }
        for tenant in &self.close {
            sqlx::query(
                "update alert set acknowledged_at = ? where tenant = ? and kind = ? and acknowledged_at is null",
            )
            .bind(micros(self.now))
            .bind(tenant.as_str())
            .bind(self.kind.word())
            .execute(&mut *db)
            .await?;
        }
        Ok(())
    }
}

/// Records when alerts were announced.
pub(crate) struct MarkAnnounced {
    ids: Vec<AlertId>,
    now: Timestamp,
}

impl Write for MarkAnnounced {
    type Output = ();

    async fn run(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        for id in &self.ids {
            sqlx::query("update alert set told_at = ? where id = ? and told_at is null")
                .bind(micros(self.now))
                .bind(id.0)
                .execute(&mut *db)
                .await?;
        }
        Ok(())
    }
}

/// Marks an alert as seen. The time of the first acknowledgement is kept.
pub(crate) struct Acknowledge {
    pub(crate) id: AlertId,
    pub(crate) now: Timestamp,
}

impl Write for Acknowledge {
    type Output = bool;

    async fn run(&self, db: &mut SqliteConnection) -> Result<bool, StoreError> {
        let marked = sqlx::query("update alert set acknowledged_at = coalesce(acknowledged_at, ?) where id = ?")
            .bind(micros(self.now))
            .bind(self.id.0)
            .execute(db)
            .await?;
        Ok(marked.rows_affected() > 0)
    }
}
