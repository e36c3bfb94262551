//! A guest that panics in `describe`: a host must refuse it.

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt};

struct BrokenDescribe;

impl Adapter for BrokenDescribe {
    fn describe() -> Description {
        panic!("broken-describe panics in describe")
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::Unavailable(None))
    }

    fn write_disposition(_: &Host, _: &Disposition, _: &str) -> Result<Receipt, Failure> {
        Err(Failure::Unavailable(None))
    }
}

jackfield_sdk::export!(BrokenDescribe);
