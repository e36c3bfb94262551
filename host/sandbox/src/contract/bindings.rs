//! The types that are generated from the contract in `wit/`. `convert` turns them into the domain's types and back.

/// The imports and exports of every adapter.
pub mod adapter {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "adapter",
        imports: { "jackfield:crm/http.send": async },
        exports: { default: async },
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
pub use adapter::jackfield::crm::{credentials, dates, http, log, model, phones, settings};

/// The interfaces that adapters export.
pub mod exports {
    pub use super::adapter::exports::jackfield::crm::{about, dispositions, status};
    pub use super::leads::exports::jackfield::crm::leads;
    pub use super::lookup::exports::jackfield::crm::lookup;
}
