//! Fuzzes `jackfield_tests::fuzz::webhook`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| jackfield_tests::fuzz::webhook(input));
