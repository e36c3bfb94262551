//! Groundwork's own webhook: a form that announces a new lead.

use std::collections::BTreeMap;

use jackfield_sdk::{Extension, Host, Lead, Priority, Rejection, date, phone};

/// The leads in a webhook: one for `lead_new`, none for any other event.
///
/// # Errors
/// A rejection that names every unusable field, for a person to correct in review.
pub fn leads(host: &Host, body: &[u8]) -> Result<Vec<Lead>, Rejection> {
    let mut fields: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    fields.retain(|_, value| !value.trim().is_empty());
    match fields.remove("event").as_deref() {
        Some("lead_new") => lead(host, fields).map(|lead| vec![lead]),
        Some(_) => Ok(Vec::new()),
        None => Err(refusal().field("event", "is missing")),
    }
}

/// The lead in the fields of a `lead_new`. Fields that the contract does not have are kept as extensions.
fn lead(host: &Host, mut fields: BTreeMap<String, String>) -> Result<Lead, Rejection> {
    let mut take = |name: &str| fields.remove(name);
    let id = take("lead_no");
    let phone = take("mobile").map_or_else(
        || Err("is missing".to_owned()),
        |text| phone::e164(host, &text).map_err(|error| error.to_string()),
    );
    let created_at = take("dt")
        .map(|text| date::parse_ist("%d/%m/%Y %H:%M", &text).ok_or(text))
        .transpose();
    let problems = [
        id.is_none().then_some(("lead_no", "is missing")),
        phone.as_ref().err().map(|why| ("mobile", why.as_str())),
        created_at
            .is_err()
            .then_some(("dt", "is not a time as dd/mm/yyyy HH:MM")),
    ];
    let refused = problems
        .into_iter()
        .flatten()
        .fold(refusal(), |it, (field, message)| it.field(field, message));
    let (Some(id), Ok(phone), Ok(created_at)) = (id, phone, created_at) else {
        return Err(refused);
    };
    let alternative = take("alt_mobile");
    let phone_alt = alternative.as_deref().and_then(|text| phone::e164(host, text).ok());
    let unusable = alternative.filter(|_| phone_alt.is_none());
    Ok(Lead {
        id,
        phone,
        phone_alt,
        name: take("cust_name"),
        source: take("src"),
        campaign_id: None,
        project_interest: take("proj"),
        project_id: take("proj_code"),
        language_preference: take("lang").map(|code| language(&code)),
        created_at: created_at.as_ref().map(date::rfc3339),
        call_priority: priority(take("prio").as_deref()),
        extensions: extensions(fields, unusable),
    })
}

fn language(code: &str) -> String {
    match code {
        "HI" => "hindi".into(),
        "EN" => "english".into(),
        other => other.to_lowercase(),
    }
}

fn priority(prio: Option<&str>) -> Priority {
    match prio {
        Some("1") => Priority::High,
        Some("3") => Priority::Low,
        _ => Priority::Normal,
    }
}

/// The remaining fields, and a second number that is not a phone number: it is no reason to refuse the lead, and it is
/// not dropped.
fn extensions(fields: BTreeMap<String, String>, unusable: Option<String>) -> Vec<Extension> {
    let second_number = unusable.map(|text| ("alt_mobile".to_owned(), text));
    let left = fields.into_iter().chain(second_number);
    left.map(|(name, value)| Extension::text(pointer(&name), &value))
        .collect()
}

/// A name as an RFC 6901 pointer, in which `~` and `/` are written `~0` and `~1`.
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn refusal() -> Rejection {
    Rejection::new(
        "bad-webhook",
        "groundwork's webhook does not tell of a lead that can be called",
    )
}
