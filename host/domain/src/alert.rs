//! Alerts: events that need a person's attention.

use crate::id::ReleaseNumber;
use crate::visible_text::visible;
use crate::word::words;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Why an alert is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// A delivery used up its attempts.
    DeadLetter,
    /// A delivery needs a person's decision.
    Review,
    /// A destination refuses the credentials.
    Unauthorized,
    /// An OAuth2 credential gets no access token.
    Credential,
    /// A tenant's CRM does not answer: its dispositions are held.
    BreakerOpen,
    /// A disposition was refused in which the lead asked not to be called: the host obeys, the CRM does not know.
    DoNotCall,
    /// A tenant is not served: its active release does not load. Closed when the tenant is served again.
    NotServing,
}

words!(AlertKind {
    DeadLetter = "dead-letter",
    Review = "review",
    Unauthorized = "unauthorized",
    Credential = "credential",
    BreakerOpen = "breaker-open",
    DoNotCall = "do-not-call",
    NotServing = "not-serving",
});

/// While an alert about refused credentials is open, another one follows only after this time: every delivery of the
/// tenant meets the same refusal.
const UNAUTHORIZED_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

impl AlertKind {
    /// The alerts that ask for a decision on one delivery. They are closed once a person has taken it.
    pub const DECISIONS: [Self; 2] = [Self::DeadLetter, Self::Review];

    /// The store drops an alert at `now` if the tenant has an open alert of this kind that is newer than the returned
    /// time. `None` for a kind whose every alert is raised.
    #[must_use]
    pub fn repeats_newer_than(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Unauthorized => Some(now.saturating_sub(UNAUTHORIZED_INTERVAL).unwrap_or(Timestamp::MIN)),
            // A tenant has one such alert, however often its release is tried.
            Self::NotServing => Some(Timestamp::MIN),
            Self::DeadLetter | Self::Review | Self::Credential | Self::BreakerOpen | Self::DoNotCall => None,
        }
    }
}

/// The most characters of a reason in an alert: enough for a compiler's first words, and short enough for a page.
const MAX_REASON: usize = 500;

/// The message of a [`NotServing`](AlertKind::NotServing) alert: `reason` says why the active release does not load.
#[must_use]
pub fn not_serving_message(release: ReleaseNumber, reason: &str) -> String {
    let reason: String = visible(reason).chars().take(MAX_REASON).collect();
    format!(
        "the tenant is not served, because its active release {release} does not load: {reason}; its status queries, \
         webhooks and dispositions get 503 until it does. Repair the cause (the host tries again within a minute), or \
         apply a file or roll back to a release that loads"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line() {
        let reason = format!("file /run/a\ndoes not exist{}", "!".repeat(MAX_REASON));
        let message = not_serving_message(ReleaseNumber(3), &reason);
        assert!(
            message.contains("release r3 does not load: file /run/a does not exist!"),
            "{message}"
        );
        assert!(message.chars().count() < MAX_REASON + 300, "{message}");
        assert!(!message.contains('\n'), "{message}");
    }

    #[test]
    fn unauthorized_repeats_after_an_hour() {
        let now = Timestamp::from_second(7200).unwrap();
        let hour_ago = Timestamp::from_second(3600).unwrap();
        assert_eq!(AlertKind::Unauthorized.repeats_newer_than(now), Some(hour_ago));
        assert_eq!(AlertKind::DeadLetter.repeats_newer_than(now), None);
        assert_eq!(
            AlertKind::Unauthorized.repeats_newer_than(Timestamp::MIN),
            Some(Timestamp::MIN)
        );
    }
}
