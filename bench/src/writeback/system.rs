//! What is compared: a front that takes reports, and whatever writes them to the CRM.

use std::net::SocketAddr;
use std::sync::Mutex;

use jackfield_tests::documents::{disposition, keystone_tenant};

use super::crm::{Crm, call};
use super::queue::Queue;
use crate::context::Context;
use crate::deployment::Deployment;
use crate::load::Request;
use crate::rig::{Agent, Rig, TOKEN};

/// The tenant, for whoever has some.
pub const TENANT: &str = "bench";
/// Writes of ours that are in flight at once.
const CONCURRENCY: u32 = 64;

/// A contestant.
pub enum System {
    /// A host with the adapter for keystone.
    Ours(Box<Ours>),
    /// A front, a queue and workers.
    Queue(Box<Queue>),
}

/// A host with a tenant on the CRM.
pub struct Ours {
    rig: Mutex<Rig>,
    front: SocketAddr,
    agent: Agent,
    crm: String,
}

/// Makes the requests of one system.
#[derive(Clone)]
pub enum Reporter {
    /// With the agent's token.
    Ours(Agent),
    /// With this one.
    Queue(&'static str),
}

impl System {
    /// A host with one tenant.
    pub fn ours(context: &Context, deployment: &Deployment, crm: &Crm) -> anyhow::Result<Self> {
        let rig = Rig::start(&context.host, deployment, &[])?;
        rig.push("keystone")?;
        let agent = rig.tenant(TENANT, &file(&crm.origin, false))?;
        Ok(Self::Ours(Box::new(Ours {
            front: rig.public()?,
            rig: Mutex::new(rig),
            agent,
            crm: crm.origin.clone(),
        })))
    }

    /// Where reports go.
    pub fn front(&self) -> SocketAddr {
        match self {
            Self::Ours(ours) => ours.front,
            Self::Queue(queue) => queue.front(),
        }
    }

    /// How its workers are set.
    pub fn workers(&self) -> String {
        match self {
            Self::Ours(_) => format!("{CONCURRENCY} deliveries at once"),
            Self::Queue(queue) => queue.workers(),
        }
    }

    /// Who makes the requests.
    pub fn reporter(&self) -> Reporter {
        match self {
            Self::Ours(ours) => Reporter::Ours(ours.agent.clone()),
            Self::Queue(_) => Reporter::Queue(TOKEN),
        }
    }

    /// The report of the call with a number.
    pub fn report(&self, number: u64) -> Request {
        self.reporter().report(number)
    }

    /// Lets nothing be written. Reports are accepted all the same.
    pub fn hold(&self) -> anyhow::Result<()> {
        match self {
            Self::Ours(ours) => ours.apply(true),
            Self::Queue(queue) => {
                queue.stop_workers();
                Ok(())
            }
        }
    }

    /// Lets everything be written again.
    pub fn resume(&self) -> anyhow::Result<()> {
        match self {
            Self::Ours(ours) => ours.apply(false),
            Self::Queue(queue) => queue.start_workers(),
        }
    }
}

impl Ours {
    fn apply(&self, held: bool) -> anyhow::Result<()> {
        let rig = self.rig.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rig.tenant(TENANT, &file(&self.crm, held)).map(drop)
    }
}

impl Reporter {
    /// The report of the call with a number: 1 KB, with every field of the contract.
    pub fn report(&self, number: u64) -> Request {
        let call = call(number);
        let (lead, said) = (format!("L-{call}"), disposition(&call, "qualified_visit_booked"));
        match self {
            Self::Ours(agent) => agent.report_request(&lead, said.to_string().as_bytes()),
            Self::Queue(token) => {
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

/// The tenant's file. Held means that one attempt a day is allowed.
fn file(crm: &str, held: bool) -> String {
    let pace = if held { "per_day = 1" } else { "" };
    let delivery = format!("[delivery]\nconcurrency = {CONCURRENCY}\n{pace}\n");
    keystone_tenant(TENANT, crm, &format!("{{ value = \"{TOKEN}\" }}"), &delivery)
}
