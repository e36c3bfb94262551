//! Checks `[egress]`: whether it is valid, and covers the origins that the adapter needs.

use std::net::IpAddr;

use url::Url;

use super::super::spec::TenantSpec;
use crate::field::{FieldError, escape};
use crate::tenant::egress::{EgressGrant, EgressPolicy, EgressSpec, HostName, Origin, UrlText};
use crate::tenant::needs::AdapterNeeds;

/// The most addresses of a pinned host: as many as a CRM has load balancers.
const MAX_PINNED: usize = 8;

/// Adds what is wrong. Pointers are into the file: `/egress/allow`.
pub(super) fn check(spec: &TenantSpec, needs: &AdapterNeeds, errors: &mut Vec<FieldError>) {
    let mut private = vec![];
    for name in &needs.origins {
        // A setting that is not a URL is reported as such.
        let value = spec.settings.get(name).map(ToString::to_string);
        let Some(url) = value.and_then(|value| UrlText::from(value).parse_base().ok()) else {
            continue;
        };
        if let Some(problem) = uncovered(&spec.egress, name, &url) {
            errors.push(FieldError::new("/egress/allow", problem));
        }
        if let Some(problem) = private_address(&spec.egress, &url) {
            errors.push(FieldError::new(format!("/settings/{}", escape(name)), problem));
            private.extend(Origin::of(&url));
        }
    }
    for (n, grant) in spec.egress.allow.iter().enumerate() {
        let url = Url::parse(&grant.origin.to_string());
        if let Some(problem) = url.ok().and_then(|url| private_address(&spec.egress, &url))
            && !private.contains(&grant.origin)
        {
            errors.push(FieldError::new(format!("/egress/allow/{n}"), problem));
        }
    }
    for (name, addresses) in &spec.egress.hosts {
        let pointer = format!("/egress/hosts/{}", escape(name.as_str()));
        if let Some(problem) = pinning_problem(spec, name, addresses) {
            errors.push(FieldError::new(pointer, problem));
        }
    }
}

/// Adds what is wrong with a URL that the host itself sends requests to.
pub(super) fn host_url(text: &UrlText, egress: &EgressSpec, pointer: String, errors: &mut Vec<FieldError>) {
    let problem = match text.parse() {
        Ok(url) => private_address(egress, &url),
        Err(problem) => Some(problem.to_string()),
    };
    errors.extend(problem.map(|problem| FieldError::new(pointer, problem)));
}

/// Why no request to a URL would be sent, if its host is an address.
fn private_address(egress: &EgressSpec, url: &Url) -> Option<String> {
    let refusal = EgressPolicy::from(egress).check_written_address(url).err();
    refusal.map(|refusal| refusal.to_string())
}

/// Why every request to the URL in a setting would be refused.
fn uncovered(egress: &EgressSpec, setting: &str, url: &Url) -> Option<String> {
    let origin = Origin::of(url).ok();
    let grants: Vec<_> = egress
        .allow
        .iter()
        .filter(|grant| Some(&grant.origin) == origin.as_ref())
        .collect();
    if grants.is_empty() {
        let origin = url.origin().ascii_serialization();
        let mut of_host = egress.allow.iter().map(|grant| &grant.origin);
        return Some(match of_host.find(|granted| Some(granted.host()) == url.host_str()) {
            Some(granted) => format!(
                "grants {granted}, but settings.{setting}, which the adapter calls, is at {origin}: write \"{origin}\" \
                 here, or the other scheme or port there"
            ),
            None => {
                format!("must grant the origin of settings.{setting}, which the adapter calls: add \"{origin}\"")
            }
        });
    }
    let overlaps = |grant: &&EgressGrant| grant.prefix().is_none_or(|prefix| prefix.overlaps(url.path()));
    let covered = grants.iter().any(overlaps);
    (!covered)
        .then(|| format!("must grant a path above or below the one in settings.{setting}, which the adapter calls"))
}

/// What is wrong with a host's pinned addresses.
fn pinning_problem(spec: &TenantSpec, name: &HostName, addresses: &[IpAddr]) -> Option<String> {
    let granted = spec
        .egress
        .allow
        .iter()
        .any(|grant| grant.origin.host() == name.as_str());
    let mut asked_by_host = spec.host_urls().filter_map(|url| url.parse().ok());
    if !granted && !asked_by_host.any(|url| url.host_str() == Some(name.as_str())) {
        return Some("is not the host of any origin in egress.allow, nor that of push_url or a token_url".into());
    }
    if !(1..=MAX_PINNED).contains(&addresses.len()) {
        return Some(format!("must have 1 to {MAX_PINNED} addresses"));
    }
    let policy = EgressPolicy::from(&spec.egress);
    let refusal = addresses
        .iter()
        .find_map(|address| policy.check_resolved(*address).err());
    refusal.map(|refusal| refusal.to_string())
}
