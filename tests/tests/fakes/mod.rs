//! The fakes are as strict as they document and misbehave on request, shown over real HTTP on loopback.

mod agent;
mod atrium;
mod groundwork;
mod keystone;
mod misbehaviour;
mod mortar;
mod oauth2;
mod parcel;
mod ridgeline;

use std::sync::LazyLock;

/// A client that keeps no connections, so that each request opens one, and uses no proxy. All tests share one, because
/// creating a client reads the system's certificates.
fn client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .unwrap()
    });
    CLIENT.clone()
}
