//! Writes a disposition to the CRM, after it has looked up whether an earlier attempt was written.

use super::{Attempt, AttemptOutcome};
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::{AttemptPlan, AttemptPolicy, AttemptResult, plan};
use jackfield_domain::id::LeadId;
use jackfield_domain::json::JsonDocument;

impl Attempt<'_> {
    pub(super) async fn write_disposition(&mut self, policy: &AttemptPolicy) -> AttemptOutcome {
        let claimed = self.claimed;
        let document = JsonDocument::parse(&claimed.payload).ok();
        let disposition = claimed.lead.clone().zip(document);
        let disposition = disposition.and_then(|(lead, document)| Disposition::read_accepted(lead, &document).ok());
        let Some(disposition) = disposition else {
            return AttemptOutcome::Unreadable;
        };

        let mut history = claimed.history;
        match plan(&history, policy) {
            AttemptPlan::Ask => return AttemptOutcome::NeedsDecision,
            AttemptPlan::LookUpFirst => match self.look_up(&disposition.lead_id).await {
                Ok(Some(reference)) => return self.ended(Ok(reference), false),
                Ok(None) => history.ambiguous = false,
                Err(failure) => {
                    self.look_up_failed = true;
                    return self.ended(Err(failure), false);
                }
            },
            AttemptPlan::Send => {}
        }
        let invocation = self
            .tenant
            .loaded
            .write(&disposition, claimed.accepted_at, &claimed.key)
            .await;
        self.record_invocation("dispositions.write", &invocation);
        if self.unasked {
            history = history.after_obstacle(invocation.sent);
        }
        AttemptOutcome::Ended {
            result: AttemptResult {
                outcome: invocation.outcome,
                sent: invocation.sent,
            },
            history,
            unasked: self.unasked,
        }
    }

    /// Asks the CRM whether an earlier attempt was written.
    async fn look_up(&mut self, lead: &LeadId) -> Result<Option<String>, Failure> {
        self.detail.looked_up = true;
        let invocation = self.tenant.loaded.find(lead, &self.claimed.key).await;
        self.record_invocation("lookup.find", &invocation);
        invocation.outcome
    }
}
