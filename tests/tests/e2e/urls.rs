//! URLs in a tenant's file are read by the host when it is applied, not by the adapter when a lead is to be called.

use jackfield_tests::fakes::KeystoneLead;
use jackfield_tests::node::TestNode;

const TENANT: &str = "dwarka-homes";

/// The tenant's file with another `base_url`.
fn based_on(test: &TestNode, url: &str) -> String {
    let known = format!("base_url = \"{}\"", test.keystone.origin());
    let file = test.dwarka("");
    assert!(file.contains(&known), "{file}");
    file.replace(&known, &format!("base_url = \"{url}\""))
}

#[tokio::test]
async fn blanks_around_a_url_are_dropped() {
    // A copied URL works, and the operator is told what was dropped.
    let test = TestNode::start().await;
    test.keystone.seed(KeystoneLead::new("L"));
    let applied = test
        .apply(&based_on(&test, &format!(" \\t{}\\u200b\\n", test.keystone.origin())))
        .await;
    assert_eq!(
        applied.notes,
        ["/settings/base_url: the blanks around the URL were dropped"]
    );
    assert!(applied.unchanged, "it is the same URL: {:?}", applied.changes);
    let answer = test.status(TENANT, "L").await.expect(200);
    assert_eq!(answer.json()["callable"], true);
    test.finish().await;
}

#[tokio::test]
async fn wrong_urls_are_refused_at_apply() {
    let test = TestNode::start().await;
    let origin = test.keystone.origin();
    let host = origin.trim_start_matches("http://");
    for (url, why) in [
        (
            format!("{origin}/api?key=canary"),
            "/settings/base_url: must have no query",
        ),
        (format!("{origin}/#canary"), "/settings/base_url: must have no fragment"),
        (
            format!("http://user:canary@{host}"),
            "/settings/base_url: must hold no user name and password",
        ),
        (format!("{origin}/a\\tb"), "/settings/base_url: must hold no blanks"),
        (format!("https://{host}"), "/egress/allow: grants http://127.0.0.1:"),
    ] {
        let error = test.try_apply(&based_on(&test, &url)).await.unwrap_err();
        let shown = format!("{error:?}")
            .replace("pointer: \"", "")
            .replace("\", detail: \"", ": ");
        assert!(shown.contains(why), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    let file = test.dwarka("").replace("private_addresses = true", "");
    let error = format!("{:?}", test.try_apply(&file).await.unwrap_err());
    assert!(error.contains("set egress.private_addresses = true"), "{error}");
    test.finish().await;
}
