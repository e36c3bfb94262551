//! The compared systems: a front that accepts reports, and what writes them to the CRM.

use std::net::SocketAddr;
use std::sync::Mutex;

use jackfield_tests::documents::{disposition, keystone_tenant};

use super::crm::{Crm, call};
use super::queue::RunningQueue;
use crate::bench_host::{Agent, BenchHost, TOKEN};
use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::Request;

/// The tenant's name.
pub const TENANT: &str = "bench";
/// Concurrent writes of the host.
const CONCURRENCY: u32 = 64;

/// A system.
pub enum System {
    /// A host with keystone's adapter.
    Jackfield(Box<JackfieldHost>),
    /// A front, a queue and workers.
    RunningQueue(Box<RunningQueue>),
}

/// A host with a tenant on the CRM.
pub struct JackfieldHost {
    bench_host: Mutex<BenchHost>,
    front: SocketAddr,
    agent: Agent,
    crm: String,
}

/// Makes the requests for one system.
#[derive(Clone)]
pub enum Reporter {
    /// For the host, with the agent's token.
    Jackfield(Agent),
    /// For a queue's front, with this token.
    RunningQueue(&'static str),
}

impl System {
    /// Starts a host with one tenant.
    pub fn ours(context: &Context, deployment: &Deployment, crm: &Crm) -> anyhow::Result<Self> {
        let bench_host = BenchHost::start(&context.host, deployment, &[])?;
        bench_host.push("keystone")?;
        let agent = bench_host.tenant(TENANT, &file(&crm.origin, false))?;
        Ok(Self::Jackfield(Box::new(JackfieldHost {
            front: bench_host.public()?,
            bench_host: Mutex::new(bench_host),
            agent,
            crm: crm.origin.clone(),
        })))
    }

    /// The address for reports.
    pub fn front(&self) -> SocketAddr {
        match self {
            Self::Jackfield(ours) => ours.front,
            Self::RunningQueue(queue) => queue.front(),
        }
    }

    /// A description of the workers.
    pub fn workers(&self) -> String {
        match self {
            Self::Jackfield(_) => format!("{CONCURRENCY} deliveries at once"),
            Self::RunningQueue(queue) => queue.workers(),
        }
    }

    /// What makes the requests.
    pub fn reporter(&self) -> Reporter {
        match self {
            Self::Jackfield(ours) => Reporter::Jackfield(ours.agent.clone()),
            Self::RunningQueue(_) => Reporter::RunningQueue(TOKEN),
        }
    }

    /// The report of the call with this number.
    pub fn report(&self, number: u64) -> Request {
        self.reporter().report(number)
    }

    /// Suspends writing. Reports are still accepted.
    pub fn hold(&self) -> anyhow::Result<()> {
        match self {
            Self::Jackfield(ours) => ours.apply(true),
            Self::RunningQueue(queue) => {
                queue.stop_workers();
                Ok(())
            }
        }
    }

    /// Resumes writing.
    pub fn resume(&self) -> anyhow::Result<()> {
        match self {
            Self::Jackfield(ours) => ours.apply(false),
            Self::RunningQueue(queue) => queue.start_workers(),
        }
    }
}

impl JackfieldHost {
    fn apply(&self, held: bool) -> anyhow::Result<()> {
        let bench_host = self
            .bench_host
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        bench_host.tenant(TENANT, &file(&self.crm, held)).map(drop)
    }
}

impl Reporter {
    /// The report of the call with this number: 1 KB with every field of the contract.
    pub fn report(&self, number: u64) -> Request {
        let call = call(number);
        let (lead, said) = (format!("L-{call}"), disposition(&call, "qualified_visit_booked"));
        match self {
            Self::Jackfield(agent) => agent.report_request(&lead, said.to_string().as_bytes()),
            Self::RunningQueue(token) => {
                let path = format!("/v1/tenants/{TENANT}/leads/{lead}/disposition");
                let headers = [
                    ("authorization", &*format!("Bearer {token}")),
                    ("content-type", "application/json"),
                ];
                Request::new("POST", &path, &headers, said.to_string().as_bytes())
            }
        }
    }
}

/// The tenant file. If held, one attempt a day is allowed.
fn file(crm: &str, held: bool) -> String {
    let pace = if held { "per_day = 1" } else { "" };
    let delivery = format!("[delivery]\nconcurrency = {CONCURRENCY}\n{pace}\n");
    keystone_tenant(TENANT, crm, &format!("{{ value = \"{TOKEN}\" }}"), &delivery)
}
