//! From a core module to a component of the contract, for languages whose compilers produce modules only.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wit_bindgen_core::{Files, WorldGenerator};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::BuildError;
use crate::contract;
use crate::project::Project;

/// Generates the bindings of a project's world.
///
/// # Errors
/// The generator cannot express the world in its language.
pub fn bindings(mut generator: Box<dyn WorldGenerator>, project: &Project) -> Result<Files, BuildError> {
    let (mut resolve, world) = contract::resolve_manifest(project.manifest());
    let mut files = Files::default();
    generator
        .generate(&mut resolve, world, &mut files)
        .map_err(|error| BuildError::Component(format!("no bindings for this language: {error:#}")))?;
    Ok(files)
}

/// Writes the project's world into a module whose toolchain did not.
///
/// # Errors
/// The bytes are not a module.
pub fn embed_world(mut module: Vec<u8>, project: &Project) -> Result<Vec<u8>, BuildError> {
    let (resolve, world) = contract::resolve_manifest(project.manifest());
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| BuildError::Component(format!("{error:#}")))?;
    Ok(module)
}

/// Turns a module that names its world into a component. Imports of WASI preview 1, if there are any, are adapted to
/// WASI 0.2.
///
/// # Errors
/// The module does not export what its world requires, or imports something else.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .module(module)?
            .adapter(PREVIEW1, REACTOR)?
            .encode()
    };
    encode().map_err(|error| BuildError::Component(format!("{error:#}")))
}
