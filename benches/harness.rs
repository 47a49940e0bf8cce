//! What every measurement shares: repeated timing, the table, and what the machine is.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a measurement can fail.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is asked of a ratio or a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// Measured for its own sake.
    None,
}

/// One row of the table.
#[derive(Debug)]
struct Line {
    work: String,
    figure: String,
    against: String,
    ratio: Option<f64>,
    goal: Goal,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    notes: Vec<String>,
}

impl Report {
    /// A figure, what it is held against, the ratio of both and the goal of that ratio. Shown at once, too.
    pub(crate) fn line(
        &mut self,
        work: impl Into<String>,
        figure: impl Into<String>,
        against: impl Into<String>,
        ratio: Option<f64>,
        goal: Goal,
    ) {
        let line = Line {
            work: work.into(),
            figure: figure.into(),
            against: against.into(),
            ratio,
            goal,
        };
        eprintln!("  {}: {} | {}", line.work, line.figure, line.against);
        self.lines.push(line);
    }

    /// A heading among the rows.
    pub(crate) fn subject(&mut self, name: &str) {
        eprintln!("{name}");
        self.lines.push(Line {
            work: format!("**{name}**"),
            figure: String::new(),
            against: String::new(),
            ratio: None,
            goal: Goal::None,
        });
    }

    /// A sentence below the table: how something was counted.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The whole table, in Markdown.
    pub(crate) fn print(&self, facts: &str) {
        let rows: Vec<[String; 6]> = self.lines.iter().map(cells).collect();
        let head = ["work", "figure", "held against", "ratio", "goal", "holds"].map(str::to_owned);
        let mut widths = head.each_ref().map(String::len);
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        println!("\n{facts}\n");
        print_row(&head, widths);
        print_row(&widths.map(|width| "-".repeat(width)), widths);
        for row in &rows {
            print_row(row, widths);
        }
        println!();
        for note in &self.notes {
            println!("- {note}");
        }
    }
}

fn print_row(cells: &[String; 6], widths: [usize; 6]) {
    for (cell, width) in cells.iter().zip(widths) {
        print!("| {cell:width$} ");
    }
    println!("|");
}

fn cells(line: &Line) -> [String; 6] {
    let (goal, holds) = match (line.goal, line.ratio) {
        (Goal::AtLeast(goal), ratio) => (format!(">= {goal}"), ratio.map(|ratio| ratio >= goal)),
        (Goal::AtMost(goal), ratio) => (format!("<= {goal}"), ratio.map(|ratio| ratio <= goal)),
        (Goal::None, _) => (String::new(), None),
    };
    [
        line.work.clone(),
        line.figure.clone(),
        line.against.clone(),
        line.ratio
            .map_or(String::new(), |ratio| format!("{ratio:.3}")),
        goal,
        holds.map_or(String::new(), |holds| {
            if holds { "yes" } else { "NO" }.to_owned()
        }),
    ]
}

/// Times of repeated runs.
#[derive(Debug, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Sorted.
    pub(crate) fn of(mut runs: Vec<Duration>) -> Self {
        runs.sort_unstable();
        Self(runs)
    }

    /// Runs something so many times, after one run that is not counted.
    pub(crate) fn measure<T>(runs: usize, mut work: impl FnMut() -> Outcome<T>) -> Outcome<Self> {
        work()?;
        let mut times = Vec::with_capacity(runs);
        for _ in 0..runs {
            let started = Instant::now();
            let made = std::hint::black_box(work()?);
            times.push(started.elapsed());
            drop(made);
        }
        Ok(Self::of(times))
    }

    /// The middle one.
    pub(crate) fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    /// `median (min to max)`.
    pub(crate) fn text(&self) -> String {
        let ends = [self.0.first(), self.0.last()].map(|one| one.copied().unwrap_or_default());
        format!("{:.1?} ({:.1?} to {:.1?})", self.median(), ends[0], ends[1])
    }
}

/// The quotient of two times.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// The middle of some numbers.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// A number of drifts, in words.
pub(crate) fn size(drifts: u64) -> String {
    match drifts {
        n if n % 1_000_000 == 0 => format!("{} M", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{} k", n / 1_000),
        n => n.to_string(),
    }
}

/// Where stores and what else is big are kept.
pub(crate) fn scratch() -> Outcome<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// What the figures depend on: processor, cores, load, and what a sync of the scratch directory costs.
pub(crate) fn machine() -> Outcome<String> {
    let cores = std::thread::available_parallelism()?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("unknown processor");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let path = scratch()?.join(format!("fsync-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    let sync = Times::measure(50, || {
        file.write_all(&[1; 4096])?;
        Ok(file.sync_data()?)
    })?;
    std::fs::remove_file(path)?;
    Ok(format!(
        "{model}, {cores} cores, load {load} when it began; fdatasync of 4 KiB in {}: {}",
        scratch()?.display(),
        sync.text()
    ))
}
