//! `jackfield review edit`: replaces a delivery's document, from a file or in the operator's editor.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Method;

use super::Session;
use super::output::note;
use jackfield_api::{DeliveryDetailView, DeliveryShowQuery, EditedView, PayloadView};
use jackfield_domain::id::DeliveryId;

/// Which document to replace, and with what.
#[derive(Debug, Args)]
pub(super) struct PayloadEditArgs {
    /// The delivery's id.
    #[arg(value_name = "ID")]
    id: DeliveryId,
    /// The new document; `-` reads standard input. Without a file, your editor opens with the old document.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl PayloadEditArgs {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        match &self.file {
            Some(file) => replace(session, self.id, read(file)?).await,
            None => self.edit_in_editor(session).await,
        }
    }

    async fn edit_in_editor(&self, session: &Session) -> anyhow::Result<()> {
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
            .get::<DeliveryDetailView>(&path, &DeliveryShowQuery { payload: true })
            .await?;
        let old = match detail.view.payload {
            Some(PayloadView::Json(document)) => format!("{}\n", document.root().pretty()),
            Some(PayloadView::Text(text)) => text,
            Some(PayloadView::Base64(_)) | None => {
                bail!(
                    "the document is not text\nGive the new one as a file: jackfield review edit {} FILE",
                    self.id
                )
            }
        };

        // It contains personal data, so it is readable by this user only and deleted when dropped.
        let mut file = tempfile::Builder::new()
            .prefix("jackfield-")
            .suffix(".json")
            .tempfile()
            .context("cannot create a file to edit")?;
        file.write_all(old.as_bytes())
            .context("cannot write the file to edit")?;
        open(&editor, file.path())?;
        let new = std::fs::read(file.path()).context("cannot read the edited file")?;
        if new == old.as_bytes() {
            note("Nothing was changed.");
            return Ok(());
        }
        let result = replace(session, self.id, new).await;
        if result.is_err() {
            let (_, kept) = file.keep().context("cannot keep the edited file")?;
            note(&format!(
                "Your changes are saved. To send them again: jackfield review edit {} {}",
                self.id,
                kept.display()
            ));
        }
        result
    }
}

async fn replace(session: &Session, id: DeliveryId, document: Vec<u8>) -> anyhow::Result<()> {
    let request = session
        .client
        .request(Method::PUT, &["deliveries", &id.to_string(), "payload"]);
    let request = request.header("content-type", "application/json").body(document);
    let answer = session.client.send::<EditedView>(request).await?;
    session.output.show(&answer, |view| {
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

/// Opens the editor as git does: through the shell, because people put options in the variable.
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
