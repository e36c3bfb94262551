//! Accepts leads' webhooks: keys, raw request and what follows, in one transaction.

use jiff::Timestamp;
use rusqlite::params;

use crate::column::{Columns as _, later, micros, stored};
use crate::intake::rows::{
    LEADS, NewDelivery, RenewedLead, insert_delivery, insert_request, is_key_taken, mended, renew_lead,
};
use crate::sql::{execute, first};
use crate::writer::{Transaction, Write};
use jackfield_domain::delivery::{DeliveryKind, DeliveryRank, DeliveryState};
use jackfield_domain::id::{DedupKey, DeliveryId, LeadId, ReceiptId};
use jackfield_domain::intake::idempotency::{KEYS_FORGOTTEN_AT_ONCE, RepeatCheck, SeenKey, compare, key_again};
use jackfield_domain::lead::Lead;
use jackfield_store::{Accept, AcceptLead, AcceptedWork, Receipt, StoreError};

impl Write for AcceptLead {
    type Output = Accept;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<Accept, StoreError> {
        match repeat(self, tx)? {
            Some(answer) => Ok(answer),
            None => Ok(Accept::New(accept(self, tx)?)),
        }
    }
}

/// The answer to a repeat or a conflict; none if the request is new.
fn repeat(work: &AcceptLead, tx: &Transaction<'_>) -> Result<Option<Accept>, StoreError> {
    let now = work.request.received_at;
    let mut found = vec![];
    for key in &work.keys {
        found.extend(seen(work, tx, key)?);
    }
    let bodies: Vec<_> = found.iter().map(|(seen, _)| *seen).collect();
    Ok(match compare(work.digest, &bodies, Some(work.window), now) {
        RepeatCheck::New => None,
        RepeatCheck::Conflict => Some(Accept::Conflict),
        RepeatCheck::Same => {
            // Keys whose window is over are among what was seen; the receipt is that of one that still counts.
            let same = |seen: SeenKey| compare(work.digest, &[seen], Some(work.window), now) == RepeatCheck::Same;
            let first = found.into_iter().find(|(seen, _)| same(*seen));
            first.map(|(_, receipt)| Accept::Repeat(receipt))
        }
    })
}

/// What was accepted under a key before.
fn seen(work: &AcceptLead, tx: &Transaction<'_>, key: &DedupKey) -> Result<Option<(SeenKey, Receipt)>, StoreError> {
    first(
        tx,
        "select delivery, receipt, body_digest, lead, accepted_at from webhook_key where digest = ?",
        params![tx.key_digest(&work.request.tenant, LEADS, key.as_str())],
        |row| {
            let accepted_at = row.time("accepted_at")?;
            let seen = SeenKey {
                digest: row.digest("body_digest")?,
                at: accepted_at,
            };
            let receipt = Receipt {
                id: ReceiptId(row.plain("receipt")?),
                delivery: DeliveryId(row.plain("delivery")?),
                lead: row.id_option("lead")?,
                accepted_at,
            };
            Ok((seen, receipt))
        },
    )
}

fn accept(work: &AcceptLead, tx: &mut Transaction<'_>) -> Result<Receipt, StoreError> {
    let lead = lead(work);
    let receipt = Receipt {
        id: tx.next_receipt(),
        delivery: tx.next_delivery(),
        lead: lead.map(|lead| lead.id.clone()),
        accepted_at: stored(work.request.received_at),
    };
    insert_request(tx, receipt.id, LEADS, &work.request)?;
    let (kind, state) = match work.work {
        AcceptedWork::Lead { push, .. } => (DeliveryKind::Lead, DeliveryState::of_new_lead(push)),
        AcceptedWork::Parse => (DeliveryKind::Inbound, DeliveryState::Ready),
    };
    let key = delivery_key(work, tx, kind, receipt.id)?;
    let delivery = NewDelivery {
        id: receipt.delivery,
        tenant: &work.request.tenant,
        kind,
        key: key.as_str(),
        body_digest: None,
        receipt: receipt.id,
        lead: lead.map(|lead| &lead.id),
        rank: lead.map_or(DeliveryRank::UNPARSED, |lead| lead.priority.rank()),
        state,
        due: work.due,
        accepted_at: receipt.accepted_at,
        now: receipt.accepted_at,
        payload: lead.and_then(|lead| mended(&lead.document, &work.request)),
    };
    insert_delivery(tx, &delivery)?;
    if let Some(lead) = lead {
        let renewed = RenewedLead {
            tenant: &work.request.tenant,
            lead: &lead.id,
            priority: lead.priority,
            delivery: receipt.delivery,
            receipt: receipt.id,
            payload: delivery.version(),
            accepted_at: receipt.accepted_at,
        };
        renew_lead(tx, &renewed)?;
    }
    for key in &work.keys {
        remember_key(work, tx, key, &receipt)?;
    }
    Ok(receipt)
}

/// The lead, where it is in the contract's shape.
const fn lead(work: &AcceptLead) -> Option<&Lead> {
    match &work.work {
        AcceptedWork::Lead { lead, .. } => Some(lead),
        AcceptedWork::Parse => None,
    }
}

/// The delivery's own key: the request's first, unless a delivery already has it.
fn delivery_key(
    work: &AcceptLead,
    tx: &Transaction<'_>,
    kind: DeliveryKind,
    receipt: ReceiptId,
) -> Result<DedupKey, StoreError> {
    let none = || StoreError::Corrupt("a webhook without a key".into());
    let first = work.keys.first().ok_or_else(none)?;
    if is_key_taken(tx, &work.request.tenant, kind, first)? {
        Ok(key_again(receipt, first))
    } else {
        Ok(first.clone())
    }
}

fn remember_key(work: &AcceptLead, tx: &Transaction<'_>, key: &DedupKey, receipt: &Receipt) -> Result<(), StoreError> {
    execute(
        tx,
        "insert or replace into webhook_key (digest, delivery, receipt, body_digest, lead, accepted_at, expires_at)
         values (?, ?, ?, ?, ?, ?, ?)",
        params![
            tx.key_digest(&work.request.tenant, LEADS, key.as_str()),
            receipt.delivery.0,
            receipt.id.0,
            work.digest.as_bytes(),
            receipt.lead.as_ref().map(LeadId::as_str),
            micros(receipt.accepted_at),
            micros(later(work.request.received_at, work.window)),
        ],
    )
    .map(drop)
}

/// Forgets keys whose window is over.
pub(super) struct ForgetKeys {
    pub(super) now: Timestamp,
}

impl Write for ForgetKeys {
    type Output = usize;

    fn run(&self, tx: &mut Transaction<'_>) -> Result<usize, StoreError> {
        let most = i64::try_from(KEYS_FORGOTTEN_AT_ONCE).unwrap_or(i64::MAX);
        execute(
            tx,
            "delete from webhook_key where digest in (select digest from webhook_key where expires_at <= ? limit ?)",
            params![micros(self.now), most],
        )
    }
}
