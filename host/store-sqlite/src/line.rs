//! Carries out what the domain's [`DeliveryLine`] decides about the deliveries with one order key.

use rusqlite::{Row, params};

use crate::column::Columns as _;
use crate::sql::{execute, first};
use crate::writer::Transaction;
use jackfield_domain::delivery::{DeliveryLine, LinePlace};
use jackfield_domain::id::{DeliveryId, TenantName};
use jackfield_store::StoreError;

/// Puts a ready delivery into its line. Returns whether it has to wait there; whom it overtakes has to from now on.
pub(crate) fn join(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    order_key: &str,
    place: LinePlace,
) -> Result<bool, StoreError> {
    let before = first(
        tx,
        "select head as id, waits, under_way from line where tenant = ? and order_key = ?",
        params![tenant.as_str(), order_key],
        |row| {
            Ok(DeliveryLine {
                head: read_place(row)?,
                is_under_way: row.plain("under_way")?,
            })
        },
    )?;
    let joined = DeliveryLine::joined(before, place);
    if before != Some(joined.line) {
        write(tx, tenant, order_key, joined.line)?;
    }
    if let Some(overtaken) = joined.blocked.filter(|id| *id != place.id) {
        set_blocked(tx, overtaken, true)?;
    }
    Ok(joined.blocked == Some(place.id))
}

/// Notes that a line's head is under way.
pub(crate) fn start(tx: &Transaction<'_>, tenant: &TenantName, order_key: &str) -> Result<(), StoreError> {
    execute(
        tx,
        "update line set under_way = 1 where tenant = ? and order_key = ?",
        params![tenant.as_str(), order_key],
    )
    .map(drop)
}

/// Ends the turn of a line's head, and gives the next one its own. `stays` is the head's place if it is ready again;
/// returns whether it then has to wait.
pub(crate) fn end_turn(
    tx: &Transaction<'_>,
    tenant: &TenantName,
    order_key: &str,
    stays: Option<LinePlace>,
) -> Result<bool, StoreError> {
    let waiting = first(
        tx,
        "select id, waits from queue indexed by queue_waiting
         where tenant = ? and order_key = ? and blocked = 1 order by waits, id limit 1",
        params![tenant.as_str(), order_key],
        read_place,
    )?;
    let Some(line) = DeliveryLine::after_attempt(stays, waiting) else {
        execute(
            tx,
            "delete from line where tenant = ? and order_key = ?",
            params![tenant.as_str(), order_key],
        )?;
        return Ok(false);
    };
    write(tx, tenant, order_key, line)?;
    if stays != Some(line.head) {
        set_blocked(tx, line.head.id, false)?;
    }
    Ok(stays.is_some_and(|place| place != line.head))
}

fn read_place(row: &Row<'_>) -> Result<LinePlace, StoreError> {
    Ok(LinePlace {
        waits: row.plain("waits")?,
        id: DeliveryId(row.plain("id")?),
    })
}

fn write(tx: &Transaction<'_>, tenant: &TenantName, order_key: &str, line: DeliveryLine) -> Result<(), StoreError> {
    execute(
        tx,
        "insert into line (tenant, order_key, head, waits, under_way) values (?, ?, ?, ?, ?)
         on conflict (tenant, order_key) do update set head = excluded.head, waits = excluded.waits,
             under_way = excluded.under_way",
        params![
            tenant.as_str(),
            order_key,
            line.head.id.0,
            line.head.waits,
            line.is_under_way,
        ],
    )
    .map(drop)
}

fn set_blocked(tx: &Transaction<'_>, id: DeliveryId, is_blocked: bool) -> Result<(), StoreError> {
    execute(
        tx,
        "update queue set blocked = ? where id = ?",
        params![is_blocked, id.0],
    )
    .map(drop)
}
