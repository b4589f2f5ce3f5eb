//! People explained join by join.

use super::*;

/// Pooled bits of a join count nothing that is hidden: with two records they are the sum of the lines that are shown.
#[test]
fn the_joins_of_a_sensitive_person_add_up_to_what_is_shown() {
    let (_, job) = published();
    let rows = whole_crosswalk(job);
    let told = person_of(job, &rows["north:NR0065"].person_id, OPEN);
    assert!(told.sensitive && told.records.len() == 2, "{told}");
    let pair = pair(job, "north:NR0065", "south:SR0065", OPEN).expect("both are in the run");
    let place = pair.fields.iter().find(|line| line.field == "place").expect("it is compared");
    assert_eq!((place.agreement.as_str(), place.bits), ("no value on one side", 0.0));
    assert!(pair.context.is_none() && (sum(&pair) - pair.weight_bits).abs() < 1e-9);
    let [join] = &told.joins[..] else { panic!("{told}") };
    assert_eq!(join.by, "evidence");
    let bits = join.bits.expect("it has evidence");
    assert!((bits - (pair.weight_bits - pair.taken_bits)).abs() < 0.05, "{bits} {}", pair.weight_bits);
    assert!((bits - told.bonds[0].bits).abs() < 0.05 && told.split.as_ref().is_some_and(|at| at.above_bits == bits));
    assert!((pair.outcome.pooled_bits.expect("they were joined") - bits).abs() < 1e-9);
    // The run itself counts the two homes.
    let run = PublishedRun::current(job).unwrap();
    let all: Vec<Row> = rows.values().cloned().collect();
    let scene = scene::Scene::set(job, &run, &all, QUIET).unwrap();
    let wanted = |row: usize| all[row].person_id == told.person_id;
    let counted = scene.with(|evidence| person::explain(&run, &scene, evidence, &all, wanted, QUIET));
    assert!((counted.joins[0].bits.expect("it has evidence") - bits).abs() > 1.0, "{counted}");
}

#[test]
fn a_person_is_explained_join_by_join() {
    let (folder, job) = published();
    let rows = whole_crosswalk(job);
    let values = every_value(folder.path());
    let explained = person_of(job, &rows["north:NR0001"].person_id.to_lowercase(), QUIET);
    assert_eq!(explained.records.iter().map(|record| record.rows).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(explained.bonds.len(), 1);
    assert_eq!(explained.records[1].best_partner, Some(1));
    assert_eq!(explained.records[0].best_bits, Some(explained.bonds[0].bits));
    assert_hidden(&explained.to_string(), &values);
    assert_hidden(&json(&explained), &values);
    let open = person_of(job, &rows["north:NR0001"].person_id, OPEN).to_string();
    assert!(open.contains("SR0001"), "{open}");

    let alone = person_of(job, &rows["north:NR0190"].person_id, QUIET);
    assert_eq!((alone.records.len(), alone.weakest_join, &alone.split), (1, None, &None));
    assert!(alone.to_string().contains("has one record"), "{alone}");
}

/// What is replayed for an explanation ends where the run ended: its lowest join is the person's weakest probability, and takes all records.
#[test]
fn the_joins_of_every_person_are_those_of_the_run() {
    let (_, job) = published();
    let run = PublishedRun::current(job).unwrap();
    let rows: Vec<Row> = whole_crosswalk(job).into_values().collect();
    let scene = scene::Scene::set(job, &run, &rows, QUIET).unwrap();
    let mut weakest: BTreeMap<String, Option<f64>> = BTreeMap::new();
    run.each("people.parquet", &["person_id", "weakest_probability"], |rows| {
        let person = rows.text("person_id")?;
        let probability = rows.optional_numbers("weakest_probability")?;
        probability.iter().enumerate().for_each(|(row, known)| {
            weakest.insert(person.value(row).to_string(), *known);
        });
        Ok(())
    })
    .unwrap();
    let (mut joined, mut in_conflict) = (0, 0);
    for (person_id, probability) in weakest {
        let wanted = |row: usize| rows[row].person_id == person_id;
        if (0..rows.len()).filter(|&row| wanted(row)).count() < 2 {
            continue;
        }
        let explained = scene.with(|evidence| person::explain(&run, &scene, evidence, &rows, wanted, QUIET));
        in_conflict += usize::from(!explained.conflicts.is_empty());
        let records = explained.records.len();
        let mut seen: Vec<usize> =
            explained.joins.iter().flat_map(|join| [&join.left[..], &join.right].concat()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), records, "{explained}");
        let Some(at) = explained.weakest_join else { continue };
        let bits = explained.joins[at].bits.unwrap();
        assert!(bits >= explained.cut_bits, "{bits}");
        // In a larger component, joins of others may have come before at a lower score.
        let published = probability.expect("it was joined");
        let own = 1.0 / (1.0 + (-bits).exp2());
        assert!(published <= own + 1e-9, "{published} {own}");
        let split = explained.split.as_ref().unwrap();
        assert_eq!(split.parts.iter().map(Vec::len).sum::<usize>(), records);
        assert!(split.parts.len() >= 2 && split.above_bits == bits);
        joined += 1;
    }
    assert!(joined > 100 && in_conflict > 20, "{joined} {in_conflict}");
}
