//! Validates a tenant's file, by itself and against its adapter's needs, before a release is made.

mod credential;
mod egress;
mod secret;

use std::time::Duration;

use secret::secret;

use super::limits::LimitsSpec;
use super::spec::{MAX_IDEMPOTENCY_HOURS, MIN_IDEMPOTENCY_HOURS, SettingValue, TenantSpec};
use crate::delivery::DeliverySpec;
use crate::field::{FieldError, escape};
use crate::tenant::egress::UrlText;
use crate::tenant::needs::{AdapterNeeds, SettingKind};

/// The most secrets that sign a push: each makes the header longer, and an agent reads only so many.
const MAX_PUSH_SECRETS: usize = 5;

/// Everything that is wrong with a tenant's file. Pointers are into the file: `/delivery/concurrency`.
#[must_use]
pub fn check(spec: &TenantSpec, needs: &AdapterNeeds) -> Vec<FieldError> {
    let mut errors = vec![];
    settings(spec, needs, &mut errors);
    egress::check(spec, needs, &mut errors);
    credential::check(spec, needs, &mut errors);
    webhook_and_agent(spec, &mut errors);
    limits(spec, &mut errors);
    spec.ingress.check(&mut errors);
    spec.runtime.check(&mut errors);
    errors
}

fn settings(spec: &TenantSpec, needs: &AdapterNeeds, errors: &mut Vec<FieldError>) {
    for (name, value) in &spec.settings {
        let pointer = format!("/settings/{}", escape(name));
        match needs.settings.iter().find(|need| need.name == *name) {
            None => {
                let known: Vec<_> = needs.settings.iter().map(|need| need.name.as_str()).collect();
                errors.push(FieldError::new(
                    pointer,
                    format!("the adapter has no such setting; it has: {}", list(&known)),
                ));
            }
            Some(need) => {
                let is_url = need.is_url(&value.to_string());
                let kind = if is_url { SettingKind::Url } else { need.kind };
                if let Some(expected) = mismatch(kind, value) {
                    errors.push(FieldError::new(pointer, format!("{expected} ({})", need.doc)));
                }
            }
        }
    }
    for need in needs
        .settings
        .iter()
        .filter(|need| need.required && !spec.settings.contains_key(&need.name))
    {
        errors.push(FieldError::new(
            format!("/settings/{}", escape(&need.name)),
            format!("is required by the adapter: {}", need.doc),
        ));
    }
}

/// The rule that a setting's value violates, if any.
#[must_use]
pub fn mismatch(kind: SettingKind, value: &SettingValue) -> Option<String> {
    let text = value.to_string();
    match kind {
        SettingKind::Text => None,
        SettingKind::Integer => text.parse::<i64>().err().map(|_| "must be a whole number".into()),
        SettingKind::Boolean => text.parse::<bool>().err().map(|_| "must be true or false".into()),
        SettingKind::Url => UrlText::from(text)
            .parse_base()
            .err()
            .map(|problem| problem.to_string()),
    }
}

fn webhook_and_agent(spec: &TenantSpec, errors: &mut Vec<FieldError>) {
    if let Some(webhook) = &spec.webhook {
        if webhook.secrets.is_empty() || webhook.secrets.len() > 10 {
            errors.push(FieldError::new("/webhook/secrets", "must hold 1 to 10 secrets"));
        }
        for (index, given) in webhook.secrets.iter().enumerate() {
            secret(&given.secret, format!("/webhook/secrets/{index}"), errors);
        }
        if !(MIN_IDEMPOTENCY_HOURS..=MAX_IDEMPOTENCY_HOURS).contains(&webhook.idempotency_hours) {
            errors.push(FieldError::new(
                "/webhook/idempotency_hours",
                "must be 24 to 8760: shorter than a sender's retries would make duplicates",
            ));
        }
    }
    let signs = spec.agent.secrets().count();
    if spec.agent.push_url.is_some() != (signs > 0) {
        let message = "push_url and push_secret go together; push_secrets holds further ones during a rotation";
        errors.push(FieldError::new("/agent", message));
    }
    if signs > MAX_PUSH_SECRETS {
        errors.push(FieldError::new(
            "/agent/push_secrets",
            format!("must hold fewer secrets: at most {MAX_PUSH_SECRETS} sign a push"),
        ));
    }
    for (pointer, given) in spec.agent.secrets() {
        secret(given, pointer, errors);
    }
    if let Some(url) = &spec.agent.push_url {
        egress::host_url(url, &spec.egress, "/agent/push_url".into(), errors);
    }
}

fn limits(spec: &TenantSpec, errors: &mut Vec<FieldError>) {
    let bounds = [
        ("memory_mib", spec.limits.memory_mib, LimitsSpec::MAX_MEMORY_MIB),
        ("cpu_ms", spec.limits.cpu_ms, LimitsSpec::MAX_CPU_MS),
        ("status_deadline_ms", spec.limits.status_deadline_ms, 10_000),
        ("write_deadline_ms", spec.limits.write_deadline_ms, 60_000),
        ("status_concurrency", spec.limits.status_concurrency, 1000),
    ];
    for (name, value, max) in bounds {
        if !(1..=max).contains(&value) {
            errors.push(FieldError::new(
                format!("/limits/{name}"),
                format!("must be 1 to {max}"),
            ));
        }
    }
    delivery(&spec.delivery, errors);
}

fn delivery(spec: &DeliverySpec, errors: &mut Vec<FieldError>) {
    const MINUTE: Duration = Duration::from_mins(1);
    const MONTH: Duration = Duration::from_hours(30 * 24);
    let breaker = &spec.breaker;
    let wrong = [
        (spec.concurrency.get() > 1000, "concurrency", "must be 1 to 1000"),
        (
            !(MINUTE..=MONTH).contains(&spec.max_hold.0),
            "max_hold",
            "must be 1 minute to 30 days (\"720h\")",
        ),
        (breaker.failures.get() > 100, "breaker/failures", "must be 1 to 100"),
        (
            breaker.open_for.0 < Duration::from_secs(1),
            "breaker/open_for",
            "must be at least 1 second",
        ),
        (
            breaker.max_open_for.0 > Duration::from_hours(1) || breaker.max_open_for.0 < breaker.open_for.0,
            "breaker/max_open_for",
            "must be at most 1 hour, and not below open_for",
        ),
    ];
    for (_, name, rule) in wrong.into_iter().filter(|(is_wrong, ..)| *is_wrong) {
        errors.push(FieldError::new(format!("/delivery/{name}"), rule));
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}
