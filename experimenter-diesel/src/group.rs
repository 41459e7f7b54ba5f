//! Many short rows at once: their ends, or what was claimed and never began, in one transaction.

use crate::store::{Store, fenced_each, local_now};
use crate::write_back::write_ends;
use crate::{Claim, Ending, Entry, Figures, Result, StoreError, TableSpec, Unfit};

/// The end of one run, as it is written to the table, alone or with others, or to a disk before that.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Finish {
    /// What ran.
    pub claim: Claim,
    /// How it ended.
    pub ending: Ending,
    /// What it used.
    pub figures: Option<Figures>,
    /// Log entries that are written with it, in groups that were to be written before, one after the other.
    pub entries: Vec<Vec<Entry>>,
    /// When it ended, local time, however late it is written; the time of writing, if that was not noted.
    #[serde(default)]
    pub ended: Option<String>,
}

impl Finish {
    /// The end of a run that ends now.
    #[must_use]
    pub fn now(claim: Claim, ending: Ending, figures: Option<Figures>, entries: Vec<Vec<Entry>>) -> Self {
        Self { claim, ending, figures, entries, ended: Some(local_now()) }
    }

    /// The story of results that the database refuses for good: the row ends in error by it, and nothing is lost. There is
    /// none where there are no results, or where the row belongs to somebody else.
    #[must_use]
    pub fn refusal(&self, spec: &TableSpec, reason: &StoreError) -> Option<String> {
        let Ending::Done(values) = &self.ending else { return None };
        if matches!(reason, StoreError::LeaseLost { .. }) {
            return None;
        }
        let results = spec.resultfields.iter().zip(values);
        let results: Vec<_> = results.map(|(field, value)| format!("    {} = {value}", field.name)).collect();
        Some(format!("the results could not be written: {reason}\n{}", results.join("\n")))
    }
}

impl Store {
    /// Ends several runs as [`finish`](Self::finish) does, in one transaction: one commit for all of them. What came of
    /// each is given in the order of `finishes`; a row that was lost does not touch the others.
    pub async fn finish_group(&mut self, finishes: &[Finish]) -> Vec<Result<Vec<Unfit>>> {
        let written = match self.write_ends(finishes).await {
            Ok(written) => written,
            Err(error) if error.is_transient() => return finishes.iter().map(|_| Err(error.clone())).collect(),
            // One of them is not to the database's taste: each is on its own.
            Err(_) => vec![false; finishes.len()],
        };
        let mut results: Vec<Result<Vec<Unfit>>> = Vec::with_capacity(finishes.len());
        for (finish, written) in finishes.iter().zip(written) {
            let result = match results.last() {
                _ if written => Ok(Vec::new()),
                // The next one would wait for the same.
                Some(Err(error)) if StoreError::is_outage(error) => Err(error.clone()),
                _ => self.finish_one(finish).await,
            };
            results.push(result);
        }
        results
    }

    /// Writes the ends that can be written together; says of each whether it is.
    async fn write_ends(&mut self, finishes: &[Finish]) -> Result<Vec<bool>> {
        if finishes.len() < 2 {
            return Ok(vec![false; finishes.len()]);
        }
        let mut order: Vec<_> = (0..finishes.len()).collect();
        order.sort_by_key(|&index| finishes[index].claim.id);
        let (mut places, mut ends) = (Vec::new(), Vec::new());
        for index in order {
            let finish = &finishes[index];
            let (results, mut unfit) = self.fit_ending(&finish.claim, &finish.ending);
            let end = self.end(finish, &results, &mut unfit);
            if unfit.is_empty() {
                places.push(index);
                ends.push(end);
            }
        }
        if ends.is_empty() {
            return Ok(vec![false; finishes.len()]);
        }
        let mine = self.connection.repeat(async |connection| write_ends(connection, &ends).await);
        let mut written = vec![false; finishes.len()];
        for (index, mine) in places.into_iter().zip(mine.await?) {
            written[index] = mine;
        }
        Ok(written)
    }

    /// Gives back rows that were claimed and never began, in one transaction; gives the number of those that were still
    /// held.
    ///
    /// # Errors
    /// When the database refuses; then none is given back.
    pub async fn release_group(&mut self, claims: &[Claim]) -> Result<usize> {
        let mut claims: Vec<_> = claims.iter().collect();
        claims.sort_by_key(|claim| claim.id);
        let updates: Vec<_> = claims.into_iter().map(|claim| self.release_update(claim, None)).collect();
        let released = self.connection.repeat(async |connection| fenced_each(connection, &updates).await).await?;
        Ok(released.into_iter().filter(|mine| *mine).count())
    }
}
