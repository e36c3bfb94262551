//! groundwork accepts exactly what it documents, and reports errors inside HTTP 200.

use hmac::{Hmac, KeyInit, Mac};
use jackfield_tests::fakes::{Groundwork, GroundworkConfig, GroundworkFlag, GroundworkLead, ServerClock};
use jiff::Timestamp;
use sha2::Sha256;

use super::client;

/// 2026-07-01 00:30 in India, which is still June in UTC.
const NOW: i64 = 1_782_846_000;

async fn groundwork() -> Groundwork {
    let now = ServerClock::fixed(Timestamp::from_second(NOW).unwrap());
    let groundwork = Groundwork::start(GroundworkConfig {
        now,
        ..GroundworkConfig::new("k3y")
    })
    .await
    .unwrap();
    groundwork.seed(GroundworkLead::new("GW-1001"));
    groundwork
}

type Parameters = Vec<(&'static str, String)>;

fn call() -> Parameters {
    [
        ("lead_no", "GW-1001"),
        ("call_ref", "ZAP-CALL-20260701-0001"),
        ("stage", "301"),
        ("call_date", "01/07/2026"),
        ("call_time", "14:35"),
        ("duration", "306"),
        ("remark", "साइट विज़िट तय & confirmed = yes"),
        ("visit_date", "05/07/2026"),
        ("visit_time", "11:00"),
        ("budget_from", "85,00,000"),
        ("budget_to", "1,20,00,000"),
        ("dnd", "N"),
        ("lang", "HI"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn with(name: &'static str, value: &str) -> Parameters {
    let mut parameters = call();
    parameters.retain(|(each, _)| *each != name);
    parameters.push((name, value.to_owned()));
    parameters
}

fn sign(mut parameters: Parameters, ts: i64, key: &str) -> Parameters {
    parameters.push(("ts", ts.to_string()));
    let mut sorted = parameters.clone();
    sorted.sort();
    let signed: Vec<_> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .unwrap()
        .chain_update(signed.join("&"));
    parameters.push(("sig", hex::encode(mac.finalize().into_bytes())));
    parameters
}

async fn send(groundwork: &Groundwork, page: &str, parameters: &Parameters) -> String {
    let request = client()
        .post(format!("{}/crm/{page}.php", groundwork.origin()))
        .form(parameters);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let inside = text
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?><response>")
        .unwrap();
    inside.strip_suffix("</response>").unwrap().to_owned()
}

async fn update(groundwork: &Groundwork, parameters: Parameters) -> String {
    send(groundwork, "call_update", &sign(parameters, NOW, "k3y")).await
}

#[tokio::test]
async fn every_accepted_post_appends_a_row() {
    let groundwork = groundwork().await;
    assert_eq!(
        update(&groundwork, call()).await,
        "<status>OK</status><ref>GW/2026/000001</ref>"
    );
    assert_eq!(
        update(&groundwork, call()).await,
        "<status>OK</status><ref>GW/2026/000002</ref>"
    );
    let rows = groundwork.stored();
    assert_eq!(
        rows.iter().map(|row| row.reference.as_str()).collect::<Vec<_>>(),
        ["GW/2026/000001", "GW/2026/000002"]
    );
    assert_eq!(
        rows[0].parameters,
        call()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    );
    assert_eq!(rows[1].get("remark"), "साइट विज़िट तय & confirmed = yes");
    assert_eq!(groundwork.counts().writes, 2);
}

#[tokio::test]
async fn all_codes_and_empty_values_are_accepted() {
    let groundwork = groundwork().await;
    for stage in [
        "301", "302", "303", "401", "402", "403", "404", "501", "502", "503", "504", "505",
    ] {
        let mut parameters = with("stage", stage);
        for name in [
            "duration",
            "remark",
            "visit_date",
            "visit_time",
            "budget_from",
            "budget_to",
            "lang",
        ] {
            parameters.iter_mut().find(|(each, _)| *each == name).unwrap().1.clear();
        }
        let answer = update(&groundwork, parameters).await;
        assert!(answer.starts_with("<status>OK</status>"), "{stage}: {answer}");
    }
    let mut other = with("stage", "599");
    other.iter_mut().find(|(name, _)| *name == "remark").unwrap().1 = "outcome=payment_promised".to_owned();
    assert!(update(&groundwork, other).await.starts_with("<status>OK</status>"));
}

#[tokio::test]
async fn malformed_parameters_are_named() {
    let groundwork = groundwork().await;
    let long_remark = "न".repeat(201);
    let long_ref = "a".repeat(41);
    let cases = [
        ("lead_no", ""),
        ("call_ref", ""),
        ("call_ref", long_ref.as_str()),
        ("call_ref", "a.b"),
        ("stage", "300"),
        ("stage", "visit"),
        ("call_date", "2026-07-01"),
        ("call_date", "1/7/2026"),
        ("call_date", ""),
        ("call_time", "2:35 PM"),
        ("call_time", "14:35:00"),
        ("duration", "-1"),
        ("duration", "5m"),
        ("remark", long_remark.as_str()),
        ("visit_date", "31/02/2026"),
        ("visit_time", "25:00"),
        ("budget_from", "8500000"),
        ("budget_to", "12,000,000"),
        ("dnd", "y"),
        ("dnd", ""),
        ("floor\"<", "12"),
    ];
    for (name, value) in cases {
        let answer = update(&groundwork, with(name, value)).await;
        assert!(
            answer.starts_with("<status>ERROR</status><code>E20</code><message>"),
            "{name}={value}: {answer}"
        );
        let named = format!("<field name=\"{}\">", name.replace('"', "&quot;").replace('<', "&lt;"));
        assert_eq!(answer.matches("<field name=").count(), 1, "{name}={value}: {answer}");
        assert!(answer.contains(&named), "{name}={value}: {answer}");
    }
    let unnamed_other = update(&groundwork, with("stage", "599")).await;
    assert!(
        unnamed_other.contains("<field name=\"remark\">must start with outcome="),
        "{unnamed_other}"
    );
    assert!(groundwork.stored().is_empty());
    assert_eq!(groundwork.counts().refused, u64::try_from(cases.len()).unwrap() + 1);
}

#[tokio::test]
async fn each_parameter_is_required_once() {
    let groundwork = groundwork().await;
    for (at, (name, value)) in call().into_iter().enumerate() {
        let mut missing = call();
        missing.remove(at);
        let answer = update(&groundwork, missing).await;
        assert!(
            answer.ends_with(&format!("<field name=\"{name}\">missing</field>")),
            "{answer}"
        );

        let mut twice = call();
        twice.push((name, value));
        let answer = update(&groundwork, twice).await;
        assert!(
            answer.ends_with(&format!("<field name=\"{name}\">given more than once</field>")),
            "{answer}"
        );
    }
    assert!(groundwork.stored().is_empty());
}

#[tokio::test]
async fn wrong_or_old_signatures_are_refused() {
    let groundwork = groundwork().await;
    for (ts, code) in [
        (NOW - 600, "OK"),
        (NOW + 600, "OK"),
        (NOW - 601, "E01"),
        (NOW + 601, "E01"),
        (i64::MAX, "E01"),
    ] {
        let answer = send(&groundwork, "call_update", &sign(call(), ts, "k3y")).await;
        assert!(answer.contains(&format!(">{code}<")), "{ts}: {answer}");
    }
    groundwork.reset();

    let good = sign(call(), NOW, "k3y");
    let mut changed = good.clone();
    changed[2].1 = "302".to_owned();
    let mut added = good.clone();
    added.push(("extra", "1".to_owned()));
    let mut upper = good.clone();
    upper.last_mut().unwrap().1.make_ascii_uppercase();
    let mut unsigned = good.clone();
    unsigned.pop();
    let mut twice = good.clone();
    twice.push(good.last().unwrap().clone());
    for bad in [
        changed,
        added,
        upper,
        unsigned,
        twice,
        sign(call(), NOW, "other"),
        Vec::new(),
    ] {
        let answer = send(&groundwork, "call_update", &bad).await;
        assert!(answer.starts_with("<status>ERROR</status><code>E01</code>"), "{answer}");
    }

    let url = format!("{}/crm/call_update.php", groundwork.origin());
    for request in [client().get(&url).query(&good), client().post(&url).json(&good)] {
        assert!(
            request
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
                .contains("<code>E01</code>")
        );
    }
    assert!(groundwork.stored().is_empty());
}

#[tokio::test]
async fn without_tolerance_any_time_is_accepted() {
    let config = GroundworkConfig {
        ts_tolerance: None,
        ..GroundworkConfig::new("k3y")
    };
    let groundwork = Groundwork::start(config).await.unwrap();
    groundwork.seed(GroundworkLead::new("GW-1001"));
    assert!(
        send(&groundwork, "call_update", &sign(call(), 0, "k3y"))
            .await
            .starts_with("<status>OK</status>")
    );
}

#[tokio::test]
async fn lead_is_read_and_do_not_call_persists() {
    let groundwork = groundwork().await;
    groundwork.seed(GroundworkLead {
        stage: 30,
        sales_spoke: GroundworkFlag::Y,
        last_call: Some("05/07/2026 16:30".to_owned()),
        ..GroundworkLead::new("GW-<2>")
    });
    let status = async |lead_no: &str| {
        send(
            &groundwork,
            "lead_status",
            &sign(vec![("lead_no", lead_no.to_owned())], NOW, "k3y"),
        )
        .await
    };
    assert_eq!(
        status("GW-1001").await,
        "<status>OK</status><lead no=\"GW-1001\"><stage>10</stage><dnd>N</dnd><sales_spoke>N</sales_spoke>\
         <last_call/></lead>"
    );
    assert_eq!(
        status("GW-<2>").await,
        "<status>OK</status><lead no=\"GW-&lt;2&gt;\"><stage>30</stage><dnd>N</dnd><sales_spoke>Y</sales_spoke>\
         <last_call>05/07/2026 16:30</last_call></lead>"
    );
    assert_eq!(
        status("GW-9").await,
        "<status>ERROR</status><code>E04</code><message>no such lead</message>"
    );
    let unknown = update(&groundwork, with("lead_no", "GW-9")).await;
    assert_eq!(
        unknown,
        "<status>ERROR</status><code>E04</code><message>no such lead</message>"
    );

    update(&groundwork, with("dnd", "Y")).await;
    assert!(status("GW-1001").await.contains("<dnd>Y</dnd>"));
}

#[tokio::test]
async fn other_pages_are_not_found() {
    let groundwork = groundwork().await;
    let page = client()
        .post(format!("{}/crm/add_call_row", groundwork.origin()))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 404);
    assert_eq!(groundwork.counts().refused, 1);
}
