//! The plans of hot queries: none reads what it does not need.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::store;
use crate::SqliteStore;
use crate::delivery::listing::ListingQuery;
use crate::sql::failed;
use jackfield_domain::delivery::DeliveryState;
use jackfield_store::DeliveryFilter;

/// `SQLite`'s plan for a query.
async fn plan(store: &SqliteStore, query: &str) -> Vec<String> {
    let sql = format!("explain query plan {query}");
    let plan = move |db: &Connection| {
        let mut statement = db.prepare(&sql).map_err(failed)?;
        let values = vec![Value::Null; statement.parameter_count()];
        let lines = statement.query_map(params_from_iter(values), |row| row.get("detail"));
        let lines = lines.map_err(failed)?;
        lines.collect::<Result<_, _>>().map_err(failed)
    };
    store.readers.read(plan).await.unwrap()
}

#[tokio::test]
async fn hot_queries_read_few_deliveries() {
    // A query may scan: one row, the result of a subquery (its own plan is among the lines), counts by tenant, the four
    // ranks, the three kinds, leased deliveries, unannounced alerts.
    const SMALL: [&str; 7] = [
        "CONSTANT ROW",
        "(subquery-",
        "c",
        "r VIRTUAL TABLE",
        "k VIRTUAL TABLE",
        "queue USING INDEX queue_leased",
        "alert USING INDEX alert_untold",
    ];
    let (_folder, store) = store().await;
    let queries = [
        crate::queue::claim::CLAIMABLE,
        crate::queue::claim::DUE.as_str(),
        crate::queue::claim::NEXT_DUE.as_str(),
        crate::delivery::listing::QUEUE_DEPTH,
        crate::queue::finish::LOST_LEASES,
        crate::breaker::HELD,
        crate::alert::UNANNOUNCED,
    ];
    for query in queries {
        let plan = plan(&store, query).await;
        let scans = plan.iter().filter_map(|line| line.strip_prefix("SCAN "));
        for scan in scans {
            assert!(SMALL.iter().any(|small| scan.starts_with(small)), "{query}\n{plan:#?}");
        }
        let sorts = plan.iter().any(|line| line.contains("TEMP B-TREE"));
        assert!(!sorts, "{query}\n{plan:#?}");
    }
}

#[tokio::test]
async fn open_deliveries_are_read_apart() {
    let (_folder, store) = store().await;
    let filter = DeliveryFilter {
        states: vec![DeliveryState::Dead, DeliveryState::Review],
        ..DeliveryFilter::default()
    };
    let queries = ListingQuery::of(&filter, &[], 9, 9);
    assert_eq!(queries.len(), 1);
    let plan = plan(&store, &queries[0].sql).await;
    assert!(plan.iter().all(|line| line.contains(" queue ")), "{plan:?}");
}
