//! The state that all steps share: processes, addresses, tokens, and the operator's command line.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::crms::Crm;
use super::http::{Client, Request, Response};
use super::processes::{Processes, free_port};
use super::report::Report;
use super::tenants::Tenant;
use super::terminal::Terminal;
use super::{clock, run_folder};
use crate::workspace::Workspace;

/// The name of the host's process.
pub const HOST: &str = "jackfield";

/// Long enough for every wait in the demo on a slow, busy machine.
pub const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// The origin of each server.
#[derive(Debug, Clone)]
pub struct Origins {
    /// The host's public API, for the agent and the CRMs.
    pub public: String,
    /// The host's admin API.
    pub admin: String,
    /// A modern CRM with a JSON API.
    pub keystone: String,
    /// A twenty-year-old CRM that sends forms.
    pub groundwork: String,
    /// The calling platform.
    pub agent: String,
}

/// The shared state.
#[derive(Debug)]
pub struct DemoContext {
    /// Prints everything that the demo shows.
    pub terminal: Terminal,
    /// The results of all checks.
    pub report: Report,
    /// Sends requests.
    pub client: Client,
    /// The repository.
    pub workspace: Workspace,
    /// The running processes.
    pub processes: Processes,
    /// The origin of each server.
    pub origins: Origins,
    /// With `--all`: the CRMs whose adapters are in other languages, and their origins.
    pub crms: Vec<(&'static Crm, String)>,
    /// Bearer tokens: the operator's under [`HOST`], each agent's under its tenant's name.
    pub tokens: BTreeMap<String, String>,
    /// Requests that a later step repeats, with their first responses.
    pub repeatable: BTreeMap<&'static str, (Request, Response)>,
    /// The data, tenant files and logs of this run.
    pub folder: PathBuf,
}

/// The result of a `jackfield` command.
#[derive(Debug)]
pub struct Output {
    /// Whether its exit status was success.
    pub ok: bool,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl DemoContext {
    /// Reserves ports and creates the run's folder; starts no process.
    pub fn new(workspace: Workspace, processes: Processes) -> anyhow::Result<Self> {
        let origin = || free_port().map(|port| format!("http://127.0.0.1:{port}"));
        Ok(Self {
            terminal: Terminal::new(),
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
            repeatable: BTreeMap::new(),
            folder: run_folder::create(&workspace.path("target/demo"))?,
            workspace,
        })
    }

    /// Adds the CRMs whose adapters are in other languages.
    pub fn add_crms(&mut self) -> anyhow::Result<()> {
        for crm in Crm::available(&self.workspace) {
            let origin = free_port().map(|port| format!("http://127.0.0.1:{port}"))?;
            self.crms.push((crm, origin));
        }
        Ok(())
    }

    /// The path of a file in the run's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Prints and records a check.
    pub fn check(&mut self, what: &str, passed: bool) {
        self.terminal.check(what, passed);
        self.report.record(what, passed);
    }

    /// Checks that two values are equal; a failure names both.
    pub fn check_eq<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        let passed = found == expected;
        let what = if passed {
            what.to_owned()
        } else {
            format!("{what}: expected {expected:?}, found {found:?}")
        };
        self.check(&what, passed);
    }

    /// Sends a request, and prints it and its response.
    pub fn send(&self, request: &Request) -> anyhow::Result<Response> {
        self.terminal.request(request);
        let response = self.client.send(request)?;
        self.terminal.response(&response);
        Ok(response)
    }

    /// A request to repeat, and its first response.
    pub fn first(&self, name: &str) -> anyhow::Result<(Request, Response)> {
        Ok(self
            .repeatable
            .get(name)
            .with_context(|| format!("no step sent the request `{name}`"))?
            .clone())
    }

    /// A URL of the public API for a tenant.
    pub fn tenant_url(&self, tenant: Tenant, path: &str) -> String {
        format!("{}/v1/tenants/{}/{path}", self.origins.public, tenant.name())
    }

    /// A bearer token; see [`Self::tokens`].
    pub fn token(&self, name: &str) -> anyhow::Result<&str> {
        Ok(self
            .tokens
            .get(name)
            .with_context(|| format!("no token for {name} yet"))?)
    }

    /// A status query from a tenant's agent.
    pub fn status_query(&self, tenant: Tenant, lead: &str) -> anyhow::Result<Request> {
        let url = self.tenant_url(tenant, &format!("leads/{lead}/status"));
        Ok(Request::get(url).bearer(self.token(tenant.name())?))
    }

    /// A disposition from a tenant's agent.
    pub fn disposition(&self, tenant: Tenant, lead: &str, document: &str) -> anyhow::Result<Request> {
        let url = self.tenant_url(tenant, &format!("leads/{lead}/disposition"));
        Ok(Request::post(url, document).bearer(self.token(tenant.name())?))
    }

    /// Fetches a delivery from the public API.
    pub fn delivery(&self, tenant: Tenant, id: &str) -> anyhow::Result<Response> {
        let url = self.tenant_url(tenant, &format!("deliveries/{id}"));
        self.client.send(&Request::get(url).bearer(self.token(tenant.name())?))
    }

    /// Waits until a delivery has this state.
    pub fn delivery_in(&self, tenant: Tenant, id: &str, state: &str) -> anyhow::Result<Response> {
        clock::wait_until(&format!("delivery {id} to be {state}"), WAIT_LIMIT, || {
            let response = self.delivery(tenant, id)?;
            Ok((response.text("/state") == state).then_some(response))
        })
    }

    /// Sends a command to a fake's control API, without printing it.
    pub fn control(&self, origin: &str, command: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{origin}/_control/{command}");
        let response = self.client.send(&Request::post(url, body.to_string()))?;
        if response.status != 204 {
            bail!("{origin} refused the control command {command}: {}", response.body);
        }
        Ok(())
    }

    /// A fake's ledger: what it stored or received, and its request counts.
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

    /// Runs a `jackfield` command, and prints it and its output.
    pub fn jackfield(&self, words: &[&str]) -> anyhow::Result<Output> {
        self.jackfield_head(words, usize::MAX)
    }

    /// The same, but prints only the first lines of the output.
    pub fn jackfield_head(&self, words: &[&str], lines: usize) -> anyhow::Result<Output> {
        self.terminal.command(&format!("jackfield {}", words.join(" ")));
        let output = self.run_jackfield(words)?;
        self.terminal
            .output(&format!("{}{}", output.stdout, output.stderr), lines);
        Ok(output)
    }

    /// Runs a `jackfield` command with `--json` and returns its output without printing it.
    pub fn jackfield_json(&self, words: &[&str]) -> anyhow::Result<Value> {
        let words = [words, &["--json"]].concat();
        let output = self.run_jackfield(&words)?;
        let command = || {
            format!(
                "`jackfield {}` printed:\n{}{}",
                words.join(" "),
                output.stdout,
                output.stderr
            )
        };
        if !output.ok {
            bail!("{}", command());
        }
        serde_json::from_str(&output.stdout).with_context(command)
    }

    /// The `jackfield` program with the operator's environment.
    pub fn program(&self) -> Command {
        let mut program = self.workspace.command(self.binary("jackfield"));
        // The user may have settings for another host.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JACKFIELD_")) {
            program.env_remove(name);
        }
        program.env("JACKFIELD_ADMIN_URL", &self.origins.admin);
        if let Some(token) = self.tokens.get(HOST) {
            program.env("JACKFIELD_TOKEN", token);
        }
        program
    }

    /// The path of a program in cargo's debug folder.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.workspace.target().join("debug").join(name)
    }

    fn run_jackfield(&self, words: &[&str]) -> anyhow::Result<Output> {
        let ran = self.program().args(words).stdin(Stdio::null()).output();
        let ran = ran.context("cannot run the jackfield program")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Output {
            ok: ran.status.success(),
            stdout: text(&ran.stdout),
            stderr: text(&ran.stderr),
        })
    }
}
