//! Signatures of a recorded call, replaced by those that a test key makes.
//!
//! What an adapter does with a signature is its own affair: a header, a parameter, a member of a body. So the 32 bytes
//! are looked for in the forms that CRMs take them in, in the whole call, and replaced by what the same adapter would
//! have got for the same bytes under the test key. A signature over bytes that hold an earlier signature is made anew
//! over bytes with that one replaced.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::RecordedSignature;

/// The key that stands in a fixture for every credential of kind `hmac`.
pub const TEST_KEY: &str = "recorded";

/// Signatures, in each form that is looked for, and what goes in its place. Longer forms first.
#[derive(Debug, Default)]
pub struct Resigned {
    forms: Vec<Vec<(String, String)>>,
}

impl Resigned {
    /// Makes every signature anew. `masked` does to the signed bytes what is done to the call.
    pub fn new(signed: &[RecordedSignature], masked: impl Fn(&str) -> String) -> Self {
        let mut resigned = Self::default();
        for signed in signed {
            let bytes = match std::str::from_utf8(&signed.bytes) {
                Ok(text) => masked(&resigned.put(text)).into_bytes(),
                Err(_) => signed.bytes.clone(),
            };
            #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(TEST_KEY.as_bytes()).expect("any key");
            mac.update(&bytes);
            let test = mac.finalize().into_bytes();
            let forms = forms(&signed.signature).into_iter().zip(forms(&test));
            resigned.forms.push(forms.collect());
        }
        resigned
    }

    /// The text with every signature replaced.
    pub fn put(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (real, test) in self.forms.iter().flatten() {
            if text.contains(real.as_str()) {
                text = text.replace(real.as_str(), test);
            }
        }
        text
    }

    /// Whether each signature is in one of these texts.
    pub fn all_in(&self, texts: &[impl AsRef<str>]) -> bool {
        let is_in = |forms: &Vec<(String, String)>| {
            let mut texts = texts.iter().map(AsRef::as_ref);
            texts.any(|text: &str| forms.iter().any(|(real, _)| text.contains(real.as_str())))
        };
        self.forms.iter().all(is_in)
    }

    /// Whether this text holds a signature.
    pub fn is_in(&self, text: &str) -> bool {
        self.forms
            .iter()
            .flatten()
            .any(|(real, _)| text.contains(real.as_str()))
    }
}

/// The forms of 32 bytes, in an order in which none is a part of a later one.
fn forms(bytes: &[u8]) -> [String; 8] {
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
    fn a_signature_is_found_in_every_form() {
        let signed = signed(b"body");
        let resigned = Resigned::new(std::slice::from_ref(&signed), str::to_owned);
        let test = sign(TEST_KEY, b"body");
        for (real, test) in forms(&signed.signature).into_iter().zip(forms(&test)) {
            let text = format!("sig={real}&x=1");
            assert!(resigned.is_in(&text));
            assert_eq!(resigned.put(&text), format!("sig={test}&x=1"));
        }
    }

    #[test]
    fn nested_signatures_are_remade() {
        // What was signed with a signature in it is signed anew.
        let first = signed(b"body");
        let second = signed(hex::encode(&first.signature).as_bytes());
        let resigned = Resigned::new(&[first, second.clone()], str::to_owned);
        let inner = sign(TEST_KEY, b"body");
        let outer = sign(TEST_KEY, hex::encode(inner).as_bytes());
        assert_eq!(resigned.put(&hex::encode(second.signature)), hex::encode(outer));
    }

    #[test]
    fn what_is_masked_is_signed_as_it_will_be_sent() {
        let signed = signed(b"phone=1");
        let resigned = Resigned::new(std::slice::from_ref(&signed), |text| text.replace('1', "2"));
        let test = hex::encode(sign(TEST_KEY, b"phone=2"));
        assert_eq!(resigned.put(&hex::encode(signed.signature)), test);
    }

    #[test]
    fn a_signature_that_is_nowhere_is_noticed() {
        let resigned = Resigned::new(&[signed(b"body")], str::to_owned);
        assert!(!resigned.all_in(&["a", "b"]));
    }
}
