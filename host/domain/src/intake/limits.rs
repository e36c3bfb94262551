//! The limits of the public API that are of no single field. Those of the fields are in the tables of their documents.

use std::ops::RangeInclusive;

/// Most bytes of a body: 1 MiB, a thousand times the size of the contract's examples.
pub const MAX_BODY: usize = 1024 * 1024;
/// Leads of a page of pulled leads, as many as `limit` may ask for.
pub const PULLED_LEADS: RangeInclusive<u32> = 1..=500;
/// Leads of a page whose request has no `limit`.
pub const PULLED_LEADS_DEFAULT: u32 = 100;
