//! `jackfield adapter record`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _, stderr, stdin};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Session;
use crate::cli::output::{note, progress};
use jackfield_api::{BeginRecording, RecordedCall, RecordingView, TakenRecordingView};
use jackfield_clock::{Clock as _, SystemClock, after};
use jackfield_domain::custody::recording::{ExportKind, OmissionReason, RecordingBounds, RecordingPhase};
use jackfield_domain::id::TenantName;

/// How often the host is asked for the progress of the recording.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub struct RecordAdapterArgs {
    /// The tenant. Invocations of its adapter are recorded at the host that receives this request.
    #[arg(long, value_name = "TENANT")]
    tenant: TenantName,
    /// The folder for the fixtures, one file for each invocation. Files that exist are not overwritten.
    #[arg(value_name = "DIR", default_value = "cassette")]
    folder: PathBuf,
    #[arg(
        long,
        value_name = "N",
        help = format!("Stop after this many invocations: 1 to {}", RecordingBounds::MAX_INVOCATIONS),
        default_value_t = BeginRecording::DEFAULT_CALLS
    )]
    calls: u32,
    #[arg(
        long,
        value_name = "M",
        help = format!("Stop after this many minutes: 1 to {}", RecordingBounds::MAX_MINUTES),
        default_value_t = BeginRecording::DEFAULT_MINUTES
    )]
    minutes: u32,
    /// Do not replace phone numbers, e-mail addresses and names.
    #[arg(long)]
    unmasked: bool,
    /// Confirm that data of real people may be recorded, instead of being asked.
    #[arg(long)]
    yes_personal_data: bool,
    /// Start no recording: end the present one, and write what it holds.
    #[arg(long, conflicts_with_all = ["calls", "minutes", "unmasked"])]
    end: bool,
}

/// A fixture whose members are in the order in which people read them.
#[derive(Serialize)]
struct OrderedFixture {
    about: Option<Value>,
    settings: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Value>,
    now: Option<Value>,
    call: Option<Value>,
    exchanges: Option<Value>,
    returns: Option<Value>,
}

impl RecordAdapterArgs {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let path = ["tenants", self.tenant.as_str(), "recording"];
        self.ask_consent()?;
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot create {}", self.folder.display()))?;
        if !self.end {
            let request = BeginRecording {
                calls: self.calls,
                minutes: self.minutes,
                unmasked: self.unmasked,
            };
            session.client.post::<RecordingView>(&path, &request).await?;
            note(&format!(
                "Recording the invocations of {}'s adapter, at most {} and at most {} minutes. Ctrl-C ends the \
                 recording and writes what it holds.",
                self.tenant, self.calls, self.minutes
            ));
            self.wait(session, &path).await?;
        }
        let request = session.client.request(Method::DELETE, &path);
        let taken = session.client.send::<TakenRecordingView>(request).await?.view;
        let files = write(&self.folder, taken.calls)?;
        let recording = taken.recording;
        let result = json!({ "folder": self.folder, "files": files, "recording": recording });
        session.output.print_result(&result, || self.render(&files, &recording))
    }

    /// Asks whether data of real people may be recorded.
    fn ask_consent(&self) -> anyhow::Result<()> {
        if self.yes_personal_data {
            return Ok(());
        }
        let masked = if self.unmasked {
            "no value is replaced"
        } else {
            "phone numbers, e-mail addresses and known names are replaced, but notes and addresses are not"
        };
        let warning = format!(
            "The recording contains data of real people: {masked}. Read through the files before you pass them on."
        );
        if !stdin().is_terminal() {
            bail!("{warning}\nIf you may record it, repeat the command with --yes-personal-data.");
        }
        write!(stderr(), "{warning}\nMay you record it? Type yes: ")?;
        let mut reply = String::new();
        stdin().lock().read_line(&mut reply)?;
        if reply.trim() != "yes" {
            bail!("nothing was recorded");
        }
        Ok(())
    }

    /// Waits until the recording ends at the host, or the user interrupts this command.
    async fn wait(&self, session: &Session, path: &[&str]) -> anyhow::Result<()> {
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        let mut recorded = 0;
        loop {
            tokio::select! {
                () = SystemClock.sleep_until(after(SystemClock.now(), POLL_INTERVAL)) => {}
                result = &mut interrupted => return Ok(result?),
            }
            let view = session.client.get::<RecordingView>(path, &()).await?.view;
            let now = view.recorded.values().sum();
            if now > recorded {
                recorded = now;
                progress(&format!("  {now} of {}: {}", view.wanted, kinds(&view.recorded)));
            }
            if view.state != RecordingPhase::Running {
                return Ok(());
            }
        }
    }

    fn render(&self, files: &[PathBuf], recording: &RecordingView) -> String {
        let mut text = String::new();
        for file in files {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{}", file.display());
        }
        for (reason, count) in &recording.left_out {
            text.push_str(&render_omission(*reason, *count));
        }
        let next = if files.is_empty() {
            "Nothing was recorded: this host did not invoke the adapter in that time.".to_owned()
        } else {
            format!(
                "\nRead through the files: notes that people wrote are not replaced. Then:\n  jackfield adapter check \
                 FILE.wasm --cassette {}",
                self.folder.display()
            )
        };
        text + &next
    }
}

fn render_omission(reason: OmissionReason, count: u32) -> String {
    let noun = if count == 1 { "invocation" } else { "invocations" };
    format!("left out: {count} {noun}, because {}\n", reason.reason())
}

fn kinds(recorded: &BTreeMap<ExportKind, u32>) -> String {
    let words = recorded.iter().map(|(kind, count)| format!("{count} {}", kind.word()));
    words.collect::<Vec<_>>().join(", ")
}

/// Writes each invocation to a new file that only its owner may read.
fn write(folder: &Path, calls: Vec<RecordedCall>) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = vec![];
    let mut next = BTreeMap::<ExportKind, u32>::new();
    for call in calls {
        let mut fixture = call.fixture;
        let mut member = |name: &str| fixture.as_object_mut().and_then(|members| members.remove(name));
        let fixture = OrderedFixture {
            about: member("about"),
            settings: member("settings"),
            keys: member("keys"),
            now: member("now"),
            call: member("call"),
            exchanges: member("exchanges"),
            returns: member("returns"),
        };
        let text = serde_json::to_string_pretty(&fixture)? + "\n";
        let number = next.entry(call.kind).or_default();
        let path = loop {
            *number += 1;
            let path = folder.join(format!("{}-{number}.json", call.kind.word()));
            let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            match created.and_then(|mut file| file.write_all(text.as_bytes())) {
                Ok(()) => break path,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| {
                        let (done, shown) = (written.len(), path.display());
                        format!("cannot write {shown}; {done} files were written, and the host has deleted the rest")
                    });
                }
            }
        };
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_get_unused_names_and_are_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("status-2.json"), "mine").unwrap();
        let call = |kind| RecordedCall {
            kind,
            fixture: json!({ "returns": {}, "about": "x", "now": "t" }),
        };
        let written = write(
            folder.path(),
            [ExportKind::Status, ExportKind::Write, ExportKind::Status]
                .map(call)
                .into(),
        )
        .unwrap();
        let names = written.iter().map(|path| path.file_name().unwrap().to_str().unwrap());
        assert_eq!(
            names.collect::<Vec<_>>(),
            ["status-1.json", "write-1.json", "status-3.json"]
        );
        assert_eq!(fs::read_to_string(folder.path().join("status-2.json")).unwrap(), "mine");
        let text = fs::read_to_string(&written[0]).unwrap();
        assert!(
            text.find("about") < text.find("now") && text.find("now") < text.find("returns"),
            "{text}"
        );
        assert_eq!(fs::metadata(&written[0]).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
