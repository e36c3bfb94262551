//! Everything that the story plays on: the processes, where they listen, what they are asked and what they answer.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::crms::Crm;
use super::http::{Answer, Client, Request};
use super::processes::{Processes, free_port};
use super::report::Report;
use super::screen::Screen;
use super::tenants::Tenant;
use super::{clock, folder};
use crate::workspace::Workspace;

/// The host's process, as the list of processes knows it.
pub const HOST: &str = "jackfield";

/// Longer than anything takes that the story waits for, on a slow and busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Where everybody listens.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The host, for the agent and the CRMs.
    pub public: String,
    /// The host, for operators.
    pub admin: String,
    /// The tidy CRM.
    pub keystone: String,
    /// The twenty-year-old CRM.
    pub groundwork: String,
    /// The calling platform.
    pub agent: String,
}

/// The stage.
#[derive(Debug)]
pub struct Stage {
    /// What is printed.
    pub screen: Screen,
    /// What is checked.
    pub report: Report,
    /// Sends requests.
    pub client: Client,
    /// Where the code is.
    pub workspace: Workspace,
    /// Who runs.
    pub processes: Processes,
    /// Where everybody listens.
    pub origins: Origins,
    /// With `--all`: the CRMs whose adapters are in other languages, and where they listen.
    pub crms: Vec<(&'static Crm, String)>,
    /// Bearer tokens: the operator's under the host's name, agents' under their tenants' names.
    pub tokens: BTreeMap<String, String>,
    /// Requests that are to be repeated later, and the answers to them.
    pub firsts: BTreeMap<&'static str, (Request, Answer)>,
    /// Data, tenants' files and logs of this run.
    pub folder: PathBuf,
}

/// What a command of the host's command line ended with.
#[derive(Debug)]
pub struct Output {
    /// Whether it says that it succeeded.
    pub ok: bool,
    /// What it printed.
    pub text: String,
    /// What it said beside that.
    pub notes: String,
}

impl Stage {
    /// An empty stage; nothing runs yet.
    pub fn new(workspace: Workspace, processes: Processes) -> anyhow::Result<Self> {
        let origin = || free_port().map(|port| format!("http://127.0.0.1:{port}"));
        Ok(Self {
            screen: Screen::new(),
            report: Report::default(),
            client: Client::new(),
            processes,
            origins: Origins {
                public: origin()?,
                admin: origin()?,
                keystone: origin()?,
                groundwork: origin()?,
                agent: origin()?,
            },
            crms: vec![],
            tokens: BTreeMap::new(),
            firsts: BTreeMap::new(),
            folder: folder::make(&workspace.path("target/demo"))?,
            workspace,
        })
    }

    /// Has the CRMs play too whose adapters are in other languages.
    pub fn add_crms(&mut self) -> anyhow::Result<()> {
        for crm in Crm::there(&self.workspace) {
            let origin = free_port().map(|port| format!("http://127.0.0.1:{port}"))?;
            self.crms.push((crm, origin));
        }
        Ok(())
    }

    /// A path in the folder of this run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Notes and shows a check.
    pub fn check(&mut self, what: &str, holds: bool) {
        self.screen.check(what, holds);
        self.report.note(what, holds);
    }

    /// Notes and shows a check that something is what it should be; says what it is if it is not.
    pub fn check_eq<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        let holds = found == expected;
        let what = if holds {
            what.to_owned()
        } else {
            format!("{what}: expected {expected:?}, found {found:?}")
        };
        self.check(&what, holds);
    }

    /// Sends a request, and shows it and its answer.
    pub fn ask(&self, request: &Request) -> anyhow::Result<Answer> {
        self.screen.request(request);
        let answer = self.client.send(request)?;
        self.screen.answer(&answer);
        Ok(answer)
    }

    /// A request that was kept to be repeated, and the answer to it.
    pub fn first(&self, name: &str) -> anyhow::Result<(Request, Answer)> {
        Ok(self
            .firsts
            .get(name)
            .with_context(|| format!("there was no first {name}"))?
            .clone())
    }

    /// A path of the public API below a tenant.
    pub fn tenant_url(&self, tenant: Tenant, path: &str) -> String {
        format!("{}/v1/tenants/{}/{path}", self.origins.public, tenant.name())
    }

    /// The token that `who` was given.
    pub fn token(&self, who: &str) -> anyhow::Result<&str> {
        Ok(self
            .tokens
            .get(who)
            .with_context(|| format!("{who} has no token yet"))?)
    }

    /// A status query of a tenant's agent.
    pub fn status_query(&self, tenant: Tenant, lead: &str) -> anyhow::Result<Request> {
        let url = self.tenant_url(tenant, &format!("leads/{lead}/status"));
        Ok(Request::get(url).bearer(self.token(tenant.name())?))
    }

    /// A disposition from a tenant's agent.
    pub fn disposition(&self, tenant: Tenant, lead: &str, document: &str) -> anyhow::Result<Request> {
        let url = self.tenant_url(tenant, &format!("leads/{lead}/disposition"));
        Ok(Request::post(url, document).bearer(self.token(tenant.name())?))
    }

    /// What the public API tells of a delivery.
    pub fn delivery(&self, tenant: Tenant, id: &str) -> anyhow::Result<Answer> {
        let url = self.tenant_url(tenant, &format!("deliveries/{id}"));
        self.client.send(&Request::get(url).bearer(self.token(tenant.name())?))
    }

    /// Waits until a delivery is in a state.
    pub fn delivery_in(&self, tenant: Tenant, id: &str, state: &str) -> anyhow::Result<Answer> {
        clock::until(&format!("delivery {id} to be {state}"), PATIENCE, || {
            let answer = self.delivery(tenant, id)?;
            Ok((answer.text("/state") == state).then_some(answer))
        })
    }

    /// Gives a fake an order, unseen.
    pub fn control(&self, origin: &str, order: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{origin}/_control/{order}");
        let answer = self.client.send(&Request::post(url, body.to_string()))?;
        if answer.status != 204 {
            bail!("{origin} did not take the order {order}: {}", answer.body);
        }
        Ok(())
    }

    /// What a fake holds, and how often it was asked.
    pub fn ledger(&self, origin: &str) -> anyhow::Result<Value> {
        let page = if origin == self.origins.agent {
            "received"
        } else {
            "calls"
        };
        Ok(self
            .client
            .send(&Request::get(format!("{origin}/_control/{page}")))?
            .json())
    }

    /// Runs a command of the host's command line, and shows it and what it prints.
    pub fn jackfield(&self, words: &[&str]) -> anyhow::Result<Output> {
        self.jackfield_head(words, usize::MAX)
    }

    /// The same, and shows only the first lines.
    pub fn jackfield_head(&self, words: &[&str], lines: usize) -> anyhow::Result<Output> {
        self.screen.command(&format!("jackfield {}", words.join(" ")));
        let output = self.run_jackfield(words)?;
        self.screen.output(&format!("{}{}", output.text, output.notes), lines);
        Ok(output)
    }

    /// What a command of the host's command line prints with `--json`, unseen.
    pub fn jackfield_json(&self, words: &[&str]) -> anyhow::Result<Value> {
        let words = [words, &["--json"]].concat();
        let output = self.run_jackfield(&words)?;
        let command = || {
            format!(
                "`jackfield {}` printed:\n{}{}",
                words.join(" "),
                output.text,
                output.notes
            )
        };
        if !output.ok {
            bail!("{}", command());
        }
        serde_json::from_str(&output.text).with_context(command)
    }

    /// The program, ready to be told what to do as the operator.
    pub fn program(&self) -> Command {
        let mut program = self.workspace.command(self.binary("jackfield"));
        // Whoever runs the demo may have settings for a host of their own.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JACKFIELD_")) {
            program.env_remove(name);
        }
        program.env("JACKFIELD_ADMIN_URL", &self.origins.admin);
        if let Some(token) = self.tokens.get(HOST) {
            program.env("JACKFIELD_TOKEN", token);
        }
        program
    }

    /// A program that cargo has built.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.workspace.target().join("debug").join(name)
    }

    fn run_jackfield(&self, words: &[&str]) -> anyhow::Result<Output> {
        let ran = self.program().args(words).stdin(Stdio::null()).output();
        let ran = ran.context("the jackfield program cannot be run")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Output {
            ok: ran.status.success(),
            text: text(&ran.stdout),
            notes: text(&ran.stderr),
        })
    }
}
