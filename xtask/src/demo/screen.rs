//! What the demo looks like: requests, answers, commands and checks, in lines of about a hundred columns, and coloured
//! only where a person looks at a terminal and has not said `NO_COLOR`.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use super::http::{Answer, Request};
use super::json;

/// The width that lines are laid out for.
const WIDTH: usize = 100;
/// What bodies and output are indented by.
const MARGIN: &str = "      ";
/// Bodies and output beyond so many lines are cut short, and say so.
const MAX_LINES: usize = 46;

/// What a piece of text is.
#[derive(Debug, Clone, Copy)]
pub enum Ink {
    /// As expected.
    Good,
    /// Not as expected.
    Bad,
    /// Stands out.
    Strong,
    /// A request on its way.
    Request,
    /// Beside the point.
    Faint,
}

/// The terminal, or whatever stands in its place.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    coloured: bool,
}

impl Screen {
    /// Standard output.
    pub fn new() -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            coloured: wanted && io::stdout().is_terminal(),
        }
    }

    /// A text in a colour, if there are colours.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Strong => "1",
            Ink::Request => "1;36",
            Ink::Faint => "2",
        };
        if self.coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A line across the page with a title in it.
    pub fn rule(self, title: &str) {
        let rest = "━".repeat(WIDTH.saturating_sub(title.chars().count() + 4));
        println!("\n{}", self.paint(Ink::Strong, &format!("━━ {title} {rest}")));
    }

    /// A paragraph of the story.
    pub fn say(self, text: &str) {
        println!();
        for line in wrap(text, WIDTH - 4) {
            println!("  {} {line}", self.paint(Ink::Request, "▎"));
        }
    }

    /// A line of what happens meanwhile.
    pub fn note(self, text: &str) {
        println!("    {}", self.paint(Ink::Faint, &cut(text, WIDTH)));
        // What is told as it happens must not wait in a buffer.
        let _ = io::stdout().flush();
    }

    /// A check and what came of it.
    pub fn check(self, what: &str, holds: bool) {
        let (ink, mark) = if holds { (Ink::Good, "✓") } else { (Ink::Bad, "✗") };
        println!("  {} {what}", self.paint(ink, mark));
    }

    /// A request as it is sent.
    pub fn request(self, request: &Request) {
        println!(
            "\n    {} {}",
            self.paint(Ink::Request, &format!("→ {}", request.method)),
            request.url
        );
        for (name, value) in &request.headers {
            println!(
                "{MARGIN}{}",
                self.paint(Ink::Faint, &cut(&format!("{name}: {}", masked(value)), WIDTH - 8))
            );
        }
        match request.instead {
            Some(note) => println!("{MARGIN}{}", self.paint(Ink::Faint, note)),
            None => self.body(&request.body),
        }
    }

    /// An answer as it came.
    pub fn answer(self, answer: &Answer) {
        let ink = if answer.status < 400 { Ink::Good } else { Ink::Bad };
        let status = ureq::http::StatusCode::from_u16(answer.status).ok();
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let took = format!("{:.1} ms", answer.took.as_secs_f64() * 1000.0);
        let status = self.paint(ink, &format!("← {} {reason}", answer.status));
        println!("    {status}  {}", self.paint(Ink::Faint, &took));
        self.body(&answer.body);
    }

    /// A command as one would type it.
    pub fn command(self, words: &str) {
        println!(
            "\n    {} {}",
            self.paint(Ink::Request, "$"),
            self.paint(Ink::Strong, words)
        );
    }

    /// What a command printed, or the text of a file: at most so many lines of it.
    pub fn output(self, text: &str, lines: usize) {
        self.lines(text.trim_end(), lines.min(MAX_LINES));
    }

    /// A JSON document.
    pub fn json(self, document: &serde_json::Value) {
        self.body(&document.to_string());
    }

    fn body(self, body: &str) {
        let laid_out = json::layout(body, WIDTH - MARGIN.len());
        self.lines(laid_out.as_deref().unwrap_or(body), MAX_LINES);
    }

    fn lines(self, text: &str, most: usize) {
        for line in text.lines().take(most) {
            for part in folded(line) {
                println!("{MARGIN}{part}");
            }
        }
        let left = text.lines().count().saturating_sub(most);
        if left > 0 {
            println!(
                "{MARGIN}{}",
                self.paint(Ink::Faint, &format!("… and {left} lines more"))
            );
        }
    }
}

/// A line that fits: prose and forms go on below, rows of tables and single long words are cut.
fn folded(line: &str) -> Vec<String> {
    let width = WIDTH - MARGIN.len();
    let text = line.trim_start();
    if line.chars().count() <= width || text.contains("  ") {
        return vec![cut(line, width)];
    }
    let indent = " ".repeat(line.len() - text.len());
    let parts = wrap(text, width - indent.len() - 2).into_iter().enumerate();
    let hung = parts.map(|(at, part)| format!("{indent}{}{part}", if at == 0 { "" } else { "  " }));
    hung.map(|part| cut(&part, width)).collect()
}

/// A line no longer than `width`.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width - 1).chain(['…']).collect()
}

/// A token by its beginning: enough to tell it from others.
fn masked(value: &str) -> String {
    match value.strip_prefix("Bearer ") {
        Some(token) => format!("Bearer {}", cut(token, 12)),
        None => value.to_owned(),
    }
}

/// A text in lines of at most `width` characters, broken after spaces and ampersands.
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
    use super::{cut, masked, wrap};

    #[test]
    fn lines_stay_within_their_width() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one=1&two=2", 7), ["one=1&", "two=2"]);
        assert_eq!(cut("नमस्ते", 3), "नम…");
        assert_eq!(masked("Bearer jfa_0123456789abcdef"), "Bearer jfa_0123456…");
    }
}
