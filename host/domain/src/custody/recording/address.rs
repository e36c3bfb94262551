//! Finds e-mail addresses in text, plain or in a URL.

/// The text with every e-mail address replaced by what `made_up` returns for it, in lower case, and for the `@` as it
/// was found, plain or percent-encoded.
pub fn replace(text: &str, made_up: impl Fn(&str, &str) -> String) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, sign)) = sign(rest) {
        let start = rest[..at].rfind(|c| !is_local(c)).map_or(0, |place| {
            place + rest[place..].chars().next().map_or(1, char::len_utf8)
        });
        let after = &rest[at + sign.len()..];
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
        let domain = after[..end.unwrap_or(after.len())].trim_end_matches('.');
        if start == at || !domain.contains('.') {
            made.push_str(&rest[..at + sign.len()]);
            rest = after;
            continue;
        }
        let address = format!("{}@{domain}", &rest[start..at]).to_lowercase();
        made.push_str(&rest[..start]);
        made.push_str(&made_up(&address, sign));
        rest = &after[domain.len()..];
    }
    made.push_str(rest);
    made
}

/// The next `@`, plain or percent-encoded.
fn sign(text: &str) -> Option<(usize, &'static str)> {
    let found = ["@", "%40"]
        .into_iter()
        .filter_map(|sign| Some((text.find(sign)?, sign)));
    found.min()
}

const fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')
}
