//! What may not be written, and where it may all the same.
//!
//! The phrases stand here in two halves, so that this file does not break its own rules.

use crate::tree::{files, none, rust};

/// Notes to a later self.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Beginnings of paths that exist on one machine only, and hosts of package registries.
const PLACES: [&str; 7] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("crates", ".io"),
    concat!("registry.", "npmjs.org"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
];
/// The only file that names a registry: cargo writes it.
const LOCK: &str = "Cargo.lock";
/// Where real time passes: the host's clock, the fakes', and the demo's.
const CLOCKS: [&str; 4] = [
    "bench/src/clock.rs",
    "host/clock/src/lib.rs",
    "tests/src/fakes/clock.rs",
    "xtask/src/demo/clock.rs",
];

/// Code that is not to be written anywhere, and what to do instead.
const CODE: [(&str, &str); 6] = [
    (
        "#[allow",
        "say `#[expect(lint, reason = \"…\")]`, which tells when it is no longer needed",
    ),
    (
        "#![allow",
        "say `#![expect(lint, reason = \"…\")]`, which tells when it is no longer needed",
    ),
    ("#[ignore", "a test runs, or is not there"),
    (
        "todo!",
        "write it, or leave it out and say so where a reader looks for it",
    ),
    (
        "unimplemented!",
        "write it, or leave it out and say so where a reader looks for it",
    ),
    ("dbg!", "take it out, or log what an operator needs"),
];

#[test]
fn some_code_is_not_written() {
    let offenders = rust().flat_map(|(file, code)| {
        CODE.iter().flat_map(move |(phrase, advice)| {
            let lines = code.lines_with(phrase);
            lines.map(move |line| format!("{}:{line}: `{phrase}`: {advice}", file.path))
        })
    });
    none("take it out", offenders);
}

#[test]
fn nothing_waits_in_real_time() {
    let waits = rust()
        .filter(|(file, _)| !file.is_in(&CLOCKS))
        .flat_map(|(file, code)| {
            let lines = code.lines_with("sleep(");
            lines.map(|line| format!("{}:{line}", file.path))
        });
    none(
        "wait with `Clock::sleep_until`; a test moves a `ManualClock`, or waits for what it expects, not for time",
        waits,
    );
}

#[test]
fn no_note_is_left_for_later() {
    let notes = files().iter().flat_map(|file| {
        let lines = file.lines().filter(|(_, line)| {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            words.any(|word| NOTES.contains(&word))
        });
        lines.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
    });
    none("do it now, or say plainly what is not there", notes);
}

#[test]
fn no_machine_and_no_registry_is_named() {
    let files = files().iter().filter(|file| file.name() != LOCK);
    let named = files.flat_map(|file| {
        let lines = file
            .lines()
            .filter(|(_, line)| PLACES.iter().any(|place| line.contains(place)));
        lines.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
    });
    none(
        "a path is relative to the repository, and a package has a name, not an address",
        named,
    );
}
