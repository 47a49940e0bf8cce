//! What every measurement shares: repeated timing, the tables, and what the machine is.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
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

/// What a figure is held against, and what is asked of the ratio of both.
#[derive(Debug)]
struct Held {
    against: String,
    ratio: Option<f64>,
    goal: Goal,
}

impl Held {
    fn cells(&self) -> [String; 3] {
        let ratio = match self.ratio {
            None => String::new(),
            Some(ratio) if ratio.is_infinite() => "∞".to_owned(),
            Some(ratio) if ratio >= 100.0 => format!("{ratio:.0}"),
            Some(ratio) => format!("{ratio:.3}"),
        };
        let goal = match self.goal {
            Goal::AtLeast(goal) => format!(">= {goal}"),
            Goal::AtMost(goal) => format!("<= {goal}"),
            Goal::None => String::new(),
        };
        [self.against.clone(), ratio, goal]
    }

    fn holds(&self) -> Option<bool> {
        match (self.goal, self.ratio?) {
            (Goal::AtLeast(goal), ratio) => Some(ratio >= goal),
            (Goal::AtMost(goal), ratio) => Some(ratio <= goal),
            (Goal::None, _) => None,
        }
    }
}

/// One row of a table.
#[derive(Debug)]
pub(crate) struct Line {
    work: String,
    figure: String,
    held: Held,
    peer: Option<Held>,
}

impl Line {
    /// Holds the figure against a peer's too.
    pub(crate) fn peer(&mut self, peer: impl Into<String>, ratio: f64, goal: Goal) {
        let peer = Held {
            against: peer.into(),
            ratio: Some(ratio),
            goal,
        };
        eprintln!("    peer: {}", peer.against);
        self.peer = Some(peer);
    }

    fn cells(&self) -> [String; COLUMNS] {
        let [against, ratio, goal] = self.held.cells();
        let [peer, over_peer, peer_goal] = self.peer.as_ref().map(Held::cells).unwrap_or_default();
        let all = [Some(&self.held), self.peer.as_ref()];
        let holds = all.into_iter().flatten().filter_map(Held::holds);
        let holds = holds.reduce(|one, other| one && other);
        let holds = holds.map_or("", |holds| if holds { "yes" } else { "NO" });
        let (work, figure) = (self.work.clone(), self.figure.clone());
        [
            work,
            figure,
            against,
            ratio,
            goal,
            peer,
            over_peer,
            peer_goal,
            holds.to_owned(),
        ]
    }
}

const COLUMNS: usize = 9;
const HEAD: [&str; COLUMNS] = [
    "work",
    "figure",
    "held against",
    "ratio",
    "goal",
    "peer",
    "over it",
    "goal",
    "holds",
];

/// A table of one subject, with what was true while it was measured.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    facts: String,
    lines: Vec<Line>,
    notes: Vec<String>,
}

impl Section {
    /// In Markdown, with a heading.
    pub(crate) fn markdown(&self) -> String {
        let rows: Vec<_> = self.lines.iter().map(Line::cells).collect();
        // Columns in which nothing stands are left out.
        let shown: Vec<usize> = (0..COLUMNS)
            .filter(|at| rows.iter().any(|row| !row[*at].is_empty()))
            .collect();
        let width = |at: usize| {
            let cells = rows.iter().map(|row| row[at].chars().count());
            cells.max().unwrap_or_default().max(HEAD[at].len())
        };
        let widths: Vec<usize> = shown.iter().map(|at| width(*at)).collect();
        let line = |cells: Vec<String>| {
            let padded = cells.iter().zip(&widths);
            let padded = padded.map(|(cell, width)| format!("| {cell:width$} "));
            padded.collect::<String>() + "|\n"
        };
        let mut text = format!("## {}\n\n{}\n\n", self.name, self.facts);
        text += &line(shown.iter().map(|at| HEAD[*at].to_owned()).collect());
        text += &line(widths.iter().map(|width| "-".repeat(*width)).collect());
        for row in &rows {
            text += &line(shown.iter().map(|at| row[*at].clone()).collect());
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            text += &format!("- {note}\n");
        }
        text
    }
}

/// All tables.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) sections: Vec<Section>,
}

impl Report {
    /// Begins a table.
    pub(crate) fn subject(&mut self, name: &str) -> Outcome<()> {
        eprintln!("{name}");
        self.sections.push(Section {
            name: name.to_owned(),
            facts: machine()?,
            lines: Vec::new(),
            notes: Vec::new(),
        });
        Ok(())
    }

    /// A figure, what it is held against, the ratio of both and the goal of that ratio. Shown at once, too.
    pub(crate) fn line(
        &mut self,
        work: impl Into<String>,
        figure: impl Into<String>,
        against: impl Into<String>,
        ratio: Option<f64>,
        goal: Goal,
    ) -> &mut Line {
        let line = Line {
            work: work.into(),
            figure: figure.into(),
            held: Held {
                against: against.into(),
                ratio,
                goal,
            },
            peer: None,
        };
        let share = line.held.cells()[1].clone();
        eprintln!(
            "  {}: {} | {} | {share}",
            line.work, line.figure, line.held.against
        );
        let lines = &mut self.current().lines;
        lines.push(line);
        let newest = lines.len() - 1;
        &mut lines[newest]
    }

    /// A figure that stands for itself, and the most that it may be, where there is a goal.
    pub(crate) fn at_most(
        &mut self,
        work: &str,
        figure: f64,
        unit: &str,
        most: impl Into<Option<f64>>,
    ) {
        let text = format!("{figure:.1} {unit}");
        let Some(most) = most.into() else {
            self.figure(work, text);
            return;
        };
        let ratio = Some(figure / most);
        self.line(
            work,
            text,
            format!("{most} {unit}"),
            ratio,
            Goal::AtMost(1.0),
        );
    }

    /// A figure measured for its own sake.
    pub(crate) fn figure(&mut self, work: impl Into<String>, figure: impl Into<String>) {
        self.line(work, figure, "", None, Goal::None);
    }

    /// A sentence below the table: how something was counted.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.current().notes.push(text.into());
    }

    fn current(&mut self) -> &mut Section {
        if self.sections.is_empty() {
            self.sections.push(Section {
                name: "figures".to_owned(),
                facts: String::new(),
                lines: Vec::new(),
                notes: Vec::new(),
            });
        }
        let newest = self.sections.len() - 1;
        &mut self.sections[newest]
    }

    /// Every table, in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let all = self.sections.iter().map(Section::markdown);
        all.collect::<Vec<_>>().join("\n")
    }
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

/// A goal that is set for a million drifts: what more of them take is told without one.
pub(crate) fn most_of(drifts: u64, most: f64) -> Option<f64> {
    (drifts <= 1_000_000).then_some(most)
}

/// Where stores and what else is big are kept.
pub(crate) fn scratch() -> Outcome<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// What the figures depend on: when, of which commit, and on what machine.
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
    let now = driftsentry::time::Timestamp::now().to_string();
    Ok(format!(
        "{} {} UTC, commit {}; {model}, {cores} cores, load {load} as it began; fdatasync of 4 KiB: {}.",
        &now[..10],
        &now[11..16],
        commit().unwrap_or_else(|| "unknown".to_owned()),
        sync.text()
    ))
}

/// The commit that is measured, with a `+` where files differ from it.
fn commit() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let short = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--", ".", ":!benches/RESULTS.md"])?;
    Some(short + if changed.is_empty() { "" } else { "+" })
}
