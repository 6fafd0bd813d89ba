//! Every property of every concept in both models: measured, adjusted together, judged.

use faer::{Mat, MatRef};

use super::comparison::Seen;
use super::error::LabError;
use super::experiment::Thresholds;
use super::material::{Material, RelationRows};
use super::progress::Progress;
use super::report::{CarriedBothWays, Property, PropertyReport, Scores};
use crate::theory::TheoryError;
use crate::theory::equivalence::Level;
use crate::theory::properties::arrows::Arrows;
use crate::theory::properties::relational::Gamma;
use crate::theory::properties::score::{Details, Measured, PropertyScore, Rule, adjudicate, null_draws};
use crate::theory::properties::{parallelism, probing, relational, steering, subspace};
use crate::theory::statistics::{PERMUTATIONS, REFITTED_PERMUTATIONS};
use crate::theory::verdict::{Evidence, Hypothesis, Reason, States, Verdict, Version, VisibleGap, decide};

/// Two models and all that every property needs of them.
pub(super) struct Tests<'a> {
    pub a: &'a Seen<'a>,
    pub b: &'a Seen<'a>,
    /// T with g_B ≈ T g_A, fitted on all tokens, `[d_B, d_A]`.
    pub b_from_a: &'a Mat<f64>,
    /// The other way round, `[d_A, d_B]`.
    pub a_from_b: &'a Mat<f64>,
    pub texts: &'a [usize],
    pub thresholds: Thresholds,
    /// Of the pair; the gap of visible scores is each property's own.
    pub evidence: Evidence,
    pub seed: u64,
}

/// One property of one concept, measured in every version.
struct Found {
    raw: [Measured; 2],
    visible: [Measured; 2],
    dark_removed: [Measured; 2],
    hypothesis: Hypothesis,
    /// The most by which visible scores of equal distributions may differ.
    gap_allowed: f64,
    /// Prop. 8, where it applies.
    difference_bound: Option<f64>,
    carried: Option<CarriedBothWays>,
    subspace_agreement: Option<f64>,
    arrows: Option<Arrows>,
}

impl Tests<'_> {
    /// All properties that the materials ask for.
    pub fn run(
        &self,
        materials: &[Material],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<PropertyReport>, LabError> {
        let asked: Vec<(&Material, Property)> =
            materials.iter().flat_map(|m| m.properties().into_iter().map(move |p| (m, p))).collect();
        let draws = |least| null_draws(asked.len(), self.thresholds.max_p, least);
        let (n_draws, n_refitted) = (draws(PERMUTATIONS), draws(REFITTED_PERMUTATIONS));
        let mut found = Vec::with_capacity(asked.len());
        for (i, &(material, property)) in asked.iter().enumerate() {
            let (start, end) = (i as f64 / asked.len() as f64, (i + 1) as f64 / asked.len() as f64);
            let part = &mut progress.part(0.3 + 0.7 * start, 0.3 + 0.7 * end);
            let measured = match property {
                Property::Parallelism => self.parallelism(material, n_draws, part),
                Property::RelationalLinearity => self.relational(material, n_refitted, part),
                Property::LinearSubspace => self.subspace(material, n_refitted, part),
                Property::LinearProbing => self.probing(material, n_refitted, part),
                Property::LinearSteering => self.steering(material, n_draws, part),
            };
            found.push(match measured {
                Ok(found) => Ok(found),
                Err(Stop::Nothing(reason)) => Err(reason),
                Err(Stop::Failed(error)) => return Err(error),
            });
        }
        let mut scores = self.judged(&asked, &found).into_iter();
        // There are scores for exactly those that could be measured, in their order.
        let mut next =
            move |found| scores.next().map(|scores| (found, scores)).ok_or(Reason::PropertyUncertain);
        let reports = asked.into_iter().zip(found).map(|((material, property), found)| {
            match found.and_then(&mut next) {
                Ok((found, scores)) => self.report(material, property, scores, &found),
                Err(reason) => self.unmeasured(material, property, reason),
            }
        });
        Ok(reports.collect())
    }

    /// Scores with states: in each model and version, all tests of the run are adjusted together.
    fn judged(&self, asked: &[(&Material, Property)], found: &[Result<Found, Reason>]) -> Vec<Scores> {
        let column = |of: &dyn Fn(&Found) -> Measured| -> Vec<PropertyScore> {
            let measured = asked.iter().zip(found).filter_map(|((_, property), found)| {
                let found = found.as_ref().ok()?;
                Some((of(found), self.rule(*property)))
            });
            adjudicate(measured.collect())
        };
        let columns: [Vec<PropertyScore>; 6] = [
            column(&|found| found.raw[0].clone()),
            column(&|found| found.raw[1].clone()),
            column(&|found| found.visible[0].clone()),
            column(&|found| found.visible[1].clone()),
            column(&|found| found.dark_removed[0].clone()),
            column(&|found| found.dark_removed[1].clone()),
        ];
        let mut columns = columns.map(Vec::into_iter);
        let mut rows = Vec::new();
        while let [
            Some(raw_a),
            Some(raw_b),
            Some(visible_a),
            Some(visible_b),
            Some(dark_removed_a),
            Some(dark_removed_b),
        ] = columns.each_mut().map(Iterator::next)
        {
            rows.push(Scores { raw_a, raw_b, visible_a, visible_b, dark_removed_a, dark_removed_b });
        }
        rows
    }

    fn rule(&self, property: Property) -> Rule {
        let Thresholds { delta_correlation, delta_r2, delta_accuracy, delta_steering, max_p, .. } =
            self.thresholds;
        let delta = match property {
            Property::Parallelism | Property::LinearSubspace => delta_correlation,
            Property::RelationalLinearity => delta_r2,
            Property::LinearProbing => delta_accuracy,
            Property::LinearSteering => delta_steering,
        };
        Rule { delta, max_p }
    }

    fn parallelism(
        &self,
        material: &Material,
        n_draws: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Found, Stop> {
        let pairs = material.pairs.as_ref().map_or(&[][..], |found| &found.rows);
        if pairs.len() < 2 {
            return Err(Reason::TooFewPairs.into());
        }
        let epsilon_num = self.evidence.epsilon_num;
        let question = parallelism::Question {
            pairs,
            pool: &material.pool,
            texts: self.texts,
            epsilon_num,
            n_draws,
            seed: self.seed,
        };
        let (a, b) = (self.a.model, self.b.model);
        let raw = self.in_both(|seen| Ok(parallelism::measure_raw(seen.model.g.as_ref(), &question)))?;
        progress.reach(0.3)?;
        let visible = self.in_both(|seen| Ok(parallelism::measure_visible(seen.model, &question)))?;
        progress.reach(0.8)?;
        // In the orthonormal basis U_N, so that the cosines are those of P_N Δ.
        let dark_removed = self.without_dark(&raw, |seen| {
            Ok(parallelism::measure_raw((&seen.model.g * &seen.subspaces.u_n).as_ref(), &question))
        })?;
        let arrows = Arrows::of(a, b, pairs).map_err(LabError::of('B'))?;
        let is_close = self.evidence.level == Level::Close;
        Ok(Found {
            raw,
            visible,
            dark_removed,
            hypothesis: Hypothesis::NoDarkUnembedding,
            gap_allowed: parallelism::visible_gap_allowed(a, b, pairs, epsilon_num),
            difference_bound: is_close
                .then(|| parallelism::visible_difference_bound(a, b, pairs, epsilon_num)),
            carried: None,
            subspace_agreement: None,
            arrows: Some(arrows),
        })
    }

    fn relational(
        &self,
        material: &Material,
        n_draws: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Found, Stop> {
        let relation = RelationTask::of(material)?;
        let question = relation.question(self, n_draws);
        let found = self.read_from_hidden_states(&question, progress, relational::measure)?;
        // A whole hidden state has other coordinates in the other model: only answers can be compared across.
        if relation.rows.gamma == Gamma::WholeSpace {
            return Ok(found);
        }
        let targets =
            |seen: &Seen<'_>| relational::targets(seen.model, seen.visible_features.as_ref(), &question);
        let (of_a, of_b) = (targets(self.a), targets(self.b));
        let (a, b) = (self.a.side(&of_a), self.b.side(&of_b));
        let carried = CarriedBothWays {
            b_from_a: relational::carried(a, self.b_in_a().as_ref(), b, &question)
                .map_err(LabError::of('B'))?,
            a_from_b: relational::carried(b, self.a_in_b().as_ref(), a, &question)
                .map_err(LabError::of('A'))?,
        };
        Ok(Found { carried: Some(carried), ..found })
    }

    fn subspace(
        &self,
        material: &Material,
        n_draws: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Found, Stop> {
        let relation = RelationTask::of(material)?;
        let question = relation.question(self, n_draws);
        let found = self.read_from_hidden_states(&question, progress, subspace::measure)?;
        let targets =
            |seen: &Seen<'_>| relational::targets(seen.model, seen.visible_features.as_ref(), &question);
        let (of_a, of_b) = (targets(self.a), targets(self.b));
        let (a, b) = (self.a.side(&of_a), self.b.side(&of_b));
        let agreement =
            subspace::correspondence(a, self.b_in_a().as_ref(), b, &question).map_err(LabError::of('B'))?;
        Ok(Found { subspace_agreement: Some(agreement), ..found })
    }

    /// Relational linearity and the linear subspace: the same question, read in the same three ways.
    fn read_from_hidden_states(
        &self,
        question: &relational::Question<'_>,
        progress: &mut Progress<'_>,
        measure: impl Fn(
            MatRef<'_, f64>,
            MatRef<'_, f64>,
            &relational::Question<'_>,
        ) -> Result<Measured, TheoryError>,
    ) -> Result<Found, Stop> {
        let read = |seen: &Seen<'_>, features: MatRef<'_, f64>| {
            measure(features, relational::targets(seen.model, features, question).as_ref(), question)
        };
        let raw = self.in_both(|seen| read(seen, seen.model.f.as_ref()))?;
        progress.reach(0.4)?;
        let visible = self.in_both(|seen| read(seen, seen.visible_features.as_ref()))?;
        progress.reach(0.8)?;
        let dark_removed = self.without_dark(&raw, |seen| read(seen, seen.visible_f().as_ref()))?;
        let leaves_g = |seen: &Seen<'_>| seen.summary().rank_g < seen.summary().d;
        let is_whole_space = question.gamma == Gamma::WholeSpace && (leaves_g(self.a) || leaves_g(self.b));
        Ok(Found {
            raw,
            visible,
            dark_removed,
            hypothesis: if is_whole_space { Hypothesis::GammaVisible } else { Hypothesis::NoDarkEmbedding },
            gap_allowed: relational::VISIBLE_GAP_ALLOWED,
            difference_bound: None,
            carried: None,
            subspace_agreement: None,
            arrows: None,
        })
    }

    fn probing(
        &self,
        material: &Material,
        n_draws: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Found, Stop> {
        let Some(labelled) = &material.labelled else { return Err(Reason::TooFewPerClass.into()) };
        let (contexts, labels): (Vec<usize>, Vec<bool>) = labelled.rows.iter().copied().unzip();
        if labels.iter().all(|&label| label) || !labels.iter().any(|&label| label) {
            return Err(Reason::TooFewPerClass.into());
        }
        let texts: Vec<usize> = contexts.iter().map(|&row| self.texts[row]).collect();
        let last_tokens: Option<Vec<u32>> =
            material.last_tokens.as_ref().map(|tokens| contexts.iter().map(|&row| tokens[row]).collect());
        let question = probing::Question {
            contexts: &contexts,
            labels: &labels,
            texts: &texts,
            last_tokens: last_tokens.as_deref(),
            n_draws,
            seed: self.seed,
        };
        let raw = self.in_both(|seen| probing::measure(seen.model.f.as_ref(), &question))?;
        progress.reach(0.4)?;
        let visible = self.in_both(|seen| probing::measure(seen.visible_features.as_ref(), &question))?;
        progress.reach(0.8)?;
        let dark_removed =
            self.without_dark(&raw, |seen| probing::measure(seen.visible_f().as_ref(), &question))?;
        let carried = |from: &Seen<'_>, there: &Mat<f64>, own: &Measured| {
            probing::carried(from.visible_features.as_ref(), there.as_ref(), own.score, &question)
        };
        let carried = CarriedBothWays {
            b_from_a: carried(self.a, &self.b_in_a(), &visible[1]).map_err(LabError::of('B'))?,
            a_from_b: carried(self.b, &self.a_in_b(), &visible[0]).map_err(LabError::of('A'))?,
        };
        let n_true = labels.iter().filter(|&&label| label).count();
        Ok(Found {
            raw,
            visible,
            dark_removed,
            hypothesis: Hypothesis::NoDarkEmbedding,
            gap_allowed: probing::visible_gap_allowed(labels.len() - n_true, n_true),
            difference_bound: None,
            carried: Some(carried),
            subspace_agreement: None,
            arrows: None,
        })
    }

    fn steering(
        &self,
        material: &Material,
        n_draws: usize,
        progress: &mut Progress<'_>,
    ) -> Result<Found, Stop> {
        let pairs = material.pairs.as_ref().map_or(&[][..], |found| &found.rows);
        let contexts = material.steering.as_ref().map_or(&[][..], |found| &found.rows);
        if pairs.len() < 2 {
            return Err(Reason::TooFewPairs.into());
        }
        if contexts.is_empty() {
            return Err(Reason::TooFewTexts.into());
        }
        let question = steering::Question {
            pairs,
            off_target: &material.off_target,
            pool: &material.pool,
            contexts,
            n_draws,
            seed: self.seed,
        };
        let a = steering::SteeredModel::new(self.a.model).map_err(LabError::of('A'))?;
        let b = steering::SteeredModel::new(self.b.model).map_err(LabError::of('B'))?;
        let raw = [&a, &b].map(|model| steering::measure_raw(model, &question));
        progress.reach(0.5)?;
        let visible = [&a, &b].map(|model| steering::measure_visible(model, &question));
        let dark_removed = [(self.a, &a, &raw[0]), (self.b, &b, &raw[1])].map(|(seen, model, raw)| {
            if seen.has_dark_parts() { steering::measure_dark_removed(model, &question) } else { raw.clone() }
        });
        let leaves =
            |measured: &Measured| matches!(&measured.details, Details::Steering(own) if own.leaves_sim_f);
        let hypothesis =
            if raw.iter().any(leaves) { Hypothesis::SteeringInF } else { Hypothesis::NoDarkUnembedding };
        Ok(Found {
            gap_allowed: steering::visible_gap_allowed(&a, &b, &question, self.evidence.epsilon_num),
            raw,
            visible,
            dark_removed,
            hypothesis,
            difference_bound: None,
            carried: Some(CarriedBothWays {
                b_from_a: steering::carried(&a, &b, self.a_from_b.as_ref(), &question),
                a_from_b: steering::carried(&b, &a, self.b_from_a.as_ref(), &question),
            }),
            subspace_agreement: None,
            arrows: None,
        })
    }

    fn in_both(
        &self,
        measure: impl Fn(&Seen<'_>) -> Result<Measured, TheoryError>,
    ) -> Result<[Measured; 2], LabError> {
        let in_a = measure(self.a).map_err(LabError::of('A'))?;
        let in_b = measure(self.b).map_err(LabError::of('B'))?;
        Ok([in_a, in_b])
    }

    /// Measured again without dark parts; as before where a model has none.
    fn without_dark(
        &self,
        raw: &[Measured; 2],
        measure: impl Fn(&Seen<'_>) -> Result<Measured, TheoryError>,
    ) -> Result<[Measured; 2], LabError> {
        let again = |seen: &Seen<'_>, raw: &Measured| match seen.has_dark_parts() {
            true => measure(seen),
            false => Ok(raw.clone()),
        };
        let in_a = again(self.a, &raw[0]).map_err(LabError::of('A'))?;
        let in_b = again(self.b, &raw[1]).map_err(LabError::of('B'))?;
        Ok([in_a, in_b])
    }

    /// B's contexts in the coordinates of A's visible features: rows F_B T.
    fn b_in_a(&self) -> Mat<f64> {
        (&self.b.model.f * self.b_from_a) * &self.a.visible_map
    }

    /// A's contexts in the coordinates of B's visible features.
    fn a_in_b(&self) -> Mat<f64> {
        (&self.a.model.f * self.a_from_b) * &self.b.visible_map
    }

    fn report(
        &self,
        material: &Material,
        property: Property,
        scores: Scores,
        found: &Found,
    ) -> PropertyReport {
        let gap = VisibleGap {
            found: (found.visible[0].score - found.visible[1].score).abs(),
            allowed: found.gap_allowed,
        };
        let evidence = Evidence { visible_gap: Some(gap), ..self.evidence };
        let visible = Version::Visible(states(&scores.visible_a, &scores.visible_b));
        let raw = Version::Raw {
            states: states(&scores.raw_a, &scores.raw_b),
            dark_removed: states(&scores.dark_removed_a, &scores.dark_removed_b),
            hypothesis: found.hypothesis,
        };
        // Where nothing varies there is no bound, and no gap to speak of.
        let is_tested =
            matches!(self.evidence.level, Level::Constructed | Level::Identical) && gap.allowed.is_finite();
        let (used, dropped) = material.used_and_dropped(property);
        PropertyReport {
            concept: material.name.clone(),
            property,
            scores: Some(scores),
            visible_gap: is_tested.then_some(gap),
            carried: found.carried,
            subspace_agreement: found.subspace_agreement,
            arrows: found.arrows.clone(),
            used,
            dropped,
            verdict: Verdict {
                visible: decide(&evidence, visible),
                raw: decide(&evidence, raw),
                visible_difference_bound: found.difference_bound,
            },
        }
    }

    fn unmeasured(&self, material: &Material, property: Property, reason: Reason) -> PropertyReport {
        let finding = decide(&self.evidence, Version::Unmeasured(reason));
        let (used, dropped) = material.used_and_dropped(property);
        PropertyReport {
            concept: material.name.clone(),
            property,
            scores: None,
            visible_gap: None,
            carried: None,
            subspace_agreement: None,
            arrows: None,
            used,
            dropped,
            verdict: Verdict { visible: finding.clone(), raw: finding, visible_difference_bound: None },
        }
    }
}

/// A relation's subjects, apart.
struct RelationTask<'m> {
    rows: &'m RelationRows,
    subjects: Vec<usize>,
    asked: Vec<usize>,
}

impl<'m> RelationTask<'m> {
    fn of(material: &'m Material) -> Result<Self, Reason> {
        let rows = material.relation.as_ref().ok_or(Reason::TooFewSubjects)?;
        if rows.answers.rows.len() < 2 {
            return Err(Reason::TooFewAnswers);
        }
        if rows.subjects.rows.len() < 2 {
            return Err(Reason::TooFewSubjects);
        }
        let (subjects, asked) = rows.subjects.rows.iter().copied().unzip();
        Ok(Self { rows, subjects, asked })
    }

    fn question(&self, tests: &Tests<'_>, n_draws: usize) -> relational::Question<'_> {
        relational::Question {
            subjects: &self.subjects,
            asked: &self.asked,
            answers: &self.rows.answers.rows,
            gamma: self.rows.gamma,
            epsilon_num: tests.evidence.epsilon_num,
            delta: tests.thresholds.delta_r2,
            n_draws,
            seed: tests.seed,
        }
    }
}

/// Why a property has no scores.
enum Stop {
    /// There is nothing to measure; the run goes on.
    Nothing(Reason),
    /// The run cannot go on.
    Failed(LabError),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Nothing(reason)
    }
}

impl From<LabError> for Stop {
    fn from(error: LabError) -> Self {
        Self::Failed(error)
    }
}

fn states(a: &PropertyScore, b: &PropertyScore) -> States {
    States { a: a.state, b: b.state, shortage: a.shortage.or(b.shortage) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::ops::ControlFlow;

    use faer::Mat;
    use rand::Rng as _;
    use rand_distr::StandardNormal;

    use crate::lab::fixture::{REASONS, place};
    use crate::lab::observation::{Context, EngineKind, Floats, ModelCard, Observation};
    use crate::lab::report::{Property, PropertyReport};
    use crate::lab::tensors::{Questions, Tensor, Tensors, TensorsReport, analyze_tensors};
    use crate::lab::{Concept, Experiment, ModelSource, Relation, Report, Thresholds, analyze};
    use crate::theory::distribution::log_softmax;
    use crate::theory::equivalence::Level;
    use crate::theory::properties::arrows::Plane;
    use crate::theory::properties::relational::Gamma;
    use crate::theory::statistics::{Stream, generator};
    use crate::theory::twin::change_basis;
    use crate::theory::verdict::{Reason, VerdictKind};
    use crate::theory::{Precision, Representation};

    const D: usize = 24;
    const SUBJECTS: usize = 80;
    const LABELLED: usize = 300;
    const STEPS: usize = 20;
    /// Contexts that no label is given to.
    const UNLABELLED: usize = 2 * SUBJECTS + 2 * STEPS;
    const CONTEXTS: usize = UNLABELLED + LABELLED;
    const PAIRS: usize = 24;
    const ANSWERS: usize = 12;
    const TOKENS: usize = 120;
    const ALL: [Property; 5] = [
        Property::Parallelism,
        Property::RelationalLinearity,
        Property::LinearSubspace,
        Property::LinearProbing,
        Property::LinearSteering,
    ];

    fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
        let rng = &mut generator(seed, Stream::Split);
        Mat::from_fn(rows, columns, |_, _| rng.sample(StandardNormal))
    }

    /// Rows of F: s and s∘q of every subject, then the contexts to steer between, then labelled ones (true and false by
    /// turns).
    fn asked(subject: usize) -> usize {
        SUBJECTS + subject
    }

    fn labelled(i: usize) -> usize {
        UNLABELLED + i
    }

    fn steps(i: usize) -> (usize, usize) {
        (2 * SUBJECTS + 2 * i, 2 * SUBJECTS + 2 * i + 1)
    }

    /// Every question, the relation of so many subjects and answers: what holds needs fewer than
    /// what shows that nothing does.
    fn all_questions(subjects: usize, answers: usize) -> Questions {
        let number = |x: usize| x as i64;
        let both = |(a, b): (usize, usize)| (a as i64, b as i64);
        Questions {
            clusters: None,
            pairs: Some((0..PAIRS).map(|i| both((2 * i, 2 * i + 1))).collect()),
            relation: Some((0..subjects).map(|i| both((i, asked(i)))).collect()),
            answers: Some((2 * PAIRS..2 * PAIRS + answers).map(number).collect()),
            labelled: Some((0..LABELLED).map(|i| (number(labelled(i)), number(i % 2))).collect()),
            steering: Some((0..STEPS).map(|i| both(steps(i))).collect()),
            off_target: Some((0..10).map(|i| both((60 + 2 * i, 61 + 2 * i))).collect()),
        }
    }

    fn questions(property: Property) -> Questions {
        let Questions { clusters, pairs, relation, answers, labelled, steering, off_target } =
            all_questions(3 * SUBJECTS / 4, ANSWERS / 2);
        let none = Questions { clusters, ..Questions::default() };
        match property {
            Property::Parallelism => Questions { pairs, ..none },
            Property::RelationalLinearity | Property::LinearSubspace => {
                Questions { relation, answers, ..none }
            }
            Property::LinearProbing => Questions { labelled, ..none },
            Property::LinearSteering => Questions { pairs, steering, off_target, ..none },
        }
    }

    /// F `[CONTEXTS, D]` and G `[TOKENS, D]`.
    #[derive(Clone)]
    struct World {
        f: Mat<f64>,
        g: Mat<f64>,
    }

    impl World {
        /// Nothing but noise: no property is there.
        fn of_noise(seed: u64) -> Self {
            Self { f: normal(CONTEXTS, D, 10 * seed), g: normal(TOKENS, D, 10 * seed + 1) }
        }

        /// Every property is there: s∘q is a linear map of s, labels are half spaces, and pairs and steps have one
        /// direction.
        fn linear(seed: u64) -> Self {
            let mut world = Self::of_noise(seed);
            let (common, along) = (normal(1, D, 10 * seed + 2), normal(1, D, 10 * seed + 3));
            let map = normal(D, D, 10 * seed + 4) * faer::Scale((D as f64).sqrt().recip());
            for i in 0..PAIRS {
                for j in 0..D {
                    world.g[(2 * i + 1, j)] =
                        world.g[(2 * i, j)] + 2.0 * common[(0, j)] + 0.3 * world.g[(2 * i + 1, j)];
                }
            }
            let answered = world.f.subrows(0, SUBJECTS) * map;
            for j in 0..D {
                (0..SUBJECTS).for_each(|i| world.f[(asked(i), j)] = answered[(i, j)]);
                for i in 0..LABELLED {
                    let side = if i % 2 == 1 { 1.5 } else { -1.5 };
                    world.f[(labelled(i), j)] += side * along[(0, j)];
                }
                for (base, changed) in (0..STEPS).map(steps) {
                    world.f[(changed, j)] = world.f[(base, j)] + common[(0, j)] + 0.3 * world.f[(changed, j)];
                }
            }
            world
        }

        /// With coordinates of f that no unembedding reads (rows by context) or of g that no hidden state has.
        fn with_dark(&self, dark_f: Option<Mat<f64>>, dark_g: Option<Mat<f64>>) -> Self {
            let zeros =
                |rows: usize, like: &Option<Mat<f64>>| Mat::zeros(rows, like.as_ref().map_or(0, Mat::ncols));
            let (no_f, no_g) = (zeros(self.f.nrows(), &dark_g), zeros(self.g.nrows(), &dark_f));
            let f = beside(&beside(&self.f, &dark_f.unwrap_or_else(|| Mat::zeros(self.f.nrows(), 0))), &no_f);
            let g = beside(&beside(&self.g, &no_g), &dark_g.unwrap_or_else(|| Mat::zeros(self.g.nrows(), 0)));
            Self { f, g }
        }

        /// The same distribution in other coordinates, with dark parts of both kinds.
        fn twin(&self, seed: u64) -> Self {
            let dark = self.with_dark(Some(normal(CONTEXTS, 2, seed)), Some(normal(TOKENS, 3, seed + 1)));
            let Representation { f, g, .. } =
                change_basis(&Representation::new(dark.f, dark.g, Precision::F64).unwrap(), seed);
            Self { f, g }
        }

        fn first_contexts(&self, n: usize) -> Self {
            Self { f: self.f.subrows(0, n).to_owned(), g: self.g.clone() }
        }

        /// The part along one direction `size` times as long in g, and as much shorter in f: the same distribution.
        fn stretched(&self, along: &Mat<f64>, size: f64) -> Self {
            let square = along.squared_norm_l2();
            let by = |x: &Mat<f64>, size: f64| {
                let part = x * along.transpose();
                Mat::from_fn(x.nrows(), x.ncols(), |i, j| {
                    x[(i, j)] + (size - 1.0) * part[(i, 0)] * along[(0, j)] / square
                })
            };
            Self { f: by(&self.f, size.recip()), g: by(&self.g, size) }
        }
    }

    fn beside(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
        Mat::from_fn(a.nrows(), a.ncols() + b.ncols(), |i, j| {
            if j < a.ncols() { a[(i, j)] } else { b[(i, j - a.ncols())] }
        })
    }

    fn tensor(x: &Mat<f64>) -> Tensor {
        let values = x.row_iter().flat_map(|row| row.iter().copied().collect::<Vec<_>>()).collect();
        Tensor { rows: x.nrows(), cols: x.ncols(), values, is_f32: false }
    }

    /// On no more contexts than the questions need.
    fn run(a: &World, b: &World, questions: Questions) -> TensorsReport {
        let n = if questions.labelled.is_some() { CONTEXTS } else { UNLABELLED };
        let f = |world: &World| tensor(&world.f.subrows(0, n.min(world.f.nrows())).to_owned());
        let input = Tensors { f_a: f(a), g_a: tensor(&a.g), f_b: f(b), g_b: tensor(&b.g), questions };
        analyze_tensors(&input, 3, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    fn by_property(report: &TensorsReport) -> Vec<&PropertyReport> {
        let properties: Vec<Property> = report.properties.iter().map(|p| p.property).collect();
        assert_eq!(properties, ALL);
        report.properties.iter().collect()
    }

    /// What is drawn of a twin: the same visible arrows and nulls, other raw ones, every draw of every null counted.
    fn check_drawings(p: &PropertyReport) {
        let s = p.scores.as_ref().unwrap();
        let is_refitted = !matches!(p.property, Property::Parallelism | Property::LinearSteering);
        let n_draws = if is_refitted { 499 } else { 999 };
        for score in [&s.raw_a, &s.raw_b, &s.visible_a, &s.visible_b, &s.dark_removed_a, &s.dark_removed_b] {
            assert_eq!(score.null.counts.iter().sum::<u32>(), n_draws, "{:?}", p.property);
            assert!(score.null.low <= score.null_mean && score.null_mean <= score.null.high);
        }
        assert!((s.visible_a.null.low - s.visible_b.null.low).abs() < 1e-6, "{:?}", p.property);
        assert_eq!(p.arrows.is_some(), p.property == Property::Parallelism);
        let Some(arrows) = &p.arrows else { return };
        assert_eq!(arrows.visible_a.ends.len(), p.used.len());
        let apart = |one: &Plane, other: &Plane| {
            let distance = |(p, q): (&(f64, f64), &(f64, f64))| (p.0 - q.0).hypot(p.1 - q.1);
            one.ends.iter().zip(&other.ends).map(distance).fold(0.0, f64::max)
        };
        assert!(apart(&arrows.visible_a, &arrows.visible_b) < 1e-8);
        assert!(apart(&arrows.raw_a, &arrows.raw_b) > 0.1);
    }

    /// A twin has every visible property that its model has and none that it has not; what was found in one serves in
    /// the other as well as its own.
    #[test]
    fn twins_share_every_visible_property_and_what_is_found_in_one_serves_in_the_other() {
        for (world, (subjects, answers), kind) in [
            (World::linear(1), (3 * SUBJECTS / 4, ANSWERS / 2), VerdictKind::HeldByAll),
            (World::of_noise(2), (SUBJECTS, ANSWERS), VerdictKind::HeldByNone),
        ] {
            let report = run(&world, &world.twin(5), all_questions(subjects, answers));
            assert_eq!((report.level, report.r_a, report.r_b), (Level::Identical, D, D));
            let map = &report.nearness.map.values;
            assert!((0..D).all(|i| (0..D).all(|j| (map[i][j] - f64::from(u8::from(i == j))).abs() < 1e-3)));
            for p in by_property(&report) {
                let scores = p.scores.as_ref().unwrap();
                // Eighty subjects do not show that two halves agree by chance alone, only that nothing holds.
                let is_open = p.property == Property::LinearSubspace && kind == VerdictKind::HeldByNone;
                let expected = if is_open { VerdictKind::TooLittleData } else { kind };
                assert_eq!(p.verdict.visible.kind, expected, "{:?}: {:?}", p.property, scores.visible_a);
                let gap = p.visible_gap.unwrap();
                assert!(gap.found <= gap.allowed && gap.found < 1e-6, "{:?}: {gap:?}", p.property);
                assert_eq!(scores.visible_a.state, scores.visible_b.state);
                let is_of_hidden_states =
                    !matches!(p.property, Property::Parallelism | Property::LinearSubspace);
                assert_eq!(p.carried.is_some(), is_of_hidden_states, "{:?}", p.property);
                for carried in p.carried.iter().flat_map(|c| [c.b_from_a, c.a_from_b]) {
                    let apart = (carried.score - carried.own).abs();
                    assert!(apart < 1e-3, "{:?}: {carried:?}", p.property);
                    let beyond_chance = carried.own - carried.chance;
                    assert!((beyond_chance > 0.35) == (kind == VerdictKind::HeldByAll), "{carried:?}");
                }
                check_drawings(p);
                assert_eq!(p.subspace_agreement.is_some(), p.property == Property::LinearSubspace);
                assert!(p.subspace_agreement.is_none_or(|agreement| agreement > 1.0 - 1e-6));
            }
        }
    }

    /// Two models that hold every property each in its own way: no word about all or none, and probes and relations of
    /// one serve as badly in the other as in a shuffled model.
    #[test]
    fn unrelated_models_get_no_verdict_and_what_is_found_in_one_does_not_serve_in_the_other() {
        let (one, other, noise) = (World::linear(1), World::linear(4), World::of_noise(2));
        let report = run(&one, &other, all_questions(3 * SUBJECTS / 4, ANSWERS / 2));
        for p in by_property(&report) {
            for finding in [&p.verdict.visible, &p.verdict.raw] {
                assert_eq!(finding.kind, VerdictKind::NotEquivalent, "{:?}", p.property);
                assert_eq!(finding.reasons, [Reason::DistributionsDiffer]);
            }
            assert!(p.visible_gap.is_none() && p.scores.is_some());
            let is_compared = matches!(p.property, Property::RelationalLinearity | Property::LinearProbing);
            for carried in p.carried.iter().filter(|_| is_compared).flat_map(|c| [c.b_from_a, c.a_from_b]) {
                assert!(carried.own - carried.chance > 0.3, "{:?}: {carried:?}", p.property);
                assert!(carried.score < carried.chance + 0.15, "{:?}: {carried:?}", p.property);
            }
        }
        // Parallel pairs of both give the map between them one direction in common, so steering is tried from noise.
        let report = run(&noise, &other, questions(Property::LinearSteering));
        let steering = report.properties.iter().find(|p| p.property == Property::LinearSteering).unwrap();
        let carried = steering.carried.unwrap().b_from_a;
        assert!(carried.own > 1.5 && (carried.score - carried.chance).abs() < 0.5, "{carried:?}");
    }

    // Observations of the same worlds, for what matrices alone cannot ask.

    const PROMPTS: usize = 3;

    fn letters(i: usize) -> String {
        [i / 26, i % 26].map(|i| char::from(b'a' + i as u8)).into_iter().collect()
    }

    /// The concept of a world in words. The context in row i is called `ci`, the same with its query `ci q`.
    fn concept(property: Property, gamma: Gamma) -> Concept {
        let asked = questions(property);
        let word = |token: i64| letters(token as usize);
        let text = |row: i64| format!("c{row}");
        let pairs = asked.pairs.unwrap_or_default().into_iter().map(|(a, b)| (word(a), word(b))).collect();
        let relation = asked.relation.map(|rows| Relation {
            subjects: rows.iter().map(|(s, _)| s.to_string()).collect(),
            context: "c{}".into(),
            query: " q".into(),
            answers: asked.answers.unwrap_or_default().into_iter().map(word).collect(),
        });
        let labelled = asked.labelled.unwrap_or_default();
        let steering = asked.steering.unwrap_or_default();
        Concept {
            name: "concept".into(),
            pairs,
            relation,
            labelled: labelled.into_iter().map(|(row, label)| (text(row), label == 1)).collect(),
            steering: steering.into_iter().map(|(a, b)| (text(a), text(b))).collect(),
            gamma,
        }
    }

    fn experiment(concepts: Vec<Concept>) -> Experiment {
        Experiment {
            model_a: ModelSource::Bundled { name: "a".into() },
            model_b: ModelSource::Bundled { name: "b".into() },
            prompts: (0..PROMPTS).map(|i| format!("prompt {i}")).collect(),
            concepts,
            seed: 3,
            thresholds: Thresholds::default(),
        }
    }

    /// What an engine would observe: prompts (the world's first contexts), the concepts' contexts, the whole world.
    fn observe(world: &World, experiment: &Experiment, soft_cap: Option<f64>) -> Observation {
        let concept_rows =
            experiment.concept_contexts().into_iter().map(|text| match text.strip_suffix(" q") {
                Some(subject) => asked(subject[1..].parse().unwrap()),
                None => text[1..].parse().unwrap(),
            });
        let rows: Vec<usize> = (0..PROMPTS).chain(concept_rows).chain(0..UNLABELLED).collect();
        let (v, d) = (world.g.nrows(), world.g.ncols());
        let g = Mat::from_fn(v, d, |y, j| f64::from(world.g[(y, j)] as f32));
        let f = Mat::from_fn(rows.len(), d, |i, j| f64::from(world.f[(rows[i], j)] as f32));
        let log_probs = (0..PROMPTS).flat_map(|i| {
            let z = |y: usize| (0..d).map(|j| f[(i, j)] * g[(y, j)]).sum::<f64>();
            let mut log_p: Vec<f64> = (0..v).map(z).collect();
            log_p.iter_mut().for_each(|z| *z = soft_cap.map_or(*z, |cap| cap * (*z / cap).tanh()));
            log_softmax(&mut log_p);
            log_p.into_iter().map(|x| x as f32)
        });
        let floats = |x: &Mat<f64>| Floats(tensor(x).values.into_iter().map(|x| x as f32).collect());
        Observation {
            model: ModelCard {
                name: "test".into(),
                architecture: "none".into(),
                d_model: d,
                vocab_size: v,
                parameters: 0,
                sha256: "00".into(),
            },
            engine: EngineKind::Cpu,
            engine_detail: String::new(),
            n_prompts: PROMPTS,
            log_probs: Floats(log_probs.collect()),
            contexts: (0..rows.len()).map(|i| Context { text: i, token_ids: vec![i as u32] }).collect(),
            hidden: floats(&f),
            prompt_states: Floats::default(),
            unembedding: floats(&g),
            head_bias: None,
            tokens: (0..v).map(|y| format!(" {}", letters(y))).collect(),
            unreachable_ids: vec![],
            soft_cap,
        }
    }

    fn run_observed(a: &Observation, b: &Observation, experiment: &Experiment) -> Report {
        analyze(experiment, a, Some(b), &mut |_| ControlFlow::Continue(())).unwrap()
    }

    /// Which version of a property a case looks at.
    #[derive(Debug, Clone, Copy)]
    enum Of {
        Visible,
        Raw,
    }

    /// What the table below has seen.
    struct Seen(HashSet<Reason>);

    impl Seen {
        /// Asserts the verdict on one property of a report, and ticks its reasons off.
        fn check(
            &mut self,
            properties: &[PropertyReport],
            (property, of): (Property, Of),
            kind: VerdictKind,
            reasons: &[Reason],
        ) {
            let report = properties.iter().find(|p| p.property == property).unwrap();
            let finding = match of {
                Of::Visible => &report.verdict.visible,
                Of::Raw => &report.verdict.raw,
            };
            assert_eq!(
                (finding.kind, &finding.reasons[..]),
                (kind, reasons),
                "{property:?} {of:?}: {:#?}",
                report.scores
            );
            self.0.extend(reasons);
        }

        /// What cannot be decided for want of data or precision, or as the theorem does not apply, whatever the version.
        fn check_both(
            &mut self,
            properties: &[PropertyReport],
            property: Property,
            kind: VerdictKind,
            reason: &[Reason],
        ) {
            self.check(properties, (property, Of::Visible), kind, reason);
            self.check(properties, (property, Of::Raw), kind, reason);
        }
    }

    /// Every reason of the decision list comes out of a whole analysis.
    #[test]
    fn every_reason_is_reached_by_a_whole_analysis() {
        use Property::{LinearProbing, LinearSteering, LinearSubspace, Parallelism, RelationalLinearity};
        use VerdictKind::{CloseNotEquivalent, Mixed, NotEquivalent, OutOfClass, TooLittleData};
        let seen = &mut Seen(HashSet::new());
        let (linear, noise) = (World::linear(1), World::of_noise(2));
        let common = normal(1, D, 12);
        let moved = |world: &World, size: f64| World {
            g: &world.g + normal(TOKENS, D, 77) * faer::Scale(size),
            ..world.clone()
        };

        // Is the pair one that the theorem speaks of?
        let in_words = experiment(vec![concept(Parallelism, Gamma::Answers)]);
        let capped = observe(&linear, &in_words, Some(20.0));
        let report = run_observed(&capped, &capped, &in_words);
        seen.check_both(&report.properties, Parallelism, OutOfClass, &[Reason::OutOfClass]);
        let (plain, mut min_words) = (observe(&linear, &in_words, None), observe(&linear, &in_words, None));
        min_words.log_probs.0[TOKENS - 1] = f32::NEG_INFINITY;
        let report = run_observed(&plain, &min_words, &in_words);
        let reasons = [Reason::DistributionsDiffer, Reason::SupportMismatch];
        seen.check_both(&report.properties, Parallelism, NotEquivalent, &reasons);
        let of_pairs = || questions(Parallelism);
        let report = run(&linear, &noise, of_pairs());
        seen.check_both(&report.properties, Parallelism, NotEquivalent, &[Reason::DistributionsDiffer]);
        let report = run(&linear, &moved(&linear, 1e-3), of_pairs());
        seen.check_both(&report.properties, Parallelism, CloseNotEquivalent, &[Reason::DistributionsClose]);
        let bound = report.properties[0].verdict.visible_difference_bound.unwrap();
        assert!(bound > 0.0 && bound < 0.5, "{bound}");
        let texts = Some((0..UNLABELLED as i64).map(|i| i % 40).collect());
        let report = run(&linear, &moved(&linear, 1e-5), Questions { clusters: texts, ..of_pairs() });
        seen.check_both(&report.properties, Parallelism, TooLittleData, &[Reason::EqualityUndecided]);
        let large = World { f: &linear.f * faer::Scale(1e9), g: &linear.g * faer::Scale(1e9) };
        let report = run(&large, &large, of_pairs());
        seen.check_both(&report.properties, Parallelism, TooLittleData, &[Reason::PrecisionTooLow]);

        // Are there data enough?
        let twin = linear.twin(5);
        let mut lacking = |questions: Questions, property: Property, reason: Reason| {
            let report = run(&linear, &twin, questions);
            seen.check_both(&report.properties, property, TooLittleData, &[reason]);
        };
        let first = |list: &Option<Vec<(i64, i64)>>, n: usize| Some(list.as_ref().unwrap()[..n].to_vec());
        let relation = questions(RelationalLinearity);
        let few_subjects = Questions { relation: first(&relation.relation, 19), ..relation.clone() };
        lacking(few_subjects.clone(), RelationalLinearity, Reason::TooFewSubjects);
        lacking(few_subjects, LinearSubspace, Reason::TooFewSubjects);
        let one_answer = Questions { answers: Some(vec![50, 50]), ..relation.clone() };
        lacking(one_answer.clone(), RelationalLinearity, Reason::TooFewAnswers);
        lacking(one_answer, LinearSubspace, Reason::TooFewAnswers);
        let steering = questions(LinearSteering);
        let few_pairs = Questions { pairs: first(&steering.pairs, 5), ..steering.clone() };
        lacking(few_pairs.clone(), Parallelism, Reason::TooFewPairs);
        lacking(few_pairs, LinearSteering, Reason::TooFewPairs);
        lacking(Questions { pairs: None, ..steering }, LinearSteering, Reason::TooFewPairs);
        let probing = questions(LinearProbing);
        lacking(
            Questions { labelled: first(&probing.labelled, 39), ..probing.clone() },
            LinearProbing,
            Reason::TooFewPerClass,
        );
        let all_true = (0..LABELLED).map(|i| (labelled(i) as i64, 1)).collect();
        lacking(
            Questions { labelled: Some(all_true), ..probing.clone() },
            LinearProbing,
            Reason::TooFewPerClass,
        );
        let seven = |n: usize| Some((0..n as i64).map(|i| i % 7).collect());
        lacking(Questions { clusters: seven(CONTEXTS), ..probing }, LinearProbing, Reason::TooFewTexts);
        let report = run(&linear, &twin, Questions { clusters: seven(UNLABELLED), ..of_pairs() });
        let few_texts = [Reason::TooFewTexts];
        seen.check(&report.properties, (Parallelism, Of::Visible), TooLittleData, &few_texts);
        let seven_steps = Questions {
            steering: first(&questions(LinearSteering).steering, 7),
            ..questions(LinearSteering)
        };
        let report = run(&linear, &twin, seven_steps);
        seen.check(&report.properties, (LinearSteering, Of::Visible), TooLittleData, &few_texts);
        let mut partly_linear = linear.clone();
        for j in 0..D {
            (0..SUBJECTS).for_each(|i| partly_linear.f[(asked(i), j)] += 0.8 * noise.f[(asked(i), j)]);
        }
        let fewer_than_dimensions = Questions { relation: first(&relation.relation, 22), ..relation };
        let report = run(&partly_linear, &partly_linear.twin(5), fewer_than_dimensions);
        let rising = [Reason::LearningCurveRising];
        seen.check(&report.properties, (RelationalLinearity, Of::Raw), TooLittleData, &rising);
        let mut same_tokens = linear.clone();
        (0..D).for_each(|j| same_tokens.g[(1, j)] = same_tokens.g[(0, j)]);
        let report = run(&same_tokens, &same_tokens.twin(5), of_pairs());
        seen.check_both(&report.properties, Parallelism, TooLittleData, &[Reason::NoVariation]);
        let six = Questions { pairs: first(&of_pairs().pairs, 6), ..of_pairs() };
        let report = run(&noise, &noise.twin(5), six);
        seen.check_both(&report.properties, Parallelism, TooLittleData, &[Reason::PropertyUncertain]);

        // Which hypothesis fails?
        let dark_noise = normal(TOKENS, 40, 91) * faer::Scale(15.0);
        let hidden = linear.with_dark(None, Some(dark_noise.clone()));
        let report = run(&linear, &hidden, of_pairs());
        seen.check(&report.properties, (Parallelism, Of::Raw), Mixed, &[Reason::DarkUnembedding]);
        seen.check(&report.properties, (Parallelism, Of::Visible), VerdictKind::HeldByAll, &[]);
        let report = run(&linear.first_contexts(100), &hidden.first_contexts(100), of_pairs());
        let reasons = [Reason::DarkUnembedding, Reason::FDiversityUntested];
        seen.check(&report.properties, (Parallelism, Of::Raw), Mixed, &reasons);
        let faint = normal(CONTEXTS, 1, 92) * faer::Scale(3e-14);
        let report = run(&linear, &hidden.with_dark(Some(faint), None), of_pairs());
        let reasons = [Reason::DarkUnembedding, Reason::RankUnresolved];
        seen.check(&report.properties, (Parallelism, Of::Raw), Mixed, &reasons);

        let report = run(&linear, &linear.stretched(&common, 0.02), of_pairs());
        seen.check(&report.properties, (Parallelism, Of::Raw), Mixed, &[Reason::ScoreNotInvariant]);
        let weak = linear.stretched(&common, 0.05).with_dark(None, Some(dark_noise));
        let report = run(&linear, &weak, of_pairs());
        seen.check(&report.properties, (Parallelism, Of::Raw), Mixed, &[Reason::CauseUnresolved]);

        // Acceptance test 14: the label, or the answers, in a coordinate that no unembedding reads.
        let label = Mat::from_fn(CONTEXTS, 1, |row, _| {
            let is_true = row >= labelled(0) && row < labelled(LABELLED) && (row - labelled(0)) % 2 == 1;
            if is_true { 20.0 } else { 0.0 }
        });
        let report = run(&noise, &noise.with_dark(Some(label), None), questions(LinearProbing));
        seen.check(&report.properties, (LinearProbing, Of::Raw), Mixed, &[Reason::DarkEmbedding]);
        seen.check(&report.properties, (LinearProbing, Of::Visible), VerdictKind::HeldByNone, &[]);
        assert!(report.properties[0].scores.as_ref().unwrap().raw_b.score > 0.99);
        let log_ratios = &noise.f * noise.g.subrows(2 * PAIRS, ANSWERS).transpose();
        let leaked = Mat::from_fn(CONTEXTS, ANSWERS, |row, y| {
            if row < SUBJECTS { 5.0 * log_ratios[(asked(row), y)] } else { 0.0 }
        });
        let report = run(&noise, &noise.with_dark(Some(leaked), None), questions(RelationalLinearity));
        seen.check(&report.properties, (RelationalLinearity, Of::Raw), Mixed, &[Reason::DarkEmbedding]);
        seen.check(&report.properties, (RelationalLinearity, Of::Visible), VerdictKind::HeldByNone, &[]);

        // All of f(s∘q) is asked for, of which B has a part that no unembedding reads and that no subject predicts.
        let asked_whole = experiment(vec![concept(RelationalLinearity, Gamma::WholeSpace)]);
        let unpredicted = linear.with_dark(Some(normal(CONTEXTS, 3, 93) * faer::Scale(15.0)), None);
        let (a, b) = (observe(&linear, &asked_whole, None), observe(&unpredicted, &asked_whole, None));
        let report = run_observed(&a, &b, &asked_whole);
        assert!(report.properties[0].carried.is_none(), "whole hidden states have no common coordinates");
        seen.check(&report.properties, (RelationalLinearity, Of::Raw), Mixed, &[Reason::GammaNotVisible]);
        seen.check(&report.properties, (RelationalLinearity, Of::Visible), VerdictKind::HeldByAll, &[]);

        // B's unembeddings share a direction that no hidden state has, and the vector built from them points there.
        let mut shared = normal(TOKENS, 1, 94) * faer::Scale(0.2);
        (0..PAIRS).for_each(|i| shared[(2 * i + 1, 0)] += 4.0);
        let report = run(&noise, &noise.with_dark(None, Some(shared)), questions(LinearSteering));
        seen.check(&report.properties, (LinearSteering, Of::Raw), Mixed, &[Reason::SteeringLeavesSimF]);
        seen.check(&report.properties, (LinearSteering, Of::Visible), VerdictKind::HeldByNone, &[]);

        for (i, reason) in REASONS.into_iter().enumerate() {
            assert_eq!(place(reason), i);
            assert!(seen.0.contains(&reason), "{reason:?}");
        }
    }
}
