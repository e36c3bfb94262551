//! Turns a recorded invocation into a fixture.

use serde_json::{Map, Value, json};

use super::mask::Mask;
use super::signed::{TEST_KEY, TestSignatures};
use super::{ExportKind, OmissionReason, RecordedExchange, RecordedInvocation, RecordedResponse, body, members};

/// Response headers that belong to the connection, or give the length of a body that the fixture rewrites.
const CONNECTION_HEADERS: [&str; 4] = ["content-length", "connection", "keep-alive", "transfer-encoding"];

/// Makes a fixture of an invocation. Replacements for tokens and, if `personal` is true, for personal data are derived
/// from `salt`, which is the recording's own secret.
///
/// # Errors
/// Why no fixture can both replay the invocation and contain no credential.
pub fn fixture(invocation: &RecordedInvocation, salt: &[u8], personal: bool) -> Result<Value, OmissionReason> {
    let texts = texts(invocation)?;
    let mut mask = Mask::new(salt, personal);
    learn(&mut mask, invocation, &texts);
    let resigned = TestSignatures::new(&invocation.signed, |text| mask.text(text));
    if !resigned.all_in(&texts) {
        return Err(OmissionReason::SignatureNotFound);
    }
    let maker = FixtureMaker {
        mask: &mask,
        resigned: &resigned,
    };
    let settings: Map<_, _> = invocation
        .settings
        .iter()
        .map(|(name, value)| (name.clone(), maker.text(value).into()))
        .collect();
    let exchanges: Result<Vec<_>, _> = invocation
        .exchanges
        .iter()
        .map(|exchange| maker.exchange(exchange))
        .collect();
    let mut fixture = json!({
        "about": format!("{}, recorded from {}", invocation.kind.title(), invocation.by),
        "settings": settings,
        "now": invocation.now.to_string(),
        "call": maker.asked(invocation),
        "exchanges": exchanges?,
        "returns": maker.value(&invocation.returns),
    });
    if !invocation.signed.is_empty() {
        let keys: Map<_, _> = invocation
            .signed
            .iter()
            .map(|signed| (signed.name.clone(), TEST_KEY.into()))
            .collect();
        fixture["keys"] = keys.into();
    }
    Ok(fixture)
}

/// Every text of an invocation that may contain a signature.
fn texts(invocation: &RecordedInvocation) -> Result<Vec<String>, OmissionReason> {
    let mut texts = vec![];
    texts.push(match invocation.kind {
        ExportKind::Webhook => invocation.asked["parse_leads"]["body"]
            .as_str()
            .ok_or(OmissionReason::NotText)?
            .to_owned(),
        _ => invocation.asked.to_string(),
    });
    for exchange in &invocation.exchanges {
        texts.push(exchange.url.clone());
        texts.push(utf8(&exchange.body)?.to_owned());
        texts.extend(exchange.headers.iter().map(|(_, value)| value.clone()));
        if let Ok(answer) = &exchange.answer {
            texts.push(utf8(&answer.body)?.to_owned());
            texts.extend(answer.headers.iter().map(|(_, value)| value.clone()));
        }
    }
    Ok(texts)
}

fn utf8(bytes: &[u8]) -> Result<&str, OmissionReason> {
    std::str::from_utf8(bytes).map_err(|_| OmissionReason::NotText)
}

/// Teaches the mask the secret and personal parts of an invocation.
fn learn(mask: &mut Mask<'_>, invocation: &RecordedInvocation, texts: &[String]) {
    mask.learn_amounts(&invocation.asked);
    mask.learn_amounts(&invocation.returns);
    for text in texts {
        mask.learn(&members::of(text));
    }
    let mut objects = vec![];
    members::walk(&invocation.asked, &mut objects);
    members::walk(&invocation.returns, &mut objects);
    objects.push(invocation.settings.clone());
    mask.learn(&objects);
    if let Some(leads) = invocation.returns["ok"].as_array() {
        for lead in leads {
            if let Some(name) = lead["name"].as_str() {
                mask.learn_name(name);
            }
        }
    }
    let disposition = &invocation.asked["write_disposition"]["disposition"];
    for member in ["recording_url", "transcript_url"] {
        if let Some(url) = disposition[member].as_str() {
            mask.learn_recording(url);
        }
    }
    for exchange in &invocation.exchanges {
        let answer = exchange.answer.as_ref().ok();
        let cookies = answer.into_iter().flat_map(|answer| &answer.headers);
        for (_, cookie) in cookies.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            if let Some((_, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                mask.learn_token(value);
            }
        }
        for (name, value) in exchange.headers.iter().filter(|(name, _)| members::is_secret(name)) {
            // A signature is not a token: it is signed again with the test key.
            let is_signature = name.eq_ignore_ascii_case("authorization") && !invocation.signed.is_empty();
            if !is_signature {
                mask.learn_token(value);
            }
        }
    }
}

struct FixtureMaker<'a> {
    mask: &'a Mask<'a>,
    resigned: &'a TestSignatures,
}

impl FixtureMaker<'_> {
    fn text(&self, text: &str) -> String {
        self.mask.text(&self.resigned.replace(text))
    }

    fn value(&self, value: &Value) -> Value {
        let mut value = value.clone();
        self.resign(&mut value);
        self.mask.value(&mut value);
        value
    }

    fn resign(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.resigned.replace(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.resign(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.resign(member)),
            _ => {}
        }
    }

    fn asked(&self, invocation: &RecordedInvocation) -> Value {
        let mut asked = self.value(&invocation.asked);
        if invocation.kind == ExportKind::Webhook {
            let given = &invocation.asked["parse_leads"];
            let (kind, body) = (given["content_type"].as_str(), given["body"].as_str());
            let body = body.unwrap_or_default();
            let is_form = kind.unwrap_or_default().contains("x-www-form-urlencoded");
            asked["parse_leads"]["body"] = self.document(body, is_form).into();
        }
        asked
    }

    /// A body that stays text, with the replacements that its format needs.
    fn document(&self, text: &str, is_form: bool) -> String {
        let masked = if is_form {
            body::mask_form(&self.resigned.replace(text), |value| self.mask.text(value))
        } else {
            self.text(text)
        };
        if is_form && masked == body::mask_form(text, str::to_owned) {
            // Nothing was replaced, so keep the form as it was sent.
            return text.to_owned();
        }
        masked
    }

    fn exchange(&self, exchange: &RecordedExchange) -> Result<Value, OmissionReason> {
        let RecordedExchange {
            method,
            url,
            headers,
            body: sent,
            answer,
        } = exchange;
        let text = utf8(sent)?;
        let mut request = Map::new();
        request.insert("method".into(), method.as_str().into());
        request.insert("url".into(), self.text(url).into());
        request.insert("headers".into(), self.request_headers(headers).into());
        let content_type = header(headers, "content-type");
        let sent = body::request_body(&content_type, text).map(|(name, value)| (name, self.value(&value)));
        body::insert(&mut request, sent);
        let answered = match answer {
            Ok(answer) => ("answer", self.answer(answer)?),
            Err(fails) => ("fails", self.value(fails)),
        };
        Ok(json!({ "request": request, answered.0: answered.1 }))
    }

    /// The request headers that a replay requires. Credentials are dropped, except signatures.
    fn request_headers(&self, headers: &[(String, String)]) -> Map<String, Value> {
        let mut masked = Map::new();
        for (name, value) in headers {
            let is_secret = members::is_secret(name) || name.eq_ignore_ascii_case("cookie");
            if is_secret && !self.resigned.any_in(value) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            masked.entry(name).or_insert_with(|| self.text(value).into());
        }
        masked
    }

    fn answer(&self, answer: &RecordedResponse) -> Result<Value, OmissionReason> {
        let mut response = Map::new();
        response.insert("status".into(), answer.status.into());
        let mut headers = Map::new();
        for (name, value) in &answer.headers {
            let name = name.to_ascii_lowercase();
            if !CONNECTION_HEADERS.contains(&name.as_str()) {
                headers.entry(name).or_insert_with(|| self.text(value).into());
            }
        }
        response.insert("headers".into(), headers.into());
        let text = utf8(&answer.body)?;
        let body = body::response_body(text).map(|(name, value)| (name, self.value(&value)));
        body::insert(&mut response, body);
        Ok(response.into())
    }
}

fn header(headers: &[(String, String)], name: &str) -> String {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_ascii_lowercase()).unwrap_or_default()
}
