//! What an operator is told about a tenant's file that is valid.

use super::spec::{SettingValue, TenantSpec};
use crate::field::escape;
use crate::tenant::egress::{Origin, UrlText};
use crate::tenant::needs::AdapterNeeds;

/// Drops the blanks around the URLs in a file, which people copy with them. Returns what to tell the operator.
#[must_use]
pub fn trim_urls(spec: &mut TenantSpec, needs: &AdapterNeeds) -> Vec<String> {
    let mut trimmed = vec![];
    for need in &needs.settings {
        if let Some(SettingValue::Text(text)) = spec.settings.get_mut(&need.name)
            && need.is_url(text)
        {
            let mut url = UrlText::from(text.clone());
            if url.trim() {
                url.as_str().clone_into(text);
                trimmed.push(format!("/settings/{}", escape(&need.name)));
            }
        }
    }
    let oauth2 = spec.credentials.iter_mut().enumerate();
    let token_urls = oauth2.filter_map(|(n, given)| {
        let url = &mut given.oauth2.as_mut()?.token_url;
        Some((format!("/credentials/{n}/oauth2/token_url"), url))
    });
    let push_url = spec.agent.push_url.iter_mut();
    let host_urls = push_url
        .map(|url| ("/agent/push_url".to_owned(), url))
        .chain(token_urls);
    trimmed.extend(host_urls.filter_map(|(pointer, url)| url.trim().then_some(pointer)));
    trimmed
        .into_iter()
        .map(|pointer| format!("{pointer}: the blanks around the URL were dropped"))
        .collect()
}

/// What looks like a mistake in a file that has passed its checks.
#[must_use]
pub fn notes(spec: &TenantSpec, needs: &AdapterNeeds) -> Vec<String> {
    let urls = needs.settings.iter().filter_map(|need| {
        let value = spec.settings.get(&need.name)?.to_string();
        let url = Some(value).filter(|value| need.is_url(value))?;
        Some((&need.name, UrlText::from(url).parse_base().ok()?))
    });
    let ungranted = urls.filter_map(|(name, url)| {
        let origin = Origin::of(&url).ok().filter(|origin| !spec.egress.grants(origin))?;
        Some(format!(
            "/settings/{}: {origin} is not granted; if the adapter calls it, add it to egress.allow",
            escape(name)
        ))
    });
    ungranted.collect()
}
