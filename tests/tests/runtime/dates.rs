//! Local times and telephone numbers through the SDKs, in real components: every SDK asks the host, and obeys the one
//! rule for times that do not exist or exist twice.

use serde::Deserialize;

use super::test_runtime::{TestRuntime, report};

/// The cases of `sdk/dates.json`, which the tests of the host and of every SDK read too.
#[derive(Deserialize)]
pub struct DateCases {
    pub instants: Vec<DateCase>,
    pub locals: Vec<DateCase>,
    pub unknown_zones: Vec<String>,
    pub invalid_locals: Vec<String>,
    pub invalid_instants: Vec<String>,
}

#[derive(Deserialize)]
pub struct DateCase {
    pub zone: String,
    pub local: String,
    pub instant: String,
}

impl DateCases {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("../../../sdk/dates.json")).unwrap()
    }
}

/// What the guest is asked, and what it must answer: a lead's id is the function, its text and its zone, and the stage
/// of the answer is the result or the rejection's code.
fn questions() -> Vec<(String, String)> {
    let cases = DateCases::read();
    assert!(cases.instants.len() > 10 && cases.locals.len() > 3);
    let instants = cases.instants.into_iter();
    let instants = instants.map(|case| (format!("instant|{}|{}", case.local, case.zone), case.instant));
    let locals = cases.locals.into_iter();
    let locals = locals.map(|case| (format!("local|{}|{}", case.instant, case.zone), case.local));
    let unknown = cases.unknown_zones.iter().flat_map(|zone| {
        [
            format!("instant|2026-07-05T16:30|{zone}"),
            format!("local|2026-07-05T16:30:00Z|{zone}"),
        ]
    });
    let bad_locals = cases.invalid_locals.iter();
    let bad_locals = bad_locals.map(|local| format!("instant|{local}|Asia/Kolkata"));
    let bad_instants = cases.invalid_instants.iter();
    let bad_instants = bad_instants.map(|instant| format!("local|{instant}|Asia/Kolkata"));
    let zones = unknown.map(|asked| (asked, "bad-zone".to_owned()));
    let dates = bad_locals
        .chain(bad_instants)
        .map(|asked| (asked, "bad-date".to_owned()));
    instants.chain(locals).chain(zones).chain(dates).collect()
}

/// Numbers with the tenant's country, and what the SDK says of them.
const NUMBERS: [(&str, &str); 7] = [
    ("(0)98000\u{2013}00000", "+919800000000"),
    ("\u{200e}९८०००\u{a0}०००००", "+919800000000"),
    ("0091 98000.00000", "+919800000000"),
    ("+44 (0)20 7946 0018", "+442079460018"),
    ("soon", "the text is not a telephone number"),
    (
        "98000",
        "the number is too short or too long for its country, or its country code does not exist",
    ),
    (
        "+999 98000 00000",
        "the number is too short or too long for its country, or its country code does not exist",
    ),
];

const NO_COUNTRY: &str = "the number has no country code, and the tenant's file has no `country`";

async fn asks_the_host(guest: &str, limits: &str) {
    let test = TestRuntime::new();
    let loaded = test.load(guest, &format!("country = \"IN\"\n{limits}")).await;
    let numbers = NUMBERS.map(|(text, answer)| (format!("phone|{text}|"), answer.to_owned()));
    for (asked, answer) in questions().into_iter().chain(numbers) {
        assert_eq!(report(&loaded, &asked).await.unwrap(), answer, "{asked}");
    }
    let loaded = test.load(guest, limits).await;
    assert_eq!(report(&loaded, "phone|98000 00000|").await.unwrap(), NO_COUNTRY);
    assert_eq!(
        report(&loaded, "phone|+91 98000 00000|").await.unwrap(),
        "+919800000000"
    );
}

#[tokio::test]
async fn c_asks_the_host() {
    asks_the_host("c-raises", "limits = { memory_mib = 16, cpu_ms = 10000 }").await;
}

#[tokio::test]
async fn go_asks_the_host() {
    asks_the_host("go-raises", "limits = { memory_mib = 64, cpu_ms = 10000 }").await;
}

#[tokio::test]
async fn rust_asks_the_host() {
    asks_the_host("counter", "limits = { memory_mib = 16, cpu_ms = 10000 }").await;
}
