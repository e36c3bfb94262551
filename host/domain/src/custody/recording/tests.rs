//! Tests that turn whole invocations into fixtures.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::*;
use crate::custody::fixture::{ExportOutput, FixtureLead, FixtureLeadStatus, FixtureParsedLead};

fn sign(key: &str, bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

/// A status query that logs in first, signs, and gets more about the lead than it asked for.
fn invocation() -> RecordedInvocation {
    let signature = sign("the real key", b"lead=919876543210");
    RecordedInvocation {
        by: "release 3 (acme@1.0.0)".into(),
        settings: [("base_url".into(), "https://crm.example".into())].into(),
        country: None,
        now: "2026-07-01T09:01:55Z".parse().unwrap(),
        call: ExportInput::QueryStatus {
            lead_id: "919876543210".parse().unwrap(),
        },
        signed: vec![RecordedSignature {
            name: "signing".into(),
            bytes: b"lead=919876543210".to_vec(),
            signature: signature.clone(),
        }],
        exchanges: vec![
            RecordedExchange {
                method: "POST".into(),
                url: "https://crm.example/login".into(),
                headers: pairs(&[("Content-Type", "application/x-www-form-urlencoded")]),
                body: format!("lead=919876543210&sig={}", hex::encode(signature)).into_bytes(),
                answer: Ok(RecordedResponse {
                    status: 200,
                    headers: pairs(&[
                        ("Set-Cookie", "SESS=cookie-of-the-crm; Path=/"),
                        ("content-length", "9"),
                    ]),
                    body: br#"{"access_token": "token-of-the-crm"}"#.to_vec(),
                }),
            },
            RecordedExchange {
                method: "GET".into(),
                url: "https://crm.example/leads/919876543210?t=token-of-the-crm".into(),
                headers: pairs(&[
                    ("Authorization", "Bearer token-of-the-crm"),
                    ("Accept", "application/json"),
                ]),
                body: vec![],
                answer: Ok(RecordedResponse {
                    status: 200,
                    headers: vec![],
                    body: "{\"id\":\"919876543210\",\"first_name\":\"आशा\",\"mobile\":9876543210,\"stage\":\"new\"}"
                        .into(),
                }),
            },
        ],
        returns: Ok(ExportOutput::Status(FixtureLeadStatus {
            lead_id: "919876543210".into(),
            callable: true,
            status: "new".into(),
            ..FixtureLeadStatus::default()
        })),
    }
}

#[test]
fn fixtures_hold_no_secrets() {
    // The fixture of an invocation contains no secrets and no personal data.
    let fixture = fixture(&invocation(), b"salt", true).unwrap();
    let lead = fixture["call"]["query_status"]["lead_id"].as_str().unwrap();
    assert!(lead.starts_with("919") && lead != "919876543210", "{lead}");
    let [login, query] = [0, 1].map(|n| &fixture["exchanges"][n]);
    let signature = hex::encode(sign("recorded", format!("lead={lead}").as_bytes()));
    assert_eq!(login["request"]["form"], json!({"lead": lead, "sig": signature}));
    assert_eq!(fixture["keys"], json!({"signing": "recorded"}));
    let token = login["answer"]["json"]["access_token"].as_str().unwrap();
    assert_eq!(
        query["request"]["url"],
        format!("https://crm.example/leads/{lead}?t={token}")
    );
    assert_eq!(query["request"]["headers"], json!({"accept": "application/json"}));
    assert_eq!(
        login["answer"]["headers"].as_object().unwrap().len(),
        1,
        "the length belongs to the connection"
    );
    let known = &query["answer"]["json"];
    assert_eq!((&known["id"], &known["stage"]), (&lead.into(), &"new".into()));
    assert_eq!(
        known["mobile"].to_string(),
        lead[2..],
        "the same number in another form"
    );
    assert!(known["first_name"].as_str().unwrap().starts_with("Name"), "{known}");
    assert_eq!(fixture["returns"]["ok"]["lead_id"], lead);
    assert_eq!(fixture["settings"]["base_url"], "https://crm.example");
    assert_eq!(fixture["now"], "2026-07-01T09:01:55Z");
    let text = fixture.to_string();
    for gone in [
        "9876543210",
        "आशा",
        "token-of-the-crm",
        "cookie-of-the-crm",
        "the real key",
    ] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
}

#[test]
fn personal_data_is_kept_on_request() {
    // The fixture contains personal data if the operator wants it, and still no tokens.
    let fixture = fixture(&invocation(), b"salt", false).unwrap().to_string();
    assert!(fixture.contains("919876543210") && fixture.contains("आशा"), "{fixture}");
    for secret in [
        "token-of-the-crm",
        "cookie-of-the-crm",
        &hex::encode(&invocation().signed[0].signature),
    ] {
        assert!(!fixture.contains(secret), "{secret}: {fixture}");
    }
}

#[test]
fn replacements_are_stable_per_recording() {
    // A text has one replacement in all invocations of a recording, and another one in another recording.
    let of = |salt: &[u8]| fixture(&invocation(), salt, true).unwrap()["call"].clone();
    assert_eq!(of(b"salt"), of(b"salt"));
    assert_ne!(of(b"salt"), of(b"pepper"));
}

#[test]
fn an_unrepresentable_invocation_is_omitted() {
    let mut not_text = invocation();
    not_text.exchanges[1].body = vec![0xff];
    assert_eq!(fixture(&not_text, b"salt", true), Err(OmissionReason::NotText));
    let mut hidden = invocation();
    hidden.exchanges[0].body = b"sig=cut".to_vec();
    assert_eq!(fixture(&hidden, b"salt", true), Err(OmissionReason::SignatureNotFound));
}

#[test]
fn a_webhook_keeps_its_format() {
    let body = "lead_no=GW-1&contact_name=Asha+Verma&mobile=098765-43210&note=%E0%A4%86";
    let call = |body: &str| ExportInput::ParseLeads {
        content_type: "application/x-www-form-urlencoded".into(),
        body: body.into(),
        received_at: "2026-07-01T09:01:55.000Z".into(),
    };
    let mut webhook = RecordedInvocation {
        call: call(body),
        signed: vec![],
        exchanges: vec![],
        returns: Ok(ExportOutput::Leads(vec![FixtureParsedLead::Lead(Box::new(
            FixtureLead {
                id: "GW-1".into(),
                phone: "+919876543210".into(),
                name: Some("Asha Verma".into()),
                ..FixtureLead::default()
            },
        ))])),
        ..invocation()
    };
    let made = fixture(&webhook, b"salt", true).unwrap();
    let form = made["call"]["parse_leads"]["body"].as_str().unwrap();
    let lead = &made["returns"]["ok"][0];
    assert!(
        form.starts_with("lead_no=GW-1&contact_name=Name") && form.ends_with("&note=%E0%A4%86"),
        "{form}"
    );
    let name = lead["name"].as_str().unwrap().replace(' ', "+");
    assert!(form.contains(&name), "{form} {name}");
    let own = &lead["phone"].as_str().unwrap()[3..];
    assert!(form.contains(&format!("0{}-{}", &own[..5], &own[5..])), "{form} {own}");

    webhook.returns = Ok(ExportOutput::Leads(vec![]));
    webhook.call = call("a=%e0%a4%86&b=1");
    let made = fixture(&webhook, b"salt", true).unwrap();
    assert_eq!(made["call"]["parse_leads"]["body"], "a=%e0%a4%86&b=1");
}
