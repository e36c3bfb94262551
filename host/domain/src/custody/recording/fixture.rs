//! Turns a recorded invocation into a fixture.

use std::collections::BTreeMap;

use serde_json::Value;

use super::mask::Mask;
use super::signed::{TEST_KEY, TestSignatures};
use super::{ExportKind, OmissionReason, RecordedExchange, RecordedInvocation, RecordedResponse, body, members};
use crate::custody::fixture::{
    ExportInput, FixtureAnswer, FixtureDocument, FixtureExchange, FixtureRequest, result_to_json,
};

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
    let signatures = TestSignatures::new(&invocation.signed, |text| mask.text(text));
    if !signatures.all_in(&texts) {
        return Err(OmissionReason::SignatureNotFound);
    }
    let mut fixture = document(invocation, &signatures)?.to_json();
    let masker = FixtureMasker {
        mask: &mask,
        signatures: &signatures,
    };
    masker.fixture(&mut fixture);
    if let ExportInput::ParseLeads { content_type, body, .. } = &invocation.call {
        fixture["call"]["parse_leads"]["body"] = masker.webhook(content_type, body).into();
    }
    Ok(fixture)
}

/// Every text of an invocation that may contain a signature.
fn texts(invocation: &RecordedInvocation) -> Result<Vec<String>, OmissionReason> {
    let mut texts = vec![];
    texts.push(match &invocation.call {
        ExportInput::ParseLeads { body, .. } => body.clone(),
        call => call.to_json().to_string(),
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
    let (call, returns) = (invocation.call.to_json(), result_to_json(&invocation.returns));
    mask.learn_amounts(&call);
    mask.learn_amounts(&returns);
    for text in texts {
        mask.learn(&members::of(text));
    }
    let mut objects = vec![];
    members::walk(&call, &mut objects);
    members::walk(&returns, &mut objects);
    objects.push(invocation.settings.clone().into_iter().collect());
    mask.learn(&objects);
    if let Some(leads) = returns["ok"].as_array() {
        for lead in leads {
            if let Some(name) = lead["name"].as_str() {
                mask.learn_name(name);
            }
        }
    }
    if let ExportInput::WriteDisposition { disposition, .. } = &invocation.call {
        for url in [&disposition.recording_url, &disposition.transcript_url]
            .into_iter()
            .flatten()
        {
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

/// The fixture before anything in it is replaced.
fn document(invocation: &RecordedInvocation, signatures: &TestSignatures) -> Result<FixtureDocument, OmissionReason> {
    let exchanges = invocation.exchanges.iter();
    let exchanges: Result<_, _> = exchanges.map(|recorded| exchange(recorded, signatures)).collect();
    let signed = invocation.signed.iter();
    Ok(FixtureDocument {
        about: format!(
            "{}, recorded from {}",
            ExportKind::of(&invocation.call).title(),
            invocation.by
        ),
        settings: invocation.settings.clone(),
        country: invocation.country,
        keys: signed
            .map(|signed| (signed.name.clone(), TEST_KEY.to_owned()))
            .collect(),
        now: invocation.now,
        call: invocation.call.clone(),
        exchanges: exchanges?,
        returns: invocation.returns.clone(),
    })
}

fn exchange(recorded: &RecordedExchange, signatures: &TestSignatures) -> Result<FixtureExchange, OmissionReason> {
    let headers = &recorded.headers;
    let content_type = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = content_type.map(|(_, value)| value.to_ascii_lowercase());
    let request = FixtureRequest {
        method: recorded.method.clone(),
        url: recorded.url.clone(),
        headers: request_headers(headers, signatures),
        body: body::request_body(&content_type.unwrap_or_default(), utf8(&recorded.body)?),
    };
    let reply = match &recorded.answer {
        Ok(answer) => Ok(self::answer(answer)?),
        Err(error) => Err(error.clone()),
    };
    Ok(FixtureExchange { request, reply })
}

/// The request headers that a replay requires. Credentials are dropped, except signatures.
fn request_headers(headers: &[(String, String)], signatures: &TestSignatures) -> BTreeMap<String, String> {
    let mut required = BTreeMap::new();
    for (name, value) in headers {
        let is_secret = members::is_secret(name) || name.eq_ignore_ascii_case("cookie");
        if !is_secret || signatures.any_in(value) {
            required
                .entry(name.to_ascii_lowercase())
                .or_insert_with(|| value.clone());
        }
    }
    required
}

fn answer(recorded: &RecordedResponse) -> Result<FixtureAnswer, OmissionReason> {
    let mut headers = BTreeMap::new();
    for (name, value) in &recorded.headers {
        let name = name.to_ascii_lowercase();
        if !CONNECTION_HEADERS.contains(&name.as_str()) {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
    Ok(FixtureAnswer {
        status: recorded.status,
        headers,
        body: body::response_body(utf8(&recorded.body)?),
    })
}

/// Replaces what a fixture must not contain.
struct FixtureMasker<'a> {
    mask: &'a Mask<'a>,
    signatures: &'a TestSignatures,
}

impl FixtureMasker<'_> {
    /// Everything but `about`, `now`, `keys` and the requests' methods may contain secrets or personal data.
    fn fixture(&self, fixture: &mut Value) {
        for member in ["settings", "call", "returns"] {
            self.value(&mut fixture[member]);
        }
        for exchange in fixture["exchanges"].as_array_mut().into_iter().flatten() {
            let method = exchange["request"]["method"].take();
            self.value(exchange);
            exchange["request"]["method"] = method;
        }
    }

    fn text(&self, text: &str) -> String {
        self.mask.text(&self.signatures.replace(text))
    }

    fn value(&self, value: &mut Value) {
        self.sign_again(value);
        self.mask.value(value);
    }

    fn sign_again(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.signatures.replace(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.sign_again(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.sign_again(member)),
            _ => {}
        }
    }

    /// A webhook's body, which stays text, with the replacements that its format needs.
    fn webhook(&self, content_type: &str, body: &str) -> String {
        if !content_type.contains("x-www-form-urlencoded") {
            return self.text(body);
        }
        let masked = body::mask_form(&self.signatures.replace(body), |value| self.mask.text(value));
        if masked == body::mask_form(body, str::to_owned) {
            // Nothing was replaced, so keep the form as it was sent.
            return body.to_owned();
        }
        masked
    }
}
