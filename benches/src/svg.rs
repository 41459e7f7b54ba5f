//! Plots as SVG.

use std::fmt::Write;

use crate::report::{Bar, Plot, rate};

const LABELS: f64 = 330.0;
const BARS: f64 = 420.0;
const NUMBERS: f64 = 90.0;
const LINE: f64 = 22.0;
const TOP: f64 = 36.0;

/// Horizontal bars with their labels and values; a thin line goes from the least to the most that was measured.
pub(crate) fn bars(Plot { title, bars, .. }: &Plot) -> String {
    let most = bars.iter().map(|bar| bar.range.1).fold(f64::MIN_POSITIVE, f64::max);
    let (width, height) =
        (LABELS + BARS + NUMBERS, TOP + LINE * f64::from(u32::try_from(bars.len()).unwrap_or(0)) + 8.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    let mut y = TOP;
    for Bar { label, value, range: (from, to) } in bars {
        let x = |value: f64| LABELS + BARS * value / most;
        let (middle, bar) = (y + LINE / 2.0, x(*value) - LABELS);
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{LABELS}\" y=\"{}\" width=\"{bar:.1}\" height=\"{}\" fill=\"{}\"/>\n\
             <line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"black\"/>\n\
             <text x=\"{:.1}\" y=\"{}\">{}</text>\n",
            LABELS - 8.0,
            middle + 4.0,
            escaped(label),
            y + 3.0,
            LINE - 6.0,
            colour(label),
            x(*from),
            x(*to),
            x(*to) + 6.0,
            middle + 4.0,
            rate(*value),
        );
        y += LINE;
    }
    svg + "</svg>\n"
}

/// Ours in one colour, the others in another.
fn colour(label: &str) -> &'static str {
    if label.starts_with("bare") || label.starts_with("raw") || label.starts_with("Py") { "#b0b8c0" } else { "#3572b0" }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
