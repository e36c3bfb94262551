//! The machine and its load, so that a noisy run can be recognized.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The number of writes and syncs in the disk probe.
const SYNCS: u32 = 200;

/// The load per core above which the machine counts as busy before the run.
const BUSY: f64 = 0.5;
/// The ratio of sync rates before and after the run above which the disk counts as unsteady.
const UNSTEADY: f64 = 2.0;

/// The machine and its load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conditions {
    /// The processors that this process may use.
    pub cores: usize,
    /// The processor's model name.
    pub processor: String,
    /// The total memory.
    pub memory_gib: u64,
    /// The kernel's version.
    pub kernel: String,
    /// The load averages of one, five and fifteen minutes.
    pub load: String,
    /// The disk's syncs per second; `None` if there is nowhere to measure them.
    pub fdatasync_per_second: Option<f64>,
    /// Whether the benchmark program is a debug build, whose figures mean nothing.
    pub debug_build: bool,
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cores,
            processor,
            memory_gib,
            kernel,
            load,
            ..
        } = self;
        write!(
            f,
            "{cores} cores ({processor}), {memory_gib} GiB, Linux {kernel}, load {load}"
        )?;
        match self.fdatasync_per_second {
            Some(rate) => write!(f, ", fdatasync {rate:.0}/s")?,
            None => write!(f, ", fdatasync unknown")?,
        }
        if self.debug_build {
            write!(f, ", A DEBUG BUILD")
        } else {
            Ok(())
        }
    }
}

/// Reasons not to trust a run between these two states; empty if there are none. The load after a run includes the
/// run's own.
pub fn caveats(before: &Conditions, after: &Conditions) -> Vec<String> {
    let mut caveats = vec![];
    if before.debug_build {
        caveats.push("A debug build: its figures mean nothing.".into());
    }
    let load = before.load.split(' ').next().and_then(|load| load.parse::<f64>().ok());
    let cores = u32::try_from(before.cores).map_or(f64::INFINITY, f64::from);
    if let Some(load) = load.filter(|load| *load > BUSY * cores) {
        caveats.push(format!(
            "The machine was busy before the run: a load of {load} on {} cores.",
            before.cores
        ));
    }
    if let (Some(one), Some(other)) = (before.fdatasync_per_second, after.fdatasync_per_second)
        && one.max(other) > UNSTEADY * one.min(other)
    {
        caveats.push(format!(
            "The disk's speed changed: {one:.0} syncs per second before the run, {other:.0} after it."
        ));
    }
    caveats
}

/// Reads the machine's state and measures its disk.
pub fn conditions() -> Conditions {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let member = |text: &str, name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory = member(&read("/proc/meminfo"), "MemTotal");
    let kibibytes = memory.split(' ').next().and_then(|number| number.parse::<u64>().ok());
    Conditions {
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        processor: member(&read("/proc/cpuinfo"), "model name"),
        memory_gib: kibibytes.unwrap_or_default().div_ceil(1 << 20),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        load: read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
        fdatasync_per_second: syncs().ok(),
        debug_build: cfg!(debug_assertions),
    }
}

/// The resident memory of this process in bytes.
///
/// # Errors
/// The kernel does not report it.
pub fn resident() -> anyhow::Result<u64> {
    resident_of(std::process::id())
}

/// The resident memory of a process in bytes.
///
/// # Errors
/// The kernel does not report it.
pub fn resident_of(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.context("the process's status has no VmRSS")?.parse::<u64>()? << 10)
}

/// The processor time of a process, user and system. The kernel counts in hundredths of a second.
///
/// # Errors
/// The kernel does not report it.
pub fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The program's name is in parentheses and may contain any characters.
    let (_, fields) = stat.rsplit_once(") ").context("the process's stat has no name")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Raises this process's limit of open files to the maximum.
///
/// # Errors
/// The kernel refuses.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_machine_has_caveats() {
        let quiet = Conditions {
            cores: 2,
            processor: "x".into(),
            memory_gib: 8,
            kernel: "6.18".into(),
            load: "0.90 3.00 3.00".into(),
            fdatasync_per_second: Some(5000.0),
            debug_build: false,
        };
        let loaded = Conditions {
            load: "4.00 1.00 1.00".into(),
            ..quiet.clone()
        };
        assert_eq!(caveats(&quiet, &loaded), Vec::<String>::new());
        let doubted = |before: &Conditions, after: &Conditions| caveats(before, after).join(" ");
        assert!(doubted(&loaded, &quiet).contains("a load of 4 on 2 cores"));
        let slow = Conditions {
            fdatasync_per_second: Some(500.0),
            debug_build: true,
            ..quiet.clone()
        };
        assert!(doubted(&quiet, &slow).contains("5000 syncs per second before the run, 500 after it"));
        assert!(doubted(&slow, &slow).contains("A debug build"));
    }
}
