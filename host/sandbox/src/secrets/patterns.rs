//! Finds secrets in answers, in the encodings in which servers echo them.

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::readings;
use jackfield_domain::custody::Sensitive;

/// The length in bytes from which secrets are searched for. Shorter ones would be found by chance in answers that do
/// not hold them; a tenant's file with one is refused unless its operator insists.
const MIN_LENGTH: usize = 6;

/// Texts that must not appear in an answer, in lower case.
#[derive(Default)]
pub struct SecretPatterns(Vec<Sensitive>);

impl SecretPatterns {
    /// Adds a secret: as it is, in hexadecimal, and in base64 wherever it stands in the text that is encoded. Escapes
    /// are not patterns of their own, since the text is searched in every reading of them.
    pub fn add(&mut self, secret: &Sensitive) {
        let plain = secret.expose();
        // A form has a plus where a text has a space.
        let mut texts = vec![plain.to_owned(), plain.replace(' ', "+"), hex::encode(plain)];
        for offset in 0..3 {
            let standard = base64_core(&BASE64_STANDARD_NO_PAD, plain, offset);
            texts.extend([standard, base64_core(&BASE64_URL_SAFE_NO_PAD, plain, offset)]);
        }
        for text in texts {
            let text = Sensitive::new(text.to_ascii_lowercase());
            if plain.len() >= MIN_LENGTH && text.expose().len() >= MIN_LENGTH && !self.0.contains(&text) {
                self.0.push(text);
            }
        }
    }

    /// Whether the text holds one of the secrets.
    pub fn are_in(&self, text: &[u8]) -> bool {
        let holds = |reading: &[u8]| {
            let mut patterns = self.0.iter();
            patterns.any(|pattern| memchr::memmem::find(reading, pattern.expose().as_bytes()).is_some())
        };
        !self.0.is_empty() && readings::any_reading(text, holds)
    }
}

impl<'a> FromIterator<&'a Sensitive> for SecretPatterns {
    fn from_iter<T: IntoIterator<Item = &'a Sensitive>>(secrets: T) -> Self {
        let mut patterns = Self::default();
        secrets.into_iter().for_each(|secret| patterns.add(secret));
        patterns
    }
}

/// The part of a base64 text that depends on the secret alone, where `offset` other bytes, modulo three, precede it.
fn base64_core(engine: &impl base64::Engine, secret: &str, offset: usize) -> String {
    let padded = Zeroizing::new([&[0; 3][..offset], secret.as_bytes()].concat());
    let encoded = Zeroizing::new(engine.encode(&*padded));
    let (start, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    encoded.get(start..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};

    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let mut patterns = SecretPatterns::default();
        patterns.add(&Sensitive::new("a/B c+D\"=".into()));
        for echo in [
            "a/B c+D\"=",
            "a/B+c+D\"=",
            "a%2FB+c%2BD%22%3D",
            "a%2fB+c%2bD%22%3d",
            "a%2FB%20c%2BD%22%3D",
            "a%2fB%20c%2bD%22%3d",
            "a/B c+D\\\"=",
            "a\\/B c+D\\\"=",
            "a&#47;B&#x20;c&plus;D&quot;=",
            "a\\u002fB c\\u002BD\\u0022=",
            "612f4220632b44223d",
            "612F4220632B44223D",
        ] {
            assert!(patterns.are_in(format!("you sent <{echo}>").as_bytes()), "{echo}");
        }
        for before in ["", "x", "xy", "Bearer ", "host:"] {
            let text = format!("{before}a/B c+D\"= and more");
            for encoded in [BASE64_STANDARD.encode(&text), BASE64_URL_SAFE.encode(&text)] {
                assert!(patterns.are_in(encoded.as_bytes()), "{before}");
                let (head, tail) = encoded.split_at(9);
                assert!(
                    patterns.are_in(format!("{head}\r\n{tail}").as_bytes()),
                    "{before}, folded"
                );
            }
        }
        for other in ["", "a/B c+E\"=", "%", "YS9CIGM"] {
            assert!(!patterns.are_in(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn short_secrets_are_not_searched_for() {
        let mut patterns = SecretPatterns::default();
        patterns.add(&Sensitive::new("12345".into()));
        assert!(!patterns.are_in(b"12345 3132333435"));
    }
}
