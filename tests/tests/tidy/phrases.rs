//! Phrases and code that are banned, and the files that are exempt.
//!
//! Each phrase is written in two halves, so that this file does not break its own rules.

use crate::tree::{File, files, none, rust};

/// Notes to a later self.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Prefixes of paths that exist on one machine only, and hosts of package registries.
const LOCAL_PATHS_AND_REGISTRIES: [&str; 7] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("crates", ".io"),
    concat!("registry.", "npmjs.org"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
];
/// Phrases that are not plain English.
const STILTED: [&str; 8] = [
    concat!("whe", "nce"),
    concat!("is no", "ne of"),
    concat!("are no", "ne of"),
    concat!("goes be", "fore it"),
    concat!("nothing to ty", "pe"),
    concat!("wh", "at of a"),
    concat!("of whi", "ch tenants"),
    concat!("those that g", "o first"),
];
/// The endings of files with prose or comments.
const PROSE: [&str; 9] = ["c", "go", "h", "md", "py", "rs", "toml", "ts", "wit"];
/// The only file that names a registry; cargo writes it.
const LOCK: &str = "Cargo.lock";
/// The files that wait in real time: the clocks of the host, the fakes, the benchmark and the demo.
const CLOCKS: [&str; 4] = [
    "bench/src/clock.rs",
    "host/clock/src/lib.rs",
    "tests/src/fakes/clock.rs",
    "xtask/src/demo/clock.rs",
];

/// Banned code, and what to do instead.
const BANNED_CODE: [(&str, &str); 6] = [
    (
        "#[allow",
        "say `#[expect(lint, reason = \"…\")]`, which warns once it is no longer needed",
    ),
    (
        "#![allow",
        "say `#![expect(lint, reason = \"…\")]`, which warns once it is no longer needed",
    ),
    ("#[ignore", "run the test or delete it"),
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
fn no_banned_code() {
    let offenders = rust().flat_map(|(file, code)| {
        BANNED_CODE.iter().flat_map(move |(phrase, advice)| {
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
    none("do it now, or document what is missing", notes);
}

#[test]
fn no_local_path_or_registry_is_named() {
    let files = files().iter().filter(|file| file.name() != LOCK);
    let named = files.flat_map(|file| {
        let lines = file
            .lines()
            .filter(|(_, line)| LOCAL_PATHS_AND_REGISTRIES.iter().any(|place| line.contains(place)));
        lines.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
    });
    none(
        "a path is relative to the repository, and a package has a name, not an address",
        named,
    );
}

/// The words of a file in lower case, with their lines: a phrase may be wrapped.
fn words(file: &File) -> Vec<(usize, String)> {
    let words = file.lines().flat_map(|(number, line)| {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '\'');
        words
            .filter(|word| !word.is_empty())
            .map(move |word| (number, word.to_lowercase()))
    });
    words.collect()
}

/// The lines on which a phrase starts.
fn lines_with(words: &[(usize, String)], phrase: &str) -> Vec<usize> {
    let wanted: Vec<_> = phrase.split(' ').collect();
    let windows = words.windows(wanted.len());
    let hits = windows.filter(|window| window.iter().map(|(_, word)| word).eq(&wanted));
    hits.map(|window| window[0].0).collect()
}

#[test]
fn prose_is_plain_english() {
    let prose = files()
        .iter()
        .filter(|file| file.ending().is_some_and(|ending| PROSE.contains(&ending)));
    let stilted = prose.flat_map(|file| {
        let words = words(file);
        let lines = STILTED.iter().flat_map(move |phrase| {
            let lines = lines_with(&words, phrase);
            lines.into_iter().map(move |line| (line, phrase))
        });
        lines.map(|(line, phrase)| format!("{}:{line}: {phrase}", file.path))
    });
    none("say it in plain words: subject, verb, object", stilted);
}

#[test]
fn wrapped_phrases_are_found() {
    let words: Vec<_> = [
        (1, "It"),
        (1, "goes"),
        (2, "before"),
        (2, "its"),
        (3, "goes"),
        (4, "before"),
        (4, "it"),
    ]
    .map(|(line, word)| (line, word.to_lowercase()))
    .into();
    assert_eq!(lines_with(&words, STILTED[3]), [3]);
}
