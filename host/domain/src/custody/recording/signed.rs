//! Replaces the signatures of a recorded invocation by those of a test key.
//!
//! The adapter decides where a signature goes: a header, a parameter, a member of a body. So the whole invocation is
//! searched for the 32 bytes in every encoding that CRMs accept, and they are replaced by what the same adapter would
//! have received for the same bytes under the test key. If signed bytes contain an earlier signature, they are signed
//! again with that one replaced.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::RecordedSignature;

/// The key of every credential of kind `hmac` in a fixture.
pub const TEST_KEY: &str = "recorded";

/// Signatures in each encoding, with their replacements. Longer encodings first.
#[derive(Debug, Default)]
pub struct TestSignatures {
    encodings: Vec<Vec<(String, String)>>,
}

impl TestSignatures {
    /// Signs everything again with the test key. `masked` masks the signed bytes as the invocation is masked.
    pub fn new(signed: &[RecordedSignature], masked: impl Fn(&str) -> String) -> Self {
        let mut resigned = Self::default();
        for signed in signed {
            let bytes = match std::str::from_utf8(&signed.bytes) {
                Ok(text) => masked(&resigned.replace(text)).into_bytes(),
                Err(_) => signed.bytes.clone(),
            };
            #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(TEST_KEY.as_bytes()).expect("any key");
            mac.update(&bytes);
            let test = mac.finalize().into_bytes();
            let pairs = encodings(&signed.signature).into_iter().zip(encodings(&test));
            resigned.encodings.push(pairs.collect());
        }
        resigned
    }

    /// The text with every signature replaced.
    pub fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (real, test) in self.encodings.iter().flatten() {
            if text.contains(real.as_str()) {
                text = text.replace(real.as_str(), test);
            }
        }
        text
    }

    /// Whether every signature is in one of these texts.
    pub fn all_in(&self, texts: &[impl AsRef<str>]) -> bool {
        let is_in = |encodings: &Vec<(String, String)>| {
            let mut texts = texts.iter().map(AsRef::as_ref);
            texts.any(|text: &str| encodings.iter().any(|(real, _)| text.contains(real.as_str())))
        };
        self.encodings.iter().all(is_in)
    }

    /// Whether this text contains a signature.
    pub fn any_in(&self, text: &str) -> bool {
        self.encodings
            .iter()
            .flatten()
            .any(|(real, _)| text.contains(real.as_str()))
    }
}

/// The texts that signatures are in requests.
#[derive(Debug, Clone, Default)]
pub struct SignatureTexts(Vec<String>);

impl SignatureTexts {
    /// Those of some signatures, in every encoding that CRMs accept.
    #[must_use]
    pub fn of(signatures: &[Vec<u8>]) -> Self {
        Self(signatures.iter().flat_map(|signature| encodings(signature)).collect())
    }

    /// What stands before and after the first signature in a text; none if there is no signature.
    #[must_use]
    pub fn around<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        self.0.iter().find_map(|signature| text.split_once(signature.as_str()))
    }
}

/// The encodings of 32 bytes, in an order in which none is a part of a later one.
fn encodings(bytes: &[u8]) -> [String; 8] {
    let standard = STANDARD.encode(bytes);
    let encoded = utf8_percent_encode(&standard, NON_ALPHANUMERIC).to_string();
    [
        hex::encode(bytes),
        hex::encode_upper(bytes),
        encoded
            .replace("%2B", "%2b")
            .replace("%2F", "%2f")
            .replace("%3D", "%3d"),
        encoded,
        standard,
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(key: &str, bytes: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(bytes);
        mac.finalize().into_bytes().to_vec()
    }

    fn signed(bytes: &[u8]) -> RecordedSignature {
        RecordedSignature {
            name: "signing".into(),
            bytes: bytes.to_vec(),
            signature: sign("the real key", bytes),
        }
    }

    #[test]
    fn a_signature_is_found_in_every_encoding() {
        let signed = signed(b"body");
        let resigned = TestSignatures::new(std::slice::from_ref(&signed), str::to_owned);
        let test = sign(TEST_KEY, b"body");
        for (real, test) in encodings(&signed.signature).into_iter().zip(encodings(&test)) {
            let text = format!("sig={real}&x=1");
            assert!(resigned.any_in(&text));
            assert_eq!(resigned.replace(&text), format!("sig={test}&x=1"));
        }
    }

    #[test]
    fn nested_signatures_are_signed_again() {
        // The second signature covers the first one.
        let first = signed(b"body");
        let second = signed(hex::encode(&first.signature).as_bytes());
        let resigned = TestSignatures::new(&[first, second.clone()], str::to_owned);
        let inner = sign(TEST_KEY, b"body");
        let outer = sign(TEST_KEY, hex::encode(inner).as_bytes());
        assert_eq!(resigned.replace(&hex::encode(second.signature)), hex::encode(outer));
    }

    #[test]
    fn masked_bytes_are_signed() {
        let signed = signed(b"phone=1");
        let resigned = TestSignatures::new(std::slice::from_ref(&signed), |text| text.replace('1', "2"));
        let test = hex::encode(sign(TEST_KEY, b"phone=2"));
        assert_eq!(resigned.replace(&hex::encode(signed.signature)), test);
    }

    #[test]
    fn a_missing_signature_is_noticed() {
        let resigned = TestSignatures::new(&[signed(b"body")], str::to_owned);
        assert!(!resigned.all_in(&["a", "b"]));
    }
}
