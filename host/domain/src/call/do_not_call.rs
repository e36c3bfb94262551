//! Whether what the agent sent says that the lead does not want to be called again.
//!
//! A wish not to be called is never missed, so it is looked for beyond the place that the contract names, and in what
//! is refused too. A wrong yes costs a call; a wrong no breaks the law.

use crate::json::{JsonDocument, JsonNode, JsonValue};
use crate::word::fold;

/// Names of the flag, folded.
const NAMES: [&str; 3] = ["dncrequested", "dnc", "donotcall"];
/// Texts that mean yes, folded.
const YES: &[&str] = &["true", "yes", "1"];
/// The name of the outcome.
const OUTCOME: &str = "outcome";
/// The outcome that is the wish, folded.
const WISH: &[&str] = &["dncrequested"];

/// Whether a body says so. What cannot be parsed is searched for the same names and values.
#[must_use]
pub fn is_wished_in(body: &[u8]) -> bool {
    match JsonDocument::parse(body) {
        Ok(document) => is_wished_by(&document),
        Err(_) => is_wished_in_text(&String::from_utf8_lossy(body)),
    }
}

/// Whether a document says so.
#[must_use]
pub fn is_wished_by(document: &JsonDocument) -> bool {
    is_wished_anyhow(&document.root())
}

/// As [`is_wished`], also for documents in a list, and for a document that was encoded twice.
fn is_wished_anyhow(document: &JsonNode<'_>) -> bool {
    match &document.value {
        JsonValue::Array(items) => items.iter().any(is_wished),
        JsonValue::Text(text) => is_wished_in_text(text),
        _ => is_wished(document),
    }
}

/// Whether a document has the flag or the outcome, as its member or as a member of one of its members; duplicates and
/// lists of them count, and a flag's name in a list of names.
#[must_use]
pub fn is_wished(document: &JsonNode<'_>) -> bool {
    let says = |node: &JsonNode<'_>| {
        let mut members = node.members().unwrap_or_default().iter();
        members.any(|member| {
            let name = fold(&member.name);
            let is_flag = NAMES.contains(&name.as_str()) && is_yes(&member.node);
            is_flag || (name == OUTCOME && is_the_wish(&member.node)) || names_the_flag(&member.node)
        })
    };
    let mut inner = document.members().unwrap_or_default().iter();
    says(document)
        || inner.any(|member| match &member.node.value {
            JsonValue::Array(items) => items.iter().any(says),
            _ => says(&member.node),
        })
}

/// Whether a list of names, such as `"flags": ["dnc_requested"]`, holds the flag's.
fn names_the_flag(node: &JsonNode<'_>) -> bool {
    let JsonValue::Array(items) = &node.value else {
        return false;
    };
    let mut names = items.iter().filter_map(JsonNode::as_text);
    names.any(|name| is_one_of(&NAMES, name))
}

fn is_the_wish(node: &JsonNode<'_>) -> bool {
    match &node.value {
        JsonValue::Text(text) => is_one_of(WISH, text),
        JsonValue::Array(items) => items.iter().any(is_the_wish),
        _ => false,
    }
}

fn is_one_of(words: &[&str], text: &str) -> bool {
    let folded = fold(text);
    words.contains(&folded.trim_matches(|c: char| !c.is_alphanumeric()))
}

fn is_yes(node: &JsonNode<'_>) -> bool {
    match &node.value {
        JsonValue::Boolean(value) => *value,
        JsonValue::Number(text) => text.parse::<f64>() == Ok(1.0),
        JsonValue::Text(text) => is_one_of(YES, text),
        JsonValue::Null | JsonValue::Array(_) | JsonValue::Object(_) => false,
    }
}

/// Values that mean yes in a text that is no JSON.
const YES_IN_TEXT: &[&str] = &["true", "yes", "1", "1.0"];

/// Whether a text that is no JSON has one of the names, then `:`, `=`, `>` or an empty line, then a value that means
/// yes; or a flag's name in a list. So truncated and misquoted JSON is understood, and forms, YAML and XML too. Quotes
/// and escapes do not matter.
fn is_wished_in_text(text: &str) -> bool {
    let text = squeezed(text);
    let flags = NAMES.map(|name| (name, YES_IN_TEXT));
    let mut pairs = flags.into_iter().chain([(OUTCOME, WISH)]);
    pairs.any(|(name, values)| {
        text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            let is_name = !before.ends_with(char::is_alphanumeric);
            is_name && (has_value(after, values) || (name != OUTCOME && is_listed(before, after)))
        })
    })
}

/// Whether one of these values follows a name.
fn has_value(after: &str, values: &[&str]) -> bool {
    let closed = after.trim_start_matches([BREAK, ']']);
    let separated = closed
        .strip_prefix("\n\n")
        .or_else(|| closed.trim_start_matches('\n').strip_prefix([':', '=', '>']));
    let Some(value) = separated else { return false };
    let value = value.trim_start_matches([BREAK, '\n', ':', '=', '>', '[']);
    let ends = |text: &str| {
        let rest = text.strip_prefix('.').unwrap_or(text);
        !rest.starts_with(char::is_alphanumeric)
    };
    let is_value = |word: &&str| value.strip_prefix(*word).is_some_and(ends);
    values.iter().any(is_value)
}

/// Whether a quoted name is an item of a list: `["dnc_requested"`.
fn is_listed(before: &str, after: &str) -> bool {
    let opens = before
        .trim_end_matches(BREAK)
        .trim_end_matches('\n')
        .ends_with(['[', ',']);
    let rest = after.trim_start_matches(BREAK);
    let closes = rest.is_empty() || rest.trim_start_matches('\n').starts_with([',', ']']);
    before.ends_with(BREAK) && after.starts_with(BREAK) && opens && closes
}

/// Stands for a quote or a backslash in a squeezed text.
const BREAK: char = '"';

/// The text, folded as words are, without the NULs that UTF-16 has between letters; quotes and backslashes are one
/// sign, and lines stay apart.
fn squeezed(text: &str) -> String {
    let text = unescaped(text).replace("%5B", "[").replace("%5D", "]");
    let mut whole = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => whole.push('\n'),
            '\0' => {}
            '"' | '\'' | '\\' => whole.push(BREAK),
            c if c.is_ascii_alphanumeric() => whole.push(c.to_ascii_lowercase()),
            c => whole.push_str(&fold(c.encode_utf8(&mut [0; 4]))),
        }
    }
    whole
}

/// The text with `\u` escapes of characters replaced.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\u");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(c) = digits.and_then(char::from_u32) {
            whole.push(c);
            whole.push_str(&part[4..]);
        } else {
            whole.push_str("\\u");
            whole.push_str(part);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_the_wish_are_read() {
        for body in [
            r#"{"flags":{"dnc_requested":true}}"#,
            r#"{"flags":{"dnc_requested":true,"dnc_requested":false}}"#,
            r#"{"dnc_requested":true}"#,
            r#"{"Flags":{"DNC-Requested":"TRUE"}}"#,
            r#"{"crm":{"Do Not Call":"yes"}}"#,
            r#"{"dnc":1}"#,
            r#"{"doNotCall":1.0}"#,
            r#"{"qualification":{"outcome":"DNC_Requested "}}"#,
            r#"{"Outcome":"dnc-requested","outcome":"no_answer"}"#,
            r#"[{"flags":{"dnc_requested":true}}]"#,
            r#""{\"flags\":{\"dnc_requested\":true}}""#,
            r#"{"flags":{"dnc_requested":"1"}}"#,
            r#"{"flags":[{"dnc_requested":true}]}"#,
            r#"{"flags":["callback","DNC-Requested"]}"#,
            r#"{"qualification":{"flags":["do_not_call"]}}"#,
            r#"{"qualification":{"outcome":["dnc_requested"]}}"#,
            "{\"flags\":{\"do\u{2013}not\u{2013}call\":true}}",
            "{\"flags\":{\"dnc\u{200b}_requested\":true}}",
            "{\"flags\":{\"\u{ff44}\u{ff4e}\u{ff43}\":true}}",
            r#"{"qualification":{"outcome":"dnc_requested."}}"#,
        ] {
            assert!(is_wished_in(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn other_documents_are_no_wish() {
        for body in [
            r#"{"flags":{"dnc_requested":false}}"#,
            r#"{"flags":{"dnc_requested":null,"dnc":0,"do_not_call":"no"}}"#,
            r#"{"flags":{"dnc_requested":[true],"donotcall":{"x":true}}}"#,
            r#"{"a":{"b":{"dnc_requested":true}}}"#,
            r#"{"flags":[],"topics":["not_dnc_requested"],"dnc":["other"],"heard":"dnc_requested"}"#,
            r#"{"dnc_requested_at":true,"my_dnc":true,"no_outcome":"dnc_requested"}"#,
            r#"{"qualification":{"outcome":"no_answer","notes":"dnc_requested: true"}}"#,
            "",
            "null",
        ] {
            assert!(!is_wished_in(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn broken_bodies_are_searched() {
        let utf16: Vec<u8> = "{\"flags\":{\"dnc_requested\":true}}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(is_wished_in(&utf16));
        for body in [
            r#"{"flags":{"dnc_requested":true}"#,
            r#"{"flags":{"dnc_requested" : "Yes""#,
            r#"{"name":"O"Brien","flags":{"dnc_requested":true}}"#,
            "{'flags': {'dnc_requested': True}}",
            "{flags: {dncRequested: 1}}",
            r#"{"flags":{"dnc\u005frequested":true},}"#,
            r#"{"qualification":{"outcome":"DNC Requested"},}"#,
            "call_id=C-1&dnc_requested=true",
            "flags:\n  do_not_call: yes\n",
            "<flags><dnc_requested>true</dnc_requested></flags>",
            r#""{\"flags\":{\"dnc_requested\":true}"#,
            r#"{"flags":["callback", "dnc_requested"]"#,
            r#"{"flags":["dnc_requested"],}"#,
            r#"{"flags":["dnc_requested","x"#,
            r#""{\"flags\":[\"dnc_requested\"]}"#,
            r#"{"outcome":["dnc_requested"]"#,
            r#"{"outcome":"dnc_requested.""#,
            r#"{"dnc_requested":1.0"#,
            "{\"dnc\u{2013}requested\":true",
            "flags[dnc_requested]=true",
            "flags%5Bdnc_requested%5D=true",
            "--b\r\ncontent-disposition: form-data; name=\"dnc_requested\"\r\n\r\ntrue\r\n--b--",
        ] {
            assert!(is_wished_in(body.as_bytes()), "{body}");
        }
        assert!(is_wished_in(b"{\"name\":\"\xff\",\"dnc\":true}"));
        for body in [
            r#"{"flags":{"dnc_requested":false},}"#,
            r#"{"flags":{"dnc_requested":trueish},}"#,
            r#"{"flags":{"dnc_requested":1.5},}"#,
            r#"{"my dnc":true,"#,
            r#"{"dnc_requested","true"#,
            "dnc",
            "\\u00",
        ] {
            assert!(!is_wished_in(body.as_bytes()), "{body}");
        }
    }
}
