//! A guest whose `describe` says something else every time: a host that loaded it would not know what it runs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use jackfield_sdk::{Adapter, Description, Disposition, Failure, Host, LeadStatus, Receipt, SettingKind, about};

struct UnstableDescribe;

impl Adapter for UnstableDescribe {
    fn describe() -> Description {
        let mood = RandomState::new().build_hasher().finish();
        about!().optional("mood", SettingKind::Text, &format!("Today it is {mood}"))
    }

    fn query_status(_: &Host, _: &str) -> Result<LeadStatus, Failure> {
        Err(Failure::Unavailable)
    }

    fn write_disposition(_: &Host, _: &Disposition, _: &str) -> Result<Receipt, Failure> {
        Err(Failure::Unavailable)
    }
}

jackfield_sdk::export!(UnstableDescribe);
