//! Formats JSON for reading: a value that fits on a line stays on one. Works on the text, so that members keep their
//! order and numbers their notation.

/// Formats JSON in lines of at most `width` characters where possible. `None` if the text is not JSON.
pub fn format(text: &str, width: usize) -> Option<String> {
    serde_json::from_str::<&serde_json::value::RawValue>(text).ok()?;
    let mut out = String::new();
    write(text.trim(), 0, 0, width, &mut out);
    Some(out)
}

/// Writes a value that starts at column `before`; its members are indented one level deeper than `indent`.
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
    let mut in_string = StringScanner::default();
    for character in value.chars() {
        match (in_string.read(character), character) {
            (false, white) if white.is_whitespace() => {}
            (false, ',') => out.push_str(", "),
            (false, ':') => out.push_str(": "),
            _ => out.push(character),
        }
    }
    out
}

/// The members of an object or the items of an array; empty for any other value.
fn parts(value: &str) -> Vec<&str> {
    let inner = value
        .strip_prefix(['{', '['])
        .and_then(|rest| rest.strip_suffix(['}', ']']));
    let Some(inner) = inner.filter(|inner| !inner.trim().is_empty()) else {
        return Vec::new();
    };
    let (mut depth, mut in_string) = (0_u32, StringScanner::default());
    let at_comma = |character: char| {
        if in_string.read(character) {
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

/// The key and value of a part; items of an array have an empty key.
fn member(part: &str, open: char) -> (&str, &str) {
    if open == '[' {
        return ("", part);
    }
    let mut in_string = StringScanner::default();
    let colon = part.find(|character| !in_string.read(character) && character == ':');
    colon.map_or(("", part), |at| (part[..at].trim(), part[at + 1..].trim()))
}

/// Tracks whether a scan is inside a JSON string.
#[derive(Default)]
struct StringScanner {
    inside: bool,
    escaped: bool,
}

impl StringScanner {
    /// Reads the next character and returns whether it belongs to a string, including its quotes.
    fn read(&mut self, character: char) -> bool {
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
    use super::format;

    #[test]
    fn short_values_stay_on_one_line() {
        assert_eq!(format(r#"{"b":1.50,"a":[ ]}"#, 40).unwrap(), r#"{"b": 1.50, "a": []}"#);
        assert_eq!(format("not json", 40), None);
    }

    #[test]
    fn long_values_break_in_order() {
        let text = r#"{"zebra":{"said":"a, \"b\": {c"},"items":["one","two"],"last":null}"#;
        let expected =
            "{\n  \"zebra\": {\"said\": \"a, \\\"b\\\": {c\"},\n  \"items\": [\"one\", \"two\"],\n  \"last\": null\n}";
        assert_eq!(format(text, 40).unwrap(), expected);
    }
}
