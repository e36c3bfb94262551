//! parcel accepts exactly what its schema says, and reports errors as faults under HTTP 500.

use http::StatusCode;
use jackfield_tests::fakes::{Parcel, ParcelConfig, ParcelLead};

use super::client;

const ORDER: [&str; 21] = [
    "CallReference",
    "LeadNumber",
    "OutcomeCode",
    "OutcomeText",
    "CalledOn",
    "DurationSeconds",
    "IntentScore",
    "BudgetFrom",
    "BudgetTo",
    "UnitType",
    "PossessionWithin",
    "LoanNeeded",
    "Purpose",
    "NonResident",
    "Visit",
    "DoNotCall",
    "DuplicateLead",
    "Language",
    "RecordingUrl",
    "TranscriptUrl",
    "Remarks",
];

async fn parcel() -> Parcel {
    let parcel = Parcel::start(ParcelConfig::new("user", "p4ss")).await.unwrap();
    parcel.seed(ParcelLead::new("PL-1"));
    parcel
}

fn envelope(content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s:Body>{content}</s:Body></s:Envelope>"
    )
}

/// A call in which only the required elements have a value, with some elements changed.
fn call(changed: &[(&str, &str)]) -> String {
    let value = |name: &str| match name {
        "CallReference" => Some("C-1"),
        "LeadNumber" => Some("PL-1"),
        "OutcomeCode" => Some("NO-ANSWER"),
        "CalledOn" => Some("2026-07-01T14:30:00+05:30"),
        "DoNotCall" | "DuplicateLead" => Some("false"),
        _ => None,
    };
    let elements = ORDER.map(|name| {
        let changed = changed.iter().find(|(it, _)| *it == name).map(|(_, text)| *text);
        match changed.or_else(|| value(name)) {
            Some("") | None => format!("<{name} xsi:nil=\"true\"/>"),
            Some(text) => format!("<{name}>{text}</{name}>"),
        }
    });
    let elements = elements.concat();
    envelope(&format!(
        "<RecordCallOutcome xmlns=\"urn:parcel-crm:2009\"><Call>{elements}</Call></RecordCallOutcome>"
    ))
}

async fn post(parcel: &Parcel, operation: &str, body: String) -> (StatusCode, String) {
    let request = client()
        .post(format!("{}/ParcelService.asmx", parcel.origin()))
        .basic_auth("user", Some("p4ss"))
        .header("content-type", "text/xml; charset=utf-8")
        .header("soapaction", format!("\"urn:parcel-crm:2009/{operation}\""))
        .body(body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn call_reference_is_recorded_once() {
    let parcel = parcel().await;
    for (duplicate, repetitions) in [(false, 0), (true, 1), (true, 2)] {
        let (status, text) = post(&parcel, "RecordCallOutcome", call(&[])).await;
        assert_eq!(status, 200, "{text}");
        let answer_text =
            format!("<p:RecordNumber>PR-2026-000001</p:RecordNumber><p:Duplicate>{duplicate}</p:Duplicate>");
        assert!(text.contains(&answer_text), "{text}");
        assert_eq!(parcel.stored()[0].repetitions, repetitions);
    }
    assert_eq!((parcel.stored().len(), parcel.counts().writes), (1, 1));
}

#[tokio::test]
async fn malformed_elements_are_named() {
    let parcel = parcel().await;
    let visit = "<VisitDate>2026-07-05</VisitDate><VisitTime>11:00</VisitTime><VisitZone>Mars</VisitZone>";
    for (name, text, refused) in [
        ("CallReference", "", "CallReference"),
        ("CallReference", "a b", "CallReference"),
        ("OutcomeCode", "MAYBE", "OutcomeCode"),
        ("OutcomeCode", "OTHER", "OutcomeText"),
        ("OutcomeText", "not other", "OutcomeText"),
        ("CalledOn", "2026-07-01T09:00:00Z", "CalledOn"),
        ("BudgetTo", "85,00,000", "BudgetTo"),
        ("IntentScore", "101", "IntentScore"),
        ("LoanNeeded", "yes", "LoanNeeded"),
        ("DoNotCall", "", "DoNotCall"),
        ("Visit", visit, "Visit/VisitTime"),
        ("Visit", visit, "Visit/VisitZone"),
        ("Visit", "<VisitDate>2026-07-05</VisitDate>", "Visit/*"),
        ("RecordingUrl", "here", "RecordingUrl"),
        ("UnitType", "<b/>", "UnitType"),
    ] {
        let (status, answer_text) = post(&parcel, "RecordCallOutcome", call(&[(name, text)])).await;
        assert_eq!(status, 500, "{name}={text}");
        let field = format!("<p:Field name=\"{refused}\">");
        assert!(
            answer_text.contains("<faultcode>soap:Client</faultcode>") && answer_text.contains(&field),
            "{answer_text}"
        );
        assert!(answer_text.contains("<p:ErrorCode>P-20</p:ErrorCode>"), "{answer_text}");
    }
    let swapped = call(&[]).replace("<Language xsi:nil=\"true\"/>", "");
    let (_, answer_text) = post(&parcel, "RecordCallOutcome", swapped).await;
    assert!(answer_text.contains("is not the schema's sequence"), "{answer_text}");
    assert_eq!((parcel.stored().len(), parcel.counts().refused), (0, 16));
}

#[tokio::test]
async fn non_soap_is_a_client_fault() {
    let parcel = parcel().await;
    let get = "<GetLeadStatus xmlns=\"urn:parcel-crm:2009\"><LeadNumber>PL-1</LeadNumber></GetLeadStatus>";
    let good = envelope(get);
    for (operation, body) in [
        ("GetLeadStatus", String::new()),
        ("GetLeadStatus", "{}".into()),
        ("GetLeadStatus", good.replace("</s:Body>", "")),
        ("GetLeadStatus", format!("<!DOCTYPE a>{good}")),
        ("GetLeadStatus", good.replace("PL-1", "&x;")),
        (
            "GetLeadStatus",
            good.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"),
        ),
        (
            "GetLeadStatus",
            envelope(&get.replace("urn:parcel-crm:2009", "urn:parcel-crm:2010")),
        ),
        ("GetLeadStatus", envelope(&get.repeat(2))),
        ("RecordCallOutcome", good.clone()),
        ("DeleteLead", envelope("<DeleteLead xmlns=\"urn:parcel-crm:2009\"/>")),
    ] {
        let (status, answer_text) = post(&parcel, operation, body.clone()).await;
        assert!(
            status == 500 && answer_text.contains("<faultcode>soap:Client.Request</faultcode>"),
            "{body}: {answer_text}"
        );
    }
    let (status, answer_text) = post(&parcel, "GetLeadStatus", good.clone()).await;
    assert_eq!(status, 200);
    assert!(
        answer_text.contains("<p:StageCode>10</p:StageCode><p:DoNotCall>false</p:DoNotCall>"),
        "{answer_text}"
    );
    assert!(
        answer_text.contains("<p:LastCalledOn xsi:nil=\"true\"/>"),
        "{answer_text}"
    );
    let (_, answer_text) = post(&parcel, "GetLeadStatus", good.replace("PL-1", "PL-2")).await;
    assert!(answer_text.contains("<p:ErrorCode>P-04</p:ErrorCode>"), "{answer_text}");
}

#[tokio::test]
async fn other_users_are_refused() {
    let parcel = parcel().await;
    let url = format!("{}/ParcelService.asmx", parcel.origin());
    for request in [
        client().post(&url),
        client().post(&url).basic_auth("user", Some("p4s")),
        client().post(&url).basic_auth("resu", Some("p4ss")),
        client().post(&url).bearer_auth("p4ss"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Basic realm=\"parcel\"");
    }
    let elsewhere = client().post(format!("{}/", parcel.origin())).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
}

#[tokio::test]
async fn dnc_call_marks_the_lead() {
    let parcel = parcel().await;
    let (status, _) = post(
        &parcel,
        "RecordCallOutcome",
        call(&[("OutcomeCode", "DNC"), ("DoNotCall", "true")]),
    )
    .await;
    assert_eq!(status, 200);
    let get = "<GetLeadStatus xmlns=\"urn:parcel-crm:2009\"><LeadNumber>PL-1</LeadNumber></GetLeadStatus>";
    let (_, answer_text) = post(&parcel, "GetLeadStatus", envelope(get)).await;
    assert!(answer_text.contains("<p:DoNotCall>true</p:DoNotCall>"), "{answer_text}");
}
