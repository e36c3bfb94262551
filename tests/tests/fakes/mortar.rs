//! mortar accepts exactly what its manual says, to the space, and reports errors inside HTTP 200.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jackfield_tests::fakes::{Mortar, MortarConfig, MortarParty};
use sha2::Sha256;

use super::client;

async fn mortar() -> Mortar {
    let mortar = Mortar::start(MortarConfig::new("k3y")).await.unwrap();
    mortar.seed(MortarParty::new("4711"));
    mortar
}

const CALL: [(&str, &str); 17] = [
    ("PARTY", "0000004711"),
    ("CALL", "ZAP-CALL-20260701-0001"),
    ("CODE", "D01"),
    ("DATE", "20260701"),
    ("TIME", "1431"),
    ("SECS", "000306"),
    ("SCORE", "082"),
    ("BUDLO", "+000000850000000"),
    ("BUDHI", "+000001200000000"),
    ("VDATE", "20260705"),
    ("VTIME", "1100"),
    ("LOAN", "Y"),
    ("NRI", "N"),
    ("DND", "N"),
    ("DUPE", "N"),
    ("LANG", "HIN"),
    ("TEXT", "साइट विज़िट\\nतय \\\\ confirmed"),
];

fn message(lines: &[(&str, &str)]) -> String {
    let inner: Vec<_> = lines.iter().map(|(key, value)| format!("{key}={value}\r\n")).collect();
    let inner = inner.concat();
    format!("MORTAR/1\r\n{inner}END={}\r\n", lines.len() + 2)
}

fn with(key: &str, value: &'static str) -> String {
    message(&CALL.map(|(each, given)| (each, if each == key { value } else { given })))
}

fn mac(body: &str, key: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// Sends a message; returns the lines of the answer, without the first and the last.
async fn send(mortar: &Mortar, program: &str, body: &str, mac: &str) -> Vec<String> {
    let answer = client()
        .post(format!("{}/mortar/v1/{program}", mortar.origin()))
        .header("content-type", "text/plain; charset=utf-8")
        .header("x-mortar-mac", mac)
        .body(body.to_owned());
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let lines: Vec<_> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    assert_eq!(
        (lines[0], lines[lines.len() - 1]),
        ("MORTAR/1", format!("END={}", lines.len()).as_str())
    );
    lines[1..lines.len() - 1]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

async fn dispose(mortar: &Mortar, body: &str) -> Vec<String> {
    send(mortar, "disposal", body, &mac(body, "k3y")).await
}

#[tokio::test]
async fn every_disposal_becomes_a_document() {
    let mortar = mortar().await;
    for number in ["M-000001", "M-000002"] {
        assert_eq!(
            dispose(&mortar, &message(&CALL)).await,
            ["RC=0000".into(), format!("DOC={number}")]
        );
    }
    let documents = mortar.stored();
    assert_eq!(documents[1].get("TEXT"), "साइट विज़िट\nतय \\ confirmed");
    assert_eq!(
        (documents[0].number.as_str(), documents[0].get("BUDHI")),
        ("M-000001", "+000001200000000")
    );
    let bare = CALL.map(|(key, value)| match key {
        "PARTY" | "CALL" | "CODE" | "DATE" | "TIME" | "DND" | "DUPE" => (key, value.to_owned()),
        "TEXT" => (key, String::new()),
        _ => (key, " ".repeat(value.len())),
    });
    let bare: Vec<_> = bare.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert_eq!(dispose(&mortar, &message(&bare)).await, ["RC=0000", "DOC=M-000003"]);
}

#[tokio::test]
async fn malformed_fields_are_named() {
    let mortar = mortar().await;
    let cases = [
        ("PARTY", "4711"),
        ("CALL", ""),
        ("CODE", "D13"),
        ("DATE", "20260229"),
        ("TIME", "2400"),
        ("SECS", "306"),
        ("SECS", ""),
        ("SCORE", "101"),
        ("BUDLO", "000000850000000"),
        ("BUDLO", "+000009900000000"),
        ("BUDHI", "+1200000000"),
        ("VDATE", "2026-07-05"),
        ("VDATE", "20260630"),
        ("VTIME", "11:00"),
        ("LOAN", ""),
        ("NRI", "y"),
        ("DND", " "),
        ("DUPE", ""),
        ("LANG", "hindi"),
    ];
    for (key, value) in cases {
        let lines = dispose(&mortar, &with(key, value)).await;
        assert_eq!(lines[..2], ["RC=0101", "MSG=ENTRY REFUSED"], "{key}={value}");
        assert_eq!(lines[2], format!("FLD={key}"), "{lines:?}");
    }
    let long = format!("न{}", "x".repeat(118));
    let mut lines = CALL;
    lines[16].1 = &long;
    assert_eq!(dispose(&mortar, &message(&lines)).await[3], "MSG=LONGER THAN 120 BYTES");
    lines[16].1 = "";
    lines[2].1 = "D99";
    assert_eq!(dispose(&mortar, &message(&lines)).await[2], "FLD=TEXT");
    assert_eq!((mortar.stored().len(), mortar.counts().refused), (0, 21));
}

#[tokio::test]
async fn incomplete_messages_are_refused() {
    let mortar = mortar().await;
    let whole = message(&CALL);
    let broken = [
        whole.replace("END=19", "END=18"),
        whole.replace("MORTAR/1", "MORTAR/2"),
        whole.replace("\r\n", "\n"),
        whole.replace("LOAN=Y\r\n", "").replace("END=19", "END=18"),
        whole.replace("DND=N\r\nDUPE=N", "DUPE=N\r\nDND=N"),
        whole.replace("\\\\", "\\"),
        String::new(),
    ];
    for body in broken {
        assert_eq!(dispose(&mortar, &body).await[0], "RC=0100", "{body}");
    }
    assert_eq!(mortar.stored(), []);
}

#[tokio::test]
async fn wrong_macs_are_refused() {
    let mortar = mortar().await;
    let body = message(&[("PARTY", "0000004711")]);
    for mac in [
        mac(&body, "other"),
        mac("x", "k3y"),
        mac(&body, "k3y").to_uppercase(),
        "x".into(),
    ] {
        assert_eq!(send(&mortar, "enquiry", &body, &mac).await[0], "RC=0401");
    }
    let answer_lines = send(&mortar, "enquiry", &body, &mac(&body, "k3y")).await;
    assert_eq!(
        answer_lines,
        [
            "RC=0000",
            "PARTY=0000004711",
            "STAGE=10",
            "DND=N",
            "SPOKE=N",
            "CALLED=        ",
            "AT=    "
        ]
    );
}

#[tokio::test]
async fn parties_can_be_unknown_locked_or_marked() {
    let mortar = mortar().await;
    mortar.seed(MortarParty {
        locked: true,
        ..MortarParty::new("9")
    });
    assert_eq!(dispose(&mortar, &with("PARTY", "0000000001")).await, ["RC=0404"]);
    assert_eq!(dispose(&mortar, &with("PARTY", "0000000009")).await[0], "RC=0409");
    assert_eq!(dispose(&mortar, &with("DND", "Y")).await[0], "RC=0000");
    let body = message(&[("PARTY", "0000004711")]);
    let answer_lines = send(&mortar, "enquiry", &body, &mac(&body, "k3y")).await;
    assert_eq!(answer_lines[3..], ["DND=Y", "SPOKE=N", "CALLED=20260701", "AT=1431"]);
    let elsewhere = client().get(format!("{}/", mortar.origin())).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
}
