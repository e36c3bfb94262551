//! Pushes a lead to the agent.

use super::{Attempt, AttemptOutcome, push};
use jackfield_domain::delivery::LastRequest;

impl Attempt<'_> {
    pub(super) async fn push_lead(&mut self) -> AttemptOutcome {
        let Some(agent) = &self.tenant.push else {
            // The tenant stopped pushing after this lead was accepted: the agent pulls it.
            return self.ended(Ok(String::new()), false);
        };
        let deadline = self.tenant.release().spec.limits.write_deadline();
        let pushed = push::send(agent, self.clock, deadline, self.claimed).await;
        if let Some(refusal) = &pushed.refusal {
            self.metrics.push_refused(&self.claimed.tenant, refusal.word());
        }
        self.detail.http_status = pushed.http_status;
        self.last_request = Some(LastRequest {
            method: "POST".into(),
            path: agent.url.path().to_owned(),
            step: 1,
        });
        self.pause_until = pushed.pause_until;
        self.ended(pushed.outcome, pushed.sent)
    }
}
