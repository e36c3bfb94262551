//! A strict RFC 3339 parser. jiff's own parser is more lenient than the standard: it accepts a space instead of the
//! `T`, and a zone in brackets, which a CRM would refuse.

use jiff::{Timestamp, fmt::strtime};

/// Parses RFC 3339 with a `T`, seconds and an offset (`Z` or `+05:30`).
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let shaped = separators
        .iter()
        .all(|(at, byte)| text.as_bytes().get(*at) == Some(byte));
    let offset = text.get(text.len().saturating_sub(6)..)?;
    let (local, offset) = match text.strip_suffix('Z') {
        Some(local) => (local, "+00:00"),
        None if offset.starts_with(['+', '-']) => (text.strip_suffix(offset)?, offset),
        None => return None,
    };
    if !shaped || local.len() < 19 {
        return None;
    }
    strtime::parse("%Y-%m-%dT%H:%M:%S%.f%:z", format!("{local}{offset}"))
        .ok()?
        .to_timestamp()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn accepts_the_standard_form() {
        for text in [
            "2026-07-05T11:00:00+05:30",
            "2026-07-05T05:30:00Z",
            "2026-07-05T05:30:00.000Z",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), "2026-07-05T05:30:00Z", "{text}");
        }
    }

    #[test]
    fn refuses_similar_forms() {
        for text in [
            "",
            "Z",
            "2026-07-05",
            "2026-07-05T11:00:00",
            "2026-07-05 11:00:00Z",
            "2026-07-05T11:00Z",
            "2026-07-05T11:00:00+0530",
            "2026-07-05T11:00:00+05",
            "2026-07-05T11:00:00+05:30[Asia/Kolkata]",
            "2026-02-30T11:00:00Z",
            "2026-7-5T11:00:00Z",
            "2026-07-05T25:00:00Z",
            "२०२६-07-05T11:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
