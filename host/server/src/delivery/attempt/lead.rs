//! Pushes a lead to the agent.

use super::{Attempt, AttemptOutcome};

impl Attempt<'_> {
    pub(super) async fn push_lead(&mut self) -> AttemptOutcome {
        let agent = &self.tenant.release().spec.agent;
        let (Some(url), Some(key)) = (&agent.push_url, &self.tenant.push_key) else {
            // The tenant stopped pushing after this lead was accepted: the agent pulls it.
            return self.ended(Ok(String::new()), false);
        };
        let deadline = self.tenant.release().spec.limits.write_deadline();
        let pushed = self.push.send(self.clock, deadline, url, key, self.claimed).await;
        self.detail.http_status = pushed.http_status;
        self.pause_until = pushed.pause_until;
        self.ended(pushed.outcome, pushed.sent)
    }
}
