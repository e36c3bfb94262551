//! Is a secret too short to be safe?
//!
//! An answer that holds a secret is withheld from the adapter, and the adapter is stopped. That tells it something: a
//! page that echoes what it is sent answers normally unless one of the guesses in the request is the secret. A hundred
//! thousand guesses fit into a request, so a PIN would be found out in a few invocations.

use super::{CredentialKind, CredentialSpec, WebhookSecret};
use crate::custody::Sensitive;

/// The least number of possible secrets of its kind, as a power of two: a trillion, which takes an adapter that may
/// send two million guesses in an invocation a million invocations, each of which the operators see as a fault.
const MIN_BITS: f64 = 40.0;
/// The least number of characters, however many kinds of them there are.
const MIN_LENGTH: usize = 8;

impl CredentialSpec {
    /// Why the value of this credential's secret is not safe; none if it is, or if the operator insists on it.
    #[must_use]
    pub fn weakness(&self, secret: &Sensitive) -> Option<String> {
        let weak = self.kind != CredentialKind::Mtls && !self.allow_short && is_guessable(secret.expose());
        weak.then(|| {
            format!(
                "the secret of credential `{}` is too short to be safe: an adapter could find it out by sending \
                 guesses to a page that echoes them; use one of at least 12 letters and digits, or write \
                 allow_short = true into this credential to insist",
                self.name
            )
        })
    }
}

impl WebhookSecret {
    /// Why the value of this secret is not safe; none if it is, or if the operator insists on it.
    #[must_use]
    pub fn weakness(&self, secret: &Sensitive) -> Option<String> {
        let weak = !self.allow_short && is_guessable(encoded_key(secret));
        weak.then(|| {
            "this secret is too short to be safe: whoever has one signed webhook could find it out and forge others; \
             use one of at least 24 random bytes, or write allow_short = true beside it to insist"
                .to_owned()
        })
    }
}

/// Why a secret that signs pushes is not safe; none if it is.
#[must_use]
pub fn push_weakness(secret: &Sensitive) -> Option<String> {
    is_guessable(encoded_key(secret)).then(|| {
        "this secret is too short to be safe: whoever has one signed push could find it out and forge others; use one \
         of at least 24 random bytes"
            .to_owned()
    })
}

/// A signing secret without its prefix.
fn encoded_key(secret: &Sensitive) -> &str {
    let text = secret.expose().trim();
    text.strip_prefix("whsec_").unwrap_or(text)
}

/// Whether there are too few secrets of this length made of these kinds of characters.
fn is_guessable(secret: &str) -> bool {
    let has = |kind: fn(char) -> bool| secret.contains(kind);
    let is_hex = secret.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) || {
        secret.chars().all(|c| matches!(c, '0'..='9' | 'A'..='F'))
    };
    let kinds = [
        (has(|c| c.is_ascii_digit()), 10.0),
        (has(|c| c.is_ascii_lowercase()), if is_hex { 6.0 } else { 26.0 }),
        (has(|c| c.is_ascii_uppercase()), if is_hex { 6.0 } else { 26.0 }),
        (has(|c| !c.is_ascii_alphanumeric()), 32.0),
    ];
    let alphabet: f64 = kinds.iter().filter(|(used, _)| *used).map(|(_, size)| size).sum();
    let length = secret.chars().count();
    length < MIN_LENGTH || f64::from(u32::try_from(length).unwrap_or(u32::MAX)) * alphabet.log2() < MIN_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_secrets_are_guessable() {
        for short in [
            "",
            "T",
            "1234",
            "493027",
            "token",
            "bench",
            "s3cr3t",
            "Pa$$w0r",
            "98765432",
            "123456789012",
        ] {
            assert!(is_guessable(short), "{short}");
        }
        for long in [
            "not-the-key",
            "canary-token",
            "Tr0ub4dor",
            "k7Qm2xZp",
            "1234567890123",
            "9f86d081884c7d65",
            "correct horse battery staple",
        ] {
            assert!(!is_guessable(long), "{long}");
        }
    }

    #[test]
    fn an_operator_may_insist() {
        let file = |more: &str| {
            let text = format!("name = \"crm\"\nkind = \"bearer\"\nsecret = {{ env = \"X\" }}\n{more}");
            toml::from_str::<CredentialSpec>(&text).unwrap()
        };
        let pin = Sensitive::new("493027".into());
        let why = file("").weakness(&pin).unwrap();
        assert!(
            why.contains("`crm`") && why.contains("allow_short = true") && !why.contains("493027"),
            "{why}"
        );
        assert_eq!(file("allow_short = true").weakness(&pin), None);
        assert!(toml::to_string(&file("")).unwrap().find("allow_short").is_none());
    }
}
