//! How a request differs from the recorded one.

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

use super::exchange::{ExpectedExchange, split_query};
use jackfield_domain::custody::fixture::FixtureRequestBody;
use jackfield_domain::custody::recording::SignatureTexts;
use jackfield_domain::field::escape;
use jackfield_sandbox::rehearsal::CrmRequest;

/// Most differences of one request that are told: the first are the cause, and the others often follow from them.
const MAX_DIFFERENCES: usize = 5;

/// How a request differs from the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMismatch {
    /// Every difference, the most telling first, for people.
    pub text: String,
    /// JSON pointer to the first one, in the recorded request.
    pub pointer: String,
    /// Nothing but signatures differs.
    pub only_signed: bool,
}

/// One difference, and where it is in the recorded request.
struct Difference {
    pointer: String,
    text: String,
}

impl Difference {
    fn new(pointer: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            text: text.into(),
        }
    }
}

impl ExpectedExchange {
    /// How a request differs from the recorded one; none if it does not.
    ///
    /// What the request says comes first. A signature, wherever it stands, comes last: it differs whenever something
    /// else does, and would only hide what.
    pub fn mismatch(&self, request: &CrmRequest, signatures: &SignatureTexts) -> Option<RequestMismatch> {
        let mut found = vec![];
        let (place, query) = split_query(&self.url);
        let (sent_place, sent_query) = split_query(&request.url);
        found.extend(differ("/method", "method", &self.method, &request.method));
        found.extend(differ("/url", "URL", place, sent_place));
        self.compare_body(&request.body, &mut found);
        compare_pairs("/url", "query parameter", query, sent_query, &mut found);
        if found.is_empty() {
            found.extend(differ("/url", "URL", &self.url, &request.url));
        }
        self.compare_headers(request, &mut found);
        found.sort_by_key(|difference| signatures.around(&difference.text).is_some());
        let only_signed = found
            .iter()
            .all(|difference| signatures.around(&difference.text).is_some());
        let pointer = found.first()?.pointer.clone();
        let surplus = found.len().saturating_sub(MAX_DIFFERENCES);
        let told = found.into_iter().take(MAX_DIFFERENCES);
        let mut texts: Vec<_> = told.map(|difference| difference.text).collect();
        if surplus > 0 {
            texts.push(format!("and {surplus} more differences"));
        }
        let text = texts.join("; ");
        Some(RequestMismatch {
            text,
            pointer,
            only_signed,
        })
    }

    /// The recorded texts that differ from those of a request by a signature alone: JSON pointers to them in the
    /// recorded request, and the texts that were sent.
    pub fn signed_as(&self, request: &CrmRequest, signatures: &SignatureTexts) -> Vec<(String, String)> {
        let mut pairs = vec![("/url".to_owned(), self.url.clone(), request.url.clone())];
        for (name, value) in &self.headers {
            let sent = request.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
            pairs.extend(sent.map(|(_, sent)| (format!("/headers/{}", escape(name)), value.clone(), sent.clone())));
        }
        match &self.body {
            FixtureRequestBody::Json(json) => {
                if let Ok(sent) = serde_json::from_slice(&request.body) {
                    collect_texts("/json", json, &sent, &mut pairs);
                }
            }
            FixtureRequestBody::Form(form) => {
                let sent: BTreeMap<_, _> = form_urlencoded::parse(&request.body).into_owned().collect();
                for (name, value) in form {
                    let sent = sent.get(name).cloned();
                    pairs.extend(sent.map(|sent| (format!("/form/{}", escape(name)), value.clone(), sent)));
                }
            }
            FixtureRequestBody::Text(text) => {
                let sent = String::from_utf8_lossy(&request.body).into_owned();
                pairs.push(("/text".to_owned(), text.clone(), sent));
            }
        }
        let is_signed = |recorded: &str, sent: &str| {
            signatures.around(sent).is_some_and(|(before, after)| {
                let rest = recorded.strip_prefix(before);
                recorded != sent && rest.is_some_and(|rest| rest.ends_with(after))
            })
        };
        pairs.retain(|(_, recorded, sent)| is_signed(recorded, sent));
        pairs.into_iter().map(|(pointer, _, sent)| (pointer, sent)).collect()
    }

    fn compare_headers(&self, request: &CrmRequest, found: &mut Vec<Difference>) {
        for (name, value) in &self.headers {
            let pointer = format!("/headers/{}", escape(name));
            let mut sent = request.headers.iter();
            match sent.find(|(sent, _)| sent.eq_ignore_ascii_case(name)) {
                None => found.push(Difference::new(
                    pointer,
                    format!("header `{name}` is missing; it should be `{value}`"),
                )),
                Some((_, sent)) => found.extend(differ(&pointer, &format!("header `{name}`"), value, sent)),
            }
        }
    }

    fn compare_body(&self, sent: &[u8], found: &mut Vec<Difference>) {
        match &self.body {
            FixtureRequestBody::Json(json) => match serde_json::from_slice::<Value>(sent) {
                Ok(sent) => {
                    let mut places = vec![];
                    differences("", json, &sent, &mut places);
                    let told = |place: Difference| {
                        let text = format!("the JSON body differs {}", place.text);
                        Difference::new(format!("/json{}", place.pointer), text)
                    };
                    found.extend(places.into_iter().map(told));
                }
                Err(error) => found.push(Difference::new("/json", format!("the body is not JSON: {error}"))),
            },
            FixtureRequestBody::Form(form) => {
                let form = form.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                let sent = form_urlencoded::parse(sent).into_owned().collect();
                compare_parameters("/form", "form parameter", form, sent, found);
            }
            FixtureRequestBody::Text(text) => {
                found.extend(differ("/text", "body", text, &String::from_utf8_lossy(sent)));
            }
        }
    }
}

fn differ(pointer: &str, what: &str, expected: &str, sent: &str) -> Option<Difference> {
    let text = || format!("another {what} than recorded: `{sent}`; it should be `{expected}`");
    (expected != sent).then(|| Difference::new(pointer, text()))
}

/// Compares the parameters of two queries.
fn compare_pairs(pointer: &str, what: &str, expected: &str, sent: &str, found: &mut Vec<Difference>) {
    let pairs = |query: &str| form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let before = found.len();
    compare_parameters(pointer, what, pairs(expected), pairs(sent), found);
    // They are all at the one place that a fixture has for a URL.
    for difference in &mut found[before..] {
        pointer.clone_into(&mut difference.pointer);
    }
}

/// Compares parameters by name and value, in whatever order.
fn compare_parameters(
    pointer: &str,
    what: &str,
    expected: Vec<(String, String)>,
    mut sent: Vec<(String, String)>,
    found: &mut Vec<Difference>,
) {
    for (name, value) in expected {
        let pointer = format!("{pointer}/{}", escape(&name));
        let same = sent.iter().position(|(sent, other)| (sent, other) == (&name, &value));
        let other = || sent.iter().position(|(sent, _)| *sent == name);
        match same.or_else(other).map(|at| sent.remove(at)) {
            None => found.push(Difference::new(
                pointer,
                format!("{what} `{name}` is missing; it should be `{value}`"),
            )),
            Some((_, came)) if came != value => found.push(Difference::new(
                pointer,
                format!("{what} `{name}` is `{came}`; it should be `{value}`"),
            )),
            Some(_) => {}
        }
    }
    for (name, _) in sent {
        found.push(Difference::new(
            pointer,
            format!("{what} `{name}` is not in the fixture, or there is one too many"),
        ));
    }
}

/// Collects the texts that two documents have in the same places.
fn collect_texts(pointer: &str, expected: &Value, came: &Value, found: &mut Vec<(String, String, String)>) {
    match (expected, came) {
        (Value::String(expected), Value::String(came)) => {
            found.push((pointer.to_owned(), expected.clone(), came.clone()));
        }
        (Value::Object(expected), Value::Object(came)) => {
            for (name, expected) in expected {
                if let Some(came) = came.get(name) {
                    collect_texts(&format!("{pointer}/{}", escape(name)), expected, came, found);
                }
            }
        }
        (Value::Array(expected), Value::Array(came)) => {
            for (index, (expected, came)) in expected.iter().zip(came).enumerate() {
                collect_texts(&format!("{pointer}/{index}"), expected, came, found);
            }
        }
        _ => {}
    }
}

/// The first place at which two documents differ, in words.
pub fn difference(expected: &Value, came: &Value) -> Option<String> {
    let mut found = vec![];
    differences("", expected, came, &mut found);
    found.into_iter().next().map(|difference| difference.text)
}

/// Every place at which two documents differ.
fn differences(pointer: &str, expected: &Value, came: &Value, found: &mut Vec<Difference>) {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => {
            let surplus = came.keys().filter(|name| !expected.contains_key(*name));
            for name in expected.keys().chain(surplus) {
                let place = format!("{pointer}/{}", escape(name));
                match (expected.get(name), came.get(name)) {
                    (Some(expected), Some(came)) => differences(&place, expected, came, found),
                    (Some(expected), None) => {
                        let text = format!("at {place}: missing, expected {expected}");
                        found.push(Difference::new(place, text));
                    }
                    (_, Some(came)) => {
                        let text = format!("at {place}: {came} is not expected");
                        found.push(Difference::new(pointer, text));
                    }
                    (None, None) => {}
                }
            }
        }
        (Value::Array(expected), Value::Array(came)) if expected.len() == came.len() => {
            for (index, (expected, came)) in expected.iter().zip(came).enumerate() {
                differences(&format!("{pointer}/{index}"), expected, came, found);
            }
        }
        _ if expected == came => {}
        _ => {
            let place = if pointer.is_empty() { "/" } else { pointer };
            let text = format!("at {place}: {came}, expected {expected}");
            found.push(Difference::new(pointer, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use jackfield_domain::custody::fixture::{FixtureAnswer, FixtureAnswerBody, FixtureExchange, FixtureRequest};

    fn recorded(url: &str, body: FixtureRequestBody) -> ExpectedExchange {
        let request = FixtureRequest {
            method: "POST".into(),
            url: url.into(),
            headers: [("x-signature".to_owned(), "aa".to_owned())].into(),
            body,
        };
        let answer = FixtureAnswer {
            status: 200,
            headers: [].into(),
            body: FixtureAnswerBody::Text(String::new()),
        };
        FixtureExchange {
            request,
            reply: Ok(answer),
        }
        .into()
    }

    fn sent(url: &str, body: &str, signature: &str) -> CrmRequest {
        CrmRequest {
            method: "POST".into(),
            url: url.into(),
            headers: vec![("x-signature".into(), signature.into())],
            body: body.into(),
        }
    }

    #[test]
    fn the_cause_comes_before_the_signature() {
        let (old, new) = ("aa".repeat(32), "bb".repeat(32));
        let signatures = SignatureTexts::of(&[vec![0xbb; 32]]);
        let url = |mac: &str| format!("https://crm.example/calls?at=1&sig={mac}");
        let body = |mac: &str, seconds: u32| json!({"auth": {"mac": mac}, "seconds": seconds});
        let exchange = recorded(&url(&old), FixtureRequestBody::Json(body(&old, 12)));
        let compare = |mac: &str, seconds| {
            let request = sent(&url(mac), &body(mac, seconds).to_string(), mac);
            exchange.mismatch(&request, &signatures)
        };
        let recorded_mac = exchange.mismatch(&sent(&url(&old), &body(&old, 12).to_string(), "aa"), &signatures);
        assert_eq!(recorded_mac, None);
        let mismatch = compare(&new, 13).unwrap();
        assert!(
            mismatch
                .text
                .starts_with("the JSON body differs at /seconds: 13, expected 12; ")
        );
        assert_eq!(
            (mismatch.pointer.as_str(), mismatch.only_signed),
            ("/json/seconds", false)
        );
        assert_eq!(mismatch.text.matches(&new).count(), 3, "{}", mismatch.text);
        let mismatch = compare(&new, 12).unwrap();
        assert_eq!(
            (mismatch.pointer.as_str(), mismatch.only_signed),
            ("/json/auth/mac", true)
        );
    }

    #[test]
    fn forms_are_compared_in_any_order() {
        let form = [("a", "1"), ("sig", "aa"), ("z", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let exchange = recorded("https://crm.example/", FixtureRequestBody::Form(form.into()));
        let text = |body: &str| {
            let request = sent("https://crm.example/", body, "aa");
            exchange
                .mismatch(&request, &SignatureTexts::default())
                .map(|it| it.text)
        };
        assert_eq!(text("z=2&sig=aa&a=1"), None);
        assert_eq!(
            text("a=1&sig=bb&y=3").unwrap(),
            "form parameter `sig` is `bb`; it should be `aa`; form parameter `z` is missing; it should be `2`; form \
             parameter `y` is not in the fixture, or there is one too many"
        );
        assert!(text("a=1&a=1&sig=aa&z=2").is_some());
    }
}
