//! The contract of `wit/`, as generated types. They stop here: `convert` turns them into the domain's and back.

/// What every adapter imports and exports.
pub mod adapter {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "adapter",
        imports: { "jackfield:crm/http.send": async },
        exports: { default: async },
        // For what is recorded of a call.
        additional_derives: [serde::Serialize],
    });
}

/// The optional export `lookup`.
pub mod lookup {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "adapter-lookup",
        exports: { default: async },
        with: { "jackfield:crm/model": super::adapter::jackfield::crm::model },
    });
}

/// The optional export `leads`.
pub mod leads {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "adapter-leads",
        exports: { default: async },
        with: { "jackfield:crm/model": super::adapter::jackfield::crm::model },
    });
}

pub use adapter::Adapter;
pub use adapter::jackfield::crm::{credentials, http, log, model, settings};

/// What adapters export.
pub mod exports {
    pub use super::adapter::exports::jackfield::crm::{about, dispositions, status};
    pub use super::leads::exports::jackfield::crm::leads;
    pub use super::lookup::exports::jackfield::crm::lookup;
}
