//! Every column that may hold personal data is in the one list of them.

use rusqlite::Connection;

use super::store;
use crate::column::Columns as _;
use crate::sql::all;
use jackfield_domain::custody::personal_data::PERSONAL_DATA;

/// Columns of texts and bytes that hold no personal data: ids, keys, words, digests, secrets, components, and texts
/// that the host makes of them.
const IMPERSONAL: [&str; 21] = [
    "*.tenant",
    "*.lead",
    "*.kind",
    "*.dedup_key",
    "*.order_key",
    "*.state",
    "*.reason",
    "*.class",
    "*.reference",
    "*.digest",
    "*.body_digest",
    "*.name",
    "queue.lease_owner",
    "request.endpoint",
    "lead.priority",
    "alert.message",
    "installation.digest_key",
    "breaker.forced",
    "token.hash",
    "audit_anchor.hash",
    "tenant.name",
];

#[tokio::test]
async fn personal_data_is_listed() {
    let (_folder, store) = store().await;
    let columns = |db: &Connection| {
        let tables = "select t.name || '.' || c.name as name, c.type as kind
             from sqlite_schema t join pragma_table_xinfo(t.name) c
             where t.type = 'table' and t.name not like 'sqlite_%'";
        all(db, tables, [], |row| {
            Ok((row.text("name")?.to_owned(), row.text("kind")?.to_lowercase()))
        })
    };
    let columns = store.readers.read(columns).await.unwrap();
    for listed in PERSONAL_DATA {
        let name = format!("{}.{}", listed.table, listed.column);
        assert!(columns.iter().any(|(column, _)| *column == name), "there is no {name}");
    }
    let whole = [
        "adapter",
        "adapter_bytes",
        "adapter_version",
        "release",
        "secret",
        "audit",
    ];
    for (name, kind) in &columns {
        let (table, column) = name.split_once('.').unwrap();
        let is_listed = PERSONAL_DATA
            .iter()
            .any(|listed| (listed.table, listed.column) == (table, column));
        let is_harmless = IMPERSONAL.contains(&name.as_str())
            || IMPERSONAL.contains(&format!("*.{column}").as_str())
            || whole.contains(&table);
        assert!(
            kind == "integer" || is_listed || is_harmless,
            "{name}: list it in custody/personal_data.rs, or among what holds no personal data"
        );
    }
}
