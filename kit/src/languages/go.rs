//! Go.

use super::{Files, Profile, embed};
use crate::build::{Build, BuildError};

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "go",
    name: "Go",
    template: TEMPLATE,
    sdk: SDK,
    component,
    recipe: "",
};

const TEMPLATE: Files = embed!("../../templates/go/":);

const SDK: Files = embed!("../../../sdk/go/":);

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    Err(BuildError::Project(format!(
        "no recipe for {}",
        build.project.root().display()
    )))
}
