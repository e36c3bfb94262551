//! What tests do with deliveries: accept dispositions, deliver them, look at them and replay them.

use std::time::Duration;

use jackfield_clock::Clock as _;
use jackfield_domain::id::DeliveryId;
use jackfield_store::{DeliveryDetail, ReplayDeliveries};
use serde_json::Value;

use super::TestNode;
use crate::documents::minimal_disposition;
use crate::fakes::KeystoneLead;

impl TestNode {
    /// Posts a disposition, which must be accepted. Returns the delivery's id.
    pub async fn accept(&self, tenant: &str, lead: &str, disposition: &Value) -> String {
        let answer = self.dispose(tenant, lead, disposition).await;
        answer.expect(202).member("delivery")
    }

    /// Posts a disposition of call `C-<n>` for the lead `L<n>`, which keystone gets first. Returns the delivery's id.
    pub async fn accept_numbered(&self, tenant: &str, n: usize) -> String {
        let lead = format!("L{n}");
        self.keystone.seed(KeystoneLead::new(lead.clone()));
        self.accept(tenant, &lead, &minimal_disposition(&format!("C-{n}"), "no_answer"))
            .await
    }

    /// Runs all deliveries that are due. Returns how many there were.
    pub async fn work(&self) -> usize {
        self.node.engine.run_until_idle().await.unwrap()
    }

    /// A delivery, as the agent sees it.
    pub async fn delivery(&self, tenant: &str, id: &str) -> Value {
        self.get(&format!("/v1/tenants/{tenant}/deliveries/{id}"))
            .await
            .expect(200)
            .json()
    }

    /// A delivery, as the store has it.
    pub async fn stored_delivery(&self, id: &str) -> DeliveryDetail {
        self.store().delivery(id.parse().unwrap()).await.unwrap().unwrap()
    }

    /// Replays deliveries at once. Returns how many there were to replay.
    pub async fn replay(&self, ids: Vec<DeliveryId>, not_landed: bool) -> usize {
        let order = ReplayDeliveries {
            ids,
            not_landed,
            now: self.clock.now(),
            spacing: Duration::ZERO,
        };
        self.store().replay(order).await.unwrap().len()
    }
}
