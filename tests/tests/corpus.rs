//! What the fuzzers have to begin with, and whatever they found, is run with every test: what was mended stays so.

use std::fs;
use std::path::PathBuf;

use jackfield_tests::fuzz::TARGETS;

/// A corpus with fewer inputs leaves a fuzzer to guess the format.
const FEWEST: usize = 6;

#[test]
fn every_input_of_every_corpus_holds() {
    for (name, target) in TARGETS {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../fuzz/corpus")
            .join(name);
        let inputs: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(
            inputs.len() >= FEWEST,
            "{} has {} inputs",
            folder.display(),
            inputs.len()
        );
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            if let Err(panic) = std::panic::catch_unwind(|| target(&bytes)) {
                eprintln!("fuzz target {name}, input {}", input.display());
                std::panic::resume_unwind(panic);
            }
        }
    }
}
