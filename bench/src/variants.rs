//! Components with the same behaviour but different digests: each has a custom section with a different number.

/// The section before its number: a custom section of thirteen bytes called `mark`.
const SECTION: [u8; 7] = [0, 13, 4, b'm', b'a', b'r', b'k'];

/// The variant of a component with this number.
pub fn variant(component: &[u8], number: usize) -> Vec<u8> {
    [component, &SECTION, &(number as u64).to_le_bytes()].concat()
}
