//! Every encoding in which a secret may show.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The secret as it is, reversed, in hexadecimal, percent-encoded, and in base64 at every offset in a longer text.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let hexed = hex::encode(bytes);
    let percent = |upper: bool| -> String {
        let byte = |byte: &u8| {
            if upper {
                format!("%{byte:02X}")
            } else {
                format!("%{byte:02x}")
            }
        };
        bytes.iter().map(byte).collect()
    };
    let mut forms = vec![
        secret.to_owned(),
        hexed.to_uppercase(),
        hexed,
        percent(true),
        percent(false),
    ];
    for before in 0..3 {
        let shifted = [&vec![b'x'; before][..], bytes].concat();
        // Without the first and the last group, which depend on the text around the secret.
        let whole = (shifted.len() / 3) * 3;
        let from = if before == 0 { 0 } else { 3 };
        forms.push(STANDARD.encode(&shifted[from..whole]));
        forms.push(URL_SAFE.encode(&shifted[from..whole]));
    }
    let mut forms: Vec<_> = forms.into_iter().map(String::into_bytes).collect();
    forms.push(bytes.iter().rev().copied().collect());
    forms
}

/// A search for secrets in every encoding, in one pass, because there is much to search.
pub struct Search {
    /// Indexed by their first two bytes.
    forms: Vec<Vec<(String, Vec<u8>)>>,
}

impl Search {
    /// Prepares a search for these secrets.
    pub fn new(secrets: &[&str]) -> Self {
        let mut search = Self {
            forms: vec![vec![]; 1 << 16],
        };
        for secret in secrets {
            for form in forms(secret) {
                search.forms[prefix(&form)].push(((*secret).to_owned(), form));
            }
        }
        search
    }

    /// The first secret that is found, and its position.
    pub fn find(&self, bytes: &[u8]) -> Option<(&str, usize)> {
        for at in 0..bytes.len().saturating_sub(1) {
            for (secret, form) in &self.forms[prefix(&bytes[at..at + 2])] {
                if bytes[at..].starts_with(form) {
                    return Some((secret, at));
                }
            }
        }
        None
    }
}

fn prefix(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

#[test]
fn secrets_are_found_in_every_encoding() {
    let secret = "canary-7Qx2mZ?~";
    let search = Search::new(&["another", secret]);
    let is_found = |text: &str| search.find(text.as_bytes()).is_some_and(|(found, _)| found == secret);
    let percent: Vec<_> = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let percent = percent.concat();
    for made in [
        format!("Bearer {secret}!"),
        hex::encode(format!("x{secret}y")),
        format!("?key={percent}&"),
    ] {
        assert!(is_found(&made), "{made}");
    }
    for before in ["", "u", "us", "use", "user"] {
        for after in ["", "a", "ab"] {
            let text = format!("{before}{secret}{after}");
            assert!(
                is_found(&STANDARD.encode(&text)) && is_found(&URL_SAFE.encode(&text)),
                "{text}"
            );
        }
    }
    assert!(!is_found("canary"));
}
