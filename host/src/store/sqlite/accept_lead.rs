//! Taking a lead's webhook: keys, raw request and what follows, in one transaction.

use jiff::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::column::{Columns, later, micros, stored};
use super::intake::{LEADS, NewDelivery, keep_request, renew_lead, with_key};
use super::rank::Rank;
use super::writer::Write;
use crate::domain::delivery::{Kind, State};
use crate::domain::id::{DedupKey, DeliveryId, Digest, ReceiptId};
use crate::domain::idempotency::{Repeat, Seen, compare};
use crate::store::{Accept, AcceptLead, AcceptedWork, Receipt, StoreError};

/// Keys that [`ForgetKeys`] deletes at once: few enough to hold up nobody.
const FORGET_AT_ONCE: i64 = 1000;

impl Write for AcceptLead {
    type Output = Accept;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Accept, StoreError> {
        let now = self.inbound.received_at;
        let seen = self.seen(db).await?;
        let bodies: Vec<_> = seen.iter().map(|(seen, _)| *seen).collect();
        match compare(self.digest, &bodies, Some(self.window), now) {
            Repeat::Conflict => return Ok(Accept::Conflict),
            Repeat::Same => {
                // Keys whose window is over are among what was seen; the receipt is that of one that still counts.
                let same = |seen: &&(Seen, _)| compare(self.digest, &[seen.0], Some(self.window), now) == Repeat::Same;
                if let Some((_, receipt)) = seen.iter().find(same) {
                    return Ok(Accept::Repeat(receipt.clone()));
                }
            }
            Repeat::New => {}
        }
        let receipt = keep_request(db, LEADS, &self.inbound, self.digest).await?;
        let receipt = self.follow_up(db, receipt).await?;
        self.remember_keys(db, receipt.delivery).await?;
        Ok(Accept::New(receipt))
    }
}

impl AcceptLead {
    /// What is known under the request's keys, in their order, and the receipts that were given for it.
    async fn seen(&self, db: &mut SqliteConnection) -> Result<Vec<(Seen, Receipt)>, StoreError> {
        let mut found = vec![];
        for key in &self.keys {
            let row = sqlx::query(
                "select k.digest, k.seen_at, d.id, d.receipt, d.lead, d.accepted_at
                 from inbox_key k join delivery d on d.id = k.delivery
                 where k.tenant = ? and k.endpoint = ? and k.idem_key = ?",
            )
            .bind(self.inbound.tenant.as_str())
            .bind(LEADS)
            .bind(key.as_str())
            .fetch_optional(&mut *db)
            .await?;
            if let Some(row) = row {
                let seen = Seen {
                    digest: row.digest("digest")?,
                    at: row.time("seen_at")?,
                };
                found.push((seen, receipt(&row)?));
            }
        }
        Ok(found)
    }

    async fn follow_up(&self, db: &mut SqliteConnection, receipt: ReceiptId) -> Result<Receipt, StoreError> {
        let accepted_at = stored(self.inbound.received_at);
        let (kind, lead, push) = match &self.work {
            AcceptedWork::Lead { lead, push } => (Kind::Lead, Some(lead), *push),
            AcceptedWork::Parse => (Kind::Inbound, None, true),
        };
        let key = self.delivery_key(db, kind, receipt).await?;
        let delivery = NewDelivery {
            tenant: &self.inbound.tenant,
            kind,
            key: key.as_str(),
            receipt,
            lead: lead.map(|lead| &lead.id),
            rank: lead.map_or(Rank::High, |lead| lead.priority.into()),
            state: if push { State::Ready } else { State::Done },
            due: later(accepted_at, self.first_wait),
            accepted_at,
            now: accepted_at,
            payload: None,
        };
        let delivery = delivery.insert(db).await?;
        if let Some(lead) = lead {
            let tenant = &self.inbound.tenant;
            renew_lead(db, tenant, &lead.id, lead.priority, delivery, accepted_at).await?;
        }
        Ok(Receipt {
            id: receipt,
            delivery,
            lead: lead.map(|lead| lead.id.clone()),
            accepted_at,
        })
    }

    /// The delivery's own key: the request's first. A delivery outlives the window of its request's key, and a
    /// destination could still know the key; so a request that comes again after the window is a new thing, and gets a
    /// key that never was. No webhook's key begins with `again:`, and no two have the same receipt.
    async fn delivery_key(
        &self,
        db: &mut SqliteConnection,
        kind: Kind,
        receipt: ReceiptId,
    ) -> Result<DedupKey, StoreError> {
        let first = self
            .keys
            .first()
            .ok_or_else(|| StoreError::Corrupt("a webhook without a key".into()))?;
        if with_key(db, &self.inbound.tenant, kind, first).await?.is_none() {
            return Ok(first.clone());
        }
        let again = |key: &str| format!("again:{}:{key}", receipt.0).parse::<DedupKey>();
        again(first.as_str())
            .or_else(|_| again(&Digest::of(first.as_str().as_bytes()).to_string()))
            .map_err(|error| StoreError::Corrupt(error.rule.into()))
    }

    async fn remember_keys(&self, db: &mut SqliteConnection, delivery: DeliveryId) -> Result<(), StoreError> {
        let now = self.inbound.received_at;
        for key in &self.keys {
            sqlx::query(
                "insert or replace into inbox_key (tenant, endpoint, idem_key, digest, delivery, seen_at, expires_at)
                 values (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(self.inbound.tenant.as_str())
            .bind(LEADS)
            .bind(key.as_str())
            .bind(self.digest.as_bytes().as_slice())
            .bind(delivery.0)
            .bind(micros(now))
            .bind(micros(later(now, self.window)))
            .execute(&mut *db)
            .await?;
        }
        Ok(())
    }
}

/// The receipt that was given for a delivery's request.
pub(super) fn receipt(row: &SqliteRow) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        id: ReceiptId(row.plain("receipt")?),
        delivery: DeliveryId(row.plain("id")?),
        lead: row.id_option("lead")?,
        accepted_at: row.time("accepted_at")?,
    })
}

/// Forgets keys whose window is over.
pub(super) struct ForgetKeys {
    pub(super) now: Timestamp,
}

impl Write for ForgetKeys {
    type Output = usize;

    async fn run(&self, db: &mut SqliteConnection) -> Result<usize, StoreError> {
        let forgotten = sqlx::query(
            "delete from inbox_key where (tenant, endpoint, idem_key) in
                 (select tenant, endpoint, idem_key from inbox_key where expires_at <= ? limit ?)",
        )
        .bind(micros(self.now))
        .bind(FORGET_AT_ONCE)
        .execute(db)
        .await?;
        Ok(usize::try_from(forgotten.rows_affected()).unwrap_or(usize::MAX))
    }
}
