//! An answer that may be long, read while it comes; this module must not keep it.

use std::time::Duration;

use reqwest::Method;

use super::{Api, ApiError, MOST_ANSWER, PAGE, is_page};
use crate::http::{Follow, Manners, Request};

/// A list of everything that a server has may take it a while.
const MANNERS: Manners =
    Manners { silence: Duration::from_mins(1), total: Duration::from_mins(5), follow: Follow::Never };

impl Api {
    /// Asks for something long; asked again while the server is busy. Each answer begins with a new `R`, which takes the pieces as
    /// they come, or says in words what is wrong with them.
    pub(crate) async fn stream<R: Default>(
        &self,
        path: &str,
        most: usize,
        take: impl Fn(&mut R, &[u8]) -> Result<(), String>,
    ) -> Result<R, ApiError> {
        self.repeat(|| self.read_on(path, most, &take), ApiError::may_pass).await
    }

    async fn read_on<R: Default>(
        &self,
        path: &str,
        most: usize,
        take: &impl Fn(&mut R, &[u8]) -> Result<(), String>,
    ) -> Result<R, ApiError> {
        let failed = |error| self.failed(error, path);
        let request = Request::new(Method::GET, &MANNERS).login(self.login.clone());
        let mut answer = self.http.send(&self.url(path)?, request).await.map_err(failed)?;
        if !answer.status.is_success() {
            let refused = self.understand(path, answer.whole(MOST_ANSWER).await.map_err(failed)?);
            return Err(refused.err().unwrap_or_else(|| self.bad("it has no usable content")));
        }
        if is_page(&answer.headers) {
            return Err(self.bad(PAGE));
        }
        let (mut read, mut size) = (R::default(), 0_usize);
        while let Some(piece) = answer.more().await.map_err(failed)? {
            let piece = piece.as_ref();
            size = size.saturating_add(piece.len());
            if size > most {
                return Err(self.bad("it is too long"));
            }
            take(&mut read, piece).map_err(|what| self.bad(&what))?;
        }
        Ok(read)
    }
}
