//! No error repeats what it was given: a secret may stand beside the mistake, or be the mistake, typed into the wrong
//! place. Answers end up in logs, tickets and chats.

use axum::body::Body;
use http::{Method, Request};
use jackfield_tests::node::TestNode;
use jackfield_tests::operator::Operator;
use jackfield_tests::response::TestResponse;
use serde_json::Value;

/// As a signing secret looks; it is no valid name of anything, and never a valid number.
const CANARY: &str = "whsec_Q2FuYXJ5Q2FuYXJ5";

/// Asserts that an error tells nothing of the canary, and is a problem in the host's own words.
#[track_caller]
fn tells_nothing(what: &str, answer: &TestResponse) {
    assert!(
        answer.status.is_client_error(),
        "{what}: {} {}",
        answer.status,
        answer.text
    );
    assert!(
        !answer.text.contains("whsec_Q") && !answer.text.contains("Q2Fu"),
        "{what}: {}",
        answer.text
    );
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        problem["type"].as_str().unwrap().starts_with("urn:jackfield:problem:"),
        "{what}: {problem}"
    );
    for framework in [
        "deserialize",
        "Cannot parse",
        "Invalid URL",
        "path arguments",
        "string pattern",
    ] {
        assert!(!detail.contains(framework), "{what}: {detail}");
    }
}

/// Every operation of the admin API: its method and path.
async fn operations(test: &TestNode) -> Vec<(Method, String)> {
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let description = test.admin(request).await.json();
    let paths = description["paths"].as_object().unwrap().clone();
    let methods = |(path, methods): (String, Value)| {
        let names: Vec<_> = methods.as_object().unwrap().keys().cloned().collect();
        names
            .into_iter()
            .map(move |name| (name.to_uppercase().parse().unwrap(), path.clone()))
    };
    paths.into_iter().flat_map(methods).collect()
}

/// The path with every parameter replaced by a value.
fn filled(path: &str, value: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { value } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn admin_api_repeats_no_input() {
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    let bodies = [
        format!("\"{CANARY}\""),
        CANARY.to_owned(),
        format!("{{\"{CANARY}\": 1}}"),
        format!("[\"{CANARY}\"]"),
        format!("{{\"for\": \"{CANARY}\", \"tenant\": \"{CANARY}\", \"label\": 5}}"),
        format!("{{\"to\": \"{CANARY}\", \"state\": \"{CANARY}\", \"ids\": [\"{CANARY}\"], \"rate\": \"{CANARY}\"}}"),
        format!("{{\"limit\": \"{CANARY}\", \"tenant\": [\"{CANARY}\"]}}"),
    ];
    for (method, path) in operations(&test).await {
        let sent = async |target: &str, body: &str| {
            let request = operator.request(method.clone(), target, Body::from(body.to_owned()));
            (format!("{method} {target} {body}"), test.admin(request).await)
        };
        // A secret where a name belongs.
        if path.contains('{') {
            let (what, answer) = sent(&filled(&path, CANARY), "").await;
            tells_nothing(&what, &answer);
        }
        // Existing names, so that the query and the body are read.
        let existing = filled(&path, "dwarka-homes").replace("/deliveries/dwarka-homes", "/deliveries/dlv_1");
        if method == Method::GET {
            for query in [
                "X",
                "X=1",
                "limit=X",
                "after=X",
                "limit=1&X=1",
                "limit=1&limit=X",
                "state=X&tenant=X",
                "since=X",
            ] {
                let (what, answer) = sent(&format!("{existing}?{}", query.replace('X', CANARY)), "").await;
                // Operations without a query ignore it.
                if answer.status.is_success() || answer.status == 404 {
                    assert!(!answer.text.contains("whsec"), "{what}: {}", answer.text);
                } else {
                    tells_nothing(&what, &answer);
                }
            }
            continue;
        }
        // A secret's value is what this operation takes.
        if path.ends_with("/secrets/{name}") {
            continue;
        }
        for body in &bodies {
            let (what, answer) = sent(&existing, body).await;
            if !answer.status.is_success() {
                tells_nothing(&what, &answer);
            }
        }
    }
    for (method, path) in [
        ("GET", format!("/v1/{CANARY}")),
        ("GET", format!("/{CANARY}")),
        ("PATCH", "/v1/tokens".into()),
    ] {
        let request = operator.request(method.parse().unwrap(), &path, Body::empty());
        tells_nothing(&path, &test.admin(request).await);
    }
    test.finish().await;
}

#[tokio::test]
async fn tenant_files_are_not_repeated() {
    // Each line is wrong, beside a secret or with the secret in a wrong place.
    let test = TestNode::start().await;
    let operator = Operator::create(&test).await;
    for wrong in [
        "[webhook]\nsecrets = [{ value = \"X\", expire = 5 }]",
        "[webhook]\nsecrets = [{ env = \"X\" }]",
        "[webhook]\nsecrets = [{ file = \"X\" }]",
        "[webhook]\nsecrets = [{ stored = \"X\" }]",
        "[webhook]\nsecrets = [{ X = \"value\" }]",
        "[webhook]\nsecrets = [{ value = \"X\" }, { value = X }]",
        "[webhook]\nsecrets = [{ value = \"X!\" }]",
        "[webhook]\nprofile = \"X\"\nsecrets = [{ value = \"X\" }]",
        "[webhook]\nsecrets = [{ value = \"X\" }]\n[delivery]\nretry = [\"X\"]",
        "[delivery]\nconcurrency = \"X\"",
        "X",
        "[X",
        "[agent]\npush_url = \"https://user:X@agent .example\"",
        "[agent]\npush_url = \"https://user:X@agent.example\"",
        "[settings]\nX = \"X\"",
    ] {
        let file = test.dwarka("").replace("[webhook]", "[unused]");
        let file = file.split("[unused]").next().unwrap().to_owned() + &wrong.replace('X', CANARY);
        let request = operator.request(Method::POST, "/v1/releases", Body::from(file));
        let answer = test.admin(request).await;
        // The pointer of an unknown setting is its name, without which nobody would find it.
        if !wrong.starts_with("[settings]") {
            tells_nothing(wrong, &answer);
        }
        assert!(answer.status.is_client_error(), "{wrong}: {}", answer.text);
    }
    test.finish().await;
}

#[tokio::test]
async fn public_api_repeats_no_input() {
    let test = TestNode::start().await;
    let tenant = "/v1/tenants/dwarka-homes";
    let get = async |path: String| (path.clone(), test.get(&path).await);
    for query in ["X", "X=1", "limit=X", "after=X", "limit=1&limit=X"] {
        let (what, answer) = get(format!("{tenant}/leads?{}", query.replace('X', CANARY))).await;
        tells_nothing(&what, &answer);
    }
    for path in [
        "/X",
        "/v1/X",
        "/leads/X",
        "/leads/X/status/X",
        "/deliveries/X",
        "/leads/%ff/status",
        "/leads/%zz/status",
    ] {
        let (what, answer) = get(format!("{tenant}{}", path.replace('X', CANARY))).await;
        tells_nothing(&what, &answer);
    }
    for body in [
        "X",
        "\"X\"",
        "{\"X\": 1",
        "{\"X\": 1}",
        "{\"call_metadata\": {\"call_id\": [\"X\"]}, \"qualification\": {\"outcome\": \"no_answer\"}}",
    ] {
        let body = body.replace('X', CANARY);
        let path = format!("{tenant}/leads/L/disposition");
        let request = test.request(Method::POST, &path, Body::from(body.clone()));
        tells_nothing(&body, &test.public(request).await);
        let id = format!("M-{}", body.len());
        tells_nothing(&body, &test.webhook("dwarka-homes", &id, body.as_bytes()).await);
    }
    test.finish().await;
}
