//! One recorded request and its answer.

use std::collections::BTreeMap;

use serde_json::Value;
use url::{Url, form_urlencoded};

use super::pointed::JsonCursor;
use jackfield_sandbox::rehearsal::{CrmReply, CrmRequest};

/// A request that an adapter is expected to make, and the answer.
#[derive(Debug, Clone)]
pub struct FixtureExchange {
    /// `GET`, `POST`, …
    pub method: String,
    /// Normalised, as the host would send it.
    pub url: String,
    /// Must be there with these values; others may be there too.
    headers: BTreeMap<String, String>,
    body: Body,
    /// The answer, or the failure.
    pub reply: CrmReply,
}

#[derive(Debug, Clone)]
enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
    Text(String),
}

impl FixtureExchange {
    /// Reads an element of `exchanges`.
    pub fn read(given: &JsonCursor<'_>) -> Result<Self, String> {
        given.only(&["request", "answer", "fails"])?;
        let request = given.required("request")?;
        request.only(&["method", "url", "headers", "json", "form", "text"])?;
        let url = request.required("url")?;
        let parsed = Url::parse(url.text()?).map_err(|error| url.wrong(&format!("is not an absolute URL: {error}")))?;
        let (json, form, text) = (
            request.optional("json")?,
            request.optional("form")?,
            request.optional("text")?,
        );
        let body = match (json, form, text) {
            (Some(json), None, None) => Body::Json(json.value().clone()),
            (None, Some(_), None) => Body::Form(request.texts("form")?.into_iter().collect()),
            (None, None, Some(text)) => Body::Text(text.text()?.to_owned()),
            (None, None, None) => Body::Text(String::new()),
            _ => return Err(request.wrong("has more than one of `json`, `form` and `text`")),
        };
        let reply = match (given.optional("answer")?, given.optional("fails")?) {
            (Some(answer), None) => self::answer(&answer)?,
            (None, Some(fails)) => {
                let (word, why) = fails.one_of(&["denied", "unreachable", "no_answer", "too_large"])?;
                let why = why.text()?.to_owned();
                match word {
                    "denied" => CrmReply::Denied(why),
                    "unreachable" => CrmReply::Unreachable(why),
                    "no_answer" => CrmReply::NoAnswer(why),
                    _ => CrmReply::TooLarge(why),
                }
            }
            _ => return Err(given.wrong("must have either `answer` or `fails`")),
        };
        Ok(Self {
            method: request.required("method")?.text()?.to_owned(),
            url: parsed.to_string(),
            headers: request.texts("headers")?,
            body,
            reply,
        })
    }

    /// How a request differs from the recorded one; none if it does not.
    pub fn mismatch(&self, asked: &CrmRequest) -> Option<String> {
        differ("method", &self.method, &asked.method)
            .or_else(|| differ("URL", &self.url, &asked.url))
            .or_else(|| self.other_header(asked))
            .or_else(|| self.other_body(&asked.body))
    }

    fn other_header(&self, asked: &CrmRequest) -> Option<String> {
        self.headers.iter().find_map(|(name, value)| {
            let mut sent = asked.headers.iter();
            match sent.find(|(sent, _)| sent.eq_ignore_ascii_case(name)) {
                None => Some(format!("header `{name}` is missing; it should be `{value}`")),
                Some((_, sent)) => differ(&format!("header `{name}`"), value, sent),
            }
        })
    }

    fn other_body(&self, sent: &[u8]) -> Option<String> {
        match &self.body {
            Body::Json(json) => match serde_json::from_slice::<Value>(sent) {
                Ok(sent) => difference("", json, &sent).map(|what| format!("the JSON body differs {what}")),
                Err(error) => Some(format!("the body is not JSON: {error}")),
            },
            Body::Form(form) => {
                let mut sent: Vec<_> = form_urlencoded::parse(sent).into_owned().collect();
                sent.sort();
                let missing = form.iter().find(|pair| !sent.contains(pair));
                let surplus = sent.iter().find(|pair| !form.contains(pair));
                match (missing, surplus) {
                    (Some((name, value)), _) => {
                        let sent = sent.iter().find(|(sent, _)| sent == name);
                        let sent = sent.map_or("is missing".to_owned(), |(_, value)| format!("is `{value}`"));
                        Some(format!("form parameter `{name}` {sent}; it should be `{value}`"))
                    }
                    (None, Some((name, _))) => Some(format!("form parameter `{name}` is not in the fixture")),
                    (None, None) if form.len() != sent.len() => Some("a form parameter is there twice".into()),
                    (None, None) => None,
                }
            }
            Body::Text(text) => differ("body", text, &String::from_utf8_lossy(sent)),
        }
    }

    /// The same exchange with a text replaced in its URL and its answer.
    pub fn with(mut self, old: &str, new: &str) -> Self {
        self.url = self.url.replace(old, new);
        if let CrmReply::Answer { body, headers, .. } = &mut self.reply {
            if let Ok(text) = str::from_utf8(body) {
                *body = text.replace(old, new).into_bytes();
            }
            for value in headers.values_mut() {
                *value = value.replace(old, new);
            }
        }
        self
    }

    /// Whether the request certainly changes nothing: it has a safe method, or is a GraphQL query.
    pub fn is_safe(&self) -> bool {
        if matches!(self.method.as_str(), "GET" | "HEAD") {
            return true;
        }
        let Body::Json(json) = &self.body else { return false };
        let query = json.get("query").and_then(Value::as_str).map(str::trim_start);
        query.is_some_and(|query| query.starts_with("query") || query.starts_with('{'))
    }
}

fn answer(given: &JsonCursor<'_>) -> Result<CrmReply, String> {
    given.only(&["status", "headers", "json", "text"])?;
    let status = given.required("status")?;
    let number = status.value().as_u64().and_then(|number| u16::try_from(number).ok());
    let number = number.filter(|number| (100..1000).contains(number));
    let body = match (given.value().get("json"), given.optional("text")?) {
        (Some(json), None) if !json.is_null() => json.to_string(),
        (_, Some(text)) => text.text()?.to_owned(),
        _ => String::new(),
    };
    Ok(CrmReply::Answer {
        status: number.ok_or_else(|| status.wrong("must be an HTTP status code"))?,
        headers: given.texts("headers")?,
        body: body.into_bytes(),
    })
}

fn differ(what: &str, expected: &str, sent: &str) -> Option<String> {
    (expected != sent).then(|| format!("another {what} than recorded: `{sent}`; it should be `{expected}`"))
}

/// The first place at which two documents differ.
pub fn difference(pointer: &str, expected: &Value, came: &Value) -> Option<String> {
    match (expected, came) {
        (Value::Object(expected), Value::Object(came)) => {
            let names = expected
                .keys()
                .chain(came.keys().filter(|name| !expected.contains_key(*name)));
            names
                .into_iter()
                .find_map(|name| match (expected.get(name), came.get(name)) {
                    (Some(expected), Some(came)) => difference(&format!("{pointer}/{name}"), expected, came),
                    (Some(expected), None) => Some(format!("at {pointer}/{name}: missing, expected {expected}")),
                    (_, Some(came)) => Some(format!("at {pointer}/{name}: {came} is not expected")),
                    (None, None) => None,
                })
        }
        (Value::Array(expected), Value::Array(came)) if expected.len() == came.len() => {
            let pairs = expected.iter().zip(came).enumerate();
            pairs
                .into_iter()
                .find_map(|(index, (expected, came))| difference(&format!("{pointer}/{index}"), expected, came))
        }
        _ if expected == came => None,
        _ => {
            let place = if pointer.is_empty() { "/" } else { pointer };
            Some(format!("at {place}: {came}, expected {expected}"))
        }
    }
}
