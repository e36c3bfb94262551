//! Every mistake, and the checks that catch it.

use std::collections::BTreeSet;

use jackfield_conformance::report::CheckResult;
use jackfield_tests::components::component;

use super::bench::{checked, folder, ids, mistaken, wrong};

/// Mistakes of guest `wrong`, each with all the checks that fail because of it.
const MISTAKES: &[(&str, &[&str])] = &[
    ("asks-elsewhere", &["describe.origins"]),
    ("guesses-a-status", &["fault.http-503"]),
    ("logs-a-phone", &["privacy.log"]),
    ("prints-a-phone", &["privacy.log"]),
    ("hangs", &["limits.cpu"]),
    ("allocates-without-end", &["limits.memory"]),
    ("drops-the-key", &["write.key"]),
    ("sends-a-fixed-key", &["write.key"]),
    ("writes-by-the-call-id", &["write.call-id"]),
    (
        "takes-lost-for-unavailable",
        &[
            "fault.connection-reset",
            "fault.slow-answer",
            "fault.timeout-after-sending",
            "fault.too-large-body",
        ],
    ),
    (
        "takes-refused-for-unknown",
        &["fault.connection-refused", "fault.timeout-before-sending"],
    ),
    // After a slow answer there is no time for its second request, and it takes that for an outage.
    ("retries-by-itself", &["fault.slow-answer", "write.once"]),
    ("takes-401-for-unavailable", &["fault.http-401"]),
    ("takes-422-for-unavailable", &["fault.http-422"]),
    ("returns-a-phone", &["privacy.rejection"]),
    ("invents-retry-after", &["fault.http-429-retry-after"]),
    ("swallows-500", &["fault.http-500"]),
    ("takes-empty-for-done", &["fault.empty-body"]),
    ("panics-on-html", &["fault.html-body"]),
    ("takes-500-for-absent", &["fault.http-500"]),
];

#[tokio::test]
async fn each_mistake_fails_only_its_checks() {
    let component = component("wrong");
    let mut failures = vec![];
    for (mistake, expected) in MISTAKES {
        let cassette = mistaken(mistake);
        let report = checked(&component, Some(cassette.path())).await;
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        if ids(&report, CheckResult::Wrong) != expected {
            failures.push(format!(
                "{mistake}: {expected:?}, and these are wrong:\n{}",
                wrong(&report).join("\n")
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test]
async fn good_adapter_passes_every_check() {
    // Without a mistake nothing fails, and every check that catches one was run.
    let report = checked(&component("wrong"), Some(&folder("tests/guests/wrong/fixtures"))).await;
    assert_eq!(wrong(&report), Vec::<String>::new());
    assert_eq!(ids(&report, CheckResult::Skipped), BTreeSet::new());
    let all = ids(&report, CheckResult::Right);
    for (mistake, names) in MISTAKES {
        let unchecked: Vec<_> = names
            .iter()
            .filter(|name| !all.contains(*name) && !name.starts_with("privacy.") && !name.starts_with("limits."))
            .filter(|name| **name != "describe.origins")
            .collect();
        assert!(
            unchecked.is_empty(),
            "{mistake}: {unchecked:?} are not checked in a good adapter"
        );
    }
}

#[tokio::test]
async fn unstable_description_is_caught() {
    let report = checked(&component("unstable-describe"), None).await;
    assert_eq!(ids(&report, CheckResult::Wrong), BTreeSet::from(["describe.stable"]));
}

#[tokio::test]
async fn failed_check_explains_the_consequence() {
    let cassette = mistaken("takes-lost-for-unavailable");
    let report = checked(&component("wrong"), Some(cassette.path())).await;
    let reset = report
        .checks
        .iter()
        .find(|check| check.id == "fault.connection-reset" && check.came.is_some());
    let reset = reset.unwrap();
    assert_eq!(reset.verdict, CheckResult::Wrong);
    assert_eq!(reset.expected.as_deref(), Some("unknown"));
    assert_eq!(reset.came.as_deref(), Some("unavailable"));
    assert!(reset.why.as_deref().unwrap().contains("duplicate record"), "{reset:?}");
    let see = reset.see.as_deref().unwrap();
    assert!(see.contains("write-no-answer.json:1; wit/model.wit:"), "{see}");
    assert!(see.ends_with(": failure"), "{see}");
    assert_eq!(reset.exchanges.len(), 1);
    let used = reset.used.unwrap();
    assert!(used.requests == 1 && used.memory > 0 && used.cpu_us > 0, "{used:?}");
}
