//! An adapter's record, and the rules for the result of its `describe`.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::release::CredentialKind;
use super::{AdapterNeeds, SettingKind, SettingNeed};
use crate::id::{AdapterName, AdapterVersion, Digest, InvalidId};
use crate::visible_text::is_visible_text;

/// The most settings, credentials or origins that an adapter may ask for.
const MAX_NEEDS: usize = 100;
/// The most bytes of a setting's or credential's documentation.
const MAX_DOC_BYTES: usize = 500;

/// The most characters of a wrong name that a message shows.
const MAX_SHOWN: usize = 80;

/// The kinds of credential that an adapter may ask for.
const KINDS: [CredentialKind; 4] = [
    CredentialKind::Bearer,
    CredentialKind::Basic,
    CredentialKind::Header,
    CredentialKind::Hmac,
];

/// An adapter, as its `describe` and its exports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterRecord {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its name.
    pub name: AdapterName,
    /// Its version.
    pub version: AdapterVersion,
    /// What it requires of a tenant's file.
    pub needs: AdapterNeeds,
    /// Whether a repeated write leaves one record.
    pub idempotent_writes: bool,
    /// Whether it exports `lookup`.
    pub lookup: bool,
    /// Whether it exports `leads`.
    pub parses_leads: bool,
    /// Length in bytes.
    pub size: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
}

/// Validates the result of an adapter's `describe`. Its texts are shown to people, on terminals too.
///
/// # Errors
/// All problems, a sentence each.
pub fn check_described(
    name: &str,
    version: &str,
    needs: &AdapterNeeds,
) -> Result<(AdapterName, AdapterVersion), Vec<String>> {
    let mut wrong = check_needs(needs);
    let mut report = |error: InvalidId| wrong.push(error.to_string());
    let name = name.parse().map_err(&mut report);
    let version = version.parse().map_err(&mut report);
    match (name, version) {
        (Ok(name), Ok(version)) if wrong.is_empty() => Ok((name, version)),
        _ => Err(wrong),
    }
}

fn check_needs(needs: &AdapterNeeds) -> Vec<String> {
    let mut wrong = vec![];
    let counts = [needs.settings.len(), needs.credentials.len(), needs.origins.len()];
    if counts.iter().any(|count| *count > MAX_NEEDS) {
        wrong.push(format!(
            "there may be {MAX_NEEDS} settings, credentials and origins each"
        ));
        return wrong;
    }
    let mut names = HashSet::new();
    for setting in &needs.settings {
        let shown = shown(&setting.name);
        if !is_name(&setting.name) {
            wrong.push(format!(
                "setting `{shown}` must be named with a-z, 0-9 and `_`, a letter first"
            ));
        }
        if !names.insert(&setting.name) {
            wrong.push(format!("setting `{shown}` is there twice"));
        }
        check_doc(&setting.doc, format_args!("setting `{shown}`"), &mut wrong);
    }
    names.clear();
    for credential in &needs.credentials {
        let shown = shown(&credential.name);
        if !is_name(&credential.name.replace('-', "_")) {
            wrong.push(format!(
                "credential `{shown}` must be named with a-z, 0-9, `-` and `_`, a letter first"
            ));
        }
        if !names.insert(&credential.name) {
            wrong.push(format!("credential `{shown}` is there twice"));
        }
        if !KINDS.iter().any(|kind| kind.word() == credential.kind) {
            wrong.push(format!(
                "the kind of credential `{shown}` must be bearer, basic, header or hmac"
            ));
        }
        check_doc(&credential.doc, format_args!("credential `{shown}`"), &mut wrong);
    }
    for origin in &needs.origins {
        let is_url = |setting: &SettingNeed| setting.name == *origin && setting.kind == SettingKind::Url;
        if !needs.settings.iter().any(is_url) {
            wrong.push(format!(
                "origin `{}` must be the name of a setting of kind url",
                shown(origin)
            ));
        }
    }
    wrong
}

/// Validates text that a person may read on a terminal: a control character could move the cursor or rename the window,
/// and a bidirectional override could make it read otherwise.
fn check_doc(doc: &str, of: fmt::Arguments<'_>, wrong: &mut Vec<String>) {
    if doc.len() > MAX_DOC_BYTES {
        wrong.push(format!("the doc of {of} is longer than {MAX_DOC_BYTES} bytes"));
    }
    if !is_visible_text(doc) {
        wrong.push(format!(
            "the doc of {of} has a line break, or another character that people do not see"
        ));
    }
}

/// The start of a name that an adapter chose.
fn shown(name: &str) -> String {
    name.chars().take(MAX_SHOWN).flat_map(char::escape_default).collect()
}

/// `[a-z][a-z0-9_]*`, at most 64 characters.
fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::CredentialNeed;

    #[test]
    fn messages_about_wrong_names_are_bounded() {
        let bad = AdapterNeeds {
            settings: vec![],
            credentials: vec![],
            origins: vec!["\0".repeat(1 << 20); MAX_NEEDS],
        };
        assert!(check_needs(&bad).join("; ").len() < 64 << 10);
    }

    #[test]
    fn every_wrong_need_is_named() {
        let setting = |name: &str, kind| SettingNeed {
            name: name.into(),
            kind,
            required: true,
            doc: "x".into(),
        };
        let credential = |name: &str, kind: &str| CredentialNeed {
            name: name.into(),
            kind: kind.into(),
            doc: "x".into(),
        };
        let good = AdapterNeeds {
            settings: vec![setting("base_url", SettingKind::Url)],
            credentials: vec![credential("crm-key", "hmac")],
            origins: vec!["base_url".into()],
        };
        assert_eq!(check_needs(&good), Vec::<String>::new());
        let bad = AdapterNeeds {
            settings: vec![
                setting("Base", SettingKind::Url),
                setting("n", SettingKind::Text),
                setting("n", SettingKind::Text),
            ],
            credentials: vec![
                credential("", "cookie"),
                CredentialNeed {
                    doc: "\u{1b}]0;owned\u{7}".into(),
                    ..credential("k", "bearer")
                },
            ],
            origins: vec!["n".into(), "x".into()],
        };
        insta::assert_snapshot!(check_needs(&bad).join("\n"), @r"
        setting `Base` must be named with a-z, 0-9 and `_`, a letter first
        setting `n` is there twice
        credential `` must be named with a-z, 0-9, `-` and `_`, a letter first
        the kind of credential `` must be bearer, basic, header or hmac
        the doc of credential `k` has a line break, or another character that people do not see
        origin `n` must be the name of a setting of kind url
        origin `x` must be the name of a setting of kind url
        ");
    }
}
