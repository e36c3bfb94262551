//! The alerts of tenants that are not served: one for each, opened when its active release does not load, and closed
//! when the tenant is served again.

use super::Rollout;
use super::rollout::AlertMessages;
use jackfield_domain::alert::{AlertKind, not_serving_message};
use jackfield_store::{StoreError, TenantAlerts};

impl Rollout {
    /// Opens and closes alerts, if other tenants are served than when they were last written, or for other reasons.
    pub(super) async fn update_alerts(&self) -> Result<(), StoreError> {
        let mut written = self.written_alerts.lock().await;
        let broken = self.tenants.broken().into_iter();
        let not_serving: AlertMessages = broken
            .map(|(tenant, release, reason)| (tenant, not_serving_message(release, &reason).into()))
            .collect();
        if written.as_ref() == Some(&not_serving) {
            return Ok(());
        }
        let new = not_serving
            .iter()
            .filter(|(tenant, message)| written.as_ref().and_then(|written| written.get(*tenant)) != Some(*message));
        let mut close = self.store.tenants_alerted(AlertKind::NotServing).await?;
        close.retain(|tenant| !not_serving.contains_key(tenant));
        let update = TenantAlerts {
            kind: AlertKind::NotServing,
            open: new
                .map(|(tenant, message)| (tenant.clone(), message.to_string()))
                .collect(),
            close,
            now: self.clock.now(),
        };
        if !(update.open.is_empty() && update.close.is_empty()) {
            self.store.update_tenant_alerts(update).await?;
        }
        *written = Some(not_serving);
        Ok(())
    }
}
