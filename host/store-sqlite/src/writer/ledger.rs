//! One transaction of the writer, and what it adds up for all its callers: the ids that were given, and how many
//! deliveries came into each state. Both are written once, before the commit.

use std::collections::BTreeMap;
use std::ops::Deref;

use rusqlite::{Connection, params};

use crate::column::Columns as _;
use crate::sql::{all, execute};
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::id::{DeliveryId, ReceiptId, TenantName};
use jackfield_domain::intake::idempotency::{KEY_DIGEST_BYTES, KeyDigester};
use jackfield_store::StoreError;

/// The highest ids that were given. There is one writer, so nobody else gives any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastIds {
    receipt: i64,
    delivery: i64,
}

impl LastIds {
    /// Reads them; `first` is what they begin after.
    pub(crate) fn read(db: &Connection, first: i64) -> Result<Self, StoreError> {
        let mut last = Self {
            receipt: first,
            delivery: first,
        };
        let rows = all(db, "select name, number from last_id", [], |row| {
            Ok((row.text("name")?.to_owned(), row.plain("number")?))
        })?;
        for (name, number) in rows {
            match name.as_str() {
                "receipt" => last.receipt = number,
                "delivery" => last.delivery = number,
                _ => return Err(StoreError::Corrupt("column `name`".into())),
            }
        }
        Ok(last)
    }
}

/// A transaction: the connection, and what is written at its end.
pub(crate) struct Transaction<'a> {
    db: &'a Connection,
    digester: &'a KeyDigester,
    before: LastIds,
    last: LastIds,
    counts: BTreeMap<(String, DeliveryState), i64>,
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}

impl<'a> Transaction<'a> {
    pub(super) const fn new(db: &'a Connection, digester: &'a KeyDigester, last: LastIds) -> Self {
        Self {
            db,
            digester,
            before: last,
            last,
            counts: BTreeMap::new(),
        }
    }

    /// The id of a new request.
    pub(crate) const fn next_receipt(&mut self) -> ReceiptId {
        self.last.receipt += 1;
        ReceiptId(self.last.receipt)
    }

    /// The id of a new delivery.
    pub(crate) const fn next_delivery(&mut self) -> DeliveryId {
        self.last.delivery += 1;
        DeliveryId(self.last.delivery)
    }

    /// The digest of a key of a tenant. `scope` keeps keys of different kinds apart.
    pub(crate) fn key_digest(&self, tenant: &TenantName, scope: &str, key: &str) -> [u8; KEY_DIGEST_BYTES] {
        self.digester.digest(tenant, scope, key)
    }

    /// Counts a delivery that came into a state; `from` is none for a new one.
    pub(crate) fn count(&mut self, tenant: &TenantName, from: Option<DeliveryState>, to: DeliveryState) {
        let mut add = |state, change| {
            *self.counts.entry((tenant.as_str().to_owned(), state)).or_default() += change;
        };
        if let Some(from) = from {
            add(from, -1);
        }
        add(to, 1);
    }

    /// Writes what was added up. Returns the ids that were given last.
    pub(super) fn finish(self) -> Result<LastIds, StoreError> {
        for ((tenant, state), change) in self.counts.iter().filter(|(_, change)| **change != 0) {
            execute(
                self.db,
                "insert into delivery_count (tenant, state, deliveries) values (?, ?, ?)
                 on conflict (tenant, state) do update set deliveries = deliveries + excluded.deliveries",
                params![tenant, state.word(), change],
            )?;
        }
        let ids = [
            ("receipt", self.before.receipt, self.last.receipt),
            ("delivery", self.before.delivery, self.last.delivery),
        ];
        for (name, _, number) in ids.into_iter().filter(|(_, before, now)| before != now) {
            execute(
                self.db,
                "insert into last_id (name, number) values (?, ?)
                 on conflict (name) do update set number = excluded.number",
                params![name, number],
            )?;
        }
        Ok(self.last)
    }
}
