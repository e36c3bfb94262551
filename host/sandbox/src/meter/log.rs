//! A guest's log lines.
//!
//! Guests may log personal data, whatever the contract says. So their lines are logged at level `debug` only, under the
//! target `adapter`: an operator has to ask for them, and production logs never hold them (promise 10).
//!
//! What a guest says is the value of `guest_message` and `guest_fields`, which every format of the log quotes; so no
//! text can look like a message or a field of the host, such as another tenant's name.

use crate::contract::bindings::log::{Field, Level};
use jackfield_domain::visible_text::visible;

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
            let (guest_message, guest_fields) = line(message, fields);
            tracing::debug!(
                target: "adapter", tenant, release, guest_level = word(level), guest_message, guest_fields,
                "the adapter logged"
            );
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
                tracing::debug!(target: "adapter", tenant, release, stream, guest_message = line, "the adapter wrote");
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

/// The message, and the fields as one text, of at most 4 KiB together and without what people do not see.
fn line(message: &str, fields: &[Field]) -> (String, String) {
    let message = cut(&visible(message), MAX_LINE);
    let mut text = String::new();
    for Field { name, value } in fields {
        if text.len() > MAX_LINE {
            break;
        }
        let blank = if text.is_empty() { "" } else { " " };
        text.push_str(&visible(&format!("{blank}{name}={value}")));
    }
    let fields = cut(&text, MAX_LINE - message.len());
    (message, fields)
}

/// At most `bytes` of a text: whole characters.
fn cut(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)].to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;
    use jackfield_clock::lock;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a guest's line looks like in the log.
    fn logged(json: bool, message: &str, fields: &[Field]) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let builder = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone());
        let log = || GuestLog::default().write("acme", "r1", Level::Info, message, fields);
        if json {
            tracing::subscriber::with_default(builder.json().flatten_event(true).finish(), log);
        } else {
            tracing::subscriber::with_default(builder.finish(), log);
        }
        let bytes = lock(&captured.0).clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_format_lets_a_guest_look_like_the_host() {
        let forged = Field {
            name: "x\" tenant".into(),
            value: "\"other\" level=ERROR\u{2028}".into(),
        };
        let message = "done\" tenant=\"other\"\nERROR jackfield: tenant=\"other\"";
        let line = logged(false, message, std::slice::from_ref(&forged));
        assert!(
            line.contains(r#"the adapter logged tenant="acme" release="r1" guest_level="info""#),
            "{line}"
        );
        assert!(!line.contains(r#"tenant="other""#), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");

        let line = logged(true, message, &[forged]);
        let members: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&members["tenant"], &members["level"]),
            (&"acme".into(), &"DEBUG".into())
        );
        assert_eq!(members["guest_fields"], r#"x" tenant="other" level=ERROR "#);
        assert_eq!(
            (line.matches("\"tenant\":").count(), line.matches("\"level\":").count()),
            (1, 1),
            "{line}"
        );
    }

    #[test]
    fn log_lines_are_sanitized_and_truncated() {
        let field = Field {
            name: "turn".into(),
            value: "1\r2".into(),
        };
        let (message, fields) = line("two\nli\u{200b}nes\u{1b}[31m\u{202e}", &[field.clone(), field.clone()]);
        assert_eq!(
            (message.as_str(), fields.as_str()),
            ("two lines [31m", "turn=1 2 turn=1 2")
        );
        assert_eq!(
            line(&"ü".repeat(5000), std::slice::from_ref(&field)),
            ("ü".repeat(2048), String::new())
        );
        assert_eq!(line(&"x".repeat(4090), &[field]).1, "turn=1");
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
