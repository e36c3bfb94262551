//! The contract is documented item by item, and every test guest has a test.

use std::collections::BTreeSet;

use crate::tree::{File, files, none};

/// How a line of WIT starts that declares no item.
const NO_ITEM: [&str; 8] = ["//", "}", "@", "package ", "use ", "import ", "export ", "include "];

/// The items of a WIT file without documentation directly above.
fn undocumented(file: &File) -> impl Iterator<Item = String> {
    let mut documented = false;
    file.lines().filter_map(move |(number, line)| {
        let line = line.trim();
        let is_item = !line.is_empty() && !NO_ITEM.iter().any(|beginning| line.starts_with(beginning));
        let silent = is_item && !documented;
        // An annotation may come between an item and its documentation.
        documented = line.starts_with("///") || (documented && line.starts_with('@'));
        silent.then(|| format!("{}:{number}: {line}", file.path))
    })
}

#[test]
fn every_contract_item_is_documented() {
    let contract = files().iter().filter(|file| file.ending() == Some("wit"));
    none(
        "say in a `///` above it what it means, in what unit or format, and what the host does with it",
        contract.flat_map(undocumented),
    );
}

#[test]
fn every_guest_has_a_test() {
    let guests: BTreeSet<_> = files()
        .iter()
        .filter_map(|file| file.path.strip_prefix("tests/guests/")?.split_once('/'))
        .filter(|(_, file)| ["Cargo.toml", "adapter.toml"].contains(file))
        .map(|(guest, _)| guest)
        .collect();
    assert!(!guests.is_empty(), "there are no guests in tests/guests/");
    let tests: Vec<_> = files()
        .iter()
        .filter(|file| file.is_in(&["tests/tests/", "host/"]))
        .collect();
    let unmet = guests.into_iter().filter(|guest| {
        let quoted = format!("\"{guest}\"");
        !tests.iter().any(|test| test.text.contains(&quoted))
    });
    none(
        "write the test that loads the guest with `component(…)` and shows that it harms only its own invocation",
        unmet.map(|guest| format!("tests/guests/{guest}")),
    );
}

#[test]
fn reference_matches_the_contract() {
    let page = files().iter().find(|file| file.path == "docs/contract.md");
    assert!(
        page.is_some_and(|page| page.text == jackfield_kit::reference::page()),
        "docs/contract.md does not match wit/: run `cargo xtask reference`"
    );
}
