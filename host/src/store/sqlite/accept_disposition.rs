//! Taking a disposition: raw request, delivery and, for a do-not-call, the suppression, in one transaction.

use sqlx::SqliteConnection;

use super::accept_lead::receipt;
use super::column::{Columns, later, micros, stored};
use super::intake::{DISPOSITIONS, NewDelivery, keep_request};
use super::rank::Rank;
use super::suppression;
use super::writer::Write;
use crate::domain::delivery::{Kind, State};
use crate::domain::idempotency::{Repeat, Seen, compare};
use crate::store::{Accept, AcceptDisposition, Receipt, StoreError};

impl Write for AcceptDisposition {
    type Output = Accept;

    async fn run(&self, db: &mut SqliteConnection) -> Result<Accept, StoreError> {
        if let Some(known) = self.known(db).await? {
            return Ok(known);
        }
        let disposition = &self.disposition;
        let accepted_at = stored(self.inbound.received_at);
        let receipt = keep_request(db, DISPOSITIONS, &self.inbound, self.digest).await?;
        let delivery = NewDelivery {
            tenant: &self.inbound.tenant,
            kind: Kind::Disposition,
            key: disposition.call_id.as_str(),
            receipt,
            lead: Some(&disposition.lead_id),
            rank: if disposition.dnc_requested {
                Rank::DoNotCall
            } else {
                Rank::Normal
            },
            state: State::Ready,
            due: later(accepted_at, self.first_wait),
            accepted_at,
            now: accepted_at,
            payload: None,
        };
        let delivery = delivery.insert(db).await?;
        self.mark_lead(db).await?;
        Ok(Accept::New(Receipt {
            id: receipt,
            delivery,
            lead: Some(disposition.lead_id.clone()),
            accepted_at,
        }))
    }
}

impl AcceptDisposition {
    /// What is known under the call's id, however long ago.
    async fn known(&self, db: &mut SqliteConnection) -> Result<Option<Accept>, StoreError> {
        let row = sqlx::query(
            "select d.id, d.receipt, d.lead, d.accepted_at, i.digest from delivery d join inbox i on i.id = d.receipt
             where d.tenant = ? and d.kind = 'disposition' and d.dedup_key = ?",
        )
        .bind(self.inbound.tenant.as_str())
        .bind(self.disposition.call_id.as_str())
        .fetch_optional(db)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let seen = Seen {
            digest: row.digest("digest")?,
            at: row.time("accepted_at")?,
        };
        Ok(match compare(self.digest, &[seen], None, self.inbound.received_at) {
            Repeat::New => None,
            Repeat::Same => Some(Accept::Repeat(receipt(&row)?)),
            Repeat::Conflict => Some(Accept::Conflict),
        })
    }

    /// The lead is known from now on, and a do-not-call is known before anybody hears that it was accepted.
    async fn mark_lead(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let disposition = &self.disposition;
        let (tenant, at) = (&self.inbound.tenant, self.inbound.received_at);
        sqlx::query(
            "insert into lead (tenant, lead, dnc_since) values (?, ?, ?)
             on conflict (tenant, lead) do update set dnc_since = excluded.dnc_since
             where dnc_since is null and excluded.dnc_since is not null",
        )
        .bind(tenant.as_str())
        .bind(disposition.lead_id.as_str())
        .bind(disposition.dnc_requested.then(|| micros(at)))
        .execute(&mut *db)
        .await?;
        if disposition.dnc_requested {
            let call = format!("call {}", disposition.call_id);
            suppression::request(db, tenant, &disposition.lead_id, &call, at).await?;
        }
        Ok(())
    }
}
