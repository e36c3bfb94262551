//! A host process with tenants on fake CRMs, and a client that sends an agent's requests.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jackfield_tests::components::path;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::process::{HostProcess, operator_token};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::deployment::Deployment;
use crate::load::Request;
use crate::operator::Operator;

/// The token that the tenants' CRMs expect.
pub const TOKEN: &str = "bench-token";

/// All load comes from one address, more than the host accepts from one address by default.
const SETTINGS: &[(&str, &str)] = &[
    ("JACKFIELD_LOG", "info"),
    ("JACKFIELD_ADDRESS_PER_SECOND", "1000000"),
    ("JACKFIELD_FAILURES_PER_SECOND", "1000000"),
    ("JACKFIELD_TENANT_PER_SECOND", "1000000"),
    ("JACKFIELD_MAX_CONNECTIONS_PER_ADDRESS", "4096"),
];

/// A running host.
pub struct BenchHost {
    host: HostProcess,
    stopped: StoppedHost,
}

/// A stopped host with its data.
pub struct StoppedHost {
    binary: String,
    settings: Vec<(String, String)>,
    operator: String,
    data: TempDir,
}

/// The agent of one tenant.
#[derive(Clone)]
pub struct Agent {
    client: Client,
    leads: String,
    path: String,
    token: String,
}

impl BenchHost {
    /// Starts a new host with this deployment and these additional settings.
    pub fn start(binary: &Path, deployment: &Deployment, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Ok(StoppedHost::new(binary, deployment, settings)?.start())
    }

    /// Stops the host with SIGTERM.
    pub fn stop(self) -> StoppedHost {
        let _ = self.host.stop("TERM");
        self.stopped
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.host.id()
    }

    /// An operator with its own connection.
    pub async fn operator(&self) -> anyhow::Result<Operator> {
        let admin = self.host.admin.trim_start_matches("http://").parse()?;
        Operator::connect(admin, &self.stopped.operator).await
    }

    /// Runs an operator command.
    pub fn order(&self, arguments: &[&str]) -> Value {
        self.host.json(&self.stopped.operator, arguments)
    }

    /// Pushes a component of the workspace.
    pub fn push(&self, component: &str) -> anyhow::Result<()> {
        self.push_file(&path(component))
    }

    /// Pushes a component file.
    pub fn push_file(&self, file: &Path) -> anyhow::Result<()> {
        let _ = self.order(&["adapter", "push", file.to_str().context("the path is not UTF-8")?]);
        Ok(())
    }

    /// Applies a tenant file and returns the tenant's agent.
    pub fn tenant(&self, name: &str, toml: &str) -> anyhow::Result<Agent> {
        let file = self.stopped.data.path().join(format!("{name}.toml"));
        std::fs::write(&file, toml)?;
        let _ = self.order(&["tenant", "apply", file.to_str().context("the path is not UTF-8")?]);
        let made = self.order(&["token", "create", "--tenant", name, "--for", "agent"]);
        Ok(Agent {
            client: Client::builder().no_proxy().timeout(Duration::from_mins(1)).build()?,
            leads: format!("{}/v1/tenants/{name}/leads", self.host.public),
            path: format!("/v1/tenants/{name}/leads"),
            token: made["token"].as_str().context("the response has no token")?.to_owned(),
        })
    }

    /// The address of the public listener.
    pub fn public(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.host.public.trim_start_matches("http://").parse()?)
    }
}

impl StoppedHost {
    /// A new host without tenants.
    pub fn new(binary: &Path, deployment: &Deployment, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut stopped = Self {
            binary: binary.to_str().context("the host's path is not UTF-8")?.to_owned(),
            settings: SETTINGS
                .iter()
                .chain(deployment.settings)
                .chain(settings)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            operator: String::new(),
            data: tempfile::tempdir()?,
        };
        // The first start writes the operator token into a file.
        let (_, printed, _) =
            HostProcess::start(&stopped.binary, stopped.data.path(), &stopped.variables()).stop("TERM");
        stopped.operator = operator_token(&printed);
        Ok(stopped)
    }

    /// Starts the host and returns once it serves.
    pub fn start(self) -> BenchHost {
        let host = HostProcess::start_discarding_log(&self.binary, self.data.path(), &self.variables());
        BenchHost { host, stopped: self }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
}

impl Agent {
    /// A status query as raw HTTP.
    pub fn status_request(&self, lead: &str) -> Request {
        let (path, token) = (format!("{}/{lead}/status", self.path), self.bearer());
        Request::new("GET", &path, &[("authorization", &token)], b"")
    }

    /// The report of a call without an outcome, as raw HTTP.
    pub fn disposition_request(&self, lead: &str, call: &str) -> Request {
        self.report_request(lead, minimal_disposition(call, "no_answer").to_string().as_bytes())
    }

    /// The report of a call, as raw HTTP.
    pub fn report_request(&self, lead: &str, said: &[u8]) -> Request {
        let (path, token) = (format!("{}/{lead}/disposition", self.path), self.bearer());
        let headers = [("authorization", &*token), ("content-type", "application/json")];
        Request::new("POST", &path, &headers, said)
    }

    /// The path to which the tenant's CRM pushes leads.
    pub fn leads_path(&self) -> &str {
        &self.path
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Sends a status query and ignores the response's status.
    pub async fn ask(&self, lead: &str) -> reqwest::Result<Response> {
        let url = format!("{}/{lead}/status", self.leads);
        self.client.get(url).bearer_auth(&self.token).send().await
    }

    /// Sends a status query; the response must be 200.
    pub async fn status(&self, lead: &str) -> anyhow::Result<()> {
        let answer = self.ask(lead).await?;
        let status = answer.status();
        let body = answer.text().await?;
        anyhow::ensure!(status == StatusCode::OK, "a status query returned {status}: {body}");
        Ok(())
    }

    /// Reports a call; the response must be 202.
    pub async fn dispose(&self, lead: &str, call: &str) -> anyhow::Result<()> {
        let url = format!("{}/{lead}/disposition", self.leads);
        let said = minimal_disposition(call, "no_answer");
        let answer = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .json(&said)
            .send()
            .await?;
        let status = answer.status();
        anyhow::ensure!(
            status == StatusCode::ACCEPTED,
            "a disposition returned {status}: {}",
            answer.text().await?
        );
        Ok(())
    }
}
