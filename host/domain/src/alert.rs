//! Alerts: events that need a person's attention.

use crate::word::words;
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
}

words!(AlertKind {
    DeadLetter = "dead-letter",
    Review = "review",
    Unauthorized = "unauthorized",
    Credential = "credential",
    BreakerOpen = "breaker-open",
});
