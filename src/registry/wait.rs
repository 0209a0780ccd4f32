//! Waits for an image that is still on its way; this module must not wait for what waiting cannot mend.

use std::time::{Duration, Instant};

use super::error::RegistryError;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Between two lines about the same wait.
const QUIET: Duration = Duration::from_secs(30);

/// Asks again until the image is there, the time is over, or the answer is one that will stay.
pub(super) async fn until_there<T>(
    patience: Option<Duration>,
    image: &str,
    ask: impl AsyncFn() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    let started = Instant::now();
    let patience = patience.unwrap_or_default();
    let (mut pause, mut said) = (FIRST_PAUSE, None::<Instant>);
    loop {
        let error = match ask().await {
            Err(error) if error.may_pass() => error,
            Err(error) if !patience.is_zero() => return Err(error.while_waiting()),
            answer => return answer,
        };
        let left = patience.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(after(error, patience));
        }
        if said.is_none_or(|said| said.elapsed() >= QUIET) {
            said = Some(Instant::now());
            let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
            tracing::info!("waiting up to {left} for {image}: {error}");
        }
        // A server that says when it will answer again is not asked before.
        let asked = error.retry_after().unwrap_or_default();
        tokio::time::sleep(pause.max(asked).min(left)).await;
        pause = pause.mul_f32(1.5).min(LONGEST_PAUSE);
    }
}

/// A missing image says how long it was waited for.
fn after(error: RegistryError, patience: Duration) -> RegistryError {
    match error {
        RegistryError::NotFound { image, words } if !patience.is_zero() => {
            let waited = format!("waited {}", humantime::format_duration(patience));
            let words = if words.is_empty() { waited } else { format!("{words} ({waited})") };
            RegistryError::NotFound { image, words }
        }
        error => error,
    }
}
