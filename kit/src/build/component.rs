//! From a core module to a component of the contract, for languages whose compilers stop at the module.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::BuildError;
use crate::contract;

/// Writes the contract's world into a module whose toolchain did not.
///
/// # Errors
/// The bytes are no module.
pub fn embed(mut module: Vec<u8>, world: &str) -> Result<Vec<u8>, BuildError> {
    let (resolve, package) = contract::resolve();
    let failed = |error: String| BuildError::Component(error);
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(|error| failed(format!("{error:#}")))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| failed(format!("{error:#}")))?;
    Ok(module)
}

/// Makes a component of a module that says which world it is for. Its calls of WASI preview 1, if it makes any, are
/// adapted to WASI 0.2.
///
/// # Errors
/// The module does not export what its world says, or imports something else.
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
