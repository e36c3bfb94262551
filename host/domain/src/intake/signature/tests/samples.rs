//! Properties of every profile: a sample request of each, and every way to tamper with it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use proptest::prelude::*;

use super::*;
use crate::intake::signature::profile::{SignatureEncoding, SignatureLayout};

/// A request that verifies, built without the code under test.
struct Sample {
    profile: SignatureProfile,
    secret: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sample {
    /// One for each built-in profile and for two that are written as tables.
    fn all(body: &[u8]) -> Vec<Self> {
        let vinfer = r#"profile = { signature_header = "x-vinfer-signature", signed = "{body}", encoding = "hex" }"#;
        let odd = r#"
            [profile]
            signature_header = "x-sig"
            signed = "{id}.{timestamp}.{body}"
            encoding = "base64"
            layout = "pairs"
            signature_key = "s"
            id_header = "x-id"
            secret = "whsec"
        "#;
        let mac = |key: &[u8], message: &[u8]| SigningKey::from_bytes(key).unwrap().mac(&[message]);
        let hex = |message: &[u8]| hex::encode(mac(b"secret", message));
        let base64 = |message: &[u8]| BASE64_STANDARD.encode(mac(b"secret", message));
        let timed = [format!("{SENT}.").as_bytes(), body].concat();
        let named = [format!("msg_1.{SENT}.").as_bytes(), body].concat();
        let sent = &*SENT.to_string();
        let raw = "secret";
        let whsec = "whsec_c2VjcmV0";
        let cases: [(SignatureProfile, &str, Pairs<'_>); 6] = [
            (
                SignatureProfile::standard_webhooks(),
                whsec,
                &[
                    ("webhook-id", "msg_1"),
                    ("webhook-timestamp", sent),
                    ("webhook-signature", &format!("v1,{}", base64(&named))),
                ],
            ),
            (
                SignatureProfile::sha256_hex(),
                raw,
                &[("x-hub-signature-256", &format!("sha256={}", hex(body)))],
            ),
            (
                SignatureProfile::timestamp_hex(),
                raw,
                &[("x-timestamp", sent), ("x-signature", &hex(&timed))],
            ),
            (
                SignatureProfile::stripe(),
                raw,
                &[("stripe-signature", &format!("t={sent},v1={}", hex(&timed)))],
            ),
            (profile(vinfer).unwrap(), raw, &[("x-vinfer-signature", &hex(body))]),
            (
                profile(odd).unwrap(),
                whsec,
                &[("x-id", "msg_1"), ("x-sig", &format!("t={sent},s={}", base64(&named)))],
            ),
        ];
        let sample = |(profile, secret, pairs): (SignatureProfile, &str, Pairs<'_>)| Self {
            profile,
            secret: secret.to_owned(),
            headers: headers(pairs),
            body: body.to_owned(),
        };
        cases.into_iter().map(sample).collect()
    }

    fn keys(&self) -> [(WebhookKey, Option<Timestamp>); 1] {
        [(webhook_key(&self.secret, &self.profile), None)]
    }

    fn verifies(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        verify(&self.profile, &self.keys(), headers, body, at(SENT)).is_ok()
    }

    /// Whether the case of the character at this place of a header does not matter: in a prefix, and in hex.
    fn ignores_case(&self, name: &HeaderName, at: usize) -> bool {
        let is_hex = self.profile.encoding == SignatureEncoding::Hex;
        *name == self.profile.signature_header
            && match &self.profile.layout {
                SignatureLayout::Single { prefix } | SignatureLayout::List { prefix } => at < prefix.len() || is_hex,
                SignatureLayout::Pairs { .. } => is_hex && at >= self.headers[name].len() - 64,
            }
    }

    fn timed(&self) -> bool {
        self.profile.signed.timestamp().is_some()
    }
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn every_profile_round_trips() {
    for sample in Sample::all(b"") {
        let json = serde_json::to_string(&sample.profile).unwrap();
        assert_eq!(
            serde_json::from_str::<SignatureProfile>(&json).unwrap(),
            sample.profile,
            "{json}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_flipped_bit_is_refused(body in prop::collection::vec(any::<u8>(), 0..48)) {
        for sample in Sample::all(&body) {
            prop_assert!(sample.verifies(&sample.headers, &body));
            for bit in 0..body.len() * 8 {
                prop_assert!(!sample.verifies(&sample.headers, &flip(&body, bit)), "body bit {}", bit);
            }
            // The only headers are the id, the timestamp and the signature.
            for (name, value) in &sample.headers {
                for bit in 0..value.len() * 8 {
                    // The HTTP library refuses bytes that no header can contain.
                    let Ok(flipped) = HeaderValue::from_bytes(&flip(value.as_bytes(), bit)) else { continue };
                    let same_but_case = flipped.as_bytes().eq_ignore_ascii_case(value.as_bytes());
                    let mut headers = sample.headers.clone();
                    headers.insert(name, flipped);
                    if same_but_case && sample.ignores_case(name, bit / 8) {
                        prop_assert!(sample.verifies(&headers, &body), "{} bit {}", name, bit);
                        continue;
                    }
                    prop_assert!(!sample.verifies(&headers, &body), "{} bit {}: {:?}", name, bit, headers);
                }
            }
        }
    }

    #[test]
    fn another_key_or_length_is_refused(body in prop::collection::vec(any::<u8>(), 1..48), more: u8) {
        for sample in Sample::all(&body) {
            prop_assert!(!sample.verifies(&sample.headers, &body[1..]));
            prop_assert!(!sample.verifies(&sample.headers, &body[..body.len() - 1]));
            prop_assert!(!sample.verifies(&sample.headers, &[&body[..], &[more]].concat()));
            let other = [(SigningKey::from_bytes(b"secret2").unwrap().into(), None)];
            let verdict = verify(&sample.profile, &other, &sample.headers, &body, at(SENT));
            prop_assert_eq!(verdict, Err(SignatureRefusal::NoMatch));
        }
    }

    #[test]
    fn garbage_is_refused_without_a_panic(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 8),
        body: Vec<u8>,
        now in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
    ) {
        for sample in Sample::all(b"") {
            let mut headers = HeaderMap::new();
            for (name, value) in sample.headers.keys().zip(&values) {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    headers.insert(name, value);
                }
            }
            prop_assert!(verify(&sample.profile, &sample.keys(), &headers, &body, at(now)).is_err());
        }
    }

    #[test]
    fn no_secret_makes_it_panic(text: String) {
        for profile in [SignatureProfile::default(), SignatureProfile::stripe()] {
            let _ = WebhookKey::from_secret(&text, &profile);
            let _ = WebhookKey::from_secret(&format!("whsec_{text}"), &profile);
            let _ = WebhookKey::from_secret(&format!("whpk_{text}"), &profile);
        }
    }
}

#[test]
fn timestamps_may_be_five_minutes_off() {
    for sample in Sample::all(b"body") {
        let refused_at = |second| {
            verify(
                &sample.profile,
                &sample.keys(),
                &sample.headers,
                &sample.body,
                at(second),
            )
            .err()
        };
        for skew in [-300, 0, 300] {
            assert_eq!(refused_at(SENT + skew), None, "{skew} {:?}", sample.profile);
        }
        if sample.timed() {
            assert_eq!(refused_at(SENT + 301), Some(SignatureRefusal::StaleTimestamp));
            assert_eq!(refused_at(SENT - 301), Some(SignatureRefusal::FutureTimestamp));
            assert_eq!(
                refused_at(Timestamp::MAX.as_second()),
                Some(SignatureRefusal::StaleTimestamp)
            );
            assert_eq!(
                refused_at(Timestamp::MIN.as_second()),
                Some(SignatureRefusal::FutureTimestamp)
            );
        }
    }
}
