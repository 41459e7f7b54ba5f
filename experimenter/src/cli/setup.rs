//! What the command line, the environment and the configuration files come to: which experiment, which tables, where.

use experimenter_diesel::{TableSpec, Target};

use super::args::Global;
use super::failure::Failure;
use crate::config::{Config, Credentials, DEFAULT_CONFIG, Provider};
use crate::definition::Registration;
use crate::registry;

const DEFAULT_DATABASE: &str = "sqlite://experiments.db";

/// An experiment, its tables and its database.
pub(super) struct Setup {
    pub(super) experiment: &'static Registration,
    pub(super) spec: TableSpec,
    pub(super) target: Target,
    pub(super) config: Option<Config>,
}

impl Setup {
    pub(super) fn new(global: &Global, experiments: &[&'static Registration]) -> Result<Self, Failure> {
        let mut config = Config::find(global.config.as_deref())?;
        let experiment = choose(experiments, global.experiment.as_deref(), config.as_ref())?;
        let mut spec = registry::table_spec(experiment.definition)?;
        if let Some(config) = &mut config {
            if !config.is_about(experiment.definition) && experiments.len() > 1 {
                let known: Vec<_> = experiments.iter().map(|experiment| experiment.definition).collect();
                config.check_table(&known)?;
                config.keep_the_database();
            }
            config.apply(experiment.definition, &mut spec)?;
        }
        let target = target(global, config.as_ref())?;
        Ok(Self { experiment, spec, target, config })
    }
}

/// The database that the user named: on the command line, in the environment, in the configuration file.
fn target(global: &Global, config: Option<&Config>) -> Result<Target, Failure> {
    if let Some(database) = &global.database {
        return Ok(Target::parse(database)?);
    }
    match std::env::var("EXPERIMENTER_DATABASE") {
        Ok(database) => return Ok(Target::parse(&database)?),
        Err(std::env::VarError::NotPresent) => {}
        Err(std::env::VarError::NotUnicode(_)) => return Err(Failure::usage("EXPERIMENTER_DATABASE is not UTF-8")),
    }
    let configured = config.and_then(|config| Some((config, config.database.as_ref()?)));
    let Some((config, database)) = configured else { return Ok(Target::parse(DEFAULT_DATABASE)?) };
    Ok(match database.provider {
        Provider::Sqlite => Target::file(format!("{}.db", database.name)),
        Provider::Mysql => Credentials::find(global.credentials.as_deref())?.target(&config.file, database)?,
    })
}

fn choose(
    experiments: &[&'static Registration],
    name: Option<&str>,
    config: Option<&Config>,
) -> Result<&'static Registration, Failure> {
    let names: Vec<_> = experiments.iter().map(|experiment| format!("`{}`", experiment.definition.name)).collect();
    let names = names.join(", ");
    match (experiments, name) {
        ([], _) => Err(Failure::new("this program has no experiment").hint(
            "annotate a function with `#[experiment(…)]`; an experiment in a library is seen only if the program mentions \
             that library, as by `use library as _;`",
        )),
        (_, Some(name)) => {
            experiments.iter().find(|experiment| experiment.definition.name == name).copied().ok_or_else(|| {
                Failure::usage(format!("there is no experiment `{name}`")).hint(format!("the experiments are {names}"))
            })
        }
        ([only], None) => Ok(only),
        (_, None) => {
            let about = experiments.iter().find(|other| config.is_some_and(|config| config.is_about(other.definition)));
            about.copied().ok_or_else(|| {
                Failure::usage("this program has several experiments").hint(format!(
                    "choose one by `--experiment NAME`: {names}; or name the table of one in {DEFAULT_CONFIG}"
                ))
            })
        }
    }
}
