//! JSON laid out for reading: what fits on a line stays on one. Works on the text itself, so that members keep their
//! order and numbers their spelling.

/// Lays out a JSON text in lines of `width` characters where it can be done. `None` if it is no JSON.
pub fn layout(text: &str, width: usize) -> Option<String> {
    serde_json::from_str::<&serde_json::value::RawValue>(text).ok()?;
    let mut out = String::new();
    write(text.trim(), 0, 0, width, &mut out);
    Some(out)
}

/// Writes a value that begins after `before` characters of its line, its members indented one step more than `indent`.
fn write(value: &str, indent: usize, before: usize, width: usize, out: &mut String) {
    let inline = inline(value);
    let parts = parts(value);
    if parts.is_empty() || before + inline.chars().count() <= width {
        return out.push_str(&inline);
    }
    let (open, close) = if value.starts_with('{') { ('{', '}') } else { ('[', ']') };
    out.push(open);
    for (index, part) in parts.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        let indent = indent + 2;
        out.push_str(&" ".repeat(indent));
        let (key, value) = member(part, open);
        out.push_str(key);
        out.push_str(if key.is_empty() { "" } else { ": " });
        // One more for the comma that may follow.
        write(value, indent, indent + key.chars().count() + 3, width, out);
    }
    out.push('\n');
    out.push_str(&" ".repeat(indent));
    out.push(close);
}

/// A value on one line, with one space after each comma and colon.
fn inline(value: &str) -> String {
    let mut out = String::new();
    let mut in_text = Text::default();
    for character in value.chars() {
        match (in_text.take(character), character) {
            (false, white) if white.is_whitespace() => {}
            (false, ',') => out.push_str(", "),
            (false, ':') => out.push_str(": "),
            _ => out.push(character),
        }
    }
    out
}

/// The members of an object or the items of an array; nothing for any other value.
fn parts(value: &str) -> Vec<&str> {
    let inner = value
        .strip_prefix(['{', '['])
        .and_then(|rest| rest.strip_suffix(['}', ']']));
    let Some(inner) = inner.filter(|inner| !inner.trim().is_empty()) else {
        return Vec::new();
    };
    let (mut depth, mut in_text) = (0_u32, Text::default());
    let at_comma = |character: char| {
        if in_text.take(character) {
            return false;
        }
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    };
    inner.split(at_comma).map(str::trim).collect()
}

/// A part's key, which an array's has none of, and its value.
fn member(part: &str, open: char) -> (&str, &str) {
    if open == '[' {
        return ("", part);
    }
    let mut in_text = Text::default();
    let colon = part.find(|character| !in_text.take(character) && character == ':');
    colon.map_or(("", part), |at| (part[..at].trim(), part[at + 1..].trim()))
}

/// Whether a scan is inside a quoted text.
#[derive(Default)]
struct Text {
    inside: bool,
    escaped: bool,
}

impl Text {
    /// Takes the next character, and says whether it belongs to a text, its quotes included.
    fn take(&mut self, character: char) -> bool {
        let was_inside = self.inside;
        match character {
            _ if self.escaped => self.escaped = false,
            '\\' if self.inside => self.escaped = true,
            '"' => self.inside = !self.inside,
            _ => {}
        }
        was_inside || self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn what_fits_stays_on_a_line() {
        assert_eq!(layout(r#"{"b":1.50,"a":[ ]}"#, 40).unwrap(), r#"{"b": 1.50, "a": []}"#);
        assert_eq!(layout("not json", 40), None);
    }

    #[test]
    fn what_does_not_fit_is_taken_apart_in_its_order() {
        let text = r#"{"zebra":{"said":"a, \"b\": {c"},"items":["one","two"],"last":null}"#;
        let expected =
            "{\n  \"zebra\": {\"said\": \"a, \\\"b\\\": {c\"},\n  \"items\": [\"one\", \"two\"],\n  \"last\": null\n}";
        assert_eq!(layout(text, 40).unwrap(), expected);
    }
}
