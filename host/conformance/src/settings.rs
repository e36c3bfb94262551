//! Whether `describe` asks for everything that the fixtures use.

use url::Url;

use super::ConformanceRun;
use super::cassette::Fixture;
use super::contract::ContractPlace;
use super::report::ConformanceCheck;
use jackfield_domain::custody::fixture::ExportInput;
use jackfield_domain::tenant::egress::Origin;
use jackfield_domain::tenant::release::{SettingValue, mismatch};

const STABLE: &str = "describe.stable";
const SETTINGS: &str = "describe.settings";
/// Requests go only to origins that `describe` names.
pub(super) const ORIGINS: &str = "describe.origins";

impl ConformanceRun<'_> {
    /// Runs `describe` a second time.
    pub(super) async fn describe_again(&mut self) {
        let first = self.rehearsal.record().clone();
        let expected = "the same as the first time";
        let check = match self.rehearsal.describe_again().await {
            Ok(second) if second == first => ConformanceCheck::right(STABLE, ""),
            Ok(_) => ConformanceCheck::wrong(STABLE, "", expected, "another description").because(
                "the host refuses to load a release whose adapter describes itself differently from when it was pushed",
            ),
            Err(error) => ConformanceCheck::wrong(STABLE, "", expected, error.to_string())
                .because("the host asks again whenever it loads a release"),
        };
        self.add(check.see(ContractPlace::DESCRIBE));
    }

    /// Compares a fixture's settings and keys with what `describe` asks for.
    pub(super) fn settings_fit(&mut self, fixture: &Fixture) {
        let needs = &self.rehearsal.record().needs;
        let mut wrong = vec![];
        for (name, value) in &fixture.settings {
            match needs.settings.iter().find(|need| need.name == *name) {
                None => wrong.push(format!("setting `{name}` is not described")),
                Some(need) => {
                    if let Some(expected) = mismatch(need.kind, &SettingValue::Text(value.clone())) {
                        wrong.push(format!("setting `{name}` {expected}"));
                    }
                }
            }
        }
        // A webhook is parsed without asking the CRM, so its fixture may leave the settings out.
        let may_lack = matches!(fixture.input, ExportInput::ParseLeads { .. }) && fixture.settings.is_empty();
        for need in needs.settings.iter().filter(|need| need.required && !may_lack) {
            if !fixture.settings.contains_key(&need.name) {
                wrong.push(format!("setting `{}` is required and missing", need.name));
            }
        }
        for name in fixture.keys.keys() {
            let mut credentials = needs.credentials.iter();
            if !credentials.any(|need| need.name == *name && need.kind == "hmac") {
                wrong.push(format!("`describe` names no credential `{name}` of kind hmac"));
            }
        }
        let origins: Vec<_> = needs
            .origins
            .iter()
            .filter_map(|name| fixture.settings.get(name))
            .collect();
        let origins: Vec<_> = origins.iter().filter_map(|url| origin(url)).collect();
        let mut elsewhere: Vec<_> = fixture.exchanges.iter().filter_map(|it| origin(&it.url)).collect();
        elsewhere.retain(|origin| !origins.contains(origin));
        elsewhere.dedup();
        let subject = fixture.name.clone();
        if wrong.is_empty() {
            self.add(ConformanceCheck::right(SETTINGS, subject.as_str()));
        } else {
            let check =
                ConformanceCheck::wrong(SETTINGS, subject.as_str(), "what `describe` asks for", wrong.join("; "));
            self.add(
                check
                    .because(
                        "the host checks a tenant's file against `describe`, and refuses a release that does not fit",
                    )
                    .see(ContractPlace::DESCRIPTION),
            );
        }
        for origin in elsewhere {
            let came = format!("the fixture has requests to {origin}");
            let check = ConformanceCheck::wrong(ORIGINS, subject.as_str(), "requests to described origins only", came);
            self.add(because_of_egress(check));
        }
    }
}

/// Explains why requests to other origins fail.
pub(super) fn because_of_egress(check: ConformanceCheck) -> ConformanceCheck {
    check
        .because("a tenant's [egress] grants what `describe` names; every other request is denied in service")
        .see(ContractPlace::ORIGINS)
}

fn origin(url: &str) -> Option<Origin> {
    Origin::of(&Url::parse(url).ok()?).ok()
}
