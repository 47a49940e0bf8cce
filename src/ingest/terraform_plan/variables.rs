//! The values of sensitive root variables: secrets, wherever a resource repeats them without a mark.
//!
//! A plan has the values in `variables` and says which are sensitive in `configuration`, in either order.

use std::io::Read;

use crate::error::Result;
use crate::ingest::json_stream::Window;
use crate::ingest::marks::Marks;
use crate::ingest::secrets::Secrets;
use crate::ingest::terraform_plan::entry::broken;
use crate::ingest::terraform_plan::members;

/// Larger variables are not kept: secrets are small.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Default)]
pub(super) struct Variables {
    /// `variables`, as JSON text; empty where there is none, or too much of it.
    pub(super) values: Box<[u8]>,
    sensitive: Vec<String>,
}

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Variables({} sensitive)", self.sensitive.len())
    }
}

impl Variables {
    /// Steps over `configuration` and notes the names of the sensitive root variables.
    pub(super) fn read_configuration<R: Read>(&mut self, window: &mut Window<R>) -> Result<()> {
        members(window, 1, &mut |window, key| match key {
            "root_module" => members(window, 2, &mut |window, key| match key {
                "variables" => members(window, 3, &mut |window, name| self.note(window, name)),
                _ => window.skip_value(3),
            }),
            _ => window.skip_value(2),
        })
    }

    fn note<R: Read>(&mut self, window: &mut Window<R>, name: &str) -> Result<()> {
        members(window, 4, &mut |window, key| {
            if key != "sensitive" {
                return window.skip_value(5);
            }
            if window.skip_small_value(5, 4)? == Some(b"true") {
                self.sensitive.push(name.to_owned());
            }
            Ok(())
        })
    }

    /// Remembers each string within the sensitive variables' values.
    pub(super) fn learn(&self, secrets: &mut Secrets) -> Result<()> {
        if self.sensitive.is_empty() || self.values.is_empty() {
            return Ok(());
        }
        let value = Marks::Object([("value".to_owned(), Marks::All)].into());
        let marks = (self.sensitive.iter())
            .map(|name| (name.clone(), value.clone()))
            .collect();
        secrets
            .learn_json(&self.values, &Marks::Object(marks))
            .map_err(|error| broken("variables".to_owned(), &error))
    }
}
