//! Instants: saturating arithmetic, and the one spelling in which they are passed on.

use std::time::Duration;

use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// `now + wait`, at most [`Timestamp::MAX`].
#[must_use]
pub fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// `now - age`, at least [`Timestamp::MIN`].
#[must_use]
pub fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.saturating_sub(SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MIN)
}

/// An instant as RFC 3339, with the offset of the place that it is told for.
#[must_use]
pub fn rfc3339(instant: Timestamp, offset: Offset) -> String {
    instant.display_with_offset(offset).to_string()
}

/// The seconds of a day. RFC 3339 knows no offset of that length.
const DAY: i32 = 24 * 60 * 60;

/// The instant in `text`, printed anew as RFC 3339: systems write offsets as `+0530`, `t` and `z` in lower case, a
/// blank for the `T`, or a zone's name behind. An offset stays what it is, and `Z` stays `Z`. None for a text that is
/// no instant, or has an offset of a day and more.
#[must_use]
pub fn respelled(text: &str) -> Option<String> {
    let instant: Timestamp = text.parse().ok()?;
    Some(match Pieces::parse(text).ok()?.offset()? {
        PiecesOffset::Numeric(offset) if offset.offset().seconds().abs() >= DAY => return None,
        PiecesOffset::Numeric(offset) => rfc3339(instant, offset.offset()),
        _ => instant.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_one_spelling() {
        for (text, spelled) in [
            ("2026-07-01T14:32:00+05:30", "2026-07-01T14:32:00+05:30"),
            ("2026-07-01t14:32:00+0530", "2026-07-01T14:32:00+05:30"),
            ("2026-07-01 14:32:00.250+05", "2026-07-01T14:32:00.25+05:00"),
            ("2026-07-01T14:32+05:30[Asia/Kolkata]", "2026-07-01T14:32:00+05:30"),
            ("2026-07-01t09:02:00z", "2026-07-01T09:02:00Z"),
            ("2026-07-01T09:02:00.000Z", "2026-07-01T09:02:00Z"),
            ("2026-07-01T09:02:00-00:00", "2026-07-01T09:02:00+00:00"),
        ] {
            assert_eq!(respelled(text).as_deref(), Some(spelled), "{text}");
            assert_eq!(respelled(spelled).as_deref(), Some(spelled), "{spelled}");
        }
        for wrong in [
            "2026-07-01T14:32:00",
            "2026-07-01T14:32:00+24:00",
            "2026-07-01T14:32:00-25:30",
            "2026-07-01",
            "14:32",
            "yesterday",
            "",
        ] {
            assert_eq!(respelled(wrong), None, "{wrong}");
        }
    }
}
