//! Tests of an adapter without a host, a CRM or WebAssembly: the same code, natively, against a script.
//!
//! - A [`Script`] defines in code which requests the adapter must make and what the CRM answers.
//! - A [`Replay`] reads such scripts, with the invocation and its expected result, from a folder of JSON files.

mod exchange;
mod numbering;
mod replay;
mod script;

use crate::model::{Disposition, Outcome, Qualification};

pub use exchange::{Exchange, TransportError};
pub use replay::Replay;
pub use script::Script;

/// The disposition of call `C-1` to lead `L-1`, with nothing known but the outcome.
#[must_use]
pub fn disposition(outcome: Outcome) -> Disposition {
    Disposition {
        call_id: "C-1".into(),
        lead_id: "L-1".into(),
        dnc_requested: outcome == Outcome::DncRequested,
        outcome,
        accepted_at: "2026-07-01T09:01:55.000Z".into(),
        duration_seconds: None,
        recording_url: None,
        transcript_url: None,
        qualification: Qualification::default(),
        site_visit: None,
        duplicate_detected: false,
        language_used: None,
        extensions: Vec::new(),
    }
}
