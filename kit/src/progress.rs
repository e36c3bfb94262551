//! Telling a person what a long build is doing.

use std::fmt;

/// Where steps are told: a terminal, or nowhere.
pub struct Progress<'a>(Box<dyn Fn(&str) + 'a>);

impl<'a> Progress<'a> {
    /// Hands every step to `tell`, one line each, without an end of line.
    pub fn new(tell: impl Fn(&str) + 'a) -> Self {
        Self(Box::new(tell))
    }

    /// Tells nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// A step begins.
    pub fn step(&self, what: &str) {
        (self.0)(what);
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
