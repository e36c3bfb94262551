//! Local times and telephone numbers through the SDKs, in real components: every SDK asks the host, obeys the one rule
//! for times that do not exist or exist twice, and rejects with the same words.

use jackfield_domain::delivery::failure::Failure;
use serde::Deserialize;

use super::test_runtime::{TestRuntime, report};

/// The cases of `sdk/dates.json`, which the tests of the host and of every SDK read too.
#[derive(Deserialize)]
struct DateCases {
    instants: Vec<DateCase>,
    locals: Vec<DateCase>,
    unknown_zones: Vec<String>,
    invalid_locals: Vec<String>,
    invalid_instants: Vec<String>,
}

#[derive(Deserialize)]
struct DateCase {
    zone: String,
    local: String,
    instant: String,
}

/// The cases of `sdk/rejections.json`, which the native tests of the SDKs read too.
#[derive(Deserialize)]
struct RejectionCases {
    cases: Vec<RejectionCase>,
}

#[derive(Deserialize)]
struct RejectionCase {
    asked: String,
    text: String,
    #[serde(default)]
    zone: String,
    #[serde(default = "india")]
    country: Option<String>,
    code: String,
    message: String,
    field: String,
    detail: String,
}

#[expect(clippy::unnecessary_wraps, reason = "serde's default has the type of the field")]
fn india() -> Option<String> {
    Some("IN".into())
}

/// Numbers, in a tenant of India.
const NUMBERS: [(&str, &str); 6] = [
    ("(0)98000\u{2013}00000", "+919800000000"),
    ("\u{200e}९८०००\u{a0}०००००", "+919800000000"),
    ("0091 98000.00000", "+919800000000"),
    ("+91 (0) 98765\u{2011}43210", "+919876543210"),
    ("022 2345 6789", "+912223456789"),
    ("+44 (0)20 7946 0018", "+442079460018"),
];

/// Each question to a guest, as a lead's id, and the status that it answers.
fn answers(cases: &DateCases) -> Vec<(String, String)> {
    assert!(cases.instants.len() > 10 && cases.locals.len() > 3);
    let instants = cases.instants.iter();
    let instants = instants.map(|case| (format!("instant|{}|{}", case.local, case.zone), case.instant.clone()));
    let locals = cases.locals.iter();
    let locals = locals.map(|case| (format!("local|{}|{}", case.instant, case.zone), case.local.clone()));
    let numbers = NUMBERS.map(|(text, number)| (format!("phone|{text}|"), number.to_owned()));
    instants.chain(locals).chain(numbers).collect()
}

/// Each question that a guest rejects, and the field that its rejection names.
fn rejections(cases: &DateCases) -> Vec<(String, &'static str)> {
    let zones = cases.unknown_zones.iter().flat_map(|zone| {
        [
            format!("instant|2026-07-05T16:30|{zone}"),
            format!("local|2026-07-05T16:30:00Z|{zone}"),
        ]
    });
    let locals = cases.invalid_locals.iter();
    let locals = locals.map(|local| format!("instant|{local}|Asia/Kolkata"));
    let instants = cases.invalid_instants.iter();
    let instants = instants.map(|instant| format!("local|{instant}|Asia/Kolkata"));
    let times = locals.chain(instants).map(|asked| (asked, "time"));
    zones.map(|asked| (asked, "timezone")).chain(times).collect()
}

async fn asks_the_host(guest: &str, memory_mib: u32) {
    let test = TestRuntime::new();
    // Interpreters are slow in the tests' unoptimized engine.
    let limits = format!("runtime.reuse = 1000\nlimits = {{ memory_mib = {memory_mib}, cpu_ms = 10000 }}");
    let indian = test.load(guest, &format!("country = \"IN\"\n{limits}")).await;
    let homeless = test.load(guest, &limits).await;

    let cases: DateCases = serde_json::from_str(include_str!("../../../sdk/dates.json")).unwrap();
    for (asked, answer) in answers(&cases) {
        assert_eq!(report(&indian, &asked).await, Ok(answer), "{asked}");
    }
    let number = report(&homeless, "phone|+91 98000 00000|").await;
    assert_eq!(number.as_deref(), Ok("+919800000000"));

    for (asked, field) in rejections(&cases) {
        match report(&indian, &asked).await {
            Err(Failure::Rejected(rejection)) => assert_eq!(rejection.fields[0].pointer, field, "{asked}"),
            other => panic!("{asked}: {other:?}"),
        }
    }
    let RejectionCases { cases } = serde_json::from_str(include_str!("../../../sdk/rejections.json")).unwrap();
    for case in cases {
        let asked = format!("{}|{}|{}", case.asked, case.text, case.zone);
        let tenant = if case.country.is_some() { &indian } else { &homeless };
        let Err(Failure::Rejected(rejection)) = report(tenant, &asked).await else {
            panic!("{asked} should be rejected");
        };
        let field = &rejection.fields[0];
        assert_eq!(
            (&rejection.code, &rejection.message, &field.pointer, &field.detail),
            (&case.code, &case.message, &case.field, &case.detail),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn c_asks_the_host() {
    asks_the_host("c-raises", 16).await;
}

#[tokio::test]
async fn go_asks_the_host() {
    asks_the_host("go-raises", 64).await;
}

#[tokio::test]
async fn python_asks_the_host() {
    asks_the_host("py-raises", 128).await;
}

#[tokio::test]
async fn rust_asks_the_host() {
    asks_the_host("counter", 16).await;
}

#[tokio::test]
async fn typescript_asks_the_host() {
    asks_the_host("ts-raises", 128).await;
}
