//! The machine and how busy it is, so that a noisy run is seen to be noisy.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// Writes and syncs of the disk probe.
const SYNCS: u32 = 200;

/// Load for each core from which on a machine was busy before it was measured.
const BUSY: f64 = 0.5;
/// How many times faster a disk may sync before than after, or after than before.
const UNSTEADY: f64 = 2.0;

/// The machine and how busy it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Conditions {
    /// Processors that this process may use.
    pub cores: usize,
    /// What they call themselves.
    pub processor: String,
    /// All of it.
    pub memory_gib: u64,
    /// Its version.
    pub kernel: String,
    /// Of the last minute, five and fifteen.
    pub load: String,
    /// Syncs a second that the disk gives; none if there is nowhere to try.
    pub fdatasync_per_second: Option<f64>,
    /// Whether what measures is a debug build, which nobody should conclude from.
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

/// Why a run between these is not to be trusted; nothing if there is no reason. The load after a run is the run's own.
pub fn doubts(before: &Conditions, after: &Conditions) -> Vec<String> {
    let mut doubts = vec![];
    if before.debug_build {
        doubts.push("A debug build: its times are nobody's.".into());
    }
    let load = before.load.split(' ').next().and_then(|load| load.parse::<f64>().ok());
    let cores = u32::try_from(before.cores).map_or(f64::INFINITY, f64::from);
    if let Some(load) = load.filter(|load| *load > BUSY * cores) {
        doubts.push(format!(
            "The machine was busy before the run began: a load of {load} on {} cores.",
            before.cores
        ));
    }
    if let (Some(one), Some(other)) = (before.fdatasync_per_second, after.fdatasync_per_second)
        && one.max(other) > UNSTEADY * one.min(other)
    {
        doubts.push(format!(
            "The disk did not keep its pace: {one:.0} syncs a second before the run, {other:.0} after it."
        ));
    }
    doubts
}

/// Looks at the machine, and tries its disk.
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

/// Bytes of memory that this process has.
///
/// # Errors
/// The system does not say.
pub fn resident() -> anyhow::Result<u64> {
    resident_of(std::process::id())
}

/// Bytes of memory that a process has.
///
/// # Errors
/// The system does not say.
pub fn resident_of(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.context("the process's status has no VmRSS")?.parse::<u64>()? << 10)
}

/// Processor time that a process has taken, by itself and in the kernel; the system counts in hundredths of a second.
///
/// # Errors
/// The system does not say.
pub fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The program's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(") ").context("the process's stat has no name")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_on_a_quiet_machine_is_not_doubted_and_another_is() {
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
        assert_eq!(doubts(&quiet, &loaded), Vec::<String>::new());
        let doubted = |before: &Conditions, after: &Conditions| doubts(before, after).join(" ");
        assert!(doubted(&loaded, &quiet).contains("a load of 4 on 2 cores"));
        let slow = Conditions {
            fdatasync_per_second: Some(500.0),
            debug_build: true,
            ..quiet.clone()
        };
        assert!(doubted(&quiet, &slow).contains("5000 syncs a second before the run, 500 after it"));
        assert!(doubted(&slow, &slow).contains("A debug build"));
    }
}
