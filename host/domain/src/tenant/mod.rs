//! What a tenant's traffic depends on: its adapter, its release, its egress policy, and its access tokens.

pub mod adapter;
pub mod egress;
mod needs;
pub mod oauth2;
pub mod obstacle;
pub mod release;

pub use needs::{AdapterNeeds, CredentialNeed, SettingKind, SettingNeed};
