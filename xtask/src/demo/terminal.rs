//! Prints requests, responses, commands and checks, in lines of about 100 columns. Colours are used only on a terminal
//! and without `NO_COLOR`.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use super::http::{Request, Response};
use super::json;

/// The width of the output in columns.
const WIDTH: usize = 100;
/// The indentation of bodies and output.
const MARGIN: &str = "      ";
/// Longer bodies and outputs are truncated, with a note.
const MAX_LINES: usize = 46;

/// The style of a piece of text.
#[derive(Debug, Clone, Copy)]
pub enum TextStyle {
    /// As expected.
    Good,
    /// Not as expected.
    Bad,
    /// Emphasized.
    Strong,
    /// A request or command.
    Request,
    /// Less important.
    Faint,
}

/// Standard output.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    coloured: bool,
}

impl Terminal {
    /// Detects whether standard output takes colours.
    pub fn new() -> Self {
        let allowed = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            coloured: allowed && io::stdout().is_terminal(),
        }
    }

    /// The text with escape codes for its style, if colours are used.
    pub fn paint(self, ink: TextStyle, text: &str) -> String {
        let code = match ink {
            TextStyle::Good => "32",
            TextStyle::Bad => "1;31",
            TextStyle::Strong => "1",
            TextStyle::Request => "1;36",
            TextStyle::Faint => "2",
        };
        if self.coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Prints a heading.
    pub fn heading(self, title: &str) {
        let rest = "━".repeat(WIDTH.saturating_sub(title.chars().count() + 4));
        println!("\n{}", self.paint(TextStyle::Strong, &format!("━━ {title} {rest}")));
    }

    /// Prints a paragraph.
    pub fn paragraph(self, text: &str) {
        println!();
        for line in wrap(text, WIDTH - 4) {
            println!("  {} {line}", self.paint(TextStyle::Request, "▎"));
        }
    }

    /// Prints a progress line.
    pub fn note(self, text: &str) {
        println!("    {}", self.paint(TextStyle::Faint, &truncate(text, WIDTH)));
        // Progress must appear at once.
        let _ = io::stdout().flush();
    }

    /// Prints a check and its result.
    pub fn check(self, what: &str, passed: bool) {
        let (ink, mark) = if passed {
            (TextStyle::Good, "✓")
        } else {
            (TextStyle::Bad, "✗")
        };
        println!("  {} {what}", self.paint(ink, mark));
    }

    /// Prints a request.
    pub fn request(self, request: &Request) {
        println!(
            "\n    {} {}",
            self.paint(TextStyle::Request, &format!("→ {}", request.method)),
            request.url
        );
        for (name, value) in &request.headers {
            println!(
                "{MARGIN}{}",
                self.paint(
                    TextStyle::Faint,
                    &truncate(&format!("{name}: {}", masked(value)), WIDTH - 8)
                )
            );
        }
        match request.note {
            Some(note) => println!("{MARGIN}{}", self.paint(TextStyle::Faint, note)),
            None => self.body(&request.body),
        }
    }

    /// Prints a response.
    pub fn response(self, response: &Response) {
        let ink = if response.status < 400 {
            TextStyle::Good
        } else {
            TextStyle::Bad
        };
        let status = ureq::http::StatusCode::from_u16(response.status).ok();
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let elapsed = format!("{:.1} ms", response.elapsed.as_secs_f64() * 1000.0);
        let status = self.paint(ink, &format!("← {} {reason}", response.status));
        println!("    {status}  {}", self.paint(TextStyle::Faint, &elapsed));
        self.body(&response.body);
    }

    /// Prints a command line.
    pub fn command(self, words: &str) {
        println!(
            "\n    {} {}",
            self.paint(TextStyle::Request, "$"),
            self.paint(TextStyle::Strong, words)
        );
    }

    /// Prints the output of a command or the text of a file, at most `lines` lines of it.
    pub fn output(self, text: &str, lines: usize) {
        self.lines(text.trim_end(), lines.min(MAX_LINES));
    }

    /// Prints a JSON document.
    pub fn json(self, document: &serde_json::Value) {
        self.body(&document.to_string());
    }

    fn body(self, body: &str) {
        let formatted = json::format(body, WIDTH - MARGIN.len());
        self.lines(formatted.as_deref().unwrap_or(body), MAX_LINES);
    }

    fn lines(self, text: &str, most: usize) {
        for line in text.lines().take(most) {
            for part in fit(line) {
                println!("{MARGIN}{part}");
            }
        }
        let left = text.lines().count().saturating_sub(most);
        if left > 0 {
            println!(
                "{MARGIN}{}",
                self.paint(TextStyle::Faint, &format!("… and {left} more lines"))
            );
        }
    }
}

/// Fits a line into the width: wraps prose and forms, truncates table rows and long words.
fn fit(line: &str) -> Vec<String> {
    let width = WIDTH - MARGIN.len();
    let text = line.trim_start();
    if line.chars().count() <= width || text.contains("  ") {
        return vec![truncate(line, width)];
    }
    let indent = " ".repeat(line.len() - text.len());
    let parts = wrap(text, width - indent.len() - 2).into_iter().enumerate();
    let indented = parts.map(|(at, part)| format!("{indent}{}{part}", if at == 0 { "" } else { "  " }));
    indented.map(|part| truncate(&part, width)).collect()
}

/// Truncates a line to `width` characters.
fn truncate(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width - 1).chain(['…']).collect()
}

/// A header value with all but the first characters of a bearer token hidden.
fn masked(value: &str) -> String {
    match value.strip_prefix("Bearer ") {
        Some(token) => format!("Bearer {}", truncate(token, 12)),
        None => value.to_owned(),
    }
}

/// Wraps a text to `width` characters, breaking after spaces and ampersands.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in text.split_inclusive([' ', '&']) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + piece.trim_end().chars().count() <= width => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{masked, truncate, wrap};

    #[test]
    fn lines_fit_the_width() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one=1&two=2", 7), ["one=1&", "two=2"]);
        assert_eq!(truncate("नमस्ते", 3), "नम…");
        assert_eq!(masked("Bearer jfa_0123456789abcdef"), "Bearer jfa_0123456…");
    }
}
