//! A guest's log lines.
//!
//! What a guest writes may hold personal data, whatever the contract says, so it is told at level `debug` only, under
//! the target `adapter`: an operator who wants it asks for it, and production logs never hold it (promise 10).

use super::bindings::log::{Field, Level};

/// Lines of one call.
const MAX_LINES: u32 = 64;
/// Bytes of one line, fields included.
const MAX_LINE: usize = 4096;

/// Counts and passes on the lines of one call.
#[derive(Debug, Default)]
pub struct GuestLog {
    lines: u32,
    dropped: u32,
    finished: bool,
}

impl GuestLog {
    /// Takes a line. Beyond 64 a call they are only counted.
    pub fn write(&mut self, tenant: &str, release: &str, level: Level, message: &str, fields: &[Field]) {
        if self.lines == MAX_LINES {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.lines += 1;
        if tracing::enabled!(target: "adapter", tracing::Level::DEBUG) {
            let line = line(message, fields);
            tracing::debug!(target: "adapter", tenant, release, level = word(level), "{line}");
        }
    }

    /// Tells how many lines were dropped, if any were, and how the guest's standard streams ended. Once: it may be
    /// asked again when the instance goes.
    pub fn finish(&mut self, tenant: &str, release: &str, stdout: &str, stderr: &str) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        if self.dropped > 0 {
            tracing::debug!(target: "adapter", tenant, release, dropped = self.dropped, "log lines beyond the limit");
        }
        for (stream, line) in [("stdout", stdout), ("stderr", stderr)] {
            if !line.is_empty() {
                tracing::debug!(target: "adapter", tenant, release, stream, "{line}");
            }
        }
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// One line of it, at most 4 KiB, without what could pass for another line or for colour.
fn line(message: &str, fields: &[Field]) -> String {
    let mut line = String::new();
    let mut push = |text: &str| {
        for c in text.chars() {
            let c = if c.is_control() { ' ' } else { c };
            if line.len() + c.len_utf8() > MAX_LINE {
                return;
            }
            line.push(c);
        }
    };
    push(message);
    for field in fields {
        push(" ");
        push(&field.name);
        push("=");
        push(&field.value);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_cut() {
        let field = Field {
            name: "turn".into(),
            value: "1\r2".into(),
        };
        assert_eq!(line("two\nlines\u{1b}[31m", &[field]), "two lines [31m turn=1 2");
        assert_eq!(line(&"ü".repeat(5000), &[]).len(), MAX_LINE);
    }

    #[test]
    fn lines_beyond_the_limit_are_counted() {
        let mut log = GuestLog::default();
        for _ in 0..100 {
            log.write("t", "r1", Level::Error, "x", &[]);
        }
        assert_eq!((log.lines, log.dropped), (64, 36));
    }
}
