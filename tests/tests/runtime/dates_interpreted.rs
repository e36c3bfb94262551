//! Local times and telephone numbers, converted by the host and asked for through each SDK: the cases of
//! `sdk/dates.json`, which the host's own tests and those of each SDK read too.
//!
//! A guest gets all questions as a webhook and returns a lead for each: the answer is its name, or the field that its
//! rejection names.

use jackfield_domain::delivery::failure::Rejection;
use jackfield_sandbox::{LoadedRelease, ParsedLead};
use jiff::Timestamp;
use serde_json::json;

use super::dates::DateCases;
use super::test_runtime::TestRuntime;

/// Interpreters are slow in the tests' unoptimized engine.
const LIMITS: &str = "limits = { memory_mib = 128, cpu_ms = 10000, status_deadline_ms = 10000 }";

/// What a guest is asked to convert.
#[derive(Default)]
struct Questions {
    /// A local time and its zone.
    instants: Vec<(String, String)>,
    /// An instant and a zone.
    locals: Vec<(String, String)>,
    /// Telephone numbers.
    phones: Vec<String>,
}

/// The answer to each question, in their order, or the name and the message of the field that was rejected.
async fn answers(guest: &LoadedRelease, asked: Questions) -> Vec<Result<String, (String, String)>> {
    let Questions {
        instants,
        locals,
        phones,
    } = asked;
    let body = json!({"instants": instants, "locals": locals, "phones": phones}).to_string();
    let parsed = guest
        .parse("application/json", body.as_bytes(), Timestamp::UNIX_EPOCH)
        .await;
    let answer = |lead: Result<ParsedLead, Rejection>| match lead {
        Ok(lead) => Ok(lead.members["name"].as_str().unwrap().to_owned()),
        Err(mut rejection) => {
            let field = rejection.fields.remove(0);
            Err((field.pointer, field.detail))
        }
    };
    parsed.outcome.unwrap().into_iter().map(answer).collect()
}

/// Asks a guest all of the cases.
async fn converts_as_the_host(package: &str) {
    let test = TestRuntime::new();
    let guest = test.load(package, &format!("country = \"IN\"\n{LIMITS}")).await;
    let cases = DateCases::read();

    let asked = Questions {
        instants: cases
            .instants
            .iter()
            .map(|it| (it.local.clone(), it.zone.clone()))
            .collect(),
        locals: cases
            .locals
            .iter()
            .map(|it| (it.instant.clone(), it.zone.clone()))
            .collect(),
        phones: [
            "98765 43210",
            "+91 (0) 98765\u{2011}43210",
            "022 2345 6789",
            "00971 50 123 4567",
        ]
        .map(str::to_owned)
        .into(),
    };
    let found: Vec<_> = answers(&guest, asked).await.into_iter().map(Result::unwrap).collect();
    let expected: Vec<_> = cases
        .instants
        .iter()
        .map(|it| it.instant.as_str())
        .chain(cases.locals.iter().map(|it| it.local.as_str()))
        .chain(["+919876543210", "+919876543210", "+912223456789", "+971501234567"])
        .collect();
    assert_eq!(found, expected);

    let unknown = |time: &'static str| move |zone: &String| (time.to_owned(), zone.clone());
    let zones = cases.unknown_zones.iter();
    let asked = Questions {
        instants: zones.clone().map(unknown("2026-07-05T16:30")).collect(),
        locals: zones.map(unknown("2026-07-05T16:30:00Z")).collect(),
        phones: vec![],
    };
    for (question, answer) in answers(&guest, asked).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap_err().0, "timezone", "question {question}");
    }
    let somewhere = |time: &String| (time.clone(), "Asia/Kolkata".to_owned());
    let asked = Questions {
        instants: cases.invalid_locals.iter().map(somewhere).collect(),
        locals: cases.invalid_instants.iter().map(somewhere).collect(),
        phones: vec![],
    };
    for (question, answer) in answers(&guest, asked).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap_err().0, "time", "question {question}");
    }

    let phones = |texts: &[&str]| Questions {
        phones: texts.iter().map(|&text| text.to_owned()).collect(),
        ..Questions::default()
    };
    let refused = answers(&guest, phones(&["call me", "12345"])).await;
    let foreign = test.load(package, LIMITS).await;
    let homeless = answers(&foreign, phones(&["98765 43210", "+919876543210"])).await;
    assert_eq!(homeless[1].as_deref(), Ok("+919876543210"));
    let words = ["not a telephone number", "numbering plan", "no country code"];
    for (answer, words) in [&refused[0], &refused[1], &homeless[0]].into_iter().zip(words) {
        let (field, message) = answer.as_ref().unwrap_err();
        assert_eq!(field, "phone");
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn python() {
    converts_as_the_host("py-raises").await;
}

#[tokio::test]
async fn typescript() {
    converts_as_the_host("ts-raises").await;
}
