//! Finds secrets in answers, in the encodings in which servers echo them.

use url::form_urlencoded;

use jackfield_domain::custody::Sensitive;

/// The length in bytes from which secrets are searched for. Shorter ones would be found by chance, so redacting them
/// would garble answers and protect nothing.
const MIN_LENGTH: usize = 6;

/// Texts that must not appear in an answer.
#[derive(Default)]
pub struct SecretPatterns(Vec<Sensitive>);

impl SecretPatterns {
    /// Adds a secret: as it is, percent-encoded as in a URL or a form, and escaped as in JSON.
    pub fn add(&mut self, secret: &Sensitive) {
        let plain = secret.expose();
        let form: String = form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        let upper = form.replace('+', "%20");
        let json = plain.replace('\\', "\\\\").replace('"', "\\\"");
        // PHP escapes the slash too.
        let slashed = json.replace('/', "\\/");
        for text in [
            plain.to_owned(),
            lower(&upper),
            upper,
            lower(&form),
            form,
            json,
            slashed,
        ] {
            let text = Sensitive::new(text);
            if text.expose().len() >= MIN_LENGTH && !self.0.contains(&text) {
                self.0.push(text);
            }
        }
    }

    /// Whether the text holds one of the secrets.
    pub fn are_in(&self, text: &[u8]) -> bool {
        let mut patterns = self.0.iter();
        patterns.any(|pattern| memchr::memmem::find(text, pattern.expose().as_bytes()).is_some())
    }

    /// Overwrites every secret in the text with asterisks.
    pub fn redact(&self, text: &mut [u8]) {
        for pattern in &self.0 {
            let pattern = pattern.expose().as_bytes();
            let found: Vec<_> = memchr::memmem::find_iter(text, pattern).collect();
            for at in found {
                text[at..at + pattern.len()].fill(b'*');
            }
        }
    }
}

impl<'a> FromIterator<&'a Sensitive> for SecretPatterns {
    fn from_iter<T: IntoIterator<Item = &'a Sensitive>>(secrets: T) -> Self {
        let mut patterns = Self::default();
        secrets.into_iter().for_each(|secret| patterns.add(secret));
        patterns
    }
}

/// The same percent-encoded text with lower-case hexadecimal digits: `%2f`.
fn lower(encoded: &str) -> String {
    let mut digits = 0;
    let letter = |c: char| {
        let is_digit = digits > 0;
        digits = if c == '%' { 2_u8 } else { digits.saturating_sub(1) };
        if is_digit { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let mut patterns = SecretPatterns::default();
        patterns.add(&Sensitive::new("a/B c+D\"=".into()));
        for echo in [
            "a/B c+D\"=",
            "a%2FB+c%2BD%22%3D",
            "a%2fB+c%2bD%22%3d",
            "a%2FB%20c%2BD%22%3D",
            "a%2fB%20c%2bD%22%3d",
            "a/B c+D\\\"=",
            "a\\/B c+D\\\"=",
        ] {
            let mut text = format!("you sent <{echo}>").into_bytes();
            patterns.redact(&mut text);
            let stars = "*".repeat(echo.len());
            assert_eq!(String::from_utf8(text).unwrap(), format!("you sent <{stars}>"));
        }
    }

    #[test]
    fn short_secrets_are_not_searched_for() {
        let mut patterns = SecretPatterns::default();
        patterns.add(&Sensitive::new("12345".into()));
        let mut text = b"12345".to_vec();
        patterns.redact(&mut text);
        assert_eq!(text, b"12345");
    }
}
