//! Python.

use super::{Files, Profile, embed};
use crate::build::{Build, BuildError};

/// See [`Profile`].
pub(super) const PROFILE: Profile = Profile {
    word: "py",
    name: "Python",
    template: TEMPLATE,
    sdk: SDK,
    component,
    recipe: "",
};

const TEMPLATE: Files = embed!("../../templates/py/":);

const SDK: Files = embed!("../../../sdk/python/":);

fn component(build: &Build<'_>) -> Result<Vec<u8>, BuildError> {
    Err(BuildError::Project(format!(
        "no recipe for {}",
        build.project.root().display()
    )))
}
