//! May this lead be called now? Decides it from the CRM's status and the recorded do-not-call.

use super::suppression::SuppressionReason;
use crate::delivery::failure::Failure;
use crate::extension::Extension;
use crate::id::LeadId;

/// A lead's status in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadStatus {
    /// The lead.
    pub lead_id: LeadId,
    /// Whether the CRM allows a call.
    pub callable: bool,
    /// The lead's stage in the CRM's words.
    pub status: String,
    /// Whether the CRM has it as do-not-call.
    pub dnc: bool,
    /// Whether a person has spoken to the lead; `None` if the CRM could not be reached.
    pub human_contacted: Option<bool>,
    /// RFC 3339 with an offset.
    pub last_call_attempt: Option<String>,
    /// Passed on in the answer.
    pub extensions: Vec<Extension>,
}

/// The answer to a status query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusAnswer {
    /// The lead may be called.
    Call(LeadStatus),
    /// The lead must not be called, for a reason to record before answering.
    DoNotCall(LeadStatus, SuppressionReason),
    /// The CRM could not be reached: an error that says not to call.
    CannotTell(Failure),
}

/// The status word of a lead with a recorded do-not-call whose CRM could not be reached.
const DO_NOT_CALL: &str = "do_not_call";

/// Decides the answer. `dnc_recorded` is read after the CRM answered, so that a do-not-call accepted in the meantime
/// still counts. A recorded do-not-call overrides everything, even an unreachable CRM.
#[must_use]
pub fn decide(lead_id: &LeadId, crm: Result<LeadStatus, Failure>, dnc_recorded: bool) -> StatusAnswer {
    match (crm, dnc_recorded) {
        (Ok(status), true) => {
            let refused = LeadStatus {
                callable: false,
                dnc: true,
                ..status
            };
            StatusAnswer::DoNotCall(refused, SuppressionReason::DncRequested)
        }
        (Err(_), true) => {
            let refused = LeadStatus {
                lead_id: lead_id.clone(),
                callable: false,
                status: DO_NOT_CALL.into(),
                dnc: true,
                human_contacted: None,
                last_call_attempt: None,
                extensions: vec![],
            };
            StatusAnswer::DoNotCall(refused, SuppressionReason::DncRequested)
        }
        (Err(failure), false) => StatusAnswer::CannotTell(failure),
        (Ok(status), false) if status.dnc => StatusAnswer::DoNotCall(
            LeadStatus {
                callable: false,
                ..status
            },
            SuppressionReason::CrmDnc,
        ),
        (Ok(status), false) if !status.callable => StatusAnswer::DoNotCall(status, SuppressionReason::CrmNotCallable),
        (Ok(status), false) => StatusAnswer::Call(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(callable: bool, dnc: bool) -> LeadStatus {
        LeadStatus {
            lead_id: "L-1".parse().unwrap(),
            callable,
            status: "new".into(),
            dnc,
            human_contacted: Some(false),
            last_call_attempt: None,
            extensions: vec![],
        }
    }

    #[test]
    fn only_a_clear_yes_allows_a_call() {
        let lead = "L-1".parse().unwrap();
        let failures = [
            Failure::Unavailable(None),
            Failure::Unknown(None),
            Failure::RateLimited { retry_after: None },
            Failure::Unauthorized(None),
            Failure::NotFound,
        ];
        let words = (0..4)
            .map(|bits| Ok(status(bits & 1 == 1, bits & 2 == 2)))
            .chain(failures.into_iter().map(Err));
        for crm in words {
            for dnc_recorded in [false, true] {
                let yes = crm == Ok(status(true, false)) && !dnc_recorded;
                match decide(&lead, crm.clone(), dnc_recorded) {
                    StatusAnswer::Call(s) => assert!(yes && s.callable && !s.dnc, "{crm:?}"),
                    StatusAnswer::DoNotCall(s, reason) => {
                        assert!(!yes && !s.callable, "{crm:?}");
                        assert_eq!(reason == SuppressionReason::DncRequested, dnc_recorded);
                        assert_eq!(s.dnc, reason != SuppressionReason::CrmNotCallable);
                    }
                    StatusAnswer::CannotTell(_) => assert!(crm.is_err() && !dnc_recorded),
                }
            }
        }
    }
}
