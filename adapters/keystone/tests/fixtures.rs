//! Replays the recorded invocations in `fixtures/`.

use jackfield_sdk::testing::Replay;
use keystone::Keystone;

#[test]
fn does_as_recorded() {
    Replay::<Keystone>::of()
        .with_lookup()
        .folder(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
