//! What the fuzzers of `fuzz/` feed, and what must hold whatever they feed. Each takes any bytes; it panics if it found
//! something. The committed corpora are run through them by `tests/tests/corpus.rs`, with every other test.

use http::{HeaderMap, HeaderName, HeaderValue};
use jackfield_domain::adapter::check_described;
use jackfield_domain::egress::{EgressPolicy, Method, Origin, is_public};
use jackfield_domain::lead::Lead;
use jackfield_domain::release::{AdapterNeeds, CredentialNeed, EgressSpec, SettingKind, SettingNeed};
use jackfield_domain::signature::{Profile, SigningKey, sign_standard, verify};
use jiff::Timestamp;
use serde_json::Value;
use url::{Host, Url};

/// A fuzzer's function.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub const TARGETS: [(&str, Target); 4] = [
    ("signature", signature),
    ("webhook", webhook),
    ("egress", egress),
    ("describe", describe),
];

/// A key that no input holds.
const KEY: &[u8] = b"a key that a fuzzer cannot guess";
/// When everything comes in: a timestamp that a fuzzer can find.
const NOW: i64 = 1_700_000_000;

/// A signed request: first byte the profile, then `name: value` lines, an empty line, the body.
///
/// A request that the key did not sign is never taken, whatever its headers say; one that it did sign is, and not with
/// another body.
pub fn signature(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let profiles = [
        Profile::standard_webhooks(),
        Profile::sha256_hex(),
        Profile::timestamp_hex(),
        Profile::stripe(),
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
    let keys = [(SigningKey::from_bytes(KEY).unwrap(), None)];
    let now = Timestamp::from_second(NOW).unwrap();
    assert!(
        verify(profile, &keys, &headers, body, now).is_err(),
        "a request was taken that nobody signed"
    );

    let standard = Profile::standard_webhooks();
    let signed = |id: &str, body: &[u8]| {
        let mut headers = HeaderMap::new();
        let signature = sign_standard(&keys[0].0, id, now, body);
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

/// A webhook's body.
///
/// A lead that is taken is kept as it came, and is taken again when it is read back.
pub fn webhook(input: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    match Lead::read(document.clone()) {
        Ok(lead) => {
            assert_eq!(lead.document, document, "it is kept as it came");
            let again: Value = serde_json::from_str(&lead.document.to_string()).unwrap();
            assert_eq!(Lead::read(again).map(|again| again.id), Ok(lead.id));
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "a refusal says why");
            for error in errors {
                assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{error:?}");
            }
        }
    }
}

/// A URL, checked against a policy that grants two origins on public addresses.
///
/// What passes goes to a granted origin, says so in every reading of it, and spells out no private address.
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
    // What was checked is what another reader of the same text sees.
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&url));

    let below = r#"{"allow": [{"origin": "https://crm.example", "methods": ["GET"], "path": "/api"}]}"#;
    let policy = EgressPolicy::from(&serde_json::from_str::<EgressSpec>(below).unwrap());
    assert!(policy.check(Method::Post, &url).is_err(), "{text}");
    if policy.check(Method::Get, &url).is_ok() {
        assert!(url.path() == "/api" || url.path().starts_with("/api/"), "{text}");
        // However often a server decodes, the path climbs nowhere.
        let mut path = url.path().to_owned();
        for _ in 0..3 {
            assert!(!path.split(['/', '\\']).any(|part| part == ".."), "{text}");
            path = percent_encoding::percent_decode_str(&path)
                .decode_utf8_lossy()
                .into_owned();
        }
    }
}

/// What `describe` says, as lines: name, version, then settings, credentials and origins by their first character.
///
/// What is taken can be stored and shown: it reads back as it was, and nothing of it would steer a terminal.
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
                assert!(!text.chars().any(char::is_control), "{text:?}");
            }
        }
        Err(wrong) => assert!(!wrong.is_empty(), "a refusal says why"),
    }
}

/// What stands before and after the first `mark`; all of it stands before if there is none.
fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    match bytes.windows(mark.len()).position(|window| window == mark) {
        Some(at) => (&bytes[..at], &bytes[at + mark.len()..]),
        None => (bytes, &[]),
    }
}
