//! The deployments of the host that are measured. Each is a column in the results.

/// A deployment of the host.
#[derive(Debug, Clone, Copy)]
pub struct Deployment {
    /// The column's name.
    pub name: &'static str,
    /// Settings of the host as environment variables.
    pub settings: &'static [(&'static str, &'static str)],
}

/// All deployments. Another database, or several hosts over one database, would be a further entry.
pub const DEPLOYMENTS: &[Deployment] = &[Deployment {
    name: "SQLite",
    settings: &[],
}];
