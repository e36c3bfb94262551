//! Writing a disposition into the CRM, after looking up whether an earlier attempt landed.

use super::{Attempt, AttemptOutcome};
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::delivery::failure::Failure;
use jackfield_domain::delivery::{AttemptPlan, AttemptPolicy, AttemptResult, plan};
use jackfield_domain::id::LeadId;

impl Attempt<'_> {
    pub(super) async fn write_disposition(&mut self, policy: &AttemptPolicy) -> AttemptOutcome {
        let claimed = self.claimed;
        let document = serde_json::from_slice(&claimed.payload).ok();
        let disposition = claimed.lead.clone().zip(document);
        let disposition = disposition.and_then(|(lead, document)| Disposition::read(lead, &document).ok());
        let Some(disposition) = disposition else {
            return AttemptOutcome::Unreadable;
        };

        let mut progress = claimed.progress;
        match plan(&progress, policy) {
            AttemptPlan::Ask => return AttemptOutcome::NeedsDecision,
            AttemptPlan::LookUpFirst => match self.look_up(&disposition.lead_id).await {
                Ok(Some(reference)) => return self.ended(Ok(reference), false),
                Ok(None) => progress.ambiguous = false,
                Err(failure) => {
                    self.look_up_failed = true;
                    return self.ended(Err(failure), false);
                }
            },
            AttemptPlan::Send => {}
        }
        let called = self
            .tenant
            .loaded
            .write(&disposition, claimed.accepted_at, &claimed.key)
            .await;
        self.observe("dispositions.write", &called);
        AttemptOutcome::Ended {
            result: AttemptResult {
                outcome: called.outcome,
                sent: called.sent,
            },
            progress,
        }
    }

    /// Asks the CRM whether an earlier attempt was written.
    async fn look_up(&mut self, lead: &LeadId) -> Result<Option<String>, Failure> {
        self.detail.looked_up = true;
        let called = self.tenant.loaded.find(lead, &self.claimed.key).await;
        self.observe("lookup.find", &called);
        called.outcome
    }
}
