//! Runs every input of the fuzzers' corpora, seeds and findings alike, so that a fixed defect stays fixed.

use std::fs;
use std::path::PathBuf;

use jackfield_tests::fuzz::TARGETS;

/// With fewer inputs a fuzzer has to guess the format.
const FEWEST: usize = 6;

#[test]
fn every_corpus_input_passes() {
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
