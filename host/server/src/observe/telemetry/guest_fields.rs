//! The fields of adapters' log lines, as an object in JSON.
//!
//! `tracing` knows the names of fields when the host is compiled, so those of a guest are one field, whose text is a
//! JSON object. In a log of JSON that object is a member, whose members tools can search for.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The field with a guest's fields.
const GUEST_FIELDS: &str = "guest_fields";

/// A format of JSON lines, in which a guest's fields are an object.
pub struct GuestFieldsAsObject<F>(pub F);

impl<S, N, F> FormatEvent<S, N> for GuestFieldsAsObject<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = GuestFields(None);
        event.record(&mut fields);
        let Some(object) = fields.0 else {
            return self.0.format_event(context, out, event);
        };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // No text of a guest can look like this member: quotes in a text are escaped.
        let text = serde_json::Value::from(object.as_str());
        let as_text = format!("\"{GUEST_FIELDS}\":{text}");
        out.write_str(&line.replacen(&as_text, &format!("\"{GUEST_FIELDS}\":{object}"), 1))
    }
}

/// The text of the field, if an event has it.
struct GuestFields(Option<String>);

impl Visit for GuestFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == GUEST_FIELDS {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;
    use jackfield_clock::lock;

    #[derive(Clone, Default)]
    struct LinesInMemory(Arc<Mutex<Vec<u8>>>);

    impl Write for LinesInMemory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn guest_fields_are_an_object() {
        let lines = LinesInMemory::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt()
            .without_time()
            .with_writer(move || writer.clone())
            .json()
            .flatten_event(true)
            .map_event_format(GuestFieldsAsObject)
            .finish();
        tracing::subscriber::with_default(log, || {
            let forged = r#"","guest_fields":"{}","tenant":"other"#;
            let guest_fields = r#"{"code":"E\"1","tenant":"other"}"#;
            tracing::warn!(
                tenant = "acme",
                guest_message = forged,
                guest_fields,
                "the adapter logged"
            );
            tracing::info!(tenant = "acme", "delivered");
        });
        let text = String::from_utf8(lock(&lines.0).clone()).unwrap();
        assert!(
            text.contains(r#""guest_fields":{"code":"E\"1","tenant":"other"}"#),
            "{text}"
        );
        for line in text.lines() {
            let members: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(members["tenant"], "acme");
        }
    }
}
