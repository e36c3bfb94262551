//! The machine and how busy it is, so that a noisy run is seen to be noisy.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Writes and syncs of the disk probe.
const SYNCS: u32 = 200;

/// Prints cores, load and how many syncs a second the disk gives.
pub fn print() {
    let syncs = syncs().map_or_else(|error| error.to_string(), |rate| format!("{rate:.0}/s"));
    println!("{}, fdatasync {syncs}", conditions());
}

/// Cores and load.
pub fn conditions() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(3).collect();
    format!("{cores} cores, load {}", load.join(" "))
}

/// Bytes of memory that this process has.
///
/// # Errors
/// The system does not say.
pub fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.context("/proc/self/status has no VmRSS")?.parse::<u64>()? << 10)
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
