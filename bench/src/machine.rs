//! The machine and how busy it is, so that a noisy run is seen to be noisy.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::Instant;

use rustix::process::{Resource, getrlimit, setrlimit};

/// Writes and syncs of the disk probe.
const SYNCS: u32 = 200;

/// Prints cores, load and how many syncs a second the disk gives.
pub fn print() {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(3).collect();
    let syncs = syncs().map_or_else(|error| error.to_string(), |rate| format!("{rate:.0}/s"));
    println!("{cores} cores, load {}, fdatasync {syncs}", load.join(" "));
}

/// Lets this process have as many files and connections open as the system does.
///
/// # Errors
/// The system refuses what it has promised.
pub fn open_many_files() -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

fn syncs() -> std::io::Result<f64> {
    let mut file: File = tempfile::tempfile()?;
    let began = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(f64::from(SYNCS) / began.elapsed().as_secs_f64())
}
