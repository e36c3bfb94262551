//! One expected request and its answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::bindings::adapter::jackfield::crm::http as wire;

pub use wire::Error as TransportError;

/// One expected request and its answer.
///
/// ```
/// use jackfield_sdk::testing::Exchange;
/// use serde_json::json;
/// let exchange = Exchange::expect("PUT", "https://crm.example/leads/7")
///     .with_header("idempotency-key", "call-1")
///     .with_json(json!({"result": "QUALIFIED"}))
///     .answers_json(201, json!({"id": "KS-1"}));
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    request: Request,
    /// The answer; if there is none, `fails` says why.
    answer: Option<Answer>,
    fails: Option<TransportError>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    url: String,
    /// Headers that must be present with these values; others may be present too.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    form: Option<BTreeMap<String, String>>,
    text: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

impl Exchange {
    /// Expects a request, with an empty body unless one of the `with_…` methods sets it. It is answered with an empty
    /// 200 unless `answers_…` or `fails` says otherwise.
    #[must_use]
    pub fn expect(method: &str, url: &str) -> Self {
        Self {
            request: Request {
                method: method.into(),
                url: url.into(),
                headers: BTreeMap::new(),
                json: None,
                form: None,
                text: None,
            },
            answer: Some(Answer {
                status: 200,
                ..Answer::default()
            }),
            fails: None,
        }
    }

    /// Expects a header; others may be present too.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.request.headers.insert(name.into(), value.into());
        self
    }

    /// Expects a JSON body of this value.
    #[must_use]
    pub fn with_json(mut self, value: Value) -> Self {
        self.request.json = Some(value);
        self
    }

    /// Expects a form body of exactly these parameters, in any order.
    #[must_use]
    pub fn with_form(mut self, parameters: &[(&str, &str)]) -> Self {
        let owned = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.request.form = Some(owned.collect());
        self
    }

    /// Answers with JSON.
    #[must_use]
    pub fn answers_json(mut self, status: u16, value: Value) -> Self {
        self.answer = Some(Answer {
            status,
            json: Some(value),
            ..Answer::default()
        });
        self
    }

    /// Answers with text: XML, an error page, nothing.
    #[must_use]
    pub fn answers_text(mut self, status: u16, text: &str) -> Self {
        self.answer = Some(Answer {
            status,
            text: Some(text.into()),
            ..Answer::default()
        });
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn answer_header(mut self, name: &str, value: &str) -> Self {
        let answer = self.answer.get_or_insert_default();
        answer.headers.insert(name.into(), value.into());
        self
    }

    /// Gives no answer.
    #[must_use]
    pub fn fails(mut self, error: TransportError) -> Self {
        self.answer = None;
        self.fails = Some(error);
        self
    }

    /// The answer if the request is the expected one; otherwise, what is wrong with it.
    pub(super) fn play(self, sent: &wire::Request) -> Result<Result<wire::Response, wire::Error>, String> {
        self.request.check(sent)?;
        match (self.answer, self.fails) {
            (Some(answer), None) => Ok(Ok(answer.into())),
            (None, Some(error)) => Ok(Err(error)),
            _ => Err("an exchange has either an `answer` or `fails`".into()),
        }
    }
}

impl Request {
    fn check(&self, sent: &wire::Request) -> Result<(), String> {
        same("method", &self.method, &sent.method)?;
        same("URL", &self.url, &sent.url)?;
        for (name, value) in &self.headers {
            let header = sent
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case(name));
            same(
                &format!("header {name}"),
                &Some(value),
                &header.map(|header| &header.value),
            )?;
        }
        if let Some(json) = &self.json {
            let body = serde_json::from_slice(&sent.body).map_err(|error| format!("the body is not JSON: {error}"))?;
            return same("JSON body", json, &body);
        }
        if let Some(form) = &self.form {
            let mut body: Vec<_> = form_urlencoded::parse(&sent.body).into_owned().collect();
            body.sort();
            let form: Vec<_> = form.clone().into_iter().collect();
            return same("form", &form, &body);
        }
        let text = self.text.as_deref().unwrap_or_default();
        same("body", text, &String::from_utf8_lossy(&sent.body))
    }
}

impl From<Answer> for wire::Response {
    fn from(answer: Answer) -> Self {
        let body = answer.json.map(|value| value.to_string()).or(answer.text);
        let headers = answer
            .headers
            .into_iter()
            .map(|(name, value)| wire::Header { name, value });
        Self {
            status: answer.status,
            headers: headers.collect(),
            body: body.unwrap_or_default().into_bytes(),
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, expected: &T, sent: &T) -> Result<(), String> {
    if expected == sent {
        return Ok(());
    }
    Err(format!(
        "another {what} than expected\n expected: {expected:#?}\n     sent: {sent:#?}"
    ))
}
