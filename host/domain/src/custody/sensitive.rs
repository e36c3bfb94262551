//! A secret's text, which is never shown.

use std::fmt;

use serde::Deserialize;

/// A secret's value: never shown, never serialized, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sensitive(zeroize::Zeroizing<String>);

impl Sensitive {
    /// Wraps a secret.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(zeroize::Zeroizing::new(value))
    }

    /// The secret without what editors, shells and copying add to it in files and variables: a byte-order mark before
    /// it, and line ends around it. Also returns whether there were any.
    #[must_use]
    pub fn trimmed(self) -> (Self, bool) {
        let text = self.0.strip_prefix('\u{feff}').unwrap_or(&self.0);
        let text = text.trim_matches(['\r', '\n']);
        if text.len() == self.0.len() {
            return (self, false);
        }
        (Self::new(text.to_owned()), true)
    }

    /// The secret itself. It could leak wherever this is used.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_marks_are_no_part_of_it() {
        for (text, expected) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n\r\n", "s3cret"),
            ("\u{feff}s3cret\n", "s3cret"),
            ("\u{feff}\r\ns3cret", "s3cret"),
            (" s3 cret ", " s3 cret "),
            ("-----A\nB-----\n", "-----A\nB-----"),
            ("\u{feff}\n", ""),
            ("", ""),
        ] {
            let (secret, is_trimmed) = Sensitive::new(text.to_owned()).trimmed();
            assert_eq!((secret.expose(), is_trimmed), (expected, text != expected), "{text:?}");
        }
    }
}
