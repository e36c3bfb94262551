//! The fuzz targets of `fuzz/`, with the properties that must hold for any input. A target takes any bytes and panics
//! if a property fails. `tests/tests/corpus.rs` runs the committed corpora through them in every test run.

use std::slice;

use http::{HeaderMap, HeaderName, HeaderValue};
use jackfield_domain::intake::signature::{SignatureProfile, SigningKey, sign_standard, verify};
use jackfield_domain::json::JsonDocument;
use jackfield_domain::lead::Lead;
use jackfield_domain::tenant::adapter::check_described;
use jackfield_domain::tenant::egress::EgressSpec;
use jackfield_domain::tenant::egress::{EgressPolicy, Method, Origin, is_public};
use jackfield_domain::tenant::{AdapterNeeds, CredentialNeed, SettingKind, SettingNeed};
use jackfield_domain::visible_text::is_visible_text;
use jiff::Timestamp;
use url::{Host, Url};

/// A fuzz target.
pub type FuzzTarget = fn(&[u8]);

/// All targets, by the name of their corpus.
pub const TARGETS: [(&str, FuzzTarget); 4] = [
    ("signature", signature),
    ("webhook", webhook),
    ("egress", egress),
    ("describe", describe),
];

/// A key that no input contains.
const KEY: &[u8] = b"a key that a fuzzer cannot guess";
/// The time of every request: a timestamp that a fuzzer can find.
const NOW: i64 = 1_700_000_000;

/// Verifies the signature of a request: the first byte selects the profile, then come `name: value` lines, an empty
/// line and the body.
///
/// A request not signed with the key is never accepted, whatever its headers. A signed one is accepted, but not with a
/// different body.
pub fn signature(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let profiles = [
        SignatureProfile::standard_webhooks(),
        SignatureProfile::sha256_hex(),
        SignatureProfile::timestamp_hex(),
        SignatureProfile::stripe(),
    ];
    let profile = &profiles[usize::from(*choice) % profiles.len()];
    let (head, body) = split_once(rest, b"\n\n");
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n') {
        let (name, value) = split_once(line, b": ");
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            let _ = headers.try_append(name, value);
        }
    }
    let key = SigningKey::from_bytes(KEY).unwrap();
    let keys = [(key.clone().into(), None)];
    let now = Timestamp::from_second(NOW).unwrap();
    assert!(
        verify(profile, &keys, &headers, body, now).is_err(),
        "an unsigned request was accepted"
    );

    let standard = SignatureProfile::standard_webhooks();
    let signed = |id: &str, body: &[u8]| {
        let mut headers = HeaderMap::new();
        let signature = sign_standard(slice::from_ref(&key), id, now, body);
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", &NOW.to_string()),
            ("webhook-signature", &signature),
        ] {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    };
    let headers = signed("msg_1", body);
    assert!(verify(&standard, &keys, &headers, body, now).is_ok());
    let longer = [body, b"x"].concat();
    assert!(verify(&standard, &keys, &headers, &longer, now).is_err());
}

/// Reads a webhook's body.
///
/// An accepted lead is stored in one spelling, and is accepted again when read back.
pub fn webhook(input: &[u8]) {
    let Ok(document) = JsonDocument::parse(input) else {
        return;
    };
    let again = JsonDocument::parse(document.root().canonical().as_bytes()).unwrap();
    assert_eq!(again.root().canonical(), document.root().canonical());
    let india = "IN".parse().ok();
    match Lead::read(&document, india) {
        Ok(lead) => {
            let stored = Lead::read(&lead.document, None).unwrap();
            assert_eq!(
                stored, lead,
                "what is passed on is passed on unchanged, in whatever country"
            );
            assert_eq!(Lead::read(again, india).map(|again| again.id), Ok(lead.id));
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "a refusal has reasons");
            for error in errors {
                assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{error:?}");
            }
        }
    }
}

/// Checks a URL against a policy that grants two origins on public addresses.
///
/// An allowed URL goes to a granted origin, however it is parsed, and names no private address.
pub fn egress(input: &[u8]) {
    const GRANTED: [&str; 2] = ["https://crm.example", "http://10.1.2.3:8080"];
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(origin) = text.parse::<Origin>() {
        assert_eq!(origin.to_string().parse::<Origin>(), Ok(origin));
    }
    let Ok(url) = Url::parse(text) else { return };
    let spec = EgressSpec {
        allow: GRANTED.map(|origin| origin.parse::<Origin>().unwrap().into()).into(),
        ..EgressSpec::default()
    };
    let policy = EgressPolicy::from(&spec);
    let Ok(origin) = policy.check(Method::Get, &url) else {
        return;
    };
    assert_eq!(origin.to_string(), GRANTED[0], "{text}");
    assert_eq!((url.username(), url.password()), ("", None), "{text}");
    match url.host() {
        Some(Host::Domain(name)) => assert_eq!(name, "crm.example", "{text}"),
        Some(Host::Ipv4(address)) => assert!(is_public(address.into()), "{text}"),
        Some(Host::Ipv6(address)) => assert!(is_public(address.into()), "{text}"),
        None => panic!("{text} passed without a host"),
    }
    // Another parser of the same text sees the URL that was checked.
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&url));

    let narrower = r#"{"allow": [{"origin": "https://crm.example", "methods": ["GET"], "path": "/api"}]}"#;
    let policy = EgressPolicy::from(&serde_json::from_str::<EgressSpec>(narrower).unwrap());
    assert!(policy.check(Method::Post, &url).is_err(), "{text}");
    if policy.check(Method::Get, &url).is_ok() {
        assert!(url.path() == "/api" || url.path().starts_with("/api/"), "{text}");
        // However often a server decodes the path, it does not leave `/api`.
        let mut path = url.path().to_owned();
        for _ in 0..3 {
            assert!(!path.split(['/', '\\']).any(|part| part == ".."), "{text}");
            path = percent_encoding::percent_decode_str(&path)
                .decode_utf8_lossy()
                .into_owned();
        }
    }
}

/// Checks the result of `describe`, written as lines: name, version, then settings, credentials and origins, told apart
/// by their first character.
///
/// An accepted description can be stored and displayed: it reads back unchanged and people see all of it.
pub fn describe(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let (name, version) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let mut needs = AdapterNeeds::default();
    for line in lines {
        let mut words = line.get(1..).unwrap_or_default().splitn(3, '|').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        match line.as_bytes().first() {
            Some(b's' | b'u') => needs.settings.push(SettingNeed {
                kind: if line.starts_with('u') {
                    SettingKind::Url
                } else {
                    SettingKind::Text
                },
                required: true,
                name: word(),
                doc: word(),
            }),
            Some(b'c') => needs.credentials.push(CredentialNeed {
                name: word(),
                kind: word(),
                doc: word(),
            }),
            Some(b'o') => needs.origins.push(word()),
            _ => {}
        }
    }
    match check_described(name, version, &needs) {
        Ok(_) => {
            let stored = serde_json::to_string(&needs).unwrap();
            assert_eq!(serde_json::from_str::<AdapterNeeds>(&stored).unwrap(), needs);
            let texts = needs.settings.iter().flat_map(|it| [&it.name, &it.doc]);
            let texts = texts.chain(needs.credentials.iter().flat_map(|it| [&it.name, &it.kind, &it.doc]));
            for text in texts.chain(&needs.origins) {
                assert!(is_visible_text(text), "{text:?}");
            }
        }
        Err(errors) => assert!(!errors.is_empty(), "a refusal has reasons"),
    }
}

/// Splits at the first separator; without one, the second part is empty.
fn split_once<'a>(bytes: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    match bytes.windows(separator.len()).position(|window| window == separator) {
        Some(at) => (&bytes[..at], &bytes[at + separator.len()..]),
        None => (bytes, &[]),
    }
}
