//! "Write your first adapter", in each language, run as it is written.
//!
//! Every `sh` block of an SDK's README is run, in order, in one shell that starts in an empty folder. Blocks marked
//! `console` need a running host and are not run.

use std::fs;

use super::desk::Desk;

/// The commands of a page.
fn commands(page: &str) -> String {
    let mut commands = String::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" if inside => inside = false,
            line if inside => {
                commands.push_str(line);
                commands.push('\n');
            }
            _ => {}
        }
    }
    commands
}

/// Runs the commands of an SDK's page.
fn try_out(sdk: &str) {
    let path = format!("{}/../sdk/{sdk}/README.md", env!("CARGO_MANIFEST_DIR"));
    let commands = commands(&fs::read_to_string(&path).unwrap());
    for step in [
        "jackfield adapter new",
        "jackfield adapter build",
        "jackfield adapter check",
    ] {
        assert!(commands.contains(step), "sdk/{sdk}/README.md does not say `{step}`");
    }
    // `set -v` prints each command before its output, so that a failure shows the command.
    Desk::new().shell(".", &format!("exec 2>&1; set -v\n{commands}")).done();
}

#[test]
fn rust() {
    try_out("rust");
}

#[test]
fn typescript() {
    try_out("js");
}

#[test]
fn c() {
    try_out("c");
}

#[test]
fn go() {
    try_out("go");
}

#[test]
fn python() {
    try_out("python");
}

#[test]
fn only_shell_blocks_are_commands() {
    let page = "```sh\na <<'E'\n```x\nE\n```\ntext\n```console\nb\n```\n```sh\nc\n```\n";
    assert_eq!(commands(page), "a <<'E'\n```x\nE\nc\n");
}
