//! How a host is deployed while it is measured. Every deployment is a column of its own in the results.

/// A way to deploy the host.
#[derive(Debug, Clone, Copy)]
pub struct Deployment {
    /// The column's name.
    pub name: &'static str,
    /// Settings of the host, as variables of its environment.
    pub settings: &'static [(&'static str, &'static str)],
}

/// All of them. Another database, or several hosts over one, is one more entry here.
pub const DEPLOYMENTS: &[Deployment] = &[Deployment {
    name: "SQLite",
    settings: &[],
}];
