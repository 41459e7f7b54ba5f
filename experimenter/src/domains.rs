//! Functions for domains: what the prelude offers beside lists and ranges.

use crate::field::FieldError;

/// `n` numbers from `start` to `end`, both included, in equal steps, as in NumPy.
///
/// ```
/// assert_eq!(experimenter::linspace(0.0, 1.0, 3).collect::<Vec<_>>(), [0.0, 0.5, 1.0]);
/// ```
#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 values of a keyfield")]
pub fn linspace(start: f64, end: f64, n: usize) -> impl Iterator<Item = f64> + Clone {
    let last = n.saturating_sub(1);
    (0..n).map(move |i| match i {
        0 => start,
        i if i == last => end,
        i => start + (end - start) * (i as f64 / last as f64),
    })
}

/// `n` numbers from `10^start` to `10^end`, both included, in equal ratios, as in NumPy.
///
/// ```
/// assert_eq!(experimenter::logspace(-1.0, 1.0, 3).collect::<Vec<_>>(), [0.1, 1.0, 10.0]);
/// ```
pub fn logspace(start: f64, end: f64, n: usize) -> impl Iterator<Item = f64> + Clone {
    linspace(start, end, n).map(power_of_ten)
}

/// The float nearest to a whole power of ten, which `powf` misses by a bit for some.
fn power_of_ten(exponent: f64) -> f64 {
    if exponent.fract() == 0.0 {
        format!("1e{exponent}").parse().unwrap_or_else(|_| 10_f64.powf(exponent))
    } else {
        10_f64.powf(exponent)
    }
}

/// The paths that match a shell pattern, sorted, as text: `files("cnf/*.xz")`.
///
/// Relative patterns are relative to the working directory of `fill`. A pattern that is malformed or matches nothing is
/// an error of `fill`.
pub fn files(pattern: &str) -> impl Iterator<Item = Result<String, FieldError>> + use<> {
    let paths: Vec<_> = match glob::glob(pattern) {
        Ok(paths) => paths
            .map(|path| match path {
                Ok(path) => path
                    .to_str()
                    .map(ToOwned::to_owned)
                    .ok_or_else(|| FieldError::new(format!("the path {} is not UTF-8", path.display()))),
                Err(error) => {
                    Err(FieldError::new(format!("cannot read {}: {}", error.path().display(), error.error())))
                }
            })
            .collect(),
        Err(error) => vec![Err(FieldError::new(format!("the pattern `{pattern}` is malformed: {error}")))],
    };
    if paths.is_empty() {
        let nothing = FieldError::new(format!("no file matches `{pattern}`; the pattern is relative to {}", cwd()));
        return vec![Err(nothing)].into_iter();
    }
    paths.into_iter()
}

fn cwd() -> String {
    std::env::current_dir().map_or_else(|_| "the working directory".to_owned(), |dir| dir.display().to_string())
}
