//! Finds a secret in an answer in the forms that servers echo it in.

use url::form_urlencoded;

use jackfield_domain::custody::Sensitive;

/// Bytes from which on a secret is looked for in answers. Shorter ones would be found by chance and garble them, and
/// protect nothing.
const SHORTEST: usize = 6;

/// Texts that must not come back in an answer.
#[derive(Default)]
pub struct SecretPatterns(Vec<Sensitive>);

impl SecretPatterns {
    /// Looks for `secret` from now on: as it is, percent-encoded as in a URL or a form, and escaped as in JSON.
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
            if text.expose().len() >= SHORTEST && !self.0.contains(&text) {
                self.0.push(text);
            }
        }
    }

    /// Whether one of them is in there.
    pub fn are_in(&self, text: &[u8]) -> bool {
        let mut echoes = self.0.iter();
        echoes.any(|echo| memchr::memmem::find(text, echo.expose().as_bytes()).is_some())
    }

    /// Puts stars in the place of every one of them.
    pub fn redact(&self, text: &mut [u8]) {
        for echo in &self.0 {
            let echo = echo.expose().as_bytes();
            let found: Vec<_> = memchr::memmem::find_iter(text, echo).collect();
            for at in found {
                text[at..at + echo.len()].fill(b'*');
            }
        }
    }
}

impl<'a> FromIterator<&'a Sensitive> for SecretPatterns {
    fn from_iter<T: IntoIterator<Item = &'a Sensitive>>(secrets: T) -> Self {
        let mut echoes = Self::default();
        secrets.into_iter().for_each(|secret| echoes.add(secret));
        echoes
    }
}

/// Percent-encoded with lower-case digits: `%2f`.
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
    fn a_secret_is_found_in_every_form() {
        let mut echoes = SecretPatterns::default();
        echoes.add(&Sensitive::new("a/B c+D\"=".into()));
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
            echoes.redact(&mut text);
            let stars = "*".repeat(echo.len());
            assert_eq!(String::from_utf8(text).unwrap(), format!("you sent <{stars}>"));
        }
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_garbles_nothing() {
        let mut echoes = SecretPatterns::default();
        echoes.add(&Sensitive::new("12345".into()));
        let mut text = b"12345".to_vec();
        echoes.redact(&mut text);
        assert_eq!(text, b"12345");
    }
}
