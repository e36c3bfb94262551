//! Replays the recorded invocations in `fixtures/`.

use groundwork::Groundwork;
use jackfield_sdk::testing::Replay;

#[test]
fn does_as_recorded() {
    Replay::<Groundwork>::of()
        .with_parse_leads()
        .folder(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
