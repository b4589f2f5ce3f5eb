//! What may tell where somebody lives, can be reached or is cared for: of whoever is marked sensitive it is as if nobody had written it down.
//!
//! What is harmless is listed, not what is not: a field of the job's own may hold a postcode whatever it is called and of whatever kind it is.

use crate::job::Field;

/// Whether a field may tell it.
pub(crate) fn may_tell_place(field: Field) -> bool {
    !matches!(
        field,
        Field::NhsNumber
            | Field::NhsNumberStatus
            | Field::FullName
            | Field::GivenName
            | Field::MiddleName
            | Field::FamilyName
            | Field::PreviousFamilyName
            | Field::DateOfBirth
            | Field::YearOfBirth
            | Field::DateOfDeath
            | Field::Sex
            | Field::Ethnicity
            | Field::BirthOrder
    )
}

/// Comparisons of our own that look at nothing but such fields.
const HARMLESS: [&str; 6] = ["name", "date_of_birth", "nhs_number", "sex", "birth_order", "date_of_death"];

/// Whether a comparison of our own may tell it, by its name; one of a field of the job's own has that field's.
pub(crate) fn comparison_may_tell_place(comparison: &str) -> bool {
    !HARMLESS.contains(&comparison)
}

#[cfg(test)]
mod tests {
    use super::super::PLACE_FIELDS;
    use super::*;

    #[test]
    fn whatever_is_not_known_to_be_harmless_may_tell_a_place() {
        let more = [Field::Email, Field::LocalId, Field::Sensitivity, Field::Custom(0)];
        for field in PLACE_FIELDS.into_iter().chain(more) {
            assert!(may_tell_place(field), "{field:?}");
        }
        assert!(!may_tell_place(Field::DateOfBirth));
        for comparison in ["place", "phone", "email", "local_id", "ward"] {
            assert!(comparison_may_tell_place(comparison), "{comparison}");
        }
        assert!(!comparison_may_tell_place("name"));
    }
}
