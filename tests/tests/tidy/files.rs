//! Names, lengths and openings of files, and the names of functions.

use crate::tree::{files, none, rust};

/// The most lines of a file; a longer one holds a second noun.
const MAX_LINES: usize = 400;
/// The most columns, as in `rustfmt.toml`; rustfmt itself leaves comments and literals as they are.
const MAX_COLUMNS: usize = 120;
/// The most letters of a function's name, test or not. A sentence belongs into the body, as its first comment.
const MAX_NAME: usize = 60;
/// Names that say nothing about the content.
const EMPTY_NAMES: [&str; 5] = ["utils", "helpers", "common", "misc", "types"];
/// Endings of files that tools leave behind.
const LEFT_BEHIND: [&str; 5] = [".pending-snap", ".snap.new", ".orig", ".rej", "~"];

#[test]
fn no_file_is_too_long() {
    let long = rust().filter_map(|(file, _)| {
        let lines = file.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{}:{lines}", file.path))
    });
    none(
        &format!("a file has at most {MAX_LINES} lines; find its second noun and give it a file"),
        long,
    );
}

#[test]
fn no_line_is_too_long() {
    let long = rust().flat_map(|(file, code)| {
        let lines = file.lines().filter(|(number, line)| {
            // The line breaks of a snapshot are data.
            let is_data = code.begins_in_literal(*number) || line.contains("@\"") || line.contains("@r");
            line.chars().count() > MAX_COLUMNS && !is_data
        });
        lines.map(|(number, line)| format!("{}:{number}: {} columns", file.path, line.chars().count()))
    });
    none(
        &format!("a line has at most {MAX_COLUMNS} columns; break it, a literal by `\\` at the end of the line"),
        long,
    );
}

#[test]
fn no_function_name_is_too_long() {
    let long = rust().flat_map(|(file, code)| {
        let names = code.functions().filter(|(_, name)| name.len() > MAX_NAME);
        names.map(|(line, name)| format!("{}:{line}: {name}", file.path))
    });
    none(
        &format!("a name has at most {MAX_NAME} letters; make the sentence the first comment of the body"),
        long,
    );
}

#[test]
fn file_names_say_what_is_inside() {
    let empty = rust().filter(|(file, _)| {
        let mut parts = file.path.trim_end_matches(".rs").split('/');
        parts.any(|part| EMPTY_NAMES.contains(&part))
    });
    none(
        "a file is a noun or an endpoint: name it after what it holds",
        empty.map(|(file, _)| file.path.clone()),
    );
}

#[test]
fn every_file_opens_with_its_purpose() {
    let silent = rust().filter(|(file, _)| !file.text.starts_with("//! "));
    none(
        "open the file with a `//!` that says what it is for, and what is deliberately not in it",
        silent.map(|(file, _)| format!("{}:1", file.path)),
    );
}

#[test]
fn no_tool_output_is_left_behind() {
    let left = files()
        .iter()
        .filter(|file| LEFT_BEHIND.iter().any(|ending| file.name().ends_with(ending)));
    none(
        "delete what a tool left behind (snapshots are inline: `cargo insta accept`)",
        left.map(|file| file.path.clone()),
    );
}
