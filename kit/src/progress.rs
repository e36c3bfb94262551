//! Shows a person the steps of a long build.

use std::fmt;

/// Where steps are reported: a terminal, or nowhere.
pub struct Progress<'a>(Box<dyn Fn(&str) + 'a>);

impl<'a> Progress<'a> {
    /// Passes every step to `report`, as one line without an end of line.
    pub fn new(report: impl Fn(&str) + 'a) -> Self {
        Self(Box::new(report))
    }

    /// Reports nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Reports that a step begins.
    pub fn step(&self, what: &str) {
        (self.0)(what);
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
