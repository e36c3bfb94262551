//! Line 0.1 of the contract, which adapters built before 0.2 still use.
//!
//! It differs from the current line by its failures, which have no reasons, by what `leads.parse` returns, and by the
//! imports that it lacks. All its other types are equal to the current line's, and the engine compares types by their
//! structure. So only the differences are defined here.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker};

use super::bindings::{credentials, http, log, model, settings};

/// Why an invocation did not succeed, in line 0.1.
#[derive(Debug, Clone, ComponentType, Lift)]
#[component(variant)]
pub enum LegacyFailure {
    #[component(name = "unavailable")]
    Unavailable,
    #[component(name = "unknown")]
    Unknown,
    #[component(name = "rate-limited")]
    RateLimited(Option<u32>),
    #[component(name = "unauthorized")]
    Unauthorized,
    #[component(name = "rejected")]
    Rejected(model::Rejection),
    #[component(name = "not-found")]
    NotFound,
}

impl From<LegacyFailure> for model::Failure {
    fn from(given: LegacyFailure) -> Self {
        match given {
            LegacyFailure::Unavailable => Self::Unavailable(None),
            LegacyFailure::Unknown => Self::Unknown(None),
            LegacyFailure::RateLimited(seconds) => Self::RateLimited(seconds),
            LegacyFailure::Unauthorized => Self::Unauthorized(None),
            LegacyFailure::Rejected(rejection) => Self::Rejected(rejection),
            LegacyFailure::NotFound => Self::NotFound,
        }
    }
}

/// Links the imports of line 0.1.
///
/// # Errors
/// One of their names is linked already.
pub fn add_to_linker<T>(linker: &mut Linker<T>) -> wasmtime::Result<()>
where
    T: http::Host + settings::Host + credentials::Host + log::Host + Send + 'static,
{
    linker.instance("jackfield:crm/model@0.1.0")?;
    linker.instance("jackfield:crm/http@0.1.0")?.func_wrap_async(
        "send",
        |mut store: StoreContextMut<'_, T>, (request,): (http::Request,)| {
            Box::new(async move { Ok((store.data_mut().send(request).await,)) })
        },
    )?;
    linker
        .instance("jackfield:crm/settings@0.1.0")?
        .func_wrap("get", |mut store: StoreContextMut<'_, T>, (name,): (String,)| {
            Ok((store.data_mut().get(name),))
        })?;
    linker.instance("jackfield:crm/credentials@0.1.0")?.func_wrap(
        "hmac-sha256",
        |mut store: StoreContextMut<'_, T>, (name, bytes): (String, Vec<u8>)| {
            Ok((store.data_mut().hmac_sha256(name, bytes),))
        },
    )?;
    linker.instance("jackfield:crm/log@0.1.0")?.func_wrap(
        "write",
        |mut store: StoreContextMut<'_, T>, (level, message, fields): (log::Level, String, Vec<log::Field>)| {
            store.data_mut().write(level, message, fields);
            Ok(())
        },
    )
}
