//! Classifies the members of a document by their names: in JSON, in forms and in XML.

use serde_json::Value;
use url::form_urlencoded;

/// An object's strings and numbers, a form's parameters, or the elements of an XML document.
pub type Members = Vec<(String, String)>;

/// Every object of a body in any of the formats.
pub fn of(text: &str) -> Vec<Members> {
    let trimmed = text.trim_start();
    if let Some((_, query)) = text.split_once('?').filter(|(url, _)| url.starts_with("http")) {
        return of(query);
    }
    if trimmed.starts_with('<') {
        return vec![elements(text)];
    }
    if let Ok(value) = serde_json::from_str(text) {
        let mut objects = vec![];
        walk(&value, &mut objects);
        return objects;
    }
    if text.contains('=') && !text.contains(char::is_whitespace) {
        return vec![form_urlencoded::parse(text.as_bytes()).into_owned().collect()];
    }
    vec![]
}

/// Every object of a value.
pub fn walk(value: &Value, objects: &mut Vec<Members>) {
    match value {
        Value::Object(members) => {
            let scalar = |(name, value): (&String, &Value)| match value {
                Value::String(text) => Some((name.clone(), text.clone())),
                Value::Number(number) => Some((name.clone(), number.to_string())),
                _ => None,
            };
            objects.push(members.iter().filter_map(scalar).collect());
            members.values().for_each(|value| walk(value, objects));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, objects)),
        _ => {}
    }
}

/// Elements that contain text, and attributes, whatever their nesting.
fn elements(text: &str) -> Members {
    let mut found = vec![];
    for part in text.split('<').skip(1) {
        let Some((tag, content)) = part.split_once('>') else {
            continue;
        };
        let mut words = tag.trim_end_matches('/').splitn(2, char::is_whitespace);
        let name = words.next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        if !name.starts_with(['/', '?', '!']) && !content.trim().is_empty() {
            found.push((name.to_owned(), unescape(content.trim())));
        }
        let mut rest = words.next().unwrap_or_default();
        while let Some((name, value)) = rest.split_once('=') {
            let quote = value.trim_start().chars().next().filter(|c| matches!(c, '"' | '\''));
            let Some((value, after)) = quote.and_then(|quote| value.trim_start()[1..].split_once(quote)) else {
                break;
            };
            found.push((name.trim().to_owned(), unescape(value)));
            rest = after;
        }
    }
    found
}

/// Decodes XML's predefined entities.
fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&")
}

/// Normalizes spellings that differ from CRM to CRM: `First_Name` is `firstname`.
fn normalize(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether a member is a credential.
pub fn is_secret(name: &str) -> bool {
    matches!(
        normalize(name).as_str(),
        "accesstoken"
            | "refreshtoken"
            | "idtoken"
            | "authtoken"
            | "apitoken"
            | "token"
            | "jwt"
            | "session"
            | "sessionid"
            | "sessiontoken"
            | "sid"
            | "phpsessid"
            | "csrftoken"
            | "xsrftoken"
            | "apikey"
            | "accesskey"
            | "authkey"
            | "password"
            | "passwd"
            | "pwd"
            | "secret"
            | "clientsecret"
            | "authorization"
            | "xapikey"
            | "xauthtoken"
            | "xaccesstoken"
    )
}

/// Whether a member points to a call's recording or transcript.
pub fn is_recording(name: &str) -> bool {
    matches!(
        normalize(name).as_str(),
        "recordingurl" | "transcripturl" | "recording" | "transcript" | "recordinglink"
    )
}

/// Whether a member is a person's name.
pub fn is_name(name: &str) -> bool {
    matches!(
        normalize(name).as_str(),
        "firstname"
            | "lastname"
            | "middlename"
            | "surname"
            | "fullname"
            | "fname"
            | "lname"
            | "customername"
            | "custname"
            | "clientname"
            | "contactname"
            | "leadname"
            | "personname"
            | "buyername"
            | "applicantname"
    )
}

/// Whether a member is a name that may be a person's or a thing's.
pub fn may_be_name(name: &str) -> bool {
    matches!(
        normalize(name).as_str(),
        "name" | "displayname" | "lead" | "customer" | "client"
    )
}

/// Whether a member is a phone number.
pub fn is_phone(name: &str) -> bool {
    let word = normalize(name);
    [
        "phone",
        "mobile",
        "whatsapp",
        "msisdn",
        "contactno",
        "contactnumber",
        "telno",
    ]
    .into_iter()
    .any(|part| word.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<String> {
        let pairs = of(text).into_iter().flatten();
        pairs.map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn members_are_found_in_every_format() {
        let json = r#"{"a":{"b":"1","c":[{"d":2}]},"e":null}"#;
        assert_eq!(pairs(json), ["b=1", "d=2"]);
        assert_eq!(pairs("a=1&b=x+y"), ["a=1", "b=x y"]);
        let xml = r#"<?xml version="1.0"?><s:lead no="L-1" x='2'><name>A &amp; B</name><e/></s:lead>"#;
        assert_eq!(pairs(xml), ["version=1.0", "no=L-1", "x=2", "name=A & B"]);
        assert_eq!(pairs("https://crm.example/a?token=x&b=1"), ["token=x", "b=1"]);
        assert!(pairs("some words").is_empty());
    }

    #[test]
    fn member_names_ignore_case_and_separators() {
        assert!(is_secret("X-Api-Key") && is_secret("access_token") && !is_secret("tokens_used"));
        assert!(is_name("First_Name") && !is_name("username"));
        assert!(is_phone("phone_alt") && is_phone("MobileNo"));
    }
}
