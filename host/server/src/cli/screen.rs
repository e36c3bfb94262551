//! Showing answers: tables for people, JSON for programs, and errors that say what to do.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table};
use jiff::Timestamp;
use serde::Serialize;

use super::client::Answer;
use jackfield_api::Listing;

/// Standard output, as it was found.
pub(super) struct Screen {
    json: bool,
    terminal: bool,
    colour: bool,
}

/// A colour of a terminal, by its code.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
}

impl Screen {
    pub fn new(json: bool) -> Self {
        let terminal = stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { json, terminal, colour }
    }

    /// Prints an answer: its JSON, or the text that `text` makes of it.
    pub fn show<T>(&self, answer: &Answer<T>, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        if self.json {
            print(&serde_json::to_string_pretty(&answer.raw)?)
        } else {
            print(&text(&answer.view))
        }
    }

    /// Prints what a command found out by itself: as JSON, or as text.
    pub fn tell(&self, answer: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json {
            print(&serde_json::to_string_pretty(answer)?)
        } else {
            print(&text())
        }
    }

    /// A word in a colour, on a terminal.
    pub fn coloured(&self, word: &str, colour: Colour) -> String {
        if self.colour {
            format!("\u{1b}[{}m{word}\u{1b}[0m", colour as u8)
        } else {
            word.to_owned()
        }
    }

    /// Prints a page of a listing, and how to get the next one.
    pub fn list<T>(
        &self,
        answer: &Answer<Listing<T>>,
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
                plain(next)
            ));
        }
        Ok(())
    }

    /// Columns without lines between them, so that `grep` and `awk` take them too. As wide as the terminal; elsewhere
    /// as wide as its content.
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
        let mut has_blanks = vec![];
        for row in rows {
            has_blanks.resize(row.len(), false);
            for (cell, blank) in row.iter().zip(&mut has_blanks) {
                *blank |= cell.contains(' ');
            }
            table.add_row(row.iter().map(|cell| plain(cell)));
        }
        for (column, has_blanks) in table.column_iter_mut().zip(has_blanks) {
            column.set_padding((0, 2));
            // Sentences wrap on a narrow terminal; ids and times are for copying and stay whole.
            if !has_blanks {
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

    /// Names with their values, one a line; those without a value are left out.
    pub fn facts(&self, facts: &[(&str, String)]) -> String {
        let rows = facts.iter().filter(|(_, value)| !value.is_empty());
        self.table(&[], rows.map(|(name, value)| vec![format!("{name}:"), value.clone()]))
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Says something beside the answer.
pub(super) fn note(text: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(stderr(), "{text}");
}

/// Says that something takes a while, to whoever is waiting.
pub(super) fn progress(text: &str) {
    if stderr().is_terminal() {
        note(text);
    }
}

/// Says what went wrong.
pub(super) fn complain(error: &anyhow::Error) {
    let text: Vec<_> = format!("{error:#}").lines().map(plain).collect();
    note(&format!("jackfield: {}", text.join("\n")));
}

/// Text of others without what could steer a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A time as listings show it: UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// A value that may be missing.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

/// A value that may be missing, or nothing.
pub(super) fn or_nothing(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A digest short enough for a column.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: Screen = Screen {
        json: false,
        terminal: false,
        colour: false,
    };

    #[test]
    fn a_table_has_no_lines_and_no_escapes() {
        let rows = [["dlv_1", "dead"], ["dlv_12", "re\u{1b}[31mview"]].map(|row| row.map(str::to_owned).to_vec());
        insta::assert_snapshot!(PIPE.table(&["ID", "STATE"], rows.into_iter()), @"
        ID      STATE
        dlv_1   dead
        dlv_12  re�[31mview
        ");
    }

    #[test]
    fn on_a_narrow_terminal_only_sentences_wrap() {
        let terminal = Screen { terminal: true, ..PIPE };
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
    fn facts_leave_out_what_is_not_known() {
        let facts = [
            ("id", "dlv_1".to_owned()),
            ("reason", String::new()),
            ("state", "done".to_owned()),
        ];
        insta::assert_snapshot!(PIPE.facts(&facts), @"
        id:     dlv_1
        state:  done
        ");
    }

    #[test]
    fn times_are_to_the_second() {
        assert_eq!(
            time(Timestamp::from_millisecond(1_999).unwrap()),
            "1970-01-01T00:00:01Z"
        );
    }
}
