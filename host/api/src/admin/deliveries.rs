//! Deliveries, their attempts and their documents.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::breaker::BreakerView;
use jackfield_domain::delivery::failure::{AttemptClass, FaultCause, Rejection};
use jackfield_domain::delivery::{DeliveryKind, DeliveryState, LastRequest, StopReason};
use jackfield_domain::id::{DedupKey, LeadId, TenantName};
use jackfield_domain::json::JsonDocument;

/// A delivery, without its payload.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// Such as `dlv_42`.
    pub id: String,
    /// The tenant.
    pub tenant: String,
    /// What is delivered.
    pub kind: DeliveryKind,
    /// The lead; null for a webhook that is yet to be parsed.
    pub lead: Option<String>,
    /// The key that goes with every attempt and replay.
    pub key: String,
    /// Its state.
    pub state: DeliveryState,
    /// Why it stopped, if it is dead or in review.
    pub reason: Option<StopReason>,
    /// How its last attempt ended.
    pub class: Option<AttemptClass>,
    /// Counted failures since acceptance or the last replay.
    pub counted: u32,
    /// Whether an attempt may have been written without a response.
    pub ambiguous: bool,
    /// How often it was replayed.
    pub generation: u32,
    /// When the next attempt is due, if it is ready.
    pub due: Option<Timestamp>,
    /// The destination's reference, if it is done.
    pub reference: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// One attempt of a delivery.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttemptView {
    /// Counts up with every claim.
    pub number: i64,
    /// The release that was active, such as `r3`.
    pub release: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended; null while it runs, or if its worker was lost.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub class: Option<AttemptClass>,
    /// Its details.
    #[serde(flatten)]
    pub detail: AttemptDetailView,
}

/// Details of an attempt besides its class. Members without a value are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AttemptDetail)]
pub struct AttemptDetailView {
    /// The status of the response to the last request, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The last request, if the attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<LastRequest>,
    /// The destination's reference to the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why the destination refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// What stopped the adapter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultCause>,
    /// What happened, in one line for a person; the rejection and the reasons say why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why, in the adapter's words: at most 500 bytes, without the delivery's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, in the host's words: at most 500 bytes, without the delivery's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_reason: Option<String>,
    /// The last warning or error that the adapter logged: at most 500 bytes, without the delivery's own values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Whether an earlier attempt was looked up first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looked_up: bool,
}

/// A delivery with its attempts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetailView {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// The breaker that holds the delivery back; left out if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<BreakerView>,
    /// Oldest first.
    pub attempts: Vec<AttemptView>,
    /// The document; only on request, because it is personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadView>,
}

/// A delivery's document, in exactly one of three formats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PayloadView {
    /// A disposition's or a lead's document.
    #[schema(value_type = Object)]
    Json(JsonDocument),
    /// A webhook that is yet to be parsed, byte for byte.
    Text(String),
    /// A webhook that is not text.
    Base64(String),
}

/// A document was replaced.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EditedView {
    /// The delivery's id.
    pub id: String,
    /// Always true. Replay the delivery to send it.
    pub edited: bool,
}

/// One or several states, separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryStates(pub Vec<DeliveryState>);

impl DeliveryStates {
    /// Whether no state is named, which means every state.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for DeliveryStates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let state = |word: &str| DeliveryState::from_word(word.trim()).ok_or_else(|| unknown_state(word));
        text.split(',').map(state).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<String> for DeliveryStates {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeliveryStates> for String {
    fn from(states: DeliveryStates) -> Self {
        states.to_string()
    }
}

fn unknown_state(word: &str) -> String {
    let known = DeliveryState::ALL.map(DeliveryState::word).join(", ");
    format!("`{word}` is not a state; there are {known}")
}

impl fmt::Display for DeliveryStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|state| state.word()).collect();
        f.write_str(&words.join(","))
    }
}

/// Selects deliveries. A parameter that is left out excludes none.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    pub tenant: Option<TenantName>,
    /// In one of these states, separated by commas: `dead,review`.
    #[param(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "DeliveryStates::is_empty")]
    pub state: DeliveryStates,
    /// Of this kind.
    pub kind: Option<DeliveryKind>,
    /// Of this lead.
    #[param(value_type = Option<String>)]
    pub lead: Option<LeadId>,
    /// With this key, such as a call's id.
    #[param(value_type = Option<String>)]
    pub key: Option<DedupKey>,
    /// Stopped for this reason.
    pub reason: Option<StopReason>,
    /// Whose last attempt had this class.
    pub class: Option<AttemptClass>,
    /// Changed at this time or later.
    pub since: Option<Timestamp>,
    /// Changed before this time.
    pub until: Option<Timestamp>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// How much of a delivery to show.
#[derive(Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryShowQuery {
    /// Include the document itself.
    #[serde(default)]
    pub payload: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_a_list_of_words() {
        let states: DeliveryStates = "dead,review".parse().unwrap();
        assert_eq!(states, DeliveryStates(vec![DeliveryState::Dead, DeliveryState::Review]));
        assert_eq!(states.to_string(), "dead,review");
        let error = "lost".parse::<DeliveryStates>().unwrap_err();
        assert_eq!(
            error,
            "`lost` is not a state; there are ready, leased, done, dead, review, discarded"
        );
    }
}
