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
use crate::cli::screen::{note, progress};
use jackfield_api::{BeginRecording, RecordedCall, RecordingView, TakenRecordingView};
use jackfield_clock::{Clock as _, SystemClock, after};
use jackfield_domain::custody::recording::{ExportKind, OmissionReason, RecordingPhase};
use jackfield_domain::id::TenantName;

/// How often the host is asked how far it is.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The tenant whose calls are recorded, at the host that is asked.
    #[arg(long, value_name = "TENANT")]
    tenant: TenantName,
    /// The folder that the calls are written to, one file each. What is there stays.
    #[arg(value_name = "DIR", default_value = "cassette")]
    folder: PathBuf,
    /// Stop after so many calls: 1 to 500.
    #[arg(long, value_name = "N", default_value_t = 20)]
    calls: u32,
    /// Stop after so many minutes: 1 to 60.
    #[arg(long, value_name = "M", default_value_t = 10)]
    minutes: u32,
    /// Leave phone numbers, e-mail addresses and names as they are.
    #[arg(long)]
    unmasked: bool,
    /// Do not ask whether the calls of real people may be recorded.
    #[arg(long)]
    yes_personal_data: bool,
    /// Record nothing: end the recording that is there, and write what it has.
    #[arg(long, conflicts_with_all = ["calls", "minutes", "unmasked"])]
    end: bool,
}

/// A fixture with its members in the order in which they are read.
#[derive(Serialize)]
struct Fixture {
    about: Option<Value>,
    settings: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Value>,
    now: Option<Value>,
    call: Option<Value>,
    exchanges: Option<Value>,
    returns: Option<Value>,
}

impl RecordArgs {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let path = ["tenants", self.tenant.as_str(), "recording"];
        self.consent()?;
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot create {}", self.folder.display()))?;
        if !self.end {
            let request = BeginRecording {
                calls: self.calls,
                minutes: self.minutes,
                unmasked: self.unmasked,
            };
            session.client.post::<RecordingView>(&path, &request).await?;
            note(&format!(
                "Recording calls of {}, at most {} and {} minutes. Ctrl-C ends it and writes what there is.",
                self.tenant, self.calls, self.minutes
            ));
            self.watch(session, &path).await?;
        }
        let taken = session.client.request(Method::DELETE, &path);
        let taken = session.client.send::<TakenRecordingView>(taken).await?.view;
        let files = write(&self.folder, taken.calls)?;
        let recording = taken.recording;
        let answer = json!({ "folder": self.folder, "files": files, "recording": recording });
        session.screen.tell(&answer, || self.told(&files, &recording))
    }

    /// Asks whether the data of real people may be recorded.
    fn consent(&self) -> anyhow::Result<()> {
        if self.yes_personal_data {
            return Ok(());
        }
        let masked = if self.unmasked {
            "nothing of that is replaced"
        } else {
            "phone numbers, e-mail addresses and known names are replaced, notes and addresses are not"
        };
        let what = format!(
            "What is recorded are real calls about real people: {masked}. Look through the files before you pass them \
             on."
        );
        if !stdin().is_terminal() {
            bail!("{what}\nIf you may do that, repeat the command with --yes-personal-data.");
        }
        write!(stderr(), "{what}\nMay you record them? Type yes: ")?;
        let mut said = String::new();
        stdin().lock().read_line(&mut said)?;
        if said.trim() != "yes" {
            bail!("nothing was recorded");
        }
        Ok(())
    }

    /// Returns when the recording is over, or somebody ends it here.
    async fn watch(&self, session: &Session, path: &[&str]) -> anyhow::Result<()> {
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        let mut before = 0;
        loop {
            tokio::select! {
                () = SystemClock.sleep_until(after(SystemClock.now(), LOOK)) => {}
                came = &mut interrupted => return Ok(came?),
            }
            let view = session.client.get::<RecordingView>(path, &()).await?.view;
            let now = view.recorded.values().sum();
            if now > before {
                before = now;
                progress(&format!("  {now} of {}: {}", view.wanted, kinds(&view.recorded)));
            }
            if view.state != RecordingPhase::Running {
                return Ok(());
            }
        }
    }

    fn told(&self, files: &[PathBuf], recording: &RecordingView) -> String {
        let mut text = String::new();
        for file in files {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{}", file.display());
        }
        for (why, count) in &recording.left_out {
            text.push_str(&left_out(*why, *count));
        }
        let next = if files.is_empty() {
            "No calls were recorded: none came to this host while it recorded.".to_owned()
        } else {
            format!(
                "\nLook through them: what a person wrote in a note is still there. Then:\n  jackfield adapter check \
                 FILE.wasm --cassette {}",
                self.folder.display()
            )
        };
        text + &next
    }
}

fn left_out(why: OmissionReason, count: u32) -> String {
    let calls = if count == 1 { "call" } else { "calls" };
    format!("left out: {count} {calls}, since {}\n", why.reason())
}

fn kinds(recorded: &BTreeMap<ExportKind, u32>) -> String {
    let words = recorded.iter().map(|(kind, count)| format!("{count} {}", kind.word()));
    words.collect::<Vec<_>>().join(", ")
}

/// Writes each call into a file of its own, whose name is not taken. Only its owner may read it.
fn write(folder: &Path, calls: Vec<RecordedCall>) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = vec![];
    let mut next = BTreeMap::<ExportKind, u32>::new();
    for call in calls {
        let mut fixture = call.fixture;
        let mut member = |name: &str| fixture.as_object_mut().and_then(|members| members.remove(name));
        let fixture = Fixture {
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
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            match made.and_then(|mut file| file.write_all(text.as_bytes())) {
                Ok(()) => break path,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| {
                        let (done, shown) = (written.len(), path.display());
                        format!("cannot write {shown}; {done} calls were written, and the host has forgotten the rest")
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
    fn files_get_the_next_free_names_and_stay_private() {
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
