//! What tests do to a host's database behind its back.

use jackfield_tests::node::TestNode;
use rusqlite::Connection;

/// Runs SQL on the database, bypassing the host.
pub(super) fn sql(test: &TestNode, statement: &str) {
    let db = Connection::open(test.data_dir().join("jackfield.db")).unwrap();
    db.pragma_update(None, "foreign_keys", "off").unwrap();
    db.execute_batch(statement).unwrap();
}
