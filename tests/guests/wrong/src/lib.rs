//! An adapter for a small ledger that is correct, unless the setting `mistake` names a mistake: then it makes only that
//! one. The conformance kit must report each mistake under the right check.

use std::hint::black_box;

use jackfield_sdk::http::{Response, url};
use jackfield_sdk::{
    Adapter, Description, Disposition, Failure, Host, LeadStatus, Level, Lookup, Receipt, Rejection, SettingKind, about,
};
use serde_json::{Value, json};

struct Wrong;

jackfield_sdk::export!(Wrong with lookup);

impl Adapter for Wrong {
    fn describe() -> Description {
        about!()
            .origin("base_url", "The ledger's address")
            .optional("mistake", SettingKind::Text, "The mistake to make")
            .optional(
                "revisions",
                SettingKind::Boolean,
                "Whether rows name the lead's revision",
            )
    }

    fn query_status(host: &Host, lead_id: &str) -> Result<LeadStatus, Failure> {
        if makes(host, "asks-elsewhere") {
            // The result does not matter.
            let _ = host.get("https://elsewhere.example/count").send();
        }
        let answer = host.get(url(&base_url(host)?, &["leads", lead_id])?).send()?;
        if makes(host, "guesses-a-status") && answer.status() == 503 {
            return Ok(status(lead_id, "new"));
        }
        let lead: Value = answer.accept()?.json()?;
        let stage = lead["stage"].as_str().ok_or(Failure::Unknown(None))?;
        let phone = lead["phone"].as_str().unwrap_or_default();
        if makes(host, "logs-a-phone") {
            host.log(Level::Info, "asked", &[("lead", lead_id), ("number", phone)]);
        }
        if makes(host, "prints-a-phone") {
            println!("calling {phone}");
        }
        Ok(status(lead_id, stage))
    }

    fn write_disposition(host: &Host, call: &Disposition, key: &str) -> Result<Receipt, Failure> {
        if makes(host, "hangs") {
            spin();
        }
        if makes(host, "allocates-without-end") {
            grow();
        }
        if host.setting("revisions").as_deref() == Some("true") {
            return write_revision(host, call, key);
        }
        let key = match () {
            () if makes(host, "drops-the-key") => "",
            () if makes(host, "sends-a-fixed-key") => "C-20260701-7",
            () if makes(host, "writes-by-the-call-id") => &call.call_id,
            () => key,
        };
        let sent = match row(host, call, key) {
            Err(Failure::Unknown(_)) if makes(host, "takes-lost-for-unavailable") => {
                return Err(Failure::Unavailable(None));
            }
            Err(Failure::Unavailable(_)) if makes(host, "takes-refused-for-unknown") => {
                return Err(Failure::Unknown(None));
            }
            Err(Failure::Unknown(_)) if makes(host, "retries-by-itself") => row(host, call, key)?,
            sent => sent?,
        };
        let answer = match sent.status() {
            500 if makes(host, "retries-by-itself") => row(host, call, key)?,
            _ => sent,
        };
        match answer.status() {
            401 if makes(host, "takes-401-for-unavailable") => return Err(Failure::Unavailable(None)),
            422 if makes(host, "takes-422-for-unavailable") => return Err(Failure::Unavailable(None)),
            422 if makes(host, "returns-a-phone") => {
                let texts: Vec<_> = call.extensions.iter().map(|it| it.json.as_str()).collect();
                return Err(Rejection::new("refused", &texts.join(", ")).into());
            }
            429 if makes(host, "invents-retry-after") => return Err(Failure::RateLimited(Some(600))),
            500 if makes(host, "swallows-500") => return Ok(Receipt::new("")),
            _ => {}
        }
        let answer = answer.accept()?;
        if makes(host, "takes-empty-for-done") && answer.bytes().is_empty() {
            return Ok(Receipt::new(""));
        }
        assert!(
            !makes(host, "panics-on-html") || !answer.bytes().starts_with(b"<"),
            "this is not JSON"
        );
        receipt(&answer)
    }
}

impl Lookup for Wrong {
    fn find(host: &Host, _: &str, key: &str) -> Result<Option<Receipt>, Failure> {
        let answer = host.get(url(&base_url(host)?, &["rows", key])?).send()?;
        if makes(host, "takes-500-for-absent") && answer.status() == 500 {
            return Ok(None);
        }
        receipt(&answer.accept()?).map(Some)
    }
}

fn row<'h>(host: &'h Host, call: &Disposition, key: &str) -> Result<Response<'h>, Failure> {
    let row = json!({ "lead": call.lead_id, "seconds": call.duration_seconds });
    let request = host.post(url(&base_url(host)?, &["rows"])?);
    request.header("idempotency-key", key).json(&row).send()
}

/// Writes to a ledger that refuses a row for another revision than the lead has, some by a 409 and some inside a 200:
/// reads the lead again and writes once more.
fn write_revision(host: &Host, call: &Disposition, key: &str) -> Result<Receipt, Failure> {
    for _ in 0..2 {
        let lead = host.get(url(&base_url(host)?, &["leads", &call.lead_id])?).send()?;
        let lead: Value = lead.accept()?.json()?;
        let revision = lead["revision"].as_u64().ok_or(Failure::Unknown(None))?;
        let row = json!({ "lead": call.lead_id, "seconds": call.duration_seconds, "revision": revision });
        let request = host.post(url(&base_url(host)?, &["rows"])?);
        let answer = request.header("idempotency-key", key).json(&row).send()?;
        if answer.status() == 409 {
            continue;
        }
        let answer = answer.accept()?;
        let stored: Value = answer.json()?;
        if stored["error"] != "E409" {
            return receipt(&answer);
        }
    }
    Err(Failure::conflict("the lead's revision keeps moving"))
}

fn receipt(answer: &Response<'_>) -> Result<Receipt, Failure> {
    let stored: Value = answer.json()?;
    Ok(Receipt::new(stored["row"].as_str().ok_or(Failure::Unknown(None))?))
}

fn status(lead_id: &str, stage: &str) -> LeadStatus {
    LeadStatus {
        lead_id: lead_id.into(),
        callable: stage == "new",
        status: stage.into(),
        ..LeadStatus::default()
    }
}

fn base_url(host: &Host) -> Result<String, Failure> {
    host.required("base_url")
}

fn makes(host: &Host, mistake: &str) -> bool {
    host.setting("mistake").as_deref() == Some(mistake)
}

/// Computes forever.
fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Allocates and writes memory forever, a mebibyte at a time.
fn grow() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}
