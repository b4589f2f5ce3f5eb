//! Choosing what a section shows, without a script: radio buttons, and rules of the style sheet that look at which one is checked.
//!
//! What is not chosen is gone for a screen reader too. A browser that does not know `:has` shows everything, whatever is checked.

use crate::summary::figures::{Figures, setting_words};
use maud::{Markup, html};

/// One choice: the class of what it shows, and its words.
struct Choice {
    class: String,
    words: String,
}

/// Choices of one section; `id` is the section's.
pub(super) struct Filter {
    id: &'static str,
    legend: &'static str,
    choices: Vec<Choice>,
}

impl Filter {
    /// By kind of service, in the order of the settings' codes.
    pub fn of_settings(id: &'static str, figures: &Figures) -> Filter {
        let mut settings: Vec<_> = figures.providers.iter().map(|provider| provider.setting).collect();
        settings.sort_unstable();
        settings.dedup();
        let choice = |setting| Choice { class: class_of_setting(setting), words: setting_words(setting).into() };
        Filter { id, legend: "Kind of service", choices: settings.into_iter().map(choice).collect() }
    }

    /// By the letters that a postcode begins with, where several places share them.
    pub fn of_places(id: &'static str, figures: &Figures) -> Filter {
        let mut areas: Vec<&str> = figures.areas.iter().map(|area| letters(&area.label)).collect();
        let all = areas.clone();
        areas.dedup();
        areas.retain(|area| all.iter().filter(|other| *other == area).count() > 1);
        let choice = |area: &str| Choice { class: class_of_place(area), words: area.into() };
        Filter { id, legend: "Postcode area", choices: areas.into_iter().map(choice).collect() }
    }

    /// Is there anything to choose between?
    pub fn chooses(&self) -> bool {
        self.choices.len() > 1
    }

    /// The buttons; nothing where there is nothing to choose between.
    pub fn buttons(&self) -> Markup {
        if !self.chooses() {
            return html! {};
        }
        let button = |class: &str, words: &str, checked: bool| {
            html! { label { input type="radio" name=(format!("{}-show", self.id)) id=(self.button(class)) checked[checked]; (words) } }
        };
        html! {
            fieldset.filter {
                legend { (self.legend) }
                (button("all", "All", true))
                @for choice in &self.choices { (button(&choice.class, &choice.words, false)) }
            }
        }
    }

    fn button(&self, class: &str) -> String {
        format!("{}-show-{class}", self.id)
    }

    /// The rules that hide what is not chosen: rows go, what stands in a picture pales.
    fn rules(&self) -> String {
        if !self.chooses() {
            return String::new();
        }
        let rule = |choice: &Choice| {
            let (section, class) = (self.id, &choice.class);
            let checked = format!("#{section}:has(#{}:checked)", self.button(class));
            format!(
                "{checked} :is(tr,li).of:not(.{class}){{display:none}}{checked} g.of:not(.{class}){{opacity:.18}}\n"
            )
        };
        // What is too much for a first look comes with its own choice.
        let all = format!("#{}:has(#{}:checked)", self.id, self.button("all"));
        let first = format!(
            "{all} .later{{display:none}}\n#{}:not(:has(#{}:checked)) .all-only{{display:none}}\n",
            self.id,
            self.button("all")
        );
        self.choices.iter().map(rule).chain([first]).collect()
    }
}

/// The rules of all filters, for the frame of the page.
pub(super) fn style(filters: &[Filter]) -> String {
    filters.iter().map(Filter::rules).collect()
}

pub(super) fn class_of_setting(setting: crate::job::Setting) -> String {
    format!("of-{}", setting.word().replace('_', "-"))
}

/// Of a place by its name, such as "NW10".
pub(super) fn class_of_place(name: &str) -> String {
    format!("of-{}", letters(name).to_lowercase())
}

fn letters(name: &str) -> &str {
    name.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or(name)
}
