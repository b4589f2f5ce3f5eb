//! Customs of naming and of papers, by naming group (DOMAIN.md section 8).

use super::chance::Chance;
use super::households::World;
use jiff::civil::Date;

/// Where births are not registered, papers often say 1 January (DOMAIN.md section 8).
pub(super) fn birthday_of_record(born: Date, code: char, age: i32, chance: &mut Chance) -> Date {
    let share = match (code, age) {
        (_, ..16) => 0.0,
        ('N' | 'P' | 'S' | 'L' | 'K', _) => 0.06,
        ('J' | 'H', _) => 0.02,
        _ => 0.0,
    };
    if chance.happens(share) { jiff::civil::date(born.year(), 1, 1) } else { born }
}

pub(super) fn middle_name(
    world: &World,
    naming: &'static str,
    female: bool,
    born: Date,
    chance: &mut Chance,
) -> String {
    let share = match naming {
        "british" | "caribbean" | "irish" => 0.7,
        "sikh" => return if female { "Kaur" } else { "Singh" }.to_string(),
        "somali" => 1.0,
        "chinese" => 0.0,
        _ => 0.25,
    };
    if !chance.happens(share) {
        return String::new();
    }
    world.tables.given_name(naming, female && naming != "somali", born.year(), chance).to_string()
}

/// Groups in which a wife's name does not follow her husband's.
pub(super) fn keeps_own_name(naming: &str) -> bool {
    matches!(naming, "somali" | "sikh" | "pakistani" | "bangladeshi" | "chinese" | "arab" | "other_asian")
}

/// Family names that imply a sex (DOMAIN.md section 8).
pub(super) fn custom_family(family: &str, naming: &str, female: bool) -> String {
    match (naming, family, female) {
        ("sikh", "Singh", true) => "Kaur".to_string(),
        ("sikh", "Kaur", false) => "Singh".to_string(),
        (_, "Begum" | "Bibi" | "Khatun" | "Khanom" | "Sultana" | "Kausar", false) => {
            if naming == "bangladeshi" {
                "Miah".to_string()
            } else {
                "Hussain".to_string()
            }
        }
        ("bangladeshi", "Miah" | "Uddin" | "Ullah" | "Mia", true) => "Begum".to_string(),
        ("other_white", _, true) if family.ends_with("ski") || family.ends_with("cki") => {
            format!("{}a", &family[..family.len() - 1])
        }
        ("other_white", _, false) if family.ends_with("ska") || family.ends_with("cka") => {
            format!("{}i", &family[..family.len() - 1])
        }
        _ => family.to_string(),
    }
}

pub(super) fn email(given: &str, family: &str, born: Date, chance: &mut Chance) -> String {
    let plain = |name: &str| {
        deunicode::deunicode(name).chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
    };
    let (given, family) = (plain(given), plain(family));
    let host = chance.pick(&["example.com", "example.org", "example.net", "mail.example"]);
    match chance.below(4) {
        0 => format!("{given}.{family}@{host}"),
        1 => format!("{given}{family}{}@{host}", born.year() % 100),
        2 => format!("{}{family}{}@{host}", given.chars().next().unwrap_or('x'), chance.below(1000)),
        _ => format!("{given}_{}@{host}", chance.below(10_000)),
    }
}
