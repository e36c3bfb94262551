//! A guest whose `describe` returns a different result every time: a host would not know what it runs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, SettingKind, about};

struct UnstableDescribe;

impl Adapter for UnstableDescribe {
    fn describe() -> Description {
        let random = RandomState::new().build_hasher().finish();
        about!().optional("random", SettingKind::Text, &format!("This time it is {random}"))
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::Unavailable(None))
    }

    fn write_disposition(_: &Host, _: &Disposition, _: &str) -> Result<Receipt, Failure> {
        Err(Failure::Unavailable(None))
    }
}

jackfield_sdk::export!(UnstableDescribe);
