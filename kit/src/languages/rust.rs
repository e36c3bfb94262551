//! Rust.

use super::{Files, Profile, embed};
use crate::build::{Build, BuildError};

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "rust",
    name: "Rust",
    template: TEMPLATE,
    sdk: SDK,
    component,
    recipe: "",
};

const TEMPLATE: Files = embed!("../../templates/rust/":);

const SDK: Files = embed!("../../../sdk/rust/":);

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    Err(BuildError::Project(format!(
        "no recipe for {}",
        build.project.root().display()
    )))
}
