//! mortar's messages: lines of `KEY=value` between `MORTAR/1` and `END=<lines>`, CRLF after each.

use http::StatusCode;
use std::fmt::Write as _;

use super::super::http_message::{FakeResponse, response};

const PROTOCOL: &str = "MORTAR/1";

/// The lines between the first and the last, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message(Vec<(String, String)>);

impl Message {
    /// A response with a return code.
    pub fn code(code: &str) -> Self {
        Self::default().with("RC", code)
    }

    /// Appends a line.
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.0.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Parses a request; the error says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let text = str::from_utf8(bytes).map_err(|_| "NOT UTF-8")?;
        let text = text.strip_suffix("\r\n").ok_or("LINES MUST END IN CRLF")?;
        let lines: Vec<&str> = text.split("\r\n").collect();
        if text.replace("\r\n", "").chars().any(char::is_control) {
            return Err("CONTROL CHARACTER");
        }
        let (Some((&PROTOCOL, rest)), Some(end)) = (lines.split_first(), lines.last()) else {
            return Err("NOT MORTAR/1");
        };
        if *end != format!("END={}", lines.len()) {
            return Err("END IS NOT THE NUMBER OF LINES");
        }
        let inner = &rest[..rest.len() - 1];
        let pairs: Option<Vec<_>> = inner.iter().map(|line| pair(line)).collect();
        pairs.map(Self).ok_or("LINE IS NOT KEY=VALUE")
    }

    /// The lines, if their keys are exactly these, in this order.
    pub fn exactly(self, keys: &[&str]) -> Option<Vec<(String, String)>> {
        let same = self.0.iter().map(|(key, _)| key.as_str()).eq(keys.iter().copied());
        same.then_some(self.0)
    }

    /// The HTTP response: always 200, whatever the code.
    pub fn response(&self) -> FakeResponse {
        let mut text = format!("{PROTOCOL}\r\n");
        for (key, value) in &self.0 {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n");
            let _ = write!(text, "{key}={value}\r\n");
        }
        let _ = write!(text, "END={}\r\n", self.0.len() + 2);
        response(StatusCode::OK, Some("text/plain; charset=utf-8"), text)
    }
}

fn pair(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once('=')?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_uppercase());
    Some((key.to_owned(), unescaped(value)?)).filter(|_| is_key)
}

fn unescaped(value: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        plain.push(match c {
            '\\' => match rest.next()? {
                'n' => '\n',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn only_complete_messages_parse() {
        let message = Message::parse(b"MORTAR/1\r\nA=1\\n2\\\\\r\nB=\r\nEND=4\r\n").unwrap();
        assert_eq!(message, Message::default().with("A", "1\n2\\").with("B", ""));
        for bad in [
            "",
            "MORTAR/1\r\nEND=2",
            "MORTAR/1\nEND=2\n",
            "MORTAR/1\r\n",
            "MORTAR/1\r\nA=1\r\nEND=2\r\n",
            "MORTAR/1\r\na=1\r\nEND=3\r\n",
            "MORTAR/1\r\n=1\r\nEND=3\r\n",
            "MORTAR/1\r\nA=\\t\r\nEND=3\r\n",
            "MORTAR/1\r\nA=\t\r\nEND=3\r\n",
            "MORTAR/1\r\nA=1\nB=2\r\nEND=3\r\n",
            "END=1\r\n",
        ] {
            assert!(Message::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
