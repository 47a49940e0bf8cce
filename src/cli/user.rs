//! `driftsentry user`: accounts from the server's machine, for the first one and for lost passwords.

use std::io::{self, BufRead, IsTerminal, Read};

use clap::{Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Deserialize;
use serde_json::Value;

use crate::actor::Role;
use crate::cli::exit::{Exit, Failure};
use crate::cli::on_machine::{Place, print, refused};
use crate::control::client::{self, Done};
use crate::control::{Add, Given, Request, Shown};

/// The most bytes of a password on standard input: more than any has.
const MOST_PASSWORD_BYTES: u64 = 4_096;

/// List and change accounts, on the server's machine
///
/// Works while the server runs, as its user or root, and on the data directory of a stopped one. What is changed holds at
/// once. The audit log names whoever sits at the machine, with the number of their user.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  driftsentry user list --data-dir /var/lib/driftsentry
  driftsentry user add ana@example.com --role engineer --first-name Ana
  driftsentry user reset-password admin@driftsentry.local
  pass show driftsentry | driftsentry user reset-password ana@example.com --password-stdin

Exit codes: 0 done, 64 the command line is wrong, 65 it can't be done so, 66 there is no store, 69 the store is open
elsewhere and no server answers, 77 not as this user.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List everybody who has an account
    List(Common),
    Add(New),
    ResetPassword(Reset),
    /// Keep an account from signing in, and end its sessions
    Disable(One),
    /// Let an account sign in again
    Enable(One),
}

#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    place: Place,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The address that the account signs in with
    #[arg(value_name = "EMAIL")]
    email: String,

    #[command(flatten)]
    common: Common,
}

/// Make an account
///
/// Prints a one-time password, this once; it has to be changed at the first sign-in.
#[derive(Debug, clap::Args)]
struct New {
    #[command(flatten)]
    one: One,

    /// What it may do
    #[arg(long, value_name = "ROLE")]
    role: GivenRole,

    /// The person's first name
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,

    /// The person's last name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,

    #[command(flatten)]
    password: PasswordFrom,
}

/// Give an account another password, and end its sessions
///
/// Prints a one-time password, this once; it has to be changed at the next sign-in.
#[derive(Debug, clap::Args)]
struct Reset {
    #[command(flatten)]
    one: One,

    #[command(flatten)]
    password: PasswordFrom,
}

#[derive(Debug, clap::Args)]
struct PasswordFrom {
    /// Take the password from the first line of standard input; it need not be changed then
    #[arg(long)]
    password_stdin: bool,
}

/// A role that a person can be given.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum GivenRole {
    /// Reads
    Viewer,
    /// Also decides, comments and pushes scans
    Engineer,
    /// Also manages workspaces, users and keys, and reads the audit log
    Admin,
}

/// What is answered of one account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    user: Shown,
    #[serde(default)]
    one_time_password: Option<String>,
    #[serde(default)]
    changed: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::List(common) => {
            let done = call(common, &Request::UserList)?;
            show(common, done, |value: Listed| table(&value.users))
        }
        Command::Add(new) => {
            let request = Request::UserAdd(Add {
                email: new.one.email.clone(),
                role: match new.role {
                    GivenRole::Viewer => Role::Viewer,
                    GivenRole::Engineer => Role::Engineer,
                    GivenRole::Admin => Role::Admin,
                },
                first_name: new.first_name.clone(),
                last_name: new.last_name.clone(),
                password: new.password.read()?,
            });
            let done = call(&new.one.common, &request)?;
            show(&new.one.common, done, |answer| added(&answer))
        }
        Command::ResetPassword(reset) => {
            let request = Request::UserResetPassword {
                email: reset.one.email.clone(),
                password: reset.password.read()?,
            };
            let done = call(&reset.one.common, &request)?;
            show(&reset.one.common, done, |answer| given(&answer))
        }
        Command::Disable(one) => {
            let email = one.email.clone();
            let done = call(&one.common, &Request::UserDisable { email })?;
            show(&one.common, done, |answer| disabled(&answer))
        }
        Command::Enable(one) => {
            let email = one.email.clone();
            let done = call(&one.common, &Request::UserEnable { email })?;
            show(&one.common, done, |answer| enabled(&answer))
        }
    }
}

#[derive(Debug, Deserialize)]
struct Listed {
    users: Vec<Shown>,
}

fn call(common: &Common, request: &Request) -> Result<Done, Failure> {
    client::call(&common.place.data_dir, request).map_err(refused)
}

/// Prints what came of it, for programs or in words.
fn show<T: for<'a> Deserialize<'a>>(
    common: &Common,
    done: Done,
    words: impl Fn(T) -> String,
) -> Result<(), Failure> {
    let mut value: Value = done.value;
    if common.json {
        value["by"] = done.way.name().into();
        return print(&format!("{value:#}\n"));
    }
    let answer =
        serde_json::from_value(value).map_err(|error| Failure::new(Exit::Software, error))?;
    print(&words(answer))
}

impl PasswordFrom {
    /// The password on standard input, where it is to be read.
    fn read(&self) -> Result<Option<Given>, Failure> {
        if !self.password_stdin {
            return Ok(None);
        }
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(Failure::new(
                Exit::Usage,
                "--password-stdin reads a pipe or a file, since a terminal would show the password: leave it out for a \
                 one-time password.",
            ));
        }
        let mut line = String::new();
        stdin
            .lock()
            .take(MOST_PASSWORD_BYTES)
            .read_line(&mut line)
            .map_err(|error| {
                Failure::new(
                    Exit::Data,
                    format_args!(
                        "the password can't be read: {error}; give it as one line of UTF-8."
                    ),
                )
            })?;
        Ok(Some(Given(line.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

fn table(users: &[Shown]) -> String {
    if users.is_empty() {
        return "There are no accounts yet: `driftsentry user add EMAIL --role admin` makes the first one.\n"
            .to_owned();
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["EMAIL", "ROLE", "STATE", "LAST SIGN-IN"]);
    for user in users {
        let state = match (user.disabled, user.must_change_password) {
            (true, _) => "disabled",
            (false, true) => "one-time password",
            (false, false) => "active",
        };
        table.add_row([
            user.email.as_str(),
            &user.role.to_string(),
            state,
            user.last_login_at.as_deref().unwrap_or("never"),
        ]);
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim()));
    lines.collect()
}

/// The one-time password, where one was made.
fn one_time(answer: &Answer, when: &str) -> String {
    let said = answer.one_time_password.as_ref().map(|password| {
        format!("One-time password:  {password}   (shown this once, to be changed at the {when} sign-in)\n")
    });
    said.unwrap_or_default()
}

fn added(answer: &Answer) -> String {
    let Shown { email, role, .. } = &answer.user;
    format!(
        "{email} can sign in, as {role}.\n{}",
        one_time(answer, "first")
    )
}

fn given(answer: &Answer) -> String {
    let email = &answer.user.email;
    let stays = if answer.user.disabled {
        format!(
            "The account stays disabled: `driftsentry user enable {email}` lets it sign in again.\n"
        )
    } else {
        String::new()
    };
    format!(
        "{email} has another password, and its sessions have ended.\n{}{stays}",
        one_time(answer, "next")
    )
}

fn disabled(answer: &Answer) -> String {
    let email = &answer.user.email;
    if answer.changed {
        format!("{email} can't sign in any more, and its sessions have ended.\n")
    } else {
        format!("{email} was disabled already.\n")
    }
}

fn enabled(answer: &Answer) -> String {
    let email = &answer.user.email;
    if answer.changed {
        format!("{email} can sign in again, with the password it had.\n")
    } else {
        format!("{email} was enabled already.\n")
    }
}
