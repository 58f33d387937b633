//! Gives memory back to the system that is not needed any more.
//!
//! The allocator keeps what a thread has freed until that thread asks it for more: after a rush of large pages a server that
//! has nothing to do would keep tens of megabytes.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a thread does without at least: what is given back costs a page fault each when it is needed again.
const PAUSE: Duration = Duration::from_secs(1);

thread_local! {
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// To be called by a thread that has nothing to do for the moment.
pub fn give_back() {
    let now = Instant::now();
    if LAST.get().is_some_and(|last| now.duration_since(last) < PAUSE) {
        return;
    }
    LAST.set(Some(now));
    // SAFETY: it takes no pointers, and works on the calling thread's own heap; any thread may call it at any time.
    #[allow(unsafe_code, reason = "the crate `mimalloc` does not hand this through")]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
