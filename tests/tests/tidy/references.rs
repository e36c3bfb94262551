//! The files that the documents name exist.

use crate::tree::{File, files, none};

/// The pages that name files of the repository.
const PAGES: [&str; 4] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"];
/// Endings by which a name in backticks is recognized as a file's.
const ENDINGS: [&str; 7] = [".rs", ".md", ".toml", ".wit", ".sql", ".sh", ".py"];

/// Whether a path as the pages write it leads to a file or a folder: from the root, from a crate of the host without
/// its `src/`, or from the tests.
fn exists(path: &str) -> bool {
    let in_crate = path
        .split_once('/')
        .map(|(name, rest)| format!("host/{name}/src/{rest}"));
    let places = [
        Some(path.to_owned()),
        in_crate,
        Some(format!("tests/tests/{path}")),
        Some(format!("host/server/src/{path}")),
    ];
    let leads_to = |file: &File, place: &str| match place.strip_suffix('/') {
        Some(_) => file.path.starts_with(place),
        None => file.path == place,
    };
    places
        .iter()
        .flatten()
        .any(|place| files().iter().any(|file| leads_to(file, place)))
}

#[test]
fn named_files_exist() {
    let pages = files().iter().filter(|file| PAGES.contains(&file.path.as_str()));
    let offenders = pages.flat_map(|page| {
        page.lines().flat_map(move |(number, line)| {
            let quoted = line.split('`').skip(1).step_by(2);
            let named = quoted.filter(|text| {
                let is_below = text.trim_end_matches('/').contains('/') && !text.starts_with('/');
                let is_path = is_below && !text.contains(['*', '{', ' ', '<', '…', '=', '$', '"', ':']);
                is_path && (ENDINGS.iter().any(|ending| text.ends_with(ending)) || text.ends_with('/'))
            });
            let missing = named.filter(|text| !exists(text.trim_start_matches("./")));
            missing.map(move |text| format!("{}:{number}: `{text}`", page.path))
        })
    });
    none(
        "name the file as it is now; below host/ the crate comes first and `src/` is left out",
        offenders,
    );
}
