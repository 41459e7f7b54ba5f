//! `errors`: why rows failed, each reason once.

use std::collections::HashMap;

use clap::Args;
use experimenter_diesel::{Ids, Selector, Status, StoreError, Value};
use serde_json::json;

use super::context::Context;
use super::failure::{Failure, program};
use super::rows::ErrorRows;
use crate::exit;
use crate::report::{ErrorGroup, ErrorGroups, counted, rows};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  errors                         every reason, the most frequent first
  errors --where kernel=rbf      of these rows only
  errors --error \"index out of bounds\"")]
pub(super) struct Errors {
    #[command(flatten)]
    rows: ErrorRows,
}

/// How many groups are printed; as JSON there are all of them.
const LIMIT: usize = 20;

/// How many characters a list of IDs may have in a line.
const IDS: usize = 40;

pub(super) fn errors(context: &mut Context<'_>, args: &Errors) -> Result<u8, Failure> {
    let all = args.rows.selector(context.store.spec(), context.target.backend())?;
    let selector = Selector { statuses: vec![Status::Error], ..all };
    let total = context.check()?.total();
    let groups = groups(context, &selector)?;
    let is_json = context.console.is_json();
    let shown = if is_json { groups.len() } else { groups.len().min(LIMIT) };
    let mut frequencies = Frequencies::default();
    let told = groups[..shown].iter().map(|group| Told::of(context, group, total, &mut frequencies));
    let told = told.collect::<Result<Vec<_>, _>>()?;
    if is_json {
        context.console.json(&told.iter().map(Told::as_json).collect())?;
        return Ok(exit::DONE);
    }
    if told.is_empty() {
        context.console.result("no row is in error")?;
        return Ok(exit::DONE);
    }
    let mut text = told.iter().map(Told::as_text).collect::<Vec<_>>().join("\n\n");
    if groups.len() > shown {
        let left: usize = groups[shown..].iter().map(|group| group.ids.len()).sum();
        text.push_str(&format!(
            "\n\n{} more, with {}: choose by `--where` or `--error`, or see all by `--json`",
            rows(left as u64),
            counted((groups.len() - shown) as u64, "other error")
        ));
    }
    context.console.result(&text)?;
    Ok(exit::DONE)
}

fn groups(context: &mut Context<'_>, selector: &Selector) -> Result<Vec<ErrorGroup>, Failure> {
    let keyfields: Vec<_> = context.store.spec().keyfields.iter().map(|column| column.name.clone()).collect();
    let columns: Vec<_> = ["error", "end_date"].into_iter().chain(keyfields.iter().map(String::as_str)).collect();
    let mut groups = ErrorGroups::default();
    context.store(async |store| {
        store
            .records(selector, &columns, |mut record| {
                let key = record.values.split_off(2);
                let text = |index: usize| record.values.get(index).and_then(|value| value.as_str());
                groups.add(record.id, text(0).unwrap_or_default(), text(1), key);
                Ok::<_, StoreError>(())
            })
            .await
    })?;
    Ok(groups.sorted())
}

/// How many rows have each value of a keyfield; counted when it is asked for the first time.
#[derive(Default)]
struct Frequencies(HashMap<String, HashMap<String, u64>>);

impl Frequencies {
    fn of(&mut self, context: &mut Context<'_>, field: &str, value: &Value) -> Result<u64, Failure> {
        if !self.0.contains_key(field) {
            let all = Selector::default();
            let groups = context.store(async |store| store.counts_by(&all, &[field]).await)?;
            let counted = groups.iter().map(|(key, counts)| (format!("{key:?}"), counts.total())).collect();
            self.0.insert(field.to_owned(), counted);
        }
        let key = format!("{:?}", [value]);
        Ok(self.0.get(field).and_then(|values| values.get(&key)).copied().unwrap_or_default())
    }
}

/// A group with what the table says beside it.
struct Told<'a> {
    group: &'a ErrorGroup,
    /// Keyfields of which its rows share the value: the value, and how many rows of the table have it.
    shared: Vec<(String, Value, u64)>,
    /// The command that opens its rows, and no others, again.
    again: String,
}

impl<'a> Told<'a> {
    fn of(
        context: &mut Context<'_>,
        group: &'a ErrorGroup,
        total: u64,
        frequencies: &mut Frequencies,
    ) -> Result<Self, Failure> {
        let keyfields = context.store.spec().keyfields.clone();
        let mut shared = Vec::new();
        for (column, value) in keyfields.iter().zip(&group.shared) {
            let Some(value) = value else { continue };
            let rows = frequencies.of(context, &column.name, value)?;
            // What every row of the table has explains nothing.
            if rows < total {
                shared.push((column.name.clone(), value.clone(), rows));
            }
        }
        Ok(Self { group, shared, again: again(context, group)? })
    }

    fn as_text(&self) -> String {
        let ErrorGroup { headline, ids, first, last, .. } = self.group;
        let mut text = format!("{}: {}", rows(ids.len() as u64), headline.message);
        if let Some(place) = &headline.place {
            text.push_str(&format!("\n  at      {place}"));
        }
        match (first, last) {
            (Some(first), Some(last)) if first == last => text.push_str(&format!("\n  ended   {first}")),
            (Some(first), Some(last)) => text.push_str(&format!("\n  ended   {first} to {last}")),
            _ => {}
        }
        text.push_str(&format!("\n  IDs     {}", shortened(&Ids::from(ids.as_slice()).to_string())));
        if !self.shared.is_empty() {
            let shared =
                self.shared.iter().map(|(field, value, rows)| format!("{field}={value} ({}/{rows})", ids.len()));
            text.push_str(&format!("\n  share   {}", shared.collect::<Vec<_>>().join(", ")));
        }
        let example = ids.first().copied().unwrap_or_default();
        text.push_str(&format!("\n  see     {} show {example}\n  again   {}", program(), self.again));
        text
    }

    fn as_json(&self) -> serde_json::Value {
        let ErrorGroup { headline, ids, first, last, .. } = self.group;
        let shared = self
            .shared
            .iter()
            .map(|(field, value, rows)| (field.clone(), json!({ "value": value.to_json(), "rows_with_it": rows })));
        json!({
            "message": headline.message,
            "place": headline.place,
            "rows": ids.len(),
            "first": first,
            "last": last,
            "ids": ids,
            "shared": shared.collect::<serde_json::Map<_, _>>(),
            "again": self.again,
        })
    }
}

/// The command that opens a group's rows again: by what their errors have in common, if no other row has that; else by
/// their IDs.
fn again(context: &mut Context<'_>, group: &ErrorGroup) -> Result<String, Failure> {
    let ids = Ids::from(group.ids.as_slice()).to_string();
    let by_ids = format!("{} reset --ids {ids}", program());
    if ids.chars().count() <= IDS {
        return Ok(by_ids);
    }
    let texts = [group.common_text(), group.headline.place.as_deref()];
    for text in texts.into_iter().flatten() {
        let all = Selector { statuses: vec![Status::Error], error: Some(text.to_owned()), ..Selector::default() };
        let own = Selector { ids: Some(Ids::from(group.ids.as_slice())), ..all.clone() };
        let rows = group.ids.len() as u64;
        if context.store(async |store| store.counts(&all).await)?.total() == rows
            && context.store(async |store| store.counts(&own).await)?.total() == rows
        {
            return Ok(format!("{} reset --status error --error {}", program(), quoted(text)));
        }
    }
    Ok(by_ids)
}

/// As one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A list of IDs that fits a line.
fn shortened(ids: &str) -> String {
    if ids.len() <= IDS {
        return ids.to_owned();
    }
    let end = ids[..IDS].rfind(',').unwrap_or(IDS);
    format!("{},…", &ids[..end])
}
