//! Exit codes, as in sysexits(3), and the one place that prints why.

use std::fmt;
use std::process::ExitCode;

use crate::error::Unusable;

/// What `report` and `push` end with where something drifted.
pub(super) const DRIFT: u8 = 2;
/// What they end with where they could not do their work.
pub(super) const FAILED: u8 = 1;

/// Why the program ends, for whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command line is wrong.
    Usage = 64,
    /// The data given is wrong.
    Data = 65,
    /// What is to be read is not there.
    NoInput = 66,
    /// Something needed is not there: a port in use, a server that does not answer.
    Unavailable = 69,
    /// A mistake of our own.
    Software = 70,
    /// A file or directory can't be made.
    CantCreate = 73,
    /// Reading or writing failed.
    Io = 74,
    /// Somebody is doing the same: later.
    TempFail = 75,
    /// Not allowed.
    NoPermission = 77,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Unusable> for Exit {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::NotMade => Self::CantCreate,
            Unusable::NotPermitted => Self::NoPermission,
            Unusable::Held => Self::Unavailable,
            Unusable::Data => Self::Data,
            Unusable::Io => Self::Io,
        }
    }
}

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure with a sentence that says what is wrong and what to do next.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What is wrong and what to do next.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Prints a failure to standard error, and turns the outcome into the program's exit code.
pub fn code(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("driftsentry: {}", failure.message);
            ExitCode::from(failure.exit as u8)
        }
    }
}
