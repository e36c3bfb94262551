//! What the command line prints: tables for people, JSON for programs, and errors that say what to do.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table};
use jiff::Timestamp;
use serde::Serialize;

use super::admin_client::ApiAnswer;
use jackfield_api::Listing;
use jackfield_domain::visible_text::is_visible;

/// Standard output, and what it supports.
pub(super) struct Output {
    /// Whether the user asked for JSON.
    json: bool,
    terminal: bool,
    colour: bool,
}

/// A colour, with its ANSI code.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let terminal = stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, terminal, colour }
    }

    /// Prints an answer of the API: its JSON, or the text that `text` renders it as.
    pub fn show<T>(&self, answer: &ApiAnswer<T>, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        if self.json {
            print(&answer.raw.root().pretty())
        } else {
            print(&text(&answer.view))
        }
    }

    /// Prints the result of a command that asks no host, as JSON or as text.
    pub fn print_result(&self, result: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json {
            print(&serde_json::to_string_pretty(result)?)
        } else {
            print(&text())
        }
    }

    /// The word, coloured if standard output is a terminal that shows colours.
    pub fn coloured(&self, word: &str, colour: Colour) -> String {
        if self.colour {
            format!("\u{1b}[{}m{word}\u{1b}[0m", colour as u8)
        } else {
            word.to_owned()
        }
    }

    /// Prints a page of a listing as a table, and how to get the next page.
    pub fn list<T>(
        &self,
        answer: &ApiAnswer<Listing<T>>,
        headers: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        if self.json || !answer.view.items.is_empty() {
            self.show(answer, |listing| self.table(headers, listing.items.iter().map(row)))?;
        } else {
            note("There are none.");
        }
        if let Some(next) = answer.view.next.as_ref().filter(|_| !self.json) {
            note(&format!(
                "There are more: repeat the command with --after {}",
                printable(next)
            ));
        }
        Ok(())
    }

    /// A table without lines between its columns, so that `grep` and `awk` can read it. On a terminal it is as wide as
    /// the terminal, elsewhere as wide as its content.
    pub fn table(&self, headers: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
        self.layout(headers, rows).trim_fmt()
    }

    fn layout(&self, headers: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
        let mut table = Table::new();
        table.load_style(NOTHING);
        if self.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        if !headers.is_empty() {
            table.set_header(headers.iter().map(|text| self.header(text)));
        }
        let mut contains_spaces = vec![];
        for row in rows {
            contains_spaces.resize(row.len(), false);
            for (cell, has_space) in row.iter().zip(&mut contains_spaces) {
                *has_space |= cell.contains(' ');
            }
            table.add_row(row.iter().map(|cell| printable(cell)));
        }
        for (column, has_spaces) in table.column_iter_mut().zip(contains_spaces) {
            column.set_padding((0, 2));
            // Sentences wrap on a narrow terminal. Ids and times are not broken, so that people can copy them.
            if !has_spaces {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
    }

    fn header(&self, text: &str) -> Cell {
        let cell = Cell::new(text);
        if self.colour {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }

    /// Names with their values, one pair a line. Pairs without a value are omitted.
    pub fn fields(&self, fields: &[(&str, String)]) -> String {
        let rows = fields.iter().filter(|(_, value)| !value.is_empty());
        self.table(&[], rows.map(|(name, value)| vec![format!("{name}:"), value.clone()]))
    }
}

pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a remark to standard error, so that it is not part of the answer.
pub(super) fn note(text: &str) {
    // If standard error is closed, nobody reads the remark.
    let _ = writeln!(stderr(), "{text}");
}

/// Prints what takes a while, if a person waits for it at a terminal.
pub(super) fn progress(text: &str) {
    if stderr().is_terminal() {
        note(text);
    }
}

/// Replaces the line that a person sees at a terminal; does nothing elsewhere.
pub(super) fn rewrite(text: &str) {
    if stderr().is_terminal() {
        // To the beginning of the line, which is then cleared.
        let _ = write!(stderr(), "\r\x1b[K{text}");
    }
}

/// Prints an error with its causes to standard error.
pub(super) fn print_error(error: &anyhow::Error) {
    let text: Vec<_> = format!("{error:#}").lines().map(printable).collect();
    note(&format!("jackfield: {}", text.join("\n")));
}

/// Text from elsewhere, without characters that a terminal would obey or a person would not see.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if is_visible(c) { c } else { '\u{fffd}' })
        .collect()
}

/// A time in UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// The value as text, or a dash if there is none.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

/// The value as text, or an empty text if there is none.
pub(super) fn or_empty(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The beginning of a digest, short enough for a column.
pub(super) fn short_digest(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: Output = Output {
        json: false,
        terminal: false,
        colour: false,
    };

    #[test]
    fn tables_have_no_lines_and_no_escapes() {
        let rows = [["dlv_1", "dead"], ["dlv_12", "re\u{1b}[31mview"]].map(|row| row.map(str::to_owned).to_vec());
        insta::assert_snapshot!(PIPE.table(&["ID", "STATE"], rows.into_iter()), @"
        ID      STATE
        dlv_1   dead
        dlv_12  re�[31mview
        ");
    }

    #[test]
    fn only_sentences_wrap_on_narrow_terminals() {
        let terminal = Output { terminal: true, ..PIPE };
        let row = ["dlv_1", "may have landed; ask the CRM", "1970-01-01T00:00:01Z"].map(str::to_owned);
        let mut table = terminal.layout(&["ID", "WHAT", "AT"], std::iter::once(row.to_vec()));
        table.set_width(45);
        insta::assert_snapshot!(table.trim_fmt(), @"
        ID     WHAT         AT
        dlv_1  may have     1970-01-01T00:00:01Z
               landed; ask
               the CRM
        ");
    }

    #[test]
    fn fields_without_a_value_are_omitted() {
        let fields = [
            ("id", "dlv_1".to_owned()),
            ("reason", String::new()),
            ("state", "done".to_owned()),
        ];
        insta::assert_snapshot!(PIPE.fields(&fields), @"
        id:     dlv_1
        state:  done
        ");
    }

    #[test]
    fn times_have_whole_seconds() {
        assert_eq!(
            time(Timestamp::from_millisecond(1_999).unwrap()),
            "1970-01-01T00:00:01Z"
        );
    }
}
