//! The pictures of the page: where records go, and how many of a thousand people are mixed up.

use crate::summary::pictures::{Drawing, Picture, fitted, line, rectangle, text};
use maud::{PreEscaped, html};

/// People in the picture of those who are mixed up.
const CROWD: usize = 1000;
/// Names in a column of the picture of where records go; the others are a number.
const NAMES_SHOWN: usize = 8;

/// From those who send to those who get. `people` is what may be said of how many there are.
pub(super) fn flow(senders: &[&str], people: &str, receivers: &[&str], refused: usize) -> Picture {
    let names = |names: &[&str], none: &str| match names.len() {
        0 => none.to_string(),
        1 => "1 organisation".into(),
        more => format!("{more} organisations"),
    };
    let description = format!(
        "{} {} records to one place, where they become {people}. {}. {refused} {} refused.",
        names(senders, "Nobody"),
        if senders.len() > 1 { "send" } else { "sends" },
        match receivers {
            [] => "Nobody gets anything".to_string(),
            names => format!("Something goes to {}", names.join(", ")),
        },
        if refused == 1 { "request was" } else { "requests were" }
    );
    let sizes = vec![
        ("wide-medium", wide(senders, people, receivers, refused)),
        ("narrow", narrow(senders, people, receivers, refused)),
    ];
    Picture { sizes, title: "Where records come from and go to".into(), description }
}

/// At most so many names, then how many more.
fn shortened(names: &[&str], more: &str) -> Vec<String> {
    let mut shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| name.to_string()).collect();
    if names.len() > NAMES_SHOWN {
        shown.push(format!("and {} {more}", names.len() - NAMES_SHOWN));
    }
    shown
}

fn wide(senders: &[&str], people: &str, receivers: &[&str], refused: usize) -> Drawing {
    let (left, right) = (shortened(senders, "more"), receiving(receivers, refused));
    let (row, width, column) = (30.0, 760.0, 250.0);
    let height = left.len().max(right.len()).max(2) as f64 * row;
    let middle = (width / 2.0, height / 2.0);
    let mut body = String::new();
    for (names, x, edge) in [(&left, 0.0, column), (&right, width - column, width - column)] {
        let top = (height - names.len() as f64 * row) / 2.0;
        for (at, name) in names.iter().enumerate() {
            let y = top + at as f64 * row;
            let part = html! {
                (line("grid", (edge, y + row / 2.0), (middle.0, middle.1)))
                (rectangle("bar", x, y + 3.0, 4.0, row - 8.0))
                (text("label", x + 12.0, y + row / 2.0 + 5.0, &fitted(name, column - 24.0, 14.0)))
            };
            body.push_str(&part.into_string());
        }
    }
    let centre = html! {
        circle class="bar" cx=(middle.0) cy=(middle.1) r="6" {}
        (text("label", middle.0 - 50.0, middle.1 - 12.0, &fitted(people, 150.0, 14.0)))
    };
    body.push_str(&centre.into_string());
    Drawing { width, height, body: PreEscaped(body) }
}

fn narrow(senders: &[&str], people: &str, receivers: &[&str], refused: usize) -> Drawing {
    let mut lines = shortened(senders, "more");
    lines.push(format!("↓ {people} ↓"));
    lines.extend(receiving(receivers, refused));
    let (row, width) = (28.0, 350.0);
    let mut body = String::new();
    for (at, words) in lines.iter().enumerate() {
        let y = at as f64 * row;
        let part = html! {
            (rectangle("bar", 0.0, y + 4.0, 4.0, row - 8.0))
            (text("label", 12.0, y + row / 2.0 + 5.0, &fitted(words, width - 16.0, 14.0)))
        };
        body.push_str(&part.into_string());
    }
    Drawing { width, height: lines.len() as f64 * row, body: PreEscaped(body) }
}

fn receiving(receivers: &[&str], refused: usize) -> Vec<String> {
    let mut shown = shortened(receivers, "more");
    if receivers.is_empty() {
        shown.push("nobody".into());
    }
    if refused > 0 {
        shown.push(format!("✕ {refused} refused"));
    }
    shown
}

/// A thousand people as small squares; `wrong` of them, a share, hold a record of somebody else.
pub(super) fn crowd(wrong: f64) -> Picture {
    let filled = (wrong * CROWD as f64).round() as usize;
    let description = match filled {
        0 => "A thousand small squares, one a person; none is filled: fewer than one in a thousand is mixed up.".into(),
        filled => {
            format!("A thousand small squares, one a person; {filled} of them filled, for people who are mixed up.")
        }
    };
    let draw = |columns: usize, side: f64| {
        let mut body = String::new();
        for at in 0..CROWD {
            let (x, y) = ((at % columns) as f64 * side, (at / columns) as f64 * side);
            let class = if at < filled { "bar" } else { "dot-off" };
            body.push_str(&rectangle(class, x, y, side - 2.0, side - 2.0).into_string());
        }
        let rows = CROWD.div_ceil(columns) as f64;
        Drawing { width: columns as f64 * side, height: rows * side, body: PreEscaped(body) }
    };
    let sizes = vec![("wide-medium", draw(50, 15.0)), ("narrow", draw(25, 14.0))];
    Picture { sizes, title: "Of a thousand people".into(), description }
}
