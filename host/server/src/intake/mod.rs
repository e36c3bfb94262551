//! Accepts leads and dispositions, without HTTP: checks each, makes it durable in one transaction, and notifies the
//! delivery engine.
//!
//! The code that receives one, over HTTP or otherwise, authenticates the sender first and answers by the result.

mod disposition;
mod lead;

pub use disposition::DispositionRefusal;
pub use lead::ReceivedLead;

use std::sync::Arc;

use tokio::sync::Notify;

use jackfield_domain::field::FieldError;
use jackfield_domain::intake::media::UnsupportedMedia;
use jackfield_domain::json::NotJson;
use jackfield_store::{Receipt, SharedStore, StoreError};

/// Accepts leads and dispositions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {
    store: SharedStore,
    wake: Arc<Notify>,
}

/// The result for a request that is durable and will be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The acknowledgement; for a repeat it is the first one.
    pub receipt: Receipt,
    /// Whether it had been accepted before.
    pub repeat: bool,
}

/// Why nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The sender has to fix the document: it is not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(#[from] NotJson),
    /// The sender has to encode the document otherwise.
    #[error("{}", .0.explanation())]
    Unsupported(UnsupportedMedia),
    /// The sender has to fix these fields.
    #[error("fields are missing or wrong")]
    Invalid(Vec<FieldError>),
    /// The sender has to use another key: a lead with another body had this one.
    #[error(
        "this idempotency key was used for another body; a retry must send the same bytes, and a new lead a new key"
    )]
    KeyReused,
    /// The sender has to use another `call_id`: another disposition had this one.
    #[error(
        "this call_id was used for another disposition; a retry must send the same document, and another call \
            another id"
    )]
    CallReported,
    /// The sender has to try again later: no release of the tenant can be served on this host.
    #[error("the tenant has no release that this host can serve")]
    NotServing,
    /// The sender has to try again: the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IntakeError {
    /// The error in few words, for alerts and the log.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not JSON",
            Self::Unsupported(media) => media.word(),
            Self::Invalid(_) => "invalid",
            Self::KeyReused => "key used before",
            Self::CallReported => "call_id used before",
            Self::NotServing => "tenant not served",
            Self::Store(_) => "not stored",
        }
    }
}

impl Intake {
    /// An intake that writes to `store`, and notifies `wake` when there is something to deliver.
    #[must_use]
    pub const fn new(store: SharedStore, wake: Arc<Notify>) -> Self {
        Self { store, wake }
    }
}
