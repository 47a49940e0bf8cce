//! Who works at the shop: people with accounts, and machines with API keys.

use crate::actor::{Actor, Role};
use crate::error::{Error, Result};
use crate::ids::{KeyId, UserId};
use crate::keys::{self, Scope, Secret};
use crate::store::tables::USERS;
use crate::store::{Reads, Writes};
use crate::time::Timestamp;
use crate::users::{self, PasswordHash};

/// A person with an account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    email: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    role: Role,
    number: u128,
}

/// A machine with an API key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    key: &'static str,
    scope: Scope,
    number: u128,
}

/// Whoever does something.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doer {
    Person(Person),
    Machine(Machine),
}

const fn person(
    email: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    role: Role,
    number: u128,
) -> Person {
    Person {
        email,
        first_name,
        last_name,
        role,
        number,
    }
}

const fn machine(key: &'static str, scope: Scope, number: u128) -> Doer {
    Doer::Machine(Machine { key, scope, number })
}

const MARA: Person = person(
    "mara.lindqvist@brightcart.example",
    "Mara",
    "Lindqvist",
    Role::Engineer,
    11,
);
const TOBIAS: Person = person(
    "tobias.okafor@brightcart.example",
    "Tobias",
    "Okafor",
    Role::Engineer,
    12,
);
const YUKI: Person = person(
    "yuki.tanaka@brightcart.example",
    "Yuki",
    "Tanaka",
    Role::Engineer,
    13,
);
const PRIYA: Person = person(
    "priya.raman@brightcart.example",
    "Priya",
    "Raman",
    Role::Engineer,
    14,
);
const ELENA: Person = person(
    "elena.rossi@brightcart.example",
    "Elena",
    "Rossi",
    Role::Admin,
    15,
);
/// Reads, and decides nothing.
const NOOR: Person = person(
    "noor.haddad@brightcart.example",
    "Noor",
    "Haddad",
    Role::Viewer,
    16,
);

/// Those who decide.
pub(super) const DECIDERS: [Person; 5] = [MARA, TOBIAS, YUKI, PRIYA, ELENA];

/// Who administers.
pub(super) const ADMIN: Person = ELENA;

/// What pushes scans.
pub(super) const PIPELINES: [Doer; 2] = [
    machine("ci-github", Scope::Ingest, 21),
    machine("ci-nightly", Scope::Ingest, 22),
];

/// What knows prices.
pub(super) const FINOPS: Doer = machine("finops-bot", Scope::Engineer, 31);

/// Addresses to sign in with after the demonstration was made.
pub const SIGN_IN_AS: [(&str, Role); 3] = [
    (ELENA.email, ELENA.role),
    (MARA.email, MARA.role),
    (NOOR.email, NOOR.role),
];

/// What tells its ids from others: they are the same in each demonstration.
const fn id(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number)
}

impl Person {
    /// Their address.
    pub(super) fn email(self) -> &'static str {
        self.email
    }
}

impl From<Person> for Doer {
    fn from(person: Person) -> Self {
        Self::Person(person)
    }
}

impl Doer {
    /// Acting for the `nth` time in this story.
    pub(super) fn acting(self, nth: u64) -> Actor {
        let (number, name, role, address, program) = match self {
            Self::Person(person) => (
                person.number,
                person.email.to_owned(),
                person.role,
                format!("10.20.3.{}", person.number),
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            ),
            // As the trail names whoever shows an API key.
            Self::Machine(machine) => (
                machine.number,
                format!("api-key:{}", machine.key),
                machine.scope.role(),
                format!("10.40.8.{}", machine.number),
                concat!("driftsentry/", env!("CARGO_PKG_VERSION")),
            ),
        };
        Actor {
            id: UserId(id(number)),
            email: name,
            role,
            ip_address: Some(address),
            user_agent: Some(program.to_owned()),
            correlation_id: format!("demo-{nth:08}"),
        }
    }
}

/// Makes the administrator's account; everybody shares one password.
pub(super) fn admin(read: &impl Reads, password: &PasswordHash, now: Timestamp) -> Result<Writes> {
    let by = Actor::local("demo");
    account(read, ELENA, password, &by, now)
}

/// Makes everybody else's account and the machines' keys, whose secrets nobody ever sees.
pub(super) fn everybody_else(
    read: &impl Reads,
    password: &PasswordHash,
    now: Timestamp,
) -> Result<Writes> {
    let by = Doer::Person(ELENA).acting(0);
    let mut writes = Writes::new();
    for person in [MARA, TOBIAS, YUKI, PRIYA, NOOR] {
        writes.add(account(read, person, password, &by, now)?);
    }
    for doer in PIPELINES.into_iter().chain([FINOPS]) {
        if let Doer::Machine(machine) = doer {
            writes.add(key(read, machine, &by, now)?);
        }
    }
    Ok(writes)
}

fn account(
    read: &impl Reads,
    person: Person,
    password: &PasswordHash,
    by: &Actor,
    now: Timestamp,
) -> Result<Writes> {
    let new = users::New {
        email: person
            .email
            .parse()
            .map_err(|wrong: &str| Error::internal(wrong))?,
        role: person.role,
        first_name: Some(person.first_name.to_owned()),
        last_name: Some(person.last_name.to_owned()),
        password: password.clone(),
        must_change_password: false,
    };
    users::create_as(read, UserId(id(person.number)), new, by, now).map(|(_, writes)| writes)
}

fn key(read: &impl Reads, machine: Machine, by: &Actor, now: Timestamp) -> Result<Writes> {
    let new = keys::New {
        name: machine.key.to_owned(),
        scope: machine.scope,
        workspaces: Vec::new(),
        expires_at: None,
    };
    keys::create_as(
        read,
        KeyId(id(machine.number)),
        new,
        &Secret::mint()?,
        by,
        now,
    )
    .map(|(_, writes)| writes)
}

/// When each was last seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(std::collections::BTreeMap<u128, (Doer, Timestamp)>);

impl Seen {
    /// Somebody does something.
    pub(super) fn note(&mut self, doer: Doer, at: Timestamp) {
        let number = match doer {
            Doer::Person(person) => person.number,
            Doer::Machine(machine) => machine.number,
        };
        self.0.insert(number, (doer, at));
    }

    /// Notes it with their accounts and keys.
    pub(super) fn write(&self, read: &impl Reads) -> Result<Writes> {
        let mut writes = Writes::new();
        let mut uses = Vec::new();
        for (doer, at) in self.0.values() {
            match doer {
                Doer::Machine(machine) => uses.push((KeyId(id(machine.number)), *at)),
                Doer::Person(person) => {
                    let user = UserId(id(person.number));
                    if let Some(user) = read.get::<_, users::Record>(&USERS, &user)? {
                        writes.add(users::signed_in(read, &user, None, *at)?);
                    }
                }
            }
        }
        writes.add(keys::used(read, &uses)?.1);
        Ok(writes)
    }
}
