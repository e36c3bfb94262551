//! `jackfield review edit`: a document, out to an editor and back.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Method;

use super::Session;
use super::screen::note;
use jackfield_api::{DeliveryDetailView, EditedView, PayloadView};
use jackfield_domain::id::DeliveryId;

/// What to edit.
#[derive(Debug, Args)]
pub(super) struct Edit {
    /// The delivery's id.
    #[arg(value_name = "ID")]
    id: DeliveryId,
    /// The new document; `-` reads standard input. Without it your editor opens with the old one.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Edit {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match &self.file {
            Some(file) => put(session, self.id, read(file)?).await,
            None => self.in_editor(session).await,
        }
    }

    async fn in_editor(&self, session: &Session) -> anyhow::Result<()> {
        let Some(editor) = editor() else {
            bail!(
                "there is no editor to open\nSet EDITOR, or give the new document as a file: jackfield review edit {} \
                    FILE",
                self.id
            );
        };
        let path = ["deliveries", &self.id.to_string()];
        let detail = session
            .client
            .get::<DeliveryDetailView>(&path, &[("payload", true)])
            .await?;
        let old = match detail.view.payload {
            Some(PayloadView::Json(document)) => format!("{document:#}\n"),
            Some(PayloadView::Text(text)) => text,
            Some(PayloadView::Base64(_)) | None => {
                bail!(
                    "the document is not text\nGive the new one as a file: jackfield review edit {} FILE",
                    self.id
                )
            }
        };

        // Private to this user, and gone when dropped: it is personal data.
        let mut file = tempfile::Builder::new()
            .prefix("jackfield-")
            .suffix(".json")
            .tempfile()
            .context("cannot make a file to edit")?;
        file.write_all(old.as_bytes())
            .context("cannot write the file to edit")?;
        open(&editor, file.path())?;
        let new = std::fs::read(file.path()).context("cannot read the edited file")?;
        if new == old.as_bytes() {
            note("Nothing was edited.");
            return Ok(());
        }
        let done = put(session, self.id, new).await;
        if done.is_err() {
            let (_, kept) = file.keep().context("cannot keep the edited file")?;
            note(&format!(
                "What you wrote is kept: jackfield review edit {} {}",
                self.id,
                kept.display()
            ));
        }
        done
    }
}

async fn put(session: &Session, id: DeliveryId, document: Vec<u8>) -> anyhow::Result<()> {
    let request = session
        .client
        .request(Method::PUT, &["deliveries", &id.to_string(), "payload"]);
    let request = request.header("content-type", "application/json").body(document);
    let answer = session.client.send::<EditedView>(request).await?;
    session.screen.show(&answer, |view| {
        format!(
            "{id} has a new document; send it with `jackfield review replay {id}`",
            id = view.id
        )
    })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![];
    if file == Path::new("-") {
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    Ok(bytes)
}

fn editor() -> Option<String> {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty()))
}

/// Opens the editor as git does: by the shell, since people put options in the variable.
fn open(editor: &str, file: &Path) -> anyhow::Result<()> {
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file)
        .status()
        .with_context(|| format!("cannot open the editor `{editor}`"))?;
    if status.success() {
        Ok(())
    } else {
        bail!("the editor `{editor}` ended with {status}; nothing was changed")
    }
}
