//! Runs a host as a separate process, which tests start, query, drain and kill as an operator would.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

/// The name of the binary of `tests/src/bin/jackfield-under-test.rs`.
const UNDER_TEST: &str = "jackfield-under-test";

/// The `jackfield` binary beside the running test, which compiles adapters for hosts inside test processes.
///
/// # Panics
/// The binary was not built.
pub fn jackfield_binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // A test runs in `deps`, below the binaries' folder; a binary runs in that folder itself.
    let found = test.ancestors().skip(1).take(2).map(|folder| folder.join(UNDER_TEST));
    found.into_iter().find(|path| path.exists()).unwrap_or_else(|| {
        panic!(
            "{UNDER_TEST} is missing beside {}: build the package's binaries",
            test.display()
        )
    })
}

/// A running `jackfield serve`.
pub struct HostProcess {
    child: Child,
    binary: PathBuf,
    /// `http://…` of the public listener, or `https://…`.
    pub public: String,
    /// `http://…` of the admin listener, or `https://…`.
    pub admin: String,
    log: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<Vec<String>>>,
}

impl HostProcess {
    /// Starts a host with the data directory `data` on free ports, and returns once it serves.
    ///
    /// # Panics
    /// The host does not start; the panic shows its log.
    #[must_use]
    pub fn start(binary: &str, data: &Path, variables: &[(&str, &str)]) -> Self {
        Self::launch(binary, data, variables, true)
    }

    /// Like [`start`](Self::start), but discards the log once it serves: for a host under heavy load.
    ///
    /// # Panics
    /// The host does not start; the panic shows its log.
    #[must_use]
    pub fn start_discarding_log(binary: &str, data: &Path, variables: &[(&str, &str)]) -> Self {
        Self::launch(binary, data, variables, false)
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn launch(binary: &str, data: &Path, variables: &[(&str, &str)], keep_log: bool) -> Self {
        let mut child = Command::new(binary)
            .arg("serve")
            .env("JACKFIELD_DATA_DIR", data)
            .env("JACKFIELD_PUBLIC_LISTEN", "127.0.0.1:0")
            .env("JACKFIELD_ADMIN_LISTEN", "127.0.0.1:0")
            .env("JACKFIELD_LOG_FORMAT", "json")
            // No load balancer needs to notice that a test's host stops.
            .env("JACKFIELD_LAME_DUCK", "0s")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stdout = std::thread::spawn(move || stdout.lines().map_while(Result::ok).collect());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut early = vec![];
        let serving = loop {
            let line = (&mut stderr)
                .lines()
                .next()
                .and_then(Result::ok)
                .unwrap_or_else(|| panic!("the host did not start:\n{}", early.join("\n")));
            let parsed: Option<Value> = serde_json::from_str(&line).ok();
            early.push(line);
            if let Some(line) = parsed.filter(|line| line["message"] == "serving") {
                break line;
            }
        };
        let log = Arc::new(Mutex::new(early));
        let shared = Arc::clone(&log);
        let stderr = std::thread::spawn(move || {
            if keep_log {
                let lines = stderr.lines().map_while(Result::ok);
                lines.for_each(|line| shared.lock().unwrap().push(line));
            } else {
                // Any result means that the process has ended.
                let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            }
            vec![]
        });
        let url = |name: &str| {
            let variable = format!("JACKFIELD_{}_TLS_CERT", name.to_ascii_uppercase());
            let has_tls = variables.iter().any(|(name, _)| *name == variable);
            let scheme = if has_tls { "https" } else { "http" };
            format!("{scheme}://{}", serving[name].as_str().unwrap())
        };
        Self {
            public: url("public"),
            admin: url("admin"),
            child,
            binary: binary.into(),
            log,
            readers: vec![stdout, stderr],
        }
    }

    /// Runs a `jackfield` command against this host.
    ///
    /// # Panics
    /// The binary cannot be run.
    #[must_use]
    pub fn cli(&self, token: &str, arguments: &[&str]) -> Output {
        Command::new(&self.binary)
            .args(arguments)
            .env("JACKFIELD_ADMIN_URL", &self.admin)
            .env("JACKFIELD_TOKEN", token)
            .output()
            .unwrap()
    }

    /// Runs a `jackfield` command against this host, with input.
    ///
    /// # Panics
    /// The binary cannot be run.
    #[must_use]
    pub fn cli_with_input(&self, token: &str, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .env("JACKFIELD_ADMIN_URL", &self.admin)
            .env("JACKFIELD_TOKEN", token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs a command with `--json`, which must succeed.
    ///
    /// # Panics
    /// The command fails, or does not print one JSON document.
    #[must_use]
    pub fn json(&self, token: &str, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let output = self.cli(token, &arguments);
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{arguments:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    /// The process's peak memory since the last use of this function, in bytes.
    ///
    /// # Panics
    /// The system does not report it.
    pub fn peak_memory(&self) -> u64 {
        let process = format!("/proc/{}", self.child.id());
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
        // Resets the peak, so that the next use reports only what happened since.
        std::fs::write(format!("{process}/clear_refs"), "5").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        kib << 10
    }

    /// Sends a signal by name.
    ///
    /// # Panics
    /// The signal cannot be sent.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Returns once a log line contains `part`.
    pub async fn wait_for_log(&self, part: &str) {
        while !self.log.lock().unwrap().iter().any(|line| line.contains(part)) {
            tokio::task::yield_now().await;
        }
    }

    /// Sends a signal by name and waits for the process to end. Returns its exit status, its output and its log.
    ///
    /// # Panics
    /// The signal cannot be sent.
    pub fn stop(mut self, signal: &str) -> (ExitStatus, Vec<String>, Vec<String>) {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let printed = self
            .readers
            .drain(..)
            .flat_map(|reader| reader.join().unwrap())
            .collect();
        (status, printed, std::mem::take(&mut self.log.lock().unwrap()))
    }

    /// Kills the process, as a crash would.
    ///
    /// # Panics
    /// The process cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the operator token from the file that the output of a host's first start names, and deletes the file, as the
/// output asks for.
///
/// # Panics
/// The output names no file with a token.
#[must_use]
pub fn operator_token(printed: &[String]) -> String {
    let path = printed
        .iter()
        .find_map(|line| line.strip_prefix("operator token file: "));
    let path = path.unwrap_or_else(|| panic!("no operator token in {printed:?}"));
    let token = std::fs::read_to_string(path).unwrap();
    std::fs::remove_file(path).unwrap();
    token.trim_end().to_owned()
}
