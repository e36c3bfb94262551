//! Requests that verify and, above all, requests that do not.

use std::slice;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::{
    InvalidSigningSecret, MAX_SIGNATURES, SignatureProfile, SignatureRefusal, SigningKey, WebhookKey, sign_standard,
    signing_secret_hint, verify,
};

mod keys;
mod samples;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const SENT: i64 = 1_649_367_553;
const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

/// The public key of the private key with the bytes 0 to 31.
const PUBLIC_KEY: &str = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn profile(toml: &str) -> Result<SignatureProfile, toml::de::Error> {
    #[derive(serde::Deserialize)]
    struct File {
        profile: SignatureProfile,
    }
    toml::from_str::<File>(toml).map(|file| file.profile)
}

/// Names and values.
type Pairs<'a> = &'a [(&'a str, &'a str)];

fn headers(pairs: Pairs<'_>) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| -> (HeaderName, HeaderValue) {
        (
            name.parse().unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        )
    };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.iter().map(pair) {
        headers.append(name, value);
    }
    headers
}

fn standard(signature: &str) -> HeaderMap {
    headers(&[
        ("webhook-id", ID),
        ("webhook-timestamp", &SENT.to_string()),
        ("webhook-signature", signature),
    ])
}

fn key(secret: &str, profile: &SignatureProfile) -> SigningKey {
    SigningKey::from_secret(secret, profile).unwrap()
}

fn webhook_key(secret: &str, profile: &SignatureProfile) -> WebhookKey {
    WebhookKey::from_secret(secret, profile).unwrap()
}

/// The refusal of a request with the published key, received at the time that it was sent.
fn refusal(headers: &HeaderMap, body: &[u8]) -> Option<SignatureRefusal> {
    let profile = SignatureProfile::default();
    verify(
        &profile,
        &[(webhook_key(SECRET, &profile), None)],
        headers,
        body,
        at(SENT),
    )
    .err()
}

#[test]
fn the_published_example_verifies() {
    let profile = SignatureProfile::default();
    let key = key(SECRET, &profile);
    assert_eq!(sign_standard(slice::from_ref(&key), ID, at(SENT), BODY), SIGNATURE);
    let verified = verify(&profile, &[(key.into(), None)], &standard(SIGNATURE), BODY, at(SENT)).unwrap();
    assert_eq!(verified.signed_id.unwrap().as_str(), ID);
}

/// Signatures from elsewhere: GitHub's documentation, and `openssl dgst -sha256 -hmac`.
#[test]
fn published_signatures_verify() {
    let vinfer = r#"profile = { signature_header = "x-vinfer-signature", signed = "{body}", encoding = "hex" }"#;
    let cases: [(SignatureProfile, &str, Pairs<'_>, &[u8]); 3] = [
        (
            SignatureProfile::sha256_hex(),
            "It's a Secret to Everybody",
            &[(
                "x-hub-signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            )],
            b"Hello, World!",
        ),
        (
            profile(vinfer).unwrap(),
            "vinfer-secret",
            &[(
                "x-vinfer-signature",
                "45c7d84cfa499db5acec7fec638a6300a95ad73d42fadaa806bfc7d4377000b0",
            )],
            br#"{"event":"call.completed"}"#,
        ),
        (
            SignatureProfile::stripe(),
            "whsec_stripe",
            &[(
                "stripe-signature",
                "t=1700000000,v1=881f7ed0fa1ed08a7f9383302d02ecf24f710c914423bb9d1b830fd60b6a93bb,v0=00",
            )],
            br#"{"id":"evt_1"}"#,
        ),
    ];
    for (profile, secret, pairs, body) in cases {
        let keys = [(webhook_key(secret, &profile), None)];
        let verified = verify(&profile, &keys, &headers(pairs), body, at(1_700_000_000));
        assert!(verified.unwrap().signed_id.is_none(), "{pairs:?}");
    }
}

/// The ways in which vendors write the same signature.
#[test]
fn signatures_verify_as_vendors_write_them() {
    let mac = "881f7ed0fa1ed08a7f9383302d02ecf24f710c914423bb9d1b830fd60b6a93bb";
    let upper = mac.to_uppercase();
    let stripe = SignatureProfile::stripe();
    let keys = [(webhook_key("whsec_stripe", &stripe), None)];
    for value in [
        format!("t=1700000000, v1={mac}"),
        format!("t=1700000000 ,\tv1 = {mac} , v0=00"),
        format!("t=1700000000,v1={upper}"),
        format!("v1=zz,v1={upper},t=1700000000"),
        format!("t=\"1700000000\", v1=\"{mac}\","),
    ] {
        let headers = headers(&[("stripe-signature", &value)]);
        let verified = verify(&stripe, &keys, &headers, br#"{"id":"evt_1"}"#, at(1_700_000_000));
        assert!(verified.is_ok(), "{value}: {verified:?}");
    }
    let github = SignatureProfile::sha256_hex();
    let keys = [(webhook_key("It's a Secret to Everybody", &github), None)];
    let mac = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    for value in [
        format!("SHA256={}", mac.to_uppercase()),
        format!("sha256={mac} "),
        format!("Sha256= {mac}"),
        format!("sha256={mac},"),
        format!("\"sha256={mac}\""),
        format!("sha256=\"{mac}\""),
        format!("sha256={}, sha256={mac}", "0".repeat(64)),
        format!("sha1=0000,sha256={mac}"),
    ] {
        let headers = headers(&[("x-hub-signature-256", &value)]);
        assert!(
            verify(&github, &keys, &headers, b"Hello, World!", at(0)).is_ok(),
            "{value}"
        );
    }
    for value in [
        SIGNATURE.trim_end_matches('=').to_owned(),
        SIGNATURE.replace('/', "_").replace('+', "-"),
        format!("  {SIGNATURE}   v1,x "),
        format!("{SIGNATURE}, v1,AAAA"),
    ] {
        assert_eq!(refusal(&standard(&value), BODY), None, "{value}");
    }
}

#[test]
fn timestamps_have_three_forms() {
    let profile = SignatureProfile::timestamp_hex();
    let signer = key("k", &profile);
    let refused_at = |sent: &str, second| {
        let signature = hex::encode(signer.mac(&[sent.as_bytes(), b".body"]));
        let headers = headers(&[("x-timestamp", sent), ("x-signature", &signature)]);
        verify(
            &profile,
            &[(signer.clone().into(), None)],
            &headers,
            b"body",
            at(second),
        )
        .err()
    };
    let sent = "1649367553999";
    assert_eq!(refused_at(sent, SENT), None);
    assert_eq!(refused_at(sent, SENT + 300), None);
    assert_eq!(refused_at(sent, SENT + 301), Some(SignatureRefusal::StaleTimestamp));
    assert_eq!(refused_at(sent, SENT - 301), Some(SignatureRefusal::FutureTimestamp));
    // 2022-04-07T21:39:13Z
    for sent in ["2022-04-07T21:39:13Z", "2022-04-08T03:09:13+05:30"] {
        assert_eq!(refused_at(sent, SENT + 300), None);
        assert_eq!(refused_at(sent, SENT + 301), Some(SignatureRefusal::StaleTimestamp));
    }
    for sent in [
        "2022-04-07T21:39:13.5Z",
        "1649367553.5",
        "2022-04-07T21:39:13",
        "yesterday",
    ] {
        assert_eq!(
            refused_at(sent, SENT),
            Some(SignatureRefusal::MalformedHeader),
            "{sent}"
        );
    }
    // Seconds stay seconds.
    assert_eq!(refused_at("99999999999", SENT), Some(SignatureRefusal::FutureTimestamp));
}

#[test]
fn malformed_headers_are_refused() {
    let long = vec![SIGNATURE; MAX_SIGNATURES + 1].join(" ");
    let cases = [
        (standard("v1,"), SignatureRefusal::MalformedHeader),
        (standard(""), SignatureRefusal::MalformedHeader),
        (standard("v1a,abcd"), SignatureRefusal::MalformedHeader),
        (standard(&SIGNATURE[3..]), SignatureRefusal::MalformedHeader),
        (standard(&format!("{SIGNATURE} v1,")), SignatureRefusal::MalformedHeader),
        (standard("v1,not base64!"), SignatureRefusal::MalformedHeader),
        (standard(&SIGNATURE[..40]), SignatureRefusal::MalformedHeader),
        (standard(&long), SignatureRefusal::TooManySignatures),
        (headers(&[]), SignatureRefusal::MissingHeader),
        (
            headers(&[("webhook-signature", SIGNATURE)]),
            SignatureRefusal::MissingHeader,
        ),
    ];
    for (headers, expected) in cases {
        assert_eq!(refusal(&headers, BODY), Some(expected), "{headers:?}");
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut twice = standard(SIGNATURE);
        twice.append(name, twice[name].clone());
        assert_eq!(refusal(&twice, BODY), Some(SignatureRefusal::DuplicateHeader), "{name}");
        let mut garbled = standard(SIGNATURE);
        garbled.insert(name, HeaderValue::from_bytes(b"v1,\xff").unwrap());
        assert_eq!(
            refusal(&garbled, BODY),
            Some(SignatureRefusal::MalformedHeader),
            "{name}"
        );
    }
}

#[test]
fn dots_in_ids_change_nothing() {
    // A dot in the id cannot move the boundary to the timestamp.
    let profile = SignatureProfile::default();
    let key = key(SECRET, &profile);
    let sent = SENT.to_string();
    let signature = sign_standard(&[key], "a.b", at(SENT), BODY);
    let dotted = headers(&[
        ("webhook-id", "a.b"),
        ("webhook-timestamp", &sent),
        ("webhook-signature", &signature),
    ]);
    assert_eq!(refusal(&dotted, BODY), Some(SignatureRefusal::MalformedHeader));
}

#[test]
fn one_valid_signature_is_enough() {
    let bad = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for value in [
        format!("{bad} {SIGNATURE}"),
        format!("{SIGNATURE} {bad}"),
        format!("v1a,x {SIGNATURE}"),
        vec![SIGNATURE; MAX_SIGNATURES].join(" "),
    ] {
        assert_eq!(refusal(&standard(&value), BODY), None, "{value}");
    }
}

#[test]
fn two_timestamps_in_one_header_are_refused() {
    let profile = SignatureProfile::stripe();
    let keys = [(webhook_key("k", &profile), None)];
    let headers = headers(&[("stripe-signature", "t=1,t=2,v1=00")]);
    assert_eq!(
        verify(&profile, &keys, &headers, b"", at(1)),
        Err(SignatureRefusal::DuplicateHeader)
    );
}

#[test]
fn extreme_timestamps_do_not_overflow() {
    let profile = SignatureProfile::default();
    let keys = [(webhook_key(SECRET, &profile), None)];
    let cases = [
        (i64::MIN.to_string(), SignatureRefusal::StaleTimestamp),
        (i64::MAX.to_string(), SignatureRefusal::FutureTimestamp),
        ("9223372036854775808".into(), SignatureRefusal::MalformedHeader),
        ("1649367553.0".into(), SignatureRefusal::MalformedHeader),
        (" 1649367553".into(), SignatureRefusal::MalformedHeader),
        (String::new(), SignatureRefusal::MalformedHeader),
    ];
    for (sent, expected) in cases {
        let mut headers = standard(SIGNATURE);
        headers.insert("webhook-timestamp", sent.parse().unwrap());
        for now in [Timestamp::MIN, at(SENT), Timestamp::MAX] {
            assert_eq!(verify(&profile, &keys, &headers, BODY, now), Err(expected), "{sent}");
        }
    }
}

#[test]
fn old_keys_verify_until_they_expire() {
    let profile = SignatureProfile::default();
    let [old, new] =
        ["whsec_b2xkLW9sZC1vbGQtb2xkLW9sZA==", "whsec_bmV3LW5ldy1uZXctbmV3LW5ldw"].map(|secret| key(secret, &profile));
    let keys = [(old.clone().into(), Some(at(SENT + 60))), (new.clone().into(), None)];
    let refused_at = |signer: &SigningKey, second| {
        let headers = standard(&sign_standard(slice::from_ref(signer), ID, at(SENT), BODY));
        verify(&profile, &keys, &headers, BODY, at(second)).err()
    };
    assert_eq!(refused_at(&old, SENT + 59), None);
    assert_eq!(refused_at(&new, SENT + 59), None);
    assert_eq!(refused_at(&old, SENT + 60), Some(SignatureRefusal::NoMatch));
    assert_eq!(refused_at(&new, SENT + 60), None);
    let headers = standard(&sign_standard(slice::from_ref(&old), ID, at(SENT), BODY));
    assert_eq!(
        verify(&profile, &keys[..1], &headers, BODY, at(SENT + 60)),
        Err(SignatureRefusal::NoValidKey)
    );
    assert_eq!(
        verify(&profile, &[], &headers, BODY, at(SENT)),
        Err(SignatureRefusal::NoValidKey)
    );
}

#[test]
fn secrets_are_checked_and_hidden() {
    // Secrets must have the format of their profile and are never shown.
    let invalid = |text: &str, profile: SignatureProfile| WebhookKey::from_secret(text, &profile).err();
    assert_eq!(
        invalid("", SignatureProfile::default()),
        Some(InvalidSigningSecret::Empty)
    );
    assert_eq!(
        invalid("whsec_", SignatureProfile::default()),
        Some(InvalidSigningSecret::Empty)
    );
    for (text, expected) in [
        ("plain", InvalidSigningSecret::NotBase64),
        ("whsec_?", InvalidSigningSecret::NotBase64),
        ("my-very-secret-text", InvalidSigningSecret::NotBase64),
        ("whsk_AAAA", InvalidSigningSecret::PrivateKey),
        ("whpk_AAAA", InvalidSigningSecret::NotPublicKey),
        ("whpk_", InvalidSigningSecret::NotPublicKey),
    ] {
        assert_eq!(invalid(text, SignatureProfile::default()), Some(expected), "{text}");
    }
    let signs = SigningKey::from_secret(PUBLIC_KEY, &SignatureProfile::default());
    assert_eq!(signs.err(), Some(InvalidSigningSecret::PublicKey));
    assert_eq!(
        invalid("", SignatureProfile::stripe()),
        Some(InvalidSigningSecret::Empty)
    );
    assert_eq!(invalid("whsec_?", SignatureProfile::stripe()), None);
    assert_eq!(
        format!("{:?}", key("hunter2", &SignatureProfile::stripe())),
        "SigningKey(…)"
    );
}
