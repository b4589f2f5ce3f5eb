//! The segments, care rules and cohorts of the demo's job: what a partnership looks for first.

/// `[[segment_set]]`, `[care]` and `[[cohort]]`, over facts that the demo's providers carry.
pub(super) const TEXT: &str = r#"
# Groups that part everybody; docs/cohorts.md tells where the built-in ones come from.
[[segment_set]]
id = "frailty_band"
preset = "frailty"

[[segment_set]]
id = "need"
preset = "bridges_to_health"

[[segment_set]]
id = "age_and_condition"
preset = "london"

# Who should have a package of care, and what must follow one; docs/care.md.
[care]
successor_days = 28
ended_within = "12 months"

[[care.rule]]
id = "frail-and-alone"
name = "Severely frail and living alone: personal care"
where = '''age >= 75 && frailty == "severe" && lives_alone'''
need = "personal_care"

[[care.rule]]
id = "end-of-life"
name = "On the end-of-life register: palliative care"
where = '''end_of_life_register'''
need = "palliative_care"

[[care.rule]]
id = "dementia"
name = "Dementia: dementia support"
where = '''dementia'''
need = "dementia_support"

# Which carried facts tell of the end of life; docs/care.md.
[end_of_life]
on_register = "end_of_life_register"
preferred_place_of_care = "preferred_place_of_care"
preferred_place_of_death = "preferred_place_of_death"
place_of_death = "place_of_death"
decided_on = "wishes_decided_on"
unplanned_admission = "unplanned_admissions_12m"
last_days = 90
died_within = "36 months"

# Whom to look for. Nobody gets a cohort but by a release.
[[cohort]]
id = "rising-risk"
name = "Rising risk of an unplanned admission"
where = '''status == "registered" && age >= 65 && unplanned_admissions_12m >= 1
    && (frailty in ["moderate", "severe"] || heart_failure || copd)'''
columns = ["age", "frailty", "unplanned_admissions_12m", "emergency_attendances_12m", "gp_practice"]
purpose = "direct_care"
order_by = ["unplanned_admissions_12m descending", "age descending"]

[[cohort]]
id = "frail-without-care-package"
name = "Frail and living alone, with no package of care"
where = '''status == "registered" && age >= 75 && frailty in ["moderate", "severe"] && lives_alone && packages_current == 0'''
columns = ["age", "frailty", "packages_ended", "days_since_contact"]
purpose = "direct_care"
order_by = ["age descending"]

[[cohort]]
id = "two-providers-for-one-need"
name = "Two providers for one need"
where = '''size(package_overlaps) > 0'''
columns = ["age", "package_overlaps", "packages_current"]
purpose = "direct_care"

[[cohort]]
id = "care-ended-without-successor"
name = "Package of care ended, none since"
where = '''size(packages_ended) > 0'''
columns = ["age", "packages_ended", "package_needs", "days_since_contact"]
purpose = "direct_care"
order_by = ["age descending"]

[[cohort]]
id = "hospital-and-no-practice"
name = "Known to a hospital, registered nowhere"
where = '''status == "known_only" && "acute" in sectors'''
columns = ["age", "sectors", "days_since_contact"]
purpose = "direct_care"

[[cohort]]
id = "children-without-health-care"
name = "Children known to social care, housing or charities and to no health provider"
where = '''age < 18 && ("social_care" in sectors || "housing" in sectors || "voluntary" in sectors)
    && !("general_practice" in sectors || "acute" in sectors || "community" in sectors || "mental_health" in sectors
        || "public_health" in sectors || "urgent_care" in sectors || "ambulance" in sectors || "pharmacy" in sectors)'''
columns = ["age", "sectors", "days_since_contact"]
purpose = "safeguarding"

[[cohort]]
id = "end-of-life-wishes-recorded"
name = "End of life, wishes recorded"
where = '''end_of_life_register && status != "died" && has(preferred_place_of_death)'''
columns = ["age", "preferred_place_of_death", "do_not_resuscitate"]
purpose = "direct_care"

[[cohort]]
id = "end-of-life-wishes-not-recorded"
name = "Near the end of life, wishes not recorded"
where = '''status == "registered" && !has(preferred_place_of_death)
    && (end_of_life_register || age >= 85 && frailty == "severe" && unplanned_admissions_12m >= 1)'''
columns = ["age", "sectors", "days_since_contact"]
purpose = "direct_care"

[[cohort]]
id = "end-of-life-wishes-not-known"
name = "End of life, wishes recorded but not with whoever saw them last"
where = '''status != "died" && end_of_life_register && !wishes_known_to_last'''
columns = ["age", "preferred_place_of_death", "days_since_contact"]
purpose = "direct_care"

[[cohort]]
id = "end-of-life-wishes-not-followed"
name = "Died elsewhere than they wished"
where = '''status == "died" && !died_where_wished'''
columns = ["preferred_place_of_death", "place_of_death", "date_of_death"]
purpose = "planning"
"#;
