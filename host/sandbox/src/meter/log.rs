//! A guest's log lines.
//!
//! They are collected while the invocation runs and written to the host's log when it has ended, by whoever knows what
//! it was for: at the guest's own level, under the target `adapter`, with the delivery's id. Guests may log personal
//! data, whatever the contract says, so the values of the delivery are masked, and so are telephone numbers and e-mail
//! addresses (promise 10). What a guest printed on its standard streams is for its author only: level `debug`.
//!
//! What a guest says is the value of `guest_message` and `guest_fields`, which every format of the log quotes; so no
//! text can look like a message or a field of the host, such as another tenant's name.

use serde_json::{Map, Value};

use crate::contract::bindings::log::{Field, Level};
use jackfield_domain::custody::personal_values::PersonalValues;
use jackfield_domain::id::DeliveryId;
use jackfield_domain::visible_text::visible;

/// Lines of one invocation.
const MAX_LINES: usize = 64;
/// Bytes of one line, including its fields.
const MAX_LINE: usize = 4096;

/// What the guest logged in one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestLog {
    lines: Vec<GuestLine>,
    /// Lines beyond the limit.
    dropped: u32,
    /// The last line on each standard stream that has one.
    printed: Vec<(&'static str, String)>,
}

/// A line, of at most 4 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GuestLine {
    level: tracing::Level,
    message: String,
    fields: Vec<(String, String)>,
}

/// What an invocation was for, as its lines in the log say it.
#[derive(Debug)]
pub struct LogSubject<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The release.
    pub release: &'a str,
    /// The delivery, if it was an attempt of one.
    pub delivery: Option<DeliveryId>,
    /// What is masked.
    pub personal: &'a PersonalValues,
}

impl GuestLog {
    /// Adds a line. More than 64 lines are only counted.
    pub(crate) fn add(&mut self, level: Level, message: &str, fields: &[Field]) {
        if self.lines.len() == MAX_LINES {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let mut left = MAX_LINE;
        let message = cut(message, &mut left);
        let mut shown = vec![];
        for Field { name, value } in fields {
            if left == 0 {
                break;
            }
            shown.push((cut(name, &mut left), cut(value, &mut left)));
        }
        let level = match level {
            Level::Debug => tracing::Level::DEBUG,
            Level::Info => tracing::Level::INFO,
            Level::Warn => tracing::Level::WARN,
            Level::Error => tracing::Level::ERROR,
        };
        self.lines.push(GuestLine {
            level,
            message,
            fields: shown,
        });
    }

    /// The guest's last lines on its standard streams; empty if it wrote none.
    pub(crate) fn end(&mut self, stdout: &str, stderr: &str) {
        let streams = [("stdout", stdout), ("stderr", stderr)];
        let written = streams.into_iter().filter(|(_, line)| !line.is_empty());
        self.printed = written.map(|(stream, line)| (stream, line.to_owned())).collect();
    }

    /// The log with every text of the guest as `shown` returns it.
    #[must_use]
    pub(crate) fn map_texts(mut self, shown: impl Fn(&str) -> String) -> Self {
        for GuestLine { message, fields, .. } in &mut self.lines {
            *message = shown(message);
            for (name, value) in fields {
                (*name, *value) = (shown(name), shown(value));
            }
        }
        for (_, line) in &mut self.printed {
            *line = shown(line);
        }
        self
    }

    /// Whether the guest wrote nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.printed.is_empty()
    }

    /// The last warning or error in one line, not masked yet.
    #[must_use]
    pub fn last_warning(&self) -> Option<String> {
        let line = self.lines.iter().rfind(|line| line.level <= tracing::Level::WARN)?;
        let fields = line.fields.iter().map(|(name, value)| format!(" {name}={value}"));
        Some(format!("{}{}", line.message, fields.collect::<String>()))
    }

    /// Writes the lines to the host's log, masked.
    pub fn write(&self, subject: &LogSubject<'_>) {
        let LogSubject {
            tenant,
            release,
            delivery,
            personal,
        } = *subject;
        let delivery = delivery.map(tracing::field::display);
        let mask = |text: &str| personal.mask(text, MAX_LINE);
        for GuestLine { level, message, fields } in &self.lines {
            let guest_message = mask(message);
            let fields = fields
                .iter()
                .map(|(name, value)| (mask(name), Value::from(mask(value))));
            let fields: Map<_, _> = fields.collect();
            let guest_fields = (!fields.is_empty()).then(|| Value::from(fields).to_string());
            // The level of an event is part of its code.
            macro_rules! log_at {
                ($level:ident) => {
                    tracing::event!(
                        target: "adapter", tracing::Level::$level, tenant, release, delivery, guest_message,
                        guest_fields, "the adapter logged"
                    )
                };
            }
            match *level {
                tracing::Level::ERROR => log_at!(ERROR),
                tracing::Level::WARN => log_at!(WARN),
                tracing::Level::INFO => log_at!(INFO),
                _ => log_at!(DEBUG),
            }
        }
        if self.dropped > 0 {
            let dropped = self.dropped;
            tracing::info!(target: "adapter", tenant, release, delivery, dropped, "log lines beyond the limit");
        }
        for (stream, line) in &self.printed {
            let guest_message = mask(line);
            tracing::debug!(target: "adapter", tenant, release, delivery, stream, guest_message, "the adapter wrote");
        }
    }
}

/// At most what is `left` of a line: whole characters that people see, on one line.
fn cut(text: &str, left: &mut usize) -> String {
    let text = visible(&text[..text.floor_char_boundary(*left)]);
    *left -= text.len().min(*left);
    text
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

    fn field(name: &str, value: &str) -> Field {
        Field {
            name: name.into(),
            value: value.into(),
        }
    }

    /// What a guest's lines look like in the log.
    fn logged(json: bool, log: &GuestLog, document: &str) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let builder = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone());
        let subject = LogSubject {
            tenant: "acme",
            release: "r1",
            delivery: Some(DeliveryId(7)),
            personal: &PersonalValues::of(document.as_bytes(), &[]),
        };
        let write = || log.write(&subject);
        if json {
            tracing::subscriber::with_default(builder.json().flatten_event(true).finish(), write);
        } else {
            tracing::subscriber::with_default(builder.finish(), write);
        }
        let bytes = lock(&captured.0).clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_format_lets_a_guest_look_like_the_host() {
        let mut log = GuestLog::default();
        let forged = field("x\" tenant", "\"other\" level=ERROR\u{2028}");
        let message = "done\" tenant=\"other\"\nERROR jackfield: tenant=\"other\"";
        log.add(Level::Info, message, &[forged]);
        let line = logged(false, &log, "");
        assert!(
            line.starts_with(r#" INFO adapter: the adapter logged tenant="acme" release="r1" delivery=dlv_7"#),
            "{line}"
        );
        assert!(!line.contains(r#"tenant="other""#), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");

        let line = logged(true, &log, "");
        let members: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            [&members["tenant"], &members["level"], &members["delivery"]],
            ["acme", "INFO", "dlv_7"]
        );
        assert_eq!(members["guest_fields"], r#"{"x\" tenant":"\"other\" level=ERROR "}"#);
        assert_eq!(
            (line.matches("\"tenant\":").count(), line.matches("\"level\":").count()),
            (1, 1),
            "{line}"
        );
    }

    #[test]
    fn lines_have_their_own_level_and_no_lead() {
        let mut log = GuestLog::default();
        let levels = [
            (Level::Debug, "DEBUG"),
            (Level::Info, "INFO"),
            (Level::Warn, "WARN"),
            (Level::Error, "ERROR"),
        ];
        for (level, _) in levels {
            log.add(
                level,
                "no stage for Asha Verma",
                &[field("number", "098765 43210"), field("code", "E9")],
            );
        }
        log.end("", "panicked: Asha Verma");
        let lines = logged(true, &log, r#"{"name": "Asha Verma", "phone": "+919876543210"}"#);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (line, (_, level)) in lines.iter().zip(levels) {
            assert_eq!((&line["level"], &line["target"]), (&level.into(), &"adapter".into()));
            assert_eq!(line["guest_message"], "no stage for ***");
            assert_eq!(line["guest_fields"], r#"{"code":"E9","number":"***"}"#);
        }
        assert_eq!(
            (&lines[4]["level"], &lines[4]["guest_message"]),
            (&"DEBUG".into(), &"panicked: ***".into())
        );
        assert_eq!(lines.len(), 5);
        assert_eq!(
            log.last_warning().unwrap(),
            "no stage for Asha Verma number=098765 43210 code=E9",
            "an error is a warning too"
        );
    }

    #[test]
    fn log_lines_are_sanitized_and_truncated() {
        let line = |message: &str, fields: &[Field]| {
            let mut log = GuestLog::default();
            log.add(Level::Warn, message, fields);
            log.last_warning().unwrap()
        };
        let turn = field("turn", "1\r2");
        assert_eq!(
            line("two\nli\u{200b}nes\u{1b}[31m\u{202e}", &[turn.clone(), turn.clone()]),
            "two lines [31m turn=1 2 turn=1 2"
        );
        assert_eq!(line(&"ü".repeat(5000), std::slice::from_ref(&turn)), "ü".repeat(2048));
        assert_eq!(line(&"x".repeat(4090), &[turn]), "x".repeat(4090) + " turn=1 ");
    }

    #[test]
    fn secrets_are_replaced_everywhere() {
        let mut log = GuestLog::default();
        log.add(Level::Warn, "hush", &[field("token", "hush"), field("code", "E1")]);
        let log = log.map_texts(|text| text.replace("hush", "(withheld)"));
        assert_eq!(log.last_warning().unwrap(), "(withheld) token=(withheld) code=E1");
    }

    #[test]
    fn lines_beyond_the_limit_are_counted() {
        let mut log = GuestLog::default();
        for _ in 0..=MAX_LINES {
            log.add(Level::Info, "x", &[]);
        }
        assert_eq!((log.lines.len(), log.dropped, log.last_warning()), (MAX_LINES, 1, None));
    }
}
