//! A recorded call as a fixture.

use serde_json::{Map, Value, json};

use super::mask::Mask;
use super::signed::{Resigned, TEST_KEY};
use super::{ExportKind, OmissionReason, RecordedExchange, RecordedInvocation, RecordedResponse, body, members};

/// Headers of an answer that belong to the connection, or say how long a body was that is written anew.
const OF_THE_CONNECTION: [&str; 4] = ["content-length", "connection", "keep-alive", "transfer-encoding"];

/// Makes a fixture of a call. `salt` is the recording's own secret, out of which is made up what goes in the place of
/// tokens and, unless `personal` is false, of personal data.
///
/// # Errors
/// Why there can be none that replays and holds no credential.
pub fn fixture(call: &RecordedInvocation, salt: &[u8], personal: bool) -> Result<Value, OmissionReason> {
    let texts = texts(call)?;
    let mut mask = Mask::new(salt, personal);
    learn(&mut mask, call, &texts);
    let resigned = Resigned::new(&call.signed, |text| mask.text(text));
    if !resigned.all_in(&texts) {
        return Err(OmissionReason::SignatureNotFound);
    }
    let maker = Maker {
        mask: &mask,
        resigned: &resigned,
    };
    let settings: Map<_, _> = call
        .settings
        .iter()
        .map(|(name, value)| (name.clone(), maker.text(value).into()))
        .collect();
    let exchanges: Result<Vec<_>, _> = call.exchanges.iter().map(|exchange| maker.exchange(exchange)).collect();
    let mut fixture = json!({
        "about": format!("{}, recorded from {}", call.kind.title(), call.by),
        "settings": settings,
        "now": call.now.to_string(),
        "call": maker.asked(call),
        "exchanges": exchanges?,
        "returns": maker.value(&call.returns),
    });
    if !call.signed.is_empty() {
        let keys: Map<_, _> = call
            .signed
            .iter()
            .map(|signed| (signed.name.clone(), TEST_KEY.into()))
            .collect();
        fixture["keys"] = keys.into();
    }
    Ok(fixture)
}

/// Every text of a call in which a signature may stand.
fn texts(call: &RecordedInvocation) -> Result<Vec<String>, OmissionReason> {
    let mut texts = vec![];
    texts.push(match call.kind {
        ExportKind::Webhook => call.asked["parse_leads"]["body"]
            .as_str()
            .ok_or(OmissionReason::NotText)?
            .to_owned(),
        _ => call.asked.to_string(),
    });
    for exchange in &call.exchanges {
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

/// The secret and personal parts of an invocation.
fn learn(mask: &mut Mask<'_>, call: &RecordedInvocation, texts: &[String]) {
    mask.learn_amounts(&call.asked);
    mask.learn_amounts(&call.returns);
    for text in texts {
        mask.learn(&members::of(text));
    }
    let mut objects = vec![];
    members::walk(&call.asked, &mut objects);
    members::walk(&call.returns, &mut objects);
    objects.push(call.settings.clone());
    mask.learn(&objects);
    if let Some(leads) = call.returns["ok"].as_array() {
        for lead in leads {
            if let Some(name) = lead["name"].as_str() {
                mask.learn_name(name);
            }
        }
    }
    let disposition = &call.asked["write_disposition"]["disposition"];
    for member in ["recording_url", "transcript_url"] {
        if let Some(url) = disposition[member].as_str() {
            mask.learn_recording(url);
        }
    }
    for exchange in &call.exchanges {
        let answer = exchange.answer.as_ref().ok();
        let cookies = answer.into_iter().flat_map(|answer| &answer.headers);
        for (_, cookie) in cookies.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            if let Some((_, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                mask.learn_token(value);
            }
        }
        for (name, value) in exchange.headers.iter().filter(|(name, _)| members::is_secret(name)) {
            // A signature is no token: it is made anew.
            let is_signature = name.eq_ignore_ascii_case("authorization") && !call.signed.is_empty();
            if !is_signature {
                mask.learn_token(value);
            }
        }
    }
}

struct Maker<'a> {
    mask: &'a Mask<'a>,
    resigned: &'a Resigned,
}

impl Maker<'_> {
    fn text(&self, text: &str) -> String {
        self.mask.text(&self.resigned.put(text))
    }

    fn value(&self, value: &Value) -> Value {
        let mut value = value.clone();
        self.resign(&mut value);
        self.mask.value(&mut value);
        value
    }

    fn resign(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.resigned.put(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.resign(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.resign(member)),
            _ => {}
        }
    }

    fn asked(&self, call: &RecordedInvocation) -> Value {
        let mut asked = self.value(&call.asked);
        if call.kind == ExportKind::Webhook {
            let given = &call.asked["parse_leads"];
            let (kind, body) = (given["content_type"].as_str(), given["body"].as_str());
            let body = body.unwrap_or_default();
            let is_form = kind.unwrap_or_default().contains("x-www-form-urlencoded");
            asked["parse_leads"]["body"] = self.document(body, is_form).into();
        }
        asked
    }

    /// A body that stays a text: with the replacements that its format needs.
    fn document(&self, text: &str, is_form: bool) -> String {
        let masked = if is_form {
            body::mask_form(&self.resigned.put(text), |value| self.mask.text(value))
        } else {
            self.text(text)
        };
        if is_form && masked == body::mask_form(text, str::to_owned) {
            // Nothing was replaced, so it stays as it was sent.
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
        let sent = body::of_request(&content_type, text).map(|(name, value)| (name, self.value(&value)));
        body::put(&mut request, sent);
        let answered = match answer {
            Ok(answer) => ("answer", self.answer(answer)?),
            Err(fails) => ("fails", self.value(fails)),
        };
        Ok(json!({ "request": request, answered.0: answered.1 }))
    }

    /// The headers that a replay asks for. One that lets its holder in is not among them, unless it is a signature.
    fn request_headers(&self, headers: &[(String, String)]) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in headers {
            let is_secret = members::is_secret(name) || name.eq_ignore_ascii_case("cookie");
            if is_secret && !self.resigned.is_in(value) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            kept.entry(name).or_insert_with(|| self.text(value).into());
        }
        kept
    }

    fn answer(&self, answer: &RecordedResponse) -> Result<Value, OmissionReason> {
        let mut made = Map::new();
        made.insert("status".into(), answer.status.into());
        let mut headers = Map::new();
        for (name, value) in &answer.headers {
            let name = name.to_ascii_lowercase();
            if !OF_THE_CONNECTION.contains(&name.as_str()) {
                headers.entry(name).or_insert_with(|| self.text(value).into());
            }
        }
        made.insert("headers".into(), headers.into());
        let text = utf8(&answer.body)?;
        let given = body::of_answer(text).map(|(name, value)| (name, self.value(&value)));
        body::put(&mut made, given);
        Ok(made.into())
    }
}

fn header(headers: &[(String, String)], name: &str) -> String {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_ascii_lowercase()).unwrap_or_default()
}
