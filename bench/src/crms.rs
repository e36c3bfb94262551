//! The adapters that are compared, each with its fake CRM. One more is one more row in [`ENTRIES`].

use std::io;
use std::pin::Pin;

use jackfield_tests::documents::{atrium_tenant, keystone_tenant, mortar_tenant, parcel_tenant, ridgeline_tenant};
use jackfield_tests::fakes::{
    Atrium, AtriumConfig, AtriumLead, Behaviour, Groundwork, GroundworkConfig, GroundworkLead, Keystone,
    KeystoneConfig, KeystoneLead, Mode, Mortar, MortarConfig, MortarParty, Parcel, ParcelConfig, ParcelLead, Ridgeline,
    RidgelineConfig, RidgelineProspect, Server, Trade,
};

/// The lead that every CRM knows. mortar's are numbers.
pub const LEAD: &str = "1001";

/// What the CRMs and the tenants' files share.
const SECRET: &str = "{ value = \"bench\" }";

/// One adapter of `adapters/`.
pub struct Entry {
    /// Its name: of its folder and its component.
    pub adapter: &'static str,
    /// What it is written in.
    pub language: &'static str,
    /// Starts its CRM, with [`LEAD`] in it.
    pub crm: fn() -> Starting,
}

/// A CRM that starts.
pub type Starting = Pin<Box<dyn Future<Output = io::Result<Crm>>>>;

/// All of them, in the order of the table.
pub const ENTRIES: &[Entry] = &[
    Entry {
        adapter: "keystone",
        language: "Rust",
        crm: || {
            Box::pin(async {
                let fake = Keystone::start(KeystoneConfig::new("bench")).await?;
                fake.seed(KeystoneLead::new(LEAD));
                let file = keystone_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    Entry {
        adapter: "groundwork",
        language: "Rust",
        crm: || {
            Box::pin(async {
                let fake = Groundwork::start(GroundworkConfig::new("bench")).await?;
                fake.seed(GroundworkLead::new(LEAD));
                let file = format!(
                    "tenant = \"bench\"\nadapter = \"groundwork\"\nsettings.base_url = \"{crm}\"\n\
                     egress = {{ allow = [\"{crm}\"], private_addresses = true }}\n\
                     [[credentials]]\nname = \"signing\"\nkind = \"hmac\"\nsecret = {{ value = \"bench\" }}\n",
                    crm = fake.origin(),
                );
                Ok(Crm::new(fake, file))
            })
        },
    },
    Entry {
        adapter: "atrium",
        language: "TypeScript",
        crm: || {
            Box::pin(async {
                let fake = Atrium::start(AtriumConfig::new("bench")).await?;
                fake.seed(AtriumLead::new(LEAD));
                let file = atrium_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    Entry {
        adapter: "parcel",
        language: "Python",
        crm: || {
            Box::pin(async {
                let fake = Parcel::start(ParcelConfig::new("jackfield", "bench")).await?;
                fake.seed(ParcelLead::new(LEAD));
                let file = parcel_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    Entry {
        adapter: "ridgeline",
        language: "Go",
        crm: || {
            Box::pin(async {
                let fake = Ridgeline::start(RidgelineConfig::new("bench")).await?;
                fake.seed(RidgelineProspect::new(LEAD));
                let file = ridgeline_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    Entry {
        adapter: "mortar",
        language: "C",
        crm: || {
            Box::pin(async {
                let fake = Mortar::start(MortarConfig::new("bench")).await?;
                fake.seed(MortarParty::new(LEAD));
                let file = mortar_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
];

/// A fake CRM that runs, whichever it is.
pub struct Crm {
    /// Where it is.
    pub origin: String,
    /// The file of a tenant on it, its secrets as values.
    pub file: String,
    fake: Box<dyn Fake>,
}

impl Crm {
    fn new<T: Trade>(fake: Server<T>, file: String) -> Self
    where
        Server<T>: Send + Sync,
    {
        Self {
            origin: fake.origin(),
            file,
            fake: Box::new(fake),
        }
    }

    /// Has it answer no request, or every one again.
    pub fn hang(&self, hang: bool) {
        self.fake.behave(Behaviour {
            mode: if hang { Mode::Hang } else { Mode::Ok },
            ..Behaviour::default()
        });
    }

    /// How many requests wait for an answer.
    pub fn hanging(&self) -> u32 {
        self.fake.hanging()
    }
}

trait Fake: Send + Sync {
    fn behave(&self, behaviour: Behaviour);
    fn hanging(&self) -> u32;
}

impl<T: Trade> Fake for Server<T>
where
    Self: Send + Sync,
{
    fn behave(&self, behaviour: Behaviour) {
        Self::behave(self, behaviour);
    }

    fn hanging(&self) -> u32 {
        Self::hanging(self)
    }
}
