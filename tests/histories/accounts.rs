//! What becomes of accounts, sessions and API keys.

use driftsentry::actor::Role;
use driftsentry::error::{Error, Result};
use driftsentry::ids::{KeyId, SessionId, UserId};
use driftsentry::keys::{self, Scope, Secret};
use driftsentry::sessions::{self, RefreshToken, accounts};
use driftsentry::store::tables::{API_KEYS, SESSIONS};
use driftsentry::store::{Order, Range, Reads, Writes};
use driftsentry::users::{self, Change, Email, PasswordHash};

use crate::world::{World, somebody};

const EMAILS: [&str; 3] = ["ana@shop.example", "bo@shop.example", "cy@shop.example"];

/// Does one thing to the account `who`, its sessions or the keys.
pub(crate) fn act(world: &mut World, who: usize, what: u8) -> Result<()> {
    let email: Email = EMAILS[who].parse().unwrap();
    match what {
        0 => {
            let new = users::New {
                email,
                role: if who == 0 { Role::Admin } else { Role::Viewer },
                first_name: None,
                last_name: None,
                password: PasswordHash::decoy().clone(),
                must_change_password: false,
            };
            world
                .write(move |read, now| users::create(read, new.clone(), &somebody(), now))
                .map(drop)
        }
        1 => {
            let token = RefreshToken::mint(SessionId::new(world.now), 1).unwrap();
            on_user(world, email, move |read, user, now| {
                let by = user.as_actor(&somebody());
                sessions::open(read, &token, &by, now).map(|(_, writes)| writes)
            })
        }
        2 => {
            // The stored hash is all there is of a token: its successor is made as a renewal would.
            let ids: Vec<SessionId> = world
                .store
                .read(|read| read.keys(&SESSIONS, &Range::all(), Order::Ascending, 9))?;
            let Some(id) = ids.get(who % ids.len().max(1)).copied() else {
                return Ok(());
            };
            world
                .write(move |read, now| {
                    let session = sessions::by_id(read, id)?;
                    let by = somebody();
                    let again = RefreshToken::mint(id, session.generation)?;
                    // A wrong secret renews nothing.
                    let (outcome, writes) = sessions::refresh(read, &again, [7; 32], &by, now)?;
                    assert!(matches!(outcome, sessions::Refreshed::Refused));
                    Ok(((), writes))
                })
                .map(drop)
        }
        3 => {
            let secret = Secret::mint().unwrap();
            let new = keys::New {
                name: format!("key {who}"),
                scope: Scope::Ingest,
                workspaces: Vec::new(),
                expires_at: None,
            };
            world
                .write(move |read, now| keys::create(read, new.clone(), &secret, &somebody(), now))
                .map(drop)
        }
        4 => {
            let ids: Vec<KeyId> = world
                .store
                .read(|read| read.keys(&API_KEYS, &Range::all(), Order::Ascending, 9))?;
            match ids.first().copied() {
                Some(id) => world.write(move |read, now| keys::revoke(read, id, &somebody(), now)),
                None => Ok(()),
            }
        }
        5 | 6 => on_user(world, email, move |read, user, now| {
            let change = Change {
                role: Some(if what == 5 {
                    Role::Admin
                } else {
                    Role::Engineer
                }),
                ..Change::default()
            };
            accounts::update(read, user.id, &change, &somebody(), now).map(|(_, writes)| writes)
        }),
        7 | 8 => on_user(world, email, move |read, user, now| {
            let change = Change {
                disabled: Some(what == 7),
                ..Change::default()
            };
            accounts::update(read, user.id, &change, &somebody(), now).map(|(_, writes)| writes)
        }),
        9 => on_user(world, email, |read, user, now| {
            accounts::remove(read, user.id, &somebody(), now).map(|(_, writes)| writes)
        }),
        _ => world
            .write(|read, now| sessions::sweep(read, now))
            .map(drop),
    }
}

fn on_user(
    world: &mut World,
    email: Email,
    change: impl Fn(
        &driftsentry::store::Batch<'_>,
        users::Record,
        driftsentry::time::Timestamp,
    ) -> Result<Writes>
    + Send
    + 'static,
) -> Result<()> {
    world.write(move |read, now| {
        let user = users::by_email(read, &email)?.ok_or(Error::NotFound("user"))?;
        let _: UserId = user.id;
        Ok(((), change(read, user, now)?))
    })
}
