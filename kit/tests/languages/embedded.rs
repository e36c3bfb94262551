//! The files that the kit embeds for new projects are those of the repository.

use std::collections::BTreeSet;

use jackfield_kit::languages::{Files, Language};

use crate::tracked;

fn paths(files: Files) -> BTreeSet<String> {
    files.iter().map(|(path, _)| (*path).to_owned()).collect()
}

/// The folder of a language's SDK.
fn sdk_folder(language: Language) -> &'static str {
    match language {
        Language::Rust => "sdk/rust",
        Language::Ts => "sdk/js",
        Language::Py => "sdk/python",
        Language::Go => "sdk/go",
        Language::C => "sdk/c",
    }
}

/// Whether a new project needs a file of the SDK. It does not need the SDK's own tests and their settings.
fn is_needed(language: Language, path: &str) -> bool {
    match language {
        Language::Go => !path.ends_with("_test.go"),
        Language::Ts if path == "tsconfig.json" => false,
        Language::Rust | Language::Ts | Language::Py | Language::C => !path.starts_with("tests/"),
    }
}

#[test]
fn new_projects_get_the_whole_template() {
    for language in Language::ALL {
        let template = tracked(&format!("kit/templates/{}", language.word()));
        assert_eq!(paths(language.template()), template, "{language}");
    }
}

#[test]
fn new_projects_get_the_whole_sdk() {
    for language in Language::ALL {
        let mut sdk = tracked(sdk_folder(language));
        sdk.retain(|path| is_needed(language, path));
        assert!(!sdk.is_empty(), "{language}");
        assert_eq!(paths(language.sdk()), sdk, "{language}");
    }
}
