//! The `jackfield` command over another store, for `cargo xtask bench accept`: what does a commit cost, and what its
//! sync? `BENCH_STORE` selects the store.

mod discarding_store;

use std::process::ExitCode;
use std::sync::Arc;

use jackfield::app::Storage;
use jackfield_store_sqlite::{SqliteOptions, Synchronous};

use crate::discarding_store::DiscardingStore;

/// The same allocator as the `jackfield` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let storage = match std::env::var("BENCH_STORE").as_deref() {
        // The host's default.
        Ok("full") | Err(_) => Storage::default(),
        // A commit that does not wait for the disk.
        Ok("normal") => Storage {
            options: SqliteOptions {
                synchronous: Synchronous::Normal,
                ..SqliteOptions::default()
            },
            ..Storage::default()
        },
        // No commit.
        Ok("none") => Storage {
            wrap: |store| Arc::new(DiscardingStore::new(store)),
            ..Storage::default()
        },
        Ok(other) => {
            eprintln!("BENCH_STORE is `{other}`; it may be full, normal or none");
            return ExitCode::FAILURE;
        }
    };
    jackfield::cli::main_with_storage(storage)
}
