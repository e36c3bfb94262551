//! A guest's log lines.
//!
//! Guests may log personal data, whatever the contract says. So their lines are logged at level `debug` only, under the
//! target `adapter`: an operator has to ask for them, and production logs never hold them (promise 10).

use crate::contract::bindings::log::{Field, Level};

/// Lines of one invocation.
const MAX_LINES: u32 = 64;
/// Bytes of one line, including its fields.
const MAX_LINE: usize = 4096;

/// Counts the lines of one invocation and writes them to the host's log.
#[derive(Debug, Default)]
pub struct GuestLog {
    lines: u32,
    dropped: u32,
    finished: bool,
}

impl GuestLog {
    /// Writes a line. More than 64 lines an invocation are only counted.
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

    /// Logs how many lines were dropped, if any, and the last lines of the guest's standard streams. Does so once: it
    /// is called again when the instance is dropped.
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

/// The message and its fields as one line of at most 4 KiB, without control characters, which could fake another line
/// or change colours.
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
    fn log_lines_are_sanitized_and_truncated() {
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
