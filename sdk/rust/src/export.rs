//! Turns an [`Adapter`] into the exports of a component.

use std::marker::PhantomData;

use crate::bindings::{adapter, leads, lookup};
use crate::host::Host;
use crate::model::{Disposition, Failure, Inbound, Lead, LeadStatus, Receipt, Rejection};
use crate::{Adapter, Description, Lookup, ParseLeads};

/// Exports an adapter from its component: the required exports, and the optional exports that are named.
///
/// ```
/// # use jackfield_sdk::*;
/// # macro_rules! adapter {
/// #     ($name:ident) => {
/// #         struct $name;
/// #         impl Adapter for $name {
/// #             fn describe() -> Description { about!() }
/// #             fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> { Err(Failure::Unknown(None)) }
/// #             fn write_disposition(_: &Host, _: &Disposition, _: &str) -> Result<Receipt, Failure> {
/// #                 Err(Failure::Unknown(None))
/// #             }
/// #         }
/// #         impl Lookup for $name {
/// #             fn find(_: &Host, _: &str, _: &str) -> Result<Option<Receipt>, Failure> { Ok(None) }
/// #         }
/// #         impl ParseLeads for $name {
/// #             fn parse_leads(_: &Host, _: &Inbound) -> Result<Vec<Result<Lead, Rejection>>, Failure> {
/// #                 Ok(Vec::new())
/// #             }
/// #         }
/// #     };
/// # }
/// # adapter!(Plain);
/// # adapter!(Searchable);
/// # adapter!(Talkative);
/// jackfield_sdk::export!(Plain); // one of these in an adapter
/// jackfield_sdk::export!(Searchable with lookup);
/// jackfield_sdk::export!(Talkative with lookup, parse_leads);
/// ```
///
/// The component exports no other optional interface, which is how the host knows what the adapter lacks. If the crate
/// is not compiled for WebAssembly, the macro only checks that the traits are implemented.
#[macro_export]
macro_rules! export {
    ($adapter:ident) => { $crate::export!($adapter with); };
    ($adapter:ident with $($capability:ident),* $(,)?) => {
        const _: () = {
            const fn is_an_adapter<A: $crate::Adapter>() {}
            is_an_adapter::<$adapter>();
        };
        $crate::export!(@adapter $adapter);
        $($crate::export!(@$capability $adapter);)*
    };
    (@adapter $adapter:ident) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Component = $crate::export::Component<$adapter>;
            $crate::bindings::adapter::export_adapter!(Component with_types_in $crate::bindings::adapter);
        };
    };
    (@lookup $adapter:ident) => { $crate::export!(@optional $adapter: Lookup, lookup::export_lookup); };
    (@parse_leads $adapter:ident) => { $crate::export!(@optional $adapter: ParseLeads, leads::export_leads); };
    (@optional $adapter:ident: $trait:ident, $bindings:ident::$export:ident) => {
        const _: () = {
            const fn implements_the_named_export<A: $crate::$trait>() {}
            implements_the_named_export::<$adapter>();
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Component = $crate::export::Component<$adapter>;
            $crate::bindings::$bindings::$export!(Component with_types_in $crate::bindings::$bindings);
        };
    };
    (@$unknown:ident $adapter:ident) => {
        compile_error!(concat!("an adapter cannot export `", stringify!($unknown), "`: it is `lookup` or \
            `parse_leads`"));
    };
}

/// The component around an adapter. Only [`export!`](crate::export!) names it.
#[doc(hidden)]
pub struct Component<A>(PhantomData<A>);

/// Prepares an invocation and returns its host.
///
/// With a fault, the host shows the last line of the guest's standard error. Rust's own panic message ends in a hint
/// about backtraces, which a guest does not have, so it is replaced by one line with position and message.
fn begin() -> Host {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        eprintln!("panicked at {place}: {}", message.replace('\n', " "));
    }));
    Host::component()
}

impl<A: Adapter> adapter::exports::jackfield::crm::about::Guest for Component<A> {
    fn describe() -> Description {
        begin();
        A::describe()
    }
}

impl<A: Adapter> adapter::exports::jackfield::crm::status::Guest for Component<A> {
    fn query(lead_id: String) -> Result<LeadStatus, Failure> {
        A::query_status(&begin(), &lead_id)
    }
}

impl<A: Adapter> adapter::exports::jackfield::crm::dispositions::Guest for Component<A> {
    fn write(disposition: Disposition, idempotency_key: String) -> Result<Receipt, Failure> {
        A::write_disposition(&begin(), &disposition, &idempotency_key)
    }
}

impl<A: Lookup> lookup::exports::jackfield::crm::lookup::Guest for Component<A> {
    fn find(lead_id: String, idempotency_key: String) -> Result<Option<Receipt>, Failure> {
        A::find(&begin(), &lead_id, &idempotency_key)
    }
}

impl<A: ParseLeads> leads::exports::jackfield::crm::leads::Guest for Component<A> {
    fn parse(inbound: Inbound) -> Result<Vec<Result<Lead, Rejection>>, Failure> {
        A::parse_leads(&begin(), &inbound)
    }
}
