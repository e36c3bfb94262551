//! The compared adapters, each with its fake CRM. To add one, add an entry to [`ENTRIES`].

use std::io;
use std::pin::Pin;

use jackfield_tests::documents::{atrium_tenant, keystone_tenant, mortar_tenant, parcel_tenant, ridgeline_tenant};
use jackfield_tests::fakes::{
    Atrium, AtriumConfig, AtriumLead, Behaviour, FakeServer, FakeService, Groundwork, GroundworkConfig, GroundworkLead,
    Keystone, KeystoneConfig, KeystoneLead, Mode, Mortar, MortarConfig, MortarParty, Parcel, ParcelConfig, ParcelLead,
    Ridgeline, RidgelineConfig, RidgelineProspect,
};

/// The lead that every CRM knows. mortar's ids are numbers.
pub const LEAD: &str = "1001";

/// The secret that the CRMs and the tenant files share.
const SECRET: &str = "{ value = \"bench-secret\" }";

/// An adapter of `adapters/`.
pub struct CrmSpec {
    /// The name of its folder and its component.
    pub adapter: &'static str,
    /// Its language.
    pub language: &'static str,
    /// Starts its CRM with [`LEAD`] in it.
    pub crm: fn() -> CrmStart,
}

/// The start of a CRM.
pub type CrmStart = Pin<Box<dyn Future<Output = io::Result<Crm>>>>;

/// All adapters, in the order of the table.
pub const ENTRIES: &[CrmSpec] = &[
    CrmSpec {
        adapter: "keystone",
        language: "Rust",
        crm: || {
            Box::pin(async {
                let fake = Keystone::start(KeystoneConfig::new("bench-secret")).await?;
                fake.seed(KeystoneLead::new(LEAD));
                let file = keystone_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    CrmSpec {
        adapter: "groundwork",
        language: "Rust",
        crm: || {
            Box::pin(async {
                let fake = Groundwork::start(GroundworkConfig::new("bench-secret")).await?;
                fake.seed(GroundworkLead::new(LEAD));
                let file = format!(
                    "tenant = \"bench\"\nadapter = \"groundwork\"\nsettings.base_url = \"{crm}\"\n\
                     egress = {{ allow = [\"{crm}\"], private_addresses = true }}\n\
                     [[credentials]]\nname = \"signing\"\nkind = \"hmac\"\nsecret = {{ value = \"bench-secret\" }}\n",
                    crm = fake.origin(),
                );
                Ok(Crm::new(fake, file))
            })
        },
    },
    CrmSpec {
        adapter: "atrium",
        language: "TypeScript",
        crm: || {
            Box::pin(async {
                let fake = Atrium::start(AtriumConfig::new("bench-secret")).await?;
                fake.seed(AtriumLead::new(LEAD));
                let file = atrium_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    CrmSpec {
        adapter: "parcel",
        language: "Python",
        crm: || {
            Box::pin(async {
                let fake = Parcel::start(ParcelConfig::new("jackfield", "bench-secret")).await?;
                fake.seed(ParcelLead::new(LEAD));
                let file = parcel_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    CrmSpec {
        adapter: "ridgeline",
        language: "Go",
        crm: || {
            Box::pin(async {
                let fake = Ridgeline::start(RidgelineConfig::new("bench-secret")).await?;
                fake.seed(RidgelineProspect::new(LEAD));
                let file = ridgeline_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
    CrmSpec {
        adapter: "mortar",
        language: "C",
        crm: || {
            Box::pin(async {
                let fake = Mortar::start(MortarConfig::new("bench-secret")).await?;
                fake.seed(MortarParty::new(LEAD));
                let file = mortar_tenant("bench", &fake.origin(), SECRET, "");
                Ok(Crm::new(fake, file))
            })
        },
    },
];

/// A running fake CRM.
pub struct Crm {
    /// Its origin.
    pub origin: String,
    /// The file of a tenant on this CRM, with its secrets as values.
    pub file: String,
    fake: Box<dyn Fake>,
}

impl Crm {
    fn new<T: FakeService>(fake: FakeServer<T>, file: String) -> Self
    where
        FakeServer<T>: Send + Sync,
    {
        Self {
            origin: fake.origin(),
            file,
            fake: Box::new(fake),
        }
    }

    /// Sets whether it leaves all requests without a response.
    pub fn hang(&self, hang: bool) {
        self.fake.behave(Behaviour {
            mode: if hang { Mode::Hang } else { Mode::Ok },
            ..Behaviour::default()
        });
    }

    /// The number of requests that wait for a response.
    pub fn hanging(&self) -> u32 {
        self.fake.hanging()
    }
}

trait Fake: Send + Sync {
    fn behave(&self, behaviour: Behaviour);
    fn hanging(&self) -> u32;
}

impl<T: FakeService> Fake for FakeServer<T>
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
