//! System calls of a running server that are slow, or fail: by strace, which needs no hook in the product.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Meddles with a process's system calls until dropped.
pub(crate) struct Meddler(Child);

impl Meddler {
    /// Meddles with these system calls of a process, as in `fdatasync,fsync` and `error=EIO`; see `inject` in strace(1).
    #[track_caller]
    pub(crate) fn with(pid: u32, calls: &str, how: &str) -> Self {
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-q", "-o", "/dev/null"])
            .arg(format!("--trace={calls}"))
            .arg(format!("--inject={calls}:{how}"))
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null());
        let child = strace.spawn();
        let meddler = Self(child.expect("strace runs: apt-get install strace"));
        let until = Instant::now() + Duration::from_secs(10);
        while !meddler.holds(pid) {
            assert!(Instant::now() < until, "strace does not attach");
            thread::sleep(Duration::from_millis(5));
        }
        meddler
    }

    /// Whether every thread of a process is traced.
    fn holds(&self, pid: u32) -> bool {
        let traced_by = format!("TracerPid:\t{}\n", self.0.id());
        let is_traced = |thread: &Path| {
            let status = fs::read_to_string(thread.join("status"));
            status.is_ok_and(|status| status.contains(&traced_by))
        };
        let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
        threads.flatten().all(|thread| is_traced(&thread.path()))
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        // Asked to end, it lets go of the process; killed, it would take it along.
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}
