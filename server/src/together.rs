//! What a request starts beside itself is done in its own task.
//!
//! A page waits for several things: each resource and each `Suspense` is a task to Leptos. Spawned one by one they wake
//! other threads of the runtime for microseconds of work, which costs more than the work. Here they are polled together
//! with the request that started them.

use std::cell::RefCell;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use std::sync::Mutex;

/// What was started while a request was polled, until it joins the rest.
type Started = Arc<Mutex<Vec<PinnedFuture<()>>>>;

thread_local! {
    /// Of the request that this thread polls at the moment.
    static STARTED: RefCell<Option<Started>> = const { RefCell::new(None) };
}

/// Lets Leptos start its tasks here. To be called before it starts any.
pub fn install() {
    // A second router in the same process finds it installed already.
    let _ = Executor::init_custom_executor(InRequest);
}

struct InRequest;

impl CustomExecutor for InRequest {
    fn spawn(&self, task: PinnedFuture<()>) {
        let elsewhere = STARTED.with_borrow(|started| match started {
            Some(started) => {
                lock(started).push(task);
                None
            }
            None => Some(task),
        });
        if let Some(task) = elsewhere {
            tokio::spawn(task);
        }
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(task);
    }

    fn poll_local(&self) {}
}

fn lock(started: &Started) -> std::sync::MutexGuard<'_, Vec<PinnedFuture<()>>> {
    // Nothing panics while it is held: a push, a take.
    started.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Answers a request together with all that it starts. What is not done when the answer is goes on by itself.
pub async fn together(request: Request, next: Next) -> Response {
    Together::new(next.run(request)).await
}

struct Together<T> {
    tasks: FuturesUnordered<PinnedFuture<()>>,
    started: Started,
    answer: Arc<Mutex<Option<T>>>,
}

impl<T: Send + 'static> Together<T> {
    fn new(first: impl Future<Output = T> + Send + 'static) -> Self {
        let answer = Arc::new(Mutex::new(None));
        let tasks = FuturesUnordered::new();
        let slot = answer.clone();
        tasks.push(Box::pin(async move {
            let given = first.await;
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(given);
        }) as PinnedFuture<()>);
        Self { tasks, started: Started::default(), answer }
    }
}

impl<T> Future for Together<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        loop {
            let outer = STARTED.replace(Some(self.started.clone()));
            let _back = Back(outer);
            let polled = self.tasks.poll_next_unpin(context);
            let started = mem::take(&mut *lock(&self.started));
            let answer = self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            if let Some(answer) = answer {
                for task in mem::take(&mut self.tasks).into_iter().chain(started) {
                    tokio::spawn(task);
                }
                return Poll::Ready(answer);
            }
            if polled.is_pending() && started.is_empty() {
                return Poll::Pending;
            }
            self.tasks.extend(started);
        }
    }
}

/// Restores what this thread polled before, whatever happens meanwhile.
struct Back(Option<Started>);

impl Drop for Back {
    fn drop(&mut self) {
        STARTED.replace(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{self, ThreadId};
    use tokio::sync::oneshot;

    /// Starts a task that starts another, which says on which thread it ran.
    fn start() -> oneshot::Receiver<ThreadId> {
        let (tell, told) = oneshot::channel();
        Executor::spawn(async move {
            Executor::tick().await;
            Executor::spawn(async move {
                let _ = tell.send(thread::current().id());
            });
        });
        told
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_request_starts_is_done_with_it() {
        install();
        let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let (ran_on, alive) = Together::new(async {
            let told = start();
            let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
            (told.await, alive)
        })
        .await;
        ran_on.unwrap();
        assert_eq!(alive, before, "no task of the runtime was made");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_not_done_goes_on() {
        install();
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        Together::new(async move {
            Executor::spawn(async move {
                let _ = gone.await;
                let _ = tell.send(());
            });
        })
        .await;
        go.send(()).unwrap();
        told.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn outside_of_a_request_the_runtime_does_it() {
        install();
        start().await.unwrap();
    }
}
