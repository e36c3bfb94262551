//! Secrets in use: added to requests for their origins, used to sign, and searched for in answers. They never enter a
//! sandbox.

pub mod certificates;
pub mod credentials;
pub mod oauth2;
pub mod patterns;
mod readings;
