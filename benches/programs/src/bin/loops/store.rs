//! The loop through our store.

use std::time::Instant;

use experimenter_diesel::{
    ClaimOrder, Claimer, Column, Ending, Executer, Figures, Selector, Store as Tables, TableSpec, Target, Value,
};
use tokio::runtime::{Builder, Runtime};

use crate::{Arguments, Loop, Order, Result};

pub(crate) struct Store {
    runtime: Runtime,
    store: Tables,
    claimer: Claimer,
}

impl Loop for Store {
    fn connect(arguments: &Arguments, name: String) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let target = Target::parse(&arguments.database)?;
        let order = match arguments.order {
            Order::Id => ClaimOrder::Id,
            Order::Random => ClaimOrder::Random,
        };
        let executer = Executer::new(name, "host".to_owned(), "0".to_owned());
        let (store, claimer) = runtime.block_on(async {
            let mut store = Tables::open(&target, spec()?, Tables::DEADLINE).await?;
            store.register(&executer).await?;
            let claimer = store.claimer(executer, order, Selector::default()).await?;
            Ok::<_, experimenter_diesel::StoreError>((store, claimer))
        })?;
        Ok(Self { runtime, store, claimer })
    }

    fn row(&mut self) -> Result<bool> {
        let Self { runtime, store, claimer } = self;
        runtime.block_on(async {
            let Some(claim) = store.claim(claimer).await? else { return Ok(false) };
            let begun = Instant::now();
            let ending = Ending::Done(vec![Value::Float(1.0)]);
            let figures = Figures { wall_seconds: begun.elapsed().as_secs_f64(), ..Figures::default() };
            store.finish(&claim, &ending, Some(&figures)).await?;
            Ok(true)
        })
    }
}

fn spec() -> experimenter_diesel::Result<TableSpec> {
    Ok(TableSpec {
        name: "noop".to_owned(),
        keyfields: vec![
            Column::new("dataset", "VARCHAR(255)")?,
            Column::new("c", "DOUBLE")?,
            Column::new("seed", "BIGINT")?,
        ],
        resultfields: vec![Column::new("score", "DOUBLE")?],
        result_timestamps: false,
        logtables: Vec::new(),
    })
}
