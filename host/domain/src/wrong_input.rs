//! What a parser says about wrong input, without the input.
//!
//! Parsers quote what they were given: the line of a file, a value, a name. Beside the mistake there may be a secret,
//! and the mistake may be the secret itself, written in the wrong place. So an error names the position, the problem
//! and what is allowed, and quotes nothing but names that are nearly right, which give nothing away.

/// What stands in place of quoted input.
const HIDDEN: &str = "…";
/// The shortest value that is hidden wherever it stands in a message. A shorter one is hidden only inside quotes, since
/// it may be a part of other words.
const SHORTEST: usize = 4;
/// How many letters a name may differ from an allowed one and still be shown.
const NEARLY: usize = 2;

/// What is wrong with a file in TOML: the position, the problem and what is allowed. `text` is the whole file.
#[must_use]
pub fn toml_error(error: &toml::de::Error, text: &str) -> String {
    let Some(span) = error.span() else {
        return without_input(error.message(), &[text]);
    };
    let wrong = text.get(span.clone()).unwrap_or(text);
    let mut values = vec![wrong.to_owned()];
    if let Ok(table) = toml::from_str(&format!("value = {wrong}")) {
        collect_toml(&toml::Value::Table(table), &mut values);
    }
    if toml::from_str::<toml::Table>(text).is_err() {
        // The syntax is wrong, so the words of the line are whatever was written there.
        let (before, after) = text.split_at(span.start.min(text.len()));
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |at| before.len() + at);
        values.extend(text.get(begin..end).map(str::to_owned));
    }
    let (line, column) = position(text, span.start);
    let message = without_input(error.message(), &as_texts(&values));
    format!("line {line}, column {column}: {message}")
}

/// What is wrong with a document in JSON. `text` is the whole document.
#[must_use]
pub fn json_error(error: &serde_json::Error, text: &[u8]) -> String {
    let (line, column) = (error.line(), error.column());
    let mut values = vec![String::from_utf8_lossy(text).into_owned()];
    if let Ok(document) = serde_json::from_slice(text) {
        collect_json(&document, &mut values);
    }
    let message = error.to_string();
    let place = format!(" at line {line} column {column}");
    let message = without_input(message.strip_suffix(&place).unwrap_or(&message), &as_texts(&values));
    if line == 0 {
        message
    } else {
        format!("line {line}, column {column}: {message}")
    }
}

/// A parser's message without the input that it quotes. `values` are the texts that were parsed.
#[must_use]
pub fn without_input(message: &str, values: &[&str]) -> String {
    for what in ["missing field `", "duplicate field `"] {
        if let Some(at) = message.find(what) {
            // The names are those of the host's own types.
            return message[at..].to_owned();
        }
    }
    for what in ["unknown field", "unknown variant"] {
        if let Some((_, rest)) = message.split_once(&format!("{what} `")) {
            // What is allowed comes last, after a name that may be any text.
            let end = rest.rfind("`, expected ").or_else(|| rest.rfind("`, there are no "));
            let (name, allowed) = end.map_or((rest, ""), |end| (&rest[..end], &rest[end + 1..]));
            return if is_nearly_allowed(name, allowed) {
                format!("{what} `{name}`{allowed}")
            } else {
                format!("{what}{allowed}")
            };
        }
    }
    let (found, expected) = message
        .rfind(", expected ")
        .map_or((message, ""), |at| message.split_at(at));
    for what in ["invalid type: ", "invalid value: "] {
        if let Some((before, found)) = found.split_once(what) {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            return format!("{}{what}{kind}{expected}", hide(before, values));
        }
    }
    format!("{}{expected}", hide(found, values))
}

/// The message of the standard library for a text that is no number or no truth value, in words for people.
#[must_use]
pub fn in_plain_words(message: &str) -> String {
    let rules = [
        ("invalid digit found in string", "must be a whole number"),
        ("cannot parse integer from empty string", "must be a whole number"),
        ("number too large to fit in target type", "is too large"),
        ("number too small to fit in target type", "is too small"),
        ("provided string was not `true` or `false`", "must be true or false"),
    ];
    let rule = rules.iter().find(|(theirs, _)| message.ends_with(theirs));
    rule.map_or_else(
        || message.to_owned(),
        |(theirs, ours)| message.trim_end_matches(theirs).to_owned() + ours,
    )
}

/// Hides what a message quotes of the values, and the values themselves wherever they stand.
#[must_use]
pub fn hide(message: &str, values: &[&str]) -> String {
    let mut text = message.to_owned();
    for quote in ['`', '"', '\''] {
        text = hide_quoted(&text, quote, values);
    }
    for value in values.iter().filter(|value| value.chars().count() >= SHORTEST) {
        text = text.replace(*value, HIDDEN);
    }
    text
}

/// Hides every quotation that is a part of a value.
fn hide_quoted(message: &str, quote: char, values: &[&str]) -> String {
    let is_input = |quoted: &str| !quoted.is_empty() && values.iter().any(|value| value.contains(quoted));
    let mut parts = message.split(quote);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    let mut inside = true;
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let is_closed = parts.peek().is_some();
        shown.push(quote);
        shown.push_str(if inside && is_closed && is_input(part) {
            HIDDEN
        } else {
            part
        });
        inside = !inside;
    }
    shown
}

/// Whether a name is a slip of the pen: so near to one of the names in backquotes that it says nothing else.
fn is_nearly_allowed(name: &str, allowed: &str) -> bool {
    let mut names = allowed.split('`').skip(1).step_by(2);
    names.any(|known| distance(name, known) <= NEARLY.min(known.len() / 3))
}

/// How many letters have to be inserted, removed or replaced to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.chars().count()]
}

/// Line and column of a byte, counted from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn as_texts(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

fn collect_toml(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => found.push(text.clone()),
        toml::Value::Array(items) => items.iter().for_each(|item| collect_toml(item, found)),
        toml::Value::Table(members) => members.values().for_each(|member| collect_toml(member, found)),
        _ => {}
    }
}

fn collect_json(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_json(item, found)),
        serde_json::Value::Object(members) => members.values().for_each(|member| collect_json(member, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::release::TenantSpec;

    const CANARY: &str = "whsec_Y2FuYXJ5Cg";

    fn of_file(text: &str) -> String {
        toml_error(&toml::from_str::<TenantSpec>(text).unwrap_err(), text)
    }

    #[test]
    fn no_place_of_a_file_is_quoted() {
        // Wherever the canary stands, and whatever else is wrong beside it.
        let top = "tenant = \"t\"\nadapter = \"keystone\"\n";
        let lines = [
            "tenant = \"X\"",
            "adapter = \"X\"",
            "country = \"X\"",
            "settings = \"X\"",
            "X = 1",
            "X",
            "\"X",
            "[X",
            "agent = { push_secret = { value = \"X\" }, push_url = [\"X\"] }",
            "agent = { push_secret = { vale = \"X\" } }",
            "agent = { push_secret = { X = \"value\" } }",
            "agent = { push_secret = \"X\" }",
            "agent = { push_secret = X }",
            "agent = { push_secret = { value = X } }",
            "agent = { push_secret = { value = [\"X\"] } }",
            "agent = { push_secret = { value = \"X\", env = \"X\" } }",
            "agent = { push_secret = { value = \"X\" } } X",
            "agent = { push_secret = { value = 'X' }, push_url = 5 }",
            "webhook = { secrets = [{ value = \"X\", expires = \"X\" }] }",
            "webhook = { secrets = [\"X\"] }",
            "webhook = { profile = \"X\", secrets = [] }",
            "webhook = { profile = { signature_header = \"X X\" }, secrets = [] }",
            "webhook = { secrets = [{ value = \"X\" }], idempotency_hours = \"X\" }",
            "egress = { allow = [\"X X\"] }",
            "egress = { hosts = { \"X X\" = [\"X\"] } }",
            "credentials = [{ name = \"crm\", kind = \"X\", secret = { value = \"X\" } }]",
            "credentials = [{ name = \"crm\", kind = \"bearer\", secret = { value = \"X\" }, origins = [\"X X\"] }]",
            "credentials = [{ name = \"crm\", kind = \"bearer\", secret = { value = \"X\" }, orgins = [] }]",
            "delivery = { retry = [\"X\"] }",
            "delivery = { concurrency = \"X\" }",
            "delivery = { timezone = \"X\" }",
            "ingress = { allow = [\"X\"] }",
            "limits = { memory_mib = \"X\" }",
        ];
        for line in lines {
            // As it is, escaped, and broken over lines.
            for canary in [CANARY, "whsec_\\u0059ANARY", "whsec_canary"] {
                let error = of_file(&format!("{top}{}\n", line.replace('X', canary)));
                let lower = error.to_lowercase();
                assert!(!lower.contains("whsec_") && !lower.contains("anary"), "{line}: {error}");
                assert!(error.starts_with("line "), "{line}: {error}");
            }
        }
    }

    #[test]
    fn position_and_problem_remain() {
        let top = "tenant = \"t\"\nadapter = \"keystone\"\n";
        insta::assert_snapshot!(of_file(&format!("{top}agent = {{ push_secret = {{ vale = \"s\" }} }}")), @"line 3, column 27: unknown variant `vale`, expected one of `env`, `file`, `value`, `stored`");
        insta::assert_snapshot!(of_file(&format!("{top}agent = {{ push_secret = {{ whsec_ = \"s\" }} }}")), @"line 3, column 27: unknown variant, expected one of `env`, `file`, `value`, `stored`");
        insta::assert_snapshot!(of_file(&format!("{top}limits = {{ memory_mib = \"s\" }}")), @"line 3, column 25: invalid type: string, expected u32");
        insta::assert_snapshot!(of_file("tenant = \"Dwarka Homes\""), @"line 1, column 10: tenant name is not valid: 1 to 64 of a-z, 0-9 and `-`, a letter first, no `-` at the end");
        insta::assert_snapshot!(of_file(&format!("{top}delivery = {{ retry = [\"soon\"] }}")), @r#"line 3, column 22: `…` is not a length of time; write it like "30s", "2m" or "1h 30m""#);
    }

    #[test]
    fn json_is_not_quoted() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Request {
            #[expect(dead_code, reason = "only its errors matter")]
            limit: Option<u32>,
            #[expect(dead_code, reason = "only its errors matter")]
            at: Option<jiff::Timestamp>,
        }
        for text in [
            r#"{"limit": "X"}"#,
            r#"{"limit": X}"#,
            r#"{"X": 1}"#,
            r#"{"at": "X"}"#,
            r#""X""#,
            r#"["X"]"#,
            "X",
        ] {
            let text = text.replace('X', CANARY);
            let error = serde_json::from_str::<Request>(&text).unwrap_err();
            let error = json_error(&error, text.as_bytes());
            assert!(
                !error.contains("whsec") && error.starts_with("line 1"),
                "{text}: {error}"
            );
        }
        let error = serde_json::from_str::<Request>(r#"{"limt": 1}"#).unwrap_err();
        assert_eq!(
            json_error(&error, br#"{"limt": 1}"#),
            "line 1, column 7: unknown field `limt`, expected `limit` or `at`"
        );
    }

    #[test]
    fn only_slips_of_the_pen_are_near() {
        let allowed = ", expected one of `public_listen`, `drain`, `log`";
        for near in ["public_lisen", "publiclisten", "drains", "lo"] {
            assert!(is_nearly_allowed(near, allowed), "{near}");
        }
        for far in ["", "a", "whsec_listen", "hunter2", "drizzle", "l"] {
            assert!(!is_nearly_allowed(far, allowed), "{far}");
        }
    }
}
