//! Many short rows at once: their ends, or what was claimed and never began, in one transaction.

use crate::dialect::FencedUpdate;
use crate::store::{Store, fenced_each};
use crate::{Claim, Ending, Figures, Result, Unfit};

/// The end of one run, as it is written to the table, alone or with others, or to a disk before that.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Finish {
    /// What ran.
    pub claim: Claim,
    /// How it ended.
    pub ending: Ending,
    /// What it used.
    pub figures: Option<Figures>,
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
        let mut results = Vec::with_capacity(finishes.len());
        for (Finish { claim, ending, figures }, written) in finishes.iter().zip(written) {
            let result = if written { Ok(Vec::new()) } else { self.finish(claim, ending, figures.as_ref()).await };
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
        let (mut places, mut updates) = (Vec::new(), Vec::new());
        for index in order {
            let Finish { claim, ending, figures } = &finishes[index];
            let (results, unfit) = self.fit_ending(claim, ending);
            if unfit.is_empty() {
                places.push(index);
                updates.push(self.end_update(claim, ending, &results, figures.as_ref()));
            }
        }
        let mut written = vec![false; finishes.len()];
        for (index, mine) in places.into_iter().zip(self.fenced_group(&updates).await?) {
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
        Ok(self.fenced_group(&updates).await?.into_iter().filter(|mine| *mine).count())
    }

    async fn fenced_group(&mut self, updates: &[FencedUpdate]) -> Result<Vec<bool>> {
        self.connection.repeat(async |connection| fenced_each(connection, updates).await).await
    }
}
