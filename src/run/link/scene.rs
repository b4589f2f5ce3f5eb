//! What links one night: learns where there is no model, scores, recalls what the night before found, clusters.

use super::Label;
use crate::blocking::{Blocks, Memberships, PairPatterns};
use crate::clustering::{
    self, Clustering, Evidence, FirstClusters, Fresh, Guards, Known, Sample, ScoredPairs, Weighed, people_around,
    score_fresh_pairs, score_pairs, weigh_all,
};
use crate::comparison::{Comparisons, Pattern};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::model::{self, Asked, Candidate, Decision, Histogram, Learnt, Model, Pooling, Recipe, Scorer};
use crate::recall::{Leaving, Left, Looks, Recalled};
use crate::records::{Identities, MISSING, Records};
use crate::run::aside::ASIDE_FAILED;
use crate::run::recalling::{self, Begun, Recalling};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What the pass that counts has made.
pub(super) struct Made {
    pub clustering: Clustering,
    /// The model that it was made with.
    pub chosen: Option<Candidate>,
    pub recalled: Recalled,
    pub leaving: Option<Leaving>,
}

impl Made {
    /// Without a night before or after.
    pub fn of(clustering: Clustering, chosen: Option<Candidate>) -> Made {
        Made { clustering, chosen, recalled: Recalled::default(), leaving: None }
    }
}

/// What scoring found, in order.
pub(super) struct Scored {
    pub pairs: ScoredPairs,
    /// Candidate pairs in all, and how many of them were known.
    pub compared: u64,
    pub recalled: u64,
}

/// What is known of a night's pairs before its model is learnt again.
pub(super) struct FirstLook {
    /// The chosen one.
    candidate: Candidate,
    /// `None` where nothing is learnt again.
    clusters: Option<FirstClusters>,
    blocked: Histogram,
    unblocked: Histogram,
}

impl FirstLook {
    /// Teaches the comparisons the names that clusters show to be used for each other, and compares again who may hold them.
    fn learn_aliases(&mut self, comparisons: &mut Comparisons, pairs: &mut PairPatterns) {
        let Some(aliases) = self.clusters.as_ref().map(|clusters| &clusters.aliases).filter(|found| !found.is_empty())
        else {
            return;
        };
        let learnt = comparisons.learn(aliases);
        tracing::info!(pairs = learnt, "names that are used for each other");
        let meeting = comparisons.meeting(aliases);
        pairs.compare_again(
            |left| meeting.of(left),
            |of_left, right| meeting.may_hold(of_left, right),
            |left, right, known| comparisons.compared_again(left, right, known, aliases),
        );
    }
}

/// What does not depend on a model; without the comparisons while those still learn.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a, C> {
    pub records: &'a Records,
    pub identities: &'a Identities,
    pub comparisons: C,
    pub guards: &'a Guards,
    pub job: &'a Job,
    pub recipe: &'a Recipe,
}

impl<'a> Scene<'a, ()> {
    pub fn comparing(self, comparisons: &Comparisons) -> Scene<'a, &Comparisons> {
        let Scene { records, identities, guards, job, recipe, .. } = self;
        Scene { records, identities, comparisons, guards, job, recipe }
    }

    /// Chooses the model of the night, teaches the comparisons the names that its clusters show to be used for each other, learns it again and
    /// decides with it.
    pub fn settle(
        self,
        comparisons: &mut Comparisons,
        learnt: Learnt,
        pairs: &mut PairPatterns,
        labels: &[Label],
    ) -> Candidate {
        let sample = self.comparing(comparisons).sample(&learnt.candidates, pairs);
        let mut first = self.comparing(comparisons).first_look(learnt, &sample);
        drop(sample);
        first.learn_aliases(comparisons, pairs);
        let candidate = self.comparing(comparisons).learnt_again(first, labels);
        let sample = self.comparing(comparisons).sample(std::slice::from_ref(&candidate), pairs);
        self.comparing(comparisons).decided(candidate, &sample)
    }
}

impl<'a, 'c> Scene<'a, &'c Comparisons> {
    fn evidence<'e>(&self, scorer: &'e Scorer<'e>, pooling: &'e Pooling) -> Evidence<'e>
    where
        'a: 'e,
        'c: 'e,
    {
        Evidence {
            records: self.records,
            identities: self.identities,
            comparisons: self.comparisons,
            scorer,
            pooling,
            guards: self.guards,
            settings: &self.job.cluster,
            joins: None,
            known: None,
        }
    }

    /// The pairs that candidates are asked about: all that one of them gives a chance, or a sample of these.
    fn sample(&self, candidates: &[Candidate], pairs: &PairPatterns) -> Sample {
        let scorers: Vec<Scorer> =
            candidates.iter().map(|candidate| candidate.model.scorer(self.comparisons)).collect();
        clustering::sample(self.identities.len(), &Weighed::new(pairs, &scorers))
    }

    /// Chooses among the candidate models, and looks at what the clusters of the chosen one say.
    fn first_look(&self, learnt: Learnt, sample: &Sample) -> FirstLook {
        let Learnt { candidates, blocked, unblocked, .. } = learnt;
        let scorers: Vec<Scorer> =
            candidates.iter().map(|candidate| candidate.model.scorer(self.comparisons)).collect();
        let poolings: Vec<Pooling> =
            candidates.iter().map(|candidate| Pooling::of(&candidate.model, self.comparisons)).collect();
        let known = Known::of(self.identities.len(), sample.edges());
        let evidence = |(scorer, pooling)| Evidence { known: Some(&known), ..self.evidence(scorer, pooling) };
        let evidence: Vec<Evidence> = scorers.iter().zip(&poolings).map(evidence).collect();
        let at_once = clustering::forms_at_once(self.job.memory_limit.is_some());
        let at = clustering::choose(&evidence, &candidates, sample, self.recipe.jury, at_once);
        let clusters = match self.recipe.learnt_again {
            true => Some(clustering::first_clusters(&evidence[at], sample, self.recipe.aliases)),
            false => None,
        };
        FirstLook { candidate: candidates[at].clone(), clusters, blocked, unblocked }
    }

    /// Learns the chosen model again from what its clusters and humans say, and rounds it as it will be frozen.
    fn learnt_again(&self, first: FirstLook, labels: &[Label]) -> Candidate {
        let FirstLook { candidate, clusters, blocked, unblocked } = first;
        let Some(FirstClusters { mut believed, beside, .. }) = clusters else {
            return Candidate { model: candidate.model.rounded(), ..candidate };
        };
        let now = |&(left, right, pairs, chance): &(u32, u32, f64, f64)| {
            (self.comparisons.pattern(left, right), pairs, pairs * chance)
        };
        believed.add(beside.par_iter().map(now).collect::<Vec<_>>().into_iter());
        let scorer = candidate.model.scorer(self.comparisons);
        let chance = |pattern| model::probability(scorer.weight(pattern));
        model::clamp(&mut believed, &self.asked(labels, &scorer), &blocked, chance);
        let model = model::relearn(self.comparisons, &candidate.model, &believed, &blocked, &unblocked).rounded();
        Candidate { model, expected_matches: model::six_digits(believed.matches.iter().sum()) }
    }

    /// The candidate with a decision made on a sample of the pairs.
    fn decided(&self, mut candidate: Candidate, sample: &Sample) -> Candidate {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let known = Known::of(self.identities.len(), sample.edges());
        let evidence = Evidence { known: Some(&known), ..self.evidence(&scorer, &pooling) };
        let mut decision = clustering::decide(&evidence, sample);
        if !self.recipe.context {
            decision.context = None;
        }
        candidate.model.decision = Some(decision);
        candidate
    }

    /// Labels by pattern. Of a record's rows those count that agree best with the other record.
    fn asked(&self, labels: &[Label], scorer: &Scorer) -> BTreeMap<Pattern, Asked> {
        let of = |rows: &[u32]| -> Vec<u32> {
            rows.iter().map(|&row| self.identities.of_record[row as usize]).filter(|&at| at != MISSING).collect()
        };
        let mut asked: BTreeMap<Pattern, Asked> = BTreeMap::new();
        for label in labels {
            let (left, right) = (of(&label.left), of(&label.right));
            let pairs = left.iter().flat_map(|&a| right.iter().map(move |&b| (a.min(b), a.max(b))));
            let patterns = pairs.map(|(a, b)| self.comparisons.pattern(a, b));
            if let Some(pattern) = patterns.max_by_key(|&pattern| (scorer.weight(pattern), pattern)) {
                let slot = asked.entry(pattern).or_default();
                slot.all += 1.0;
                slot.yes += f64::from(u8::from(label.same_person));
            }
        }
        asked
    }

    /// The people of the named records, by record.
    pub fn people_around(&self, mut model: Model, blocks: &Memberships, named: &[bool]) -> Vec<u32> {
        let cut = clustering::people_cut(&self.job.cluster);
        let decision = match model.decision.take() {
            Some(decided) => Decision { cut, ..decided },
            None => Decision { first_cut: cut, context: None, cut, calibration: None },
        };
        let (scorer, pooling) = (model.scorer(self.comparisons), Pooling::of(&model, self.comparisons));
        people_around(&self.evidence(&scorer, &pooling), blocks, &decision, named)
    }

    /// Clusters the pairs that a decided model has scored; what it finds for the next night is left where something was to be recalled.
    ///
    /// # Errors
    /// OF0441 where pairs that wait on disk cannot be read again.
    pub fn cluster(&self, mut candidate: Candidate, (scored, recalling): (Scored, Option<Recalling>)) -> Result<Made> {
        let scorer = candidate.model.scorer(self.comparisons);
        let pooling = Pooling::of(&candidate.model, self.comparisons);
        let Scored { pairs, compared, recalled } = scored;
        let recalling = recalling.map(Recalling::joins);
        let evidence =
            Evidence { joins: recalling.as_ref().map(|(joins, _)| joins), ..self.evidence(&scorer, &pooling) };
        // The cut is no lesson: it follows from what the job says a false link costs.
        let decided = candidate.model.decision.take().expect("a model is decided before it is used");
        let decision = Decision { cut: clustering::people_cut(&self.job.cluster), ..decided };
        let clustered = clustering::cluster_scored(&evidence, pairs, &decision, self.recipe.linkage, compared);
        let (clustering, calibration) =
            clustered.map_err(|error| Failure::new(&ASIDE_FAILED, format!("scored pairs: {error}")))?;
        candidate.model.decision = Some(Decision { calibration: Some(calibration), ..decision });
        Ok(match recalling {
            Some((joins, waiting)) => {
                let (recalled, leaving) = waiting.finish(joins, recalled);
                Made { clustering, chosen: Some(candidate), recalled, leaving }
            }
            None => Made::of(clustering, Some(candidate)),
        })
    }

    /// Scores every candidate pair that the night before has not compared; `before` is what it left, where this night leaves the same or asks for it.
    pub fn score(
        &self,
        scorer: &Scorer,
        blocks: &Blocks,
        before: Option<Left>,
        advance: impl Fn(u64) + Sync,
    ) -> (Fresh, Option<Recalling<'a>>) {
        let all = || {
            let (kept, compared) = score_pairs(self.comparisons, scorer, blocks, &advance);
            Fresh { kept, compared, recalled: 0 }
        };
        let Some(left) = before else { return (all(), None) };
        let looks = Looks::of_all(self.comparisons, self.identities);
        let (begun, known) = recalling::begin_with_known(&left, &looks, blocks);
        let (fresh, identities) = match known {
            Some((is_known, known)) => {
                let identities = known.identities();
                let fresh = score_fresh_pairs(self.comparisons, scorer, blocks, (&is_known, known), &advance);
                let fresh = fresh.map_err(|error| recalling::unreadable(&error));
                fresh.map_or_else(|()| (all(), 0), |fresh| (fresh, identities))
            }
            None => (all(), 0),
        };
        (fresh, Some(Recalling { looks, left, begun, identities }))
    }

    /// Weighs pairs that were compared while the model was learnt. `before` is what the night before left, and what was begun with the blocks.
    pub fn weigh(
        &self,
        scorer: &Scorer,
        pairs: PairPatterns,
        before: Option<(Left, Begun)>,
    ) -> (Fresh, Option<Recalling<'a>>) {
        let (kept, compared) = weigh_all(pairs, scorer);
        let recalling = before.map(|(left, begun)| {
            let looks = Looks::of_all(self.comparisons, self.identities);
            Recalling { looks, left, begun, identities: 0 }
        });
        (Fresh { kept, compared, recalled: 0 }, recalling)
    }
}
