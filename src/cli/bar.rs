//! How far a long command is: a bar on a terminal, a line for each stage elsewhere.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::backup::{Progress, Stage};

/// Tells on standard error.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    stage: Option<Stage>,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self {
            bar: io::stderr().is_terminal().then(|| {
                let bar = ProgressBar::new(0);
                let template = "{msg:<9} {wide_bar} {bytes} of {total_bytes} ({bytes_per_sec})";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar
            }),
            stage: None,
        }
    }

    /// How far it is.
    pub(super) fn tell(&mut self, progress: Progress) {
        let is_new = self.stage.replace(progress.stage) != Some(progress.stage);
        let word = match progress.stage {
            Stage::Copying => "copying",
            Stage::Checking => "checking",
            Stage::Packing => "packing",
        };
        match &self.bar {
            Some(bar) => {
                if is_new {
                    bar.reset();
                    bar.set_message(word);
                }
                bar.set_length(progress.total);
                bar.set_position(progress.done);
            }
            None if is_new => eprintln!("{word} {}", size(progress.total)),
            None => {}
        }
    }

    /// It is over.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// It is over, with a sentence for people.
    pub(super) fn done(&self, said: &str) {
        self.clear();
        eprintln!("{said}");
    }
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1024.0 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (5 << 20, "5.0 MiB"),
            (3 << 29, "1.5 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
