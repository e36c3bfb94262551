//! `jackfield adapter test`

use std::path::PathBuf;

use jackfield_kit::build::{self, FOLDER};
use jackfield_kit::progress::Progress;
use jackfield_kit::project::Project;
use jackfield_kit::tools::Tools;
use serde_json::json;

use crate::cli::output::{Output, progress};

#[derive(Debug, clap::Args)]
pub struct TestAdapterArgs {
    /// The adapter's folder, with its adapter.toml.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

impl TestAdapterArgs {
    pub fn run(self, output: &Output) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        let name = &project.manifest().name;
        let report = |step: &str| progress(&format!("{name}: {step}…"));
        let work = self.folder.join(FOLDER);
        let ran = build::test(&project, &work, &Tools::of_user()?, &Progress::new(report))?;
        output.print_result(&json!({ "adapter": name, "output": ran }), || {
            format!("{}{name}: the native tests pass", ran.trim_start_matches('\n'))
        })
    }
}
