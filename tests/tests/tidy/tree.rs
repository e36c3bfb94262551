//! The files that the rules check, and how a rule reports its offenders.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::code::Code;

/// One text file of the repository.
pub struct File {
    /// The path relative to the root, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
    /// For Rust, the content without comments and literals.
    pub code: Option<Code>,
}

impl File {
    /// The lines, numbered from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The name without folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The part of the name after the last dot.
    pub fn ending(&self) -> Option<&str> {
        self.name().rsplit_once('.').map(|(_, ending)| ending)
    }

    /// Whether the file is in one of these folders, or is one of these files.
    pub fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            let rest = self.path.strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || place.ends_with('/'))
        })
    }
}

/// Every text file, by path.
pub fn files() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(read);
    &FILES
}

/// Every Rust file, with its code.
pub fn rust() -> impl Iterator<Item = (&'static File, &'static Code)> {
    files().iter().filter_map(|file| Some((file, file.code.as_ref()?)))
}

/// Passes if there are no offenders.
#[track_caller]
pub fn none(advice: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<_> = offenders.into_iter().collect();
    assert!(
        offenders.is_empty(),
        "{} in all: {advice}\n{}",
        offenders.len(),
        offenders.join("\n")
    );
}

fn read() -> Vec<File> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // The list holds only names of folders at the root, so it needs no pattern matching.
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap();
    let mut skipped: Vec<_> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    // A library is kept as its own project writes it.
    skipped.extend([".git", "sdk/c/yyjson"]);
    let mut files = vec![];
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, above)) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let entry = entry.unwrap();
            let path = format!("{above}{}", entry.file_name().to_str().unwrap());
            if skipped.contains(&path.as_str()) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else if let Ok(text) = String::from_utf8(fs::read(entry.path()).unwrap()) {
                let mut file = File { path, text, code: None };
                if file.ending() == Some("rs") {
                    file.code = Some(Code::of(&file.text));
                }
                files.push(file);
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}
