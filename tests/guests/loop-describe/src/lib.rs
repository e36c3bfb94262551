//! A guest whose `describe` never returns: a host must not wait for it.

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt};

struct LoopDescribe;

impl Adapter for LoopDescribe {
    fn describe() -> Description {
        loop {
            std::hint::black_box(());
        }
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::Unavailable(None))
    }

    fn write_disposition(_: &Host, _: &Disposition, _: &str) -> Result<Receipt, Failure> {
        Err(Failure::Unavailable(None))
    }
}

jackfield_sdk::export!(LoopDescribe);
