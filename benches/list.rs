//! Lists, searches and summaries through the library: what they cost without HTTP, and whether size matters.

use std::time::{Duration, Instant};

use driftsentry::server::Data;
use driftsentry::store::{Options, SAVED_FILE};

use crate::harness::{Goal, Outcome, Report, Times, most_of, ratio, size};
use crate::{estate, works};

/// How long one sort of question is asked, and how often at most.
const SPELL: Duration = Duration::from_millis(700);
const MOST: usize = 20_000;

pub(crate) fn run(report: &mut Report, sizes: &[u64]) -> Outcome<()> {
    report.subject("lists through the library: one caller, JSON included")?;
    let mut first: Vec<Duration> = Vec::new();
    for drifts in sizes {
        let dir = estate::of(*drifts)?;
        // The very first start builds what lists stand on, and saves it.
        let index = dir.join(SAVED_FILE);
        let _ = std::fs::remove_file(&index);
        let started = Instant::now();
        Data::open(Options::new(&dir))?.store.close();
        report.figure(
            format!("open and build the index from the rows, {}", size(*drifts)),
            format!("{:.1?}", started.elapsed()),
        );
        let started = Instant::now();
        let data = Data::open(Options::new(&dir))?;
        let opened = started.elapsed().as_secs_f64();
        let work = format!("open, {}", size(*drifts));
        report.at_most(&work, opened, "s", most_of(*drifts, 1.0));
        for (n, work) in works::all(&data, *drifts)?.iter().enumerate() {
            let times = timed(|n| work.answer(&data, n))?;
            let median = times.median();
            let (against, flatness) = match first.get(n) {
                Some(small) => (
                    format!("{small:.1?} at the first size"),
                    Some(ratio(median, *small)),
                ),
                None => {
                    first.push(median);
                    (String::new(), None)
                }
            };
            report.line(
                format!("{}, {}", work.name, size(*drifts)),
                times.text(),
                against,
                flatness,
                Goal::None,
            );
        }
        data.store.close();
    }
    report.note("Lists: each question reads its rows and writes them out anew, which the server does once for many. What is asked of sizes is asked of what callers wait for, over HTTP.");
    Ok(())
}

fn timed<T>(mut ask: impl FnMut(usize) -> Outcome<T>) -> Outcome<Times> {
    let mut times = Vec::new();
    for n in 0..64 {
        ask(n)?;
    }
    let started = Instant::now();
    while started.elapsed() < SPELL && times.len() < MOST {
        let begun = Instant::now();
        std::hint::black_box(ask(times.len())?);
        times.push(begun.elapsed());
    }
    Ok(Times::of(times))
}
