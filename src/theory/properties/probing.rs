//! Linear probing: does a logistic probe tell labelled contexts apart? (theory.md §5.8)
//!
//! The probe sees its features only through their inner products, so that it is the same in every orthonormal basis:
//! raw (features F), visible (features with Gram matrix K_vis = F C_g Fᵀ, a function of the distribution) and without
//! dark parts (F U_M) differ in the features that are passed, and in nothing else.

use std::collections::HashMap;

use faer::{Mat, MatRef};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::parallelism::MIN_TEXTS;
use super::score::{Carried, Details, Histogram, Measured};
use crate::theory::representation::{TheoryError, centred, select_rows, triangular_factor};
use crate::theory::statistics::{
    BOOTSTRAP_REPLICATES, Stream, bca_interval, cluster_members, generator, mean, multinomial_counts,
    permutation, permutation_p, wilson_interval,
};
use crate::theory::verdict::Reason;

/// Fewest contexts of each class on which a state may be claimed.
pub const MIN_PER_CLASS: usize = 20;
/// Held-out contexts whose side of the boundary rounding may decide where two distributions are equal.
pub const VISIBLE_ITEMS_ALLOWED: usize = 1;

const FOLDS: usize = 5;
/// Largest gradient at which the probe of the observed labels counts as fitted.
const TIGHT: f64 = 1e-10;
/// The same for permuted labels, of whose decisions only the signs matter: about one in a thousand changes.
const LOOSE: f64 = 3e-2;
/// Steps after which a fit ends in any case.
const MAX_STEPS: usize = 20_000;
/// Permutations fitted in one product: enough to be one, few enough to stay in a cache.
const DRAWS_PER_BLOCK: usize = 32;
/// A decision value this near zero is none, so that equal models get equal answers.
const TIE: f64 = 1e-9;
/// Accuracy of guessing.
const CHANCE: f64 = 0.5;

/// What only probing has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbingDetails {
    /// Area under the held-out ROC curve, in [0, 1]: share of (true, false) pairs of contexts in the right order. Only
    /// contexts of one fold are compared, as decision values of different probes have no common scale.
    pub auc: f64,
    /// Held-out balanced accuracy of guessing the label from the context's last token alone; none where the tokens of
    /// the contexts are not known.
    pub token_identity: Option<f64>,
    /// Contexts labelled false and true.
    pub n_per_class: (usize, usize),
}

/// Labelled contexts.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Rows of the features, each once.
    pub contexts: &'a [usize],
    /// Label of each listed context.
    pub labels: &'a [bool],
    /// Text of each listed context: contexts of one text are trained on together or held out together.
    pub texts: &'a [usize],
    /// Last token of each listed context, where known.
    pub last_tokens: Option<&'a [u32]>,
    /// Label permutations.
    pub n_draws: usize,
    /// Seed of folds, permutations and bootstrap. Both models are asked with one seed, so that equal models get equal
    /// answers.
    pub seed: u64,
}

/// Balanced accuracy, in [0, 1], of logistic probes on `features` (`[n, p]`, one row for every context of the run),
/// each trained on four fifths of the texts and tested on the others; bootstrapped over texts with the held-out
/// decisions fixed, and never narrower than Wilson's intervals of both classes make it.
///
/// The probe minimises ½‖w‖² + Σ log-loss (scikit-learn's C = 1, intercept free) on features centred over the training
/// contexts and multiplied by one number, which makes their total variance n_train − 1: variance one, on average, in
/// each direction that n_train centred contexts can span. Both depend on the features through inner products only.
/// There is no search for a better penalty: one that ignores the labels is the same for permuted labels, so that the
/// permutation test compares like with like and stays exact.
///
/// Folds are stratified by label; the null permutes labels within them (texts against texts of the fold, contexts
/// within their text), which keeps every fold's class counts, and refits everything.
///
/// # Errors
/// [`TheoryError::NoConvergence`] where the singular values of the training features are not found.
pub fn measure(features: MatRef<'_, f64>, question: &Question<'_>) -> Result<Measured, TheoryError> {
    let chosen = select_rows(features, question.contexts);
    let n_per_class = class_sizes(question.labels);
    let members = cluster_members(question.texts);
    let details = |auc, token_identity| Details::Probing(ProbingDetails { auc, token_identity, n_per_class });
    let varies = varies(&chosen);
    let shortage = if !varies {
        Some(Reason::NoVariation)
    } else if n_per_class.0.min(n_per_class.1) < MIN_PER_CLASS {
        Some(Reason::TooFewPerClass)
    } else {
        (members.len() < MIN_TEXTS).then_some(Reason::TooFewTexts)
    };
    if !varies || n_per_class.0.min(n_per_class.1) == 0 || members.len() < 2 {
        return Ok(Measured {
            score: CHANCE,
            null_mean: CHANCE,
            null: Histogram::default(),
            effect_interval: (-CHANCE, CHANCE),
            p: 1.0,
            shortage,
            details: details(CHANCE, None),
        });
    }
    let folds = stratified_folds(&members, question.labels, question.seed);
    let exchange = Exchange::new(&members, question.labels, &folds);
    let probes = cross_validation(&reduced(&chosen), &folds)?;
    let decisions = held_out_decisions(&probes, &observed(question.labels), TIGHT);
    let decisions = decisions.col_as_slice(0);
    let null = null_scores(&probes, &exchange, question);
    let tallies = TextTallies::new(&members, question.labels, |i| right(decisions[i], question.labels[i]));
    let score = tallies.score();
    let null_mean = if null.is_empty() { CHANCE } else { mean(&null) };
    let (low, high) = tallies.interval(question.seed);
    let token_identity =
        question.last_tokens.map(|tokens| token_identity(tokens, question.labels, &folds, &members));
    Ok(Measured {
        score,
        null_mean,
        null: Histogram::of(&null),
        effect_interval: (low - null_mean, high - null_mean),
        p: permutation_p(score, &null),
        shortage,
        details: details(auc(decisions, question.labels, &folds), token_identity),
    })
}

/// The probes of A tried in B: trained on `fit_features` (`[n, p]`, A's), tested on the held-out contexts with
/// `eval_features` (`[n, p]`: B's in A's coordinates, F_B T with g_B ≈ T g_A). `own` is the score of B's own probes.
/// Chance is the mean score over all orders of B's rows, in closed form: each context decided upon by the row of any.
///
/// # Errors
/// [`TheoryError::NoConvergence`] where the singular values of the training features are not found.
pub fn carried(
    fit_features: MatRef<'_, f64>,
    eval_features: MatRef<'_, f64>,
    own: f64,
    question: &Question<'_>,
) -> Result<Carried, TheoryError> {
    let fitted = select_rows(fit_features, question.contexts);
    let tried = select_rows(eval_features, question.contexts);
    let labels = question.labels;
    let members = cluster_members(question.texts);
    let classes = class_sizes(labels);
    if !varies(&fitted) || classes.0.min(classes.1) == 0 || members.len() < 2 {
        return Ok(Carried { score: CHANCE, interval: (0.0, 1.0), own, chance: CHANCE });
    }
    let folds = stratified_folds(&members, labels, question.seed);
    let observed = observed(labels);
    let everyone: Vec<usize> = (0..labels.len()).collect();
    let mut rights = vec![(0.0, 0.0); labels.len()];
    for fold in 0..FOLDS {
        let (train, held_out) = split(&folds, fold);
        let probe = Probe::new(&fitted, &tried, train, everyone.clone())?;
        let decisions = probe.decisions(&observed, TIGHT);
        let decisions = decisions.col_as_slice(0);
        let says_true = mean(&decisions.iter().map(|&decision| right(decision, true)).collect::<Vec<_>>());
        for i in held_out {
            let by_any = if labels[i] { says_true } else { 1.0 - says_true };
            rights[i] = (right(decisions[i], labels[i]), by_any);
        }
    }
    let tallies = TextTallies::new(&members, labels, |i| rights[i].0);
    let chance = TextTallies::new(&members, labels, |i| rights[i].1).score();
    Ok(Carried { score: tallies.score(), interval: tallies.interval(question.seed), own, chance })
}

/// The most by which visible scores of equal distributions may differ: as much as balanced accuracy moves when
/// [`VISIBLE_ITEMS_ALLOWED`] contexts of the smaller class change sides (theory.md §5.10, rule 4), and rounding.
pub fn visible_gap_allowed(n_false: usize, n_true: usize) -> f64 {
    VISIBLE_ITEMS_ALLOWED as f64 / (2 * n_false.min(n_true).max(1)) as f64 + 1e-9
}

fn class_sizes(labels: &[bool]) -> (usize, usize) {
    let n_true = labels.iter().filter(|&&label| label).count();
    (labels.len() - n_true, n_true)
}

fn observed(labels: &[bool]) -> Mat<f64> {
    Mat::from_fn(labels.len(), 1, |i, _| f64::from(labels[i]))
}

/// Differences below what f32 resolves are rounding: features that have no others are constant.
fn varies(x: &Mat<f64>) -> bool {
    x.nrows() > 1 && centred(x.as_ref()).norm_l2() > f64::from(f32::EPSILON) * x.norm_l2()
}

/// Centred features of the same inner products with at most as many columns as rows.
fn reduced(x: &Mat<f64>) -> Mat<f64> {
    let x = centred(x.as_ref());
    if x.ncols() > x.nrows() { triangular_factor(x.transpose()).transpose().to_owned() } else { x }
}

/// Fold of each context: texts in random order, those with fewer true labels first, dealt in turn.
fn stratified_folds(members: &[Vec<usize>], labels: &[bool], seed: u64) -> Vec<usize> {
    let share_true = |text: usize| {
        members[text].iter().filter(|&&i| labels[i]).count() as f64 / members[text].len() as f64
    };
    let mut order = permutation(members.len(), &mut generator(seed, Stream::Split));
    order.sort_by(|&a, &b| share_true(a).total_cmp(&share_true(b)));
    let mut folds = vec![0; labels.len()];
    for (rank, text) in order.into_iter().enumerate() {
        members[text].iter().for_each(|&i| folds[i] = rank % FOLDS);
    }
    folds
}

/// Contexts to train on and contexts held out.
fn split(folds: &[usize], fold: usize) -> (Vec<usize>, Vec<usize>) {
    (0..folds.len()).partition(|&i| folds[i] != fold)
}

/// Which labels may change places. Dealing stratified folds is equally likely to give these folds after any such
/// exchange, so that, where features say nothing of labels, all exchanges are equally likely to be what is observed.
struct Exchange {
    /// Texts of one fold (and, unless each text has one label, of one size), each a list of places.
    groups: Vec<Vec<Vec<usize>>>,
}

impl Exchange {
    fn new(members: &[Vec<usize>], labels: &[bool], folds: &[usize]) -> Self {
        let one_label_each = members.iter().all(|text| text.iter().all(|&i| labels[i] == labels[text[0]]));
        let mut groups = std::collections::BTreeMap::<_, Vec<Vec<usize>>>::new();
        for text in members {
            let size = if one_label_each { 0 } else { text.len() };
            groups.entry((folds[text[0]], size)).or_default().push(text.clone());
        }
        Self { groups: groups.into_values().collect() }
    }

    /// Labels as 0 and 1 after a random exchange, into `exchanged`.
    fn draw(&self, labels: &[bool], rng: &mut ChaCha8Rng, exchanged: &mut [f64]) {
        for group in &self.groups {
            for (text, from) in group.iter().zip(permutation(group.len(), rng)) {
                let mut of_text: Vec<bool> = group[from].iter().map(|&i| labels[i]).collect();
                of_text.shuffle(rng);
                for (&i, &label) in text.iter().zip(of_text.iter().cycle()) {
                    exchanged[i] = f64::from(label);
                }
            }
        }
    }
}

/// Everything of one fold that does not depend on labels, in coordinates where the curvature of the loss is at most
/// one: along the singular vectors of the training features it is at most 1 + s²/4, as a logistic loss curves by at
/// most ¼ (Böhning and Lindsay 1988), and along the intercept at most n_train/4.
struct Probe {
    train: Vec<usize>,
    tested: Vec<usize>,
    /// `[n_train, 1 + rank]`: the constant feature, then the others.
    design: Mat<f64>,
    /// The same of the tested contexts.
    tested_design: Mat<f64>,
    /// Penalty of each squared weight, halved: none for the intercept.
    penalty: Vec<f64>,
}

impl Probe {
    /// Trained on rows of `fitted`, tested on rows of `tried`, which has the same coordinates.
    fn new(
        fitted: &Mat<f64>,
        tried: &Mat<f64>,
        train: Vec<usize>,
        tested: Vec<usize>,
    ) -> Result<Self, TheoryError> {
        let x = select_rows(fitted.as_ref(), &train);
        let apart = centred(x.as_ref());
        let n = train.len() as f64;
        let size = apart.norm_l2();
        let scale = if varies(&x) { (n - 1.0) / size } else { 0.0 };
        let svd = apart
            .thin_svd()
            .map_err(|_| TheoryError::NoConvergence { rows: x.nrows(), columns: x.ncols() })?;
        let sigmas: Vec<f64> = svd.S().column_vector().iter().map(|sigma| scale * sigma).collect();
        let stretch: Vec<f64> =
            sigmas.iter().map(|sigma| (1.0 + sigma * sigma / 4.0).sqrt().recip()).collect();
        let constant = 2.0 / n.sqrt();
        let u = svd.U();
        let design = Mat::from_fn(train.len(), 1 + sigmas.len(), |i, k| {
            if k == 0 { constant } else { u[(i, k - 1)] * sigmas[k - 1] * stretch[k - 1] }
        });
        let along = from_mean_of(&x, &select_rows(tried.as_ref(), &tested)) * svd.V();
        let tested_design = Mat::from_fn(tested.len(), 1 + sigmas.len(), |i, k| {
            if k == 0 { constant } else { along[(i, k - 1)] * scale * stretch[k - 1] }
        });
        let penalty = std::iter::once(0.0).chain(stretch.iter().map(|s| s * s)).collect();
        Ok(Self { train, tested, design, tested_design, penalty })
    }

    /// Decision values (log-odds of true) of the tested contexts, `[n_tested, n_draws]`, for each column of `labels`
    /// (0 and 1, `[n, n_draws]`). Zero where the training contexts have one class only.
    fn decisions(&self, labels: &Mat<f64>, tolerance: f64) -> Mat<f64> {
        let labels = select_rows(labels.as_ref(), &self.train);
        let one_class = |j: usize| labels.col(j).iter().all(|&label| label == labels[(0, j)]);
        if (0..labels.ncols()).any(one_class) {
            return Mat::zeros(self.tested.len(), labels.ncols());
        }
        &self.tested_design * self.weights(&labels, tolerance)
    }

    /// Weights of least loss, `[1 + rank, n_draws]`, by Nesterov's accelerated gradient, restarted for each draw where
    /// its momentum leads uphill (O'Donoghue and Candès 2015). The first step is Newton's.
    fn weights(&self, labels: &Mat<f64>, tolerance: f64) -> Mat<f64> {
        let (width, draws) = (self.design.ncols(), labels.ncols());
        let mut weights = Mat::<f64>::zeros(width, draws);
        let mut ahead = weights.clone();
        let mut age = vec![0.0; draws];
        for _ in 0..MAX_STEPS {
            let mut residual = &self.design * &ahead;
            for j in 0..draws {
                for (value, label) in residual.col_as_slice_mut(j).iter_mut().zip(labels.col_as_slice(j)) {
                    *value = 1.0 / (1.0 + (-*value).exp()) - label;
                }
            }
            let mut gradient = self.design.transpose() * residual;
            let mut largest = 0.0_f64;
            for j in 0..draws {
                let gradient = gradient.col_as_slice_mut(j);
                let (weights, ahead) = (weights.col_as_slice_mut(j), ahead.col_as_slice_mut(j));
                let mut uphill = 0.0;
                for k in 0..width {
                    gradient[k] += self.penalty[k] * ahead[k];
                    largest = largest.max(gradient[k].abs());
                    uphill += gradient[k] * (ahead[k] - gradient[k] - weights[k]);
                }
                age[j] = if uphill > 0.0 { 0.0 } else { age[j] + 1.0 };
                let momentum = age[j] / (age[j] + 3.0);
                for k in 0..width {
                    let next = ahead[k] - gradient[k];
                    ahead[k] = next + momentum * (next - weights[k]);
                    weights[k] = next;
                }
            }
            if largest <= tolerance {
                break;
            }
        }
        weights
    }
}

/// Rows of Y with the mean row of X taken from each.
fn from_mean_of(x: &Mat<f64>, y: &Mat<f64>) -> Mat<f64> {
    let means: Vec<f64> = (0..x.ncols()).map(|j| x.col(j).iter().sum::<f64>() / x.nrows() as f64).collect();
    Mat::from_fn(y.nrows(), y.ncols(), |i, j| y[(i, j)] - means[j])
}

/// One probe a fold, tested on the contexts that it was not trained on.
fn cross_validation(features: &Mat<f64>, folds: &[usize]) -> Result<Vec<Probe>, TheoryError> {
    (0..FOLDS)
        .map(|fold| split(folds, fold))
        .filter(|(_, held_out)| !held_out.is_empty())
        .map(|(train, held_out)| Probe::new(features, features, train, held_out))
        .collect()
}

/// Decision value of every context by the probe that was not trained on it, `[n, n_draws]`.
fn held_out_decisions(probes: &[Probe], labels: &Mat<f64>, tolerance: f64) -> Mat<f64> {
    let mut all = Mat::zeros(labels.nrows(), labels.ncols());
    for probe in probes {
        let decisions = probe.decisions(labels, tolerance);
        for j in 0..labels.ncols() {
            for (row, &i) in probe.tested.iter().enumerate() {
                all[(i, j)] = decisions[(row, j)];
            }
        }
    }
    all
}

fn null_scores(probes: &[Probe], exchange: &Exchange, question: &Question<'_>) -> Vec<f64> {
    let rng = &mut generator(question.seed, Stream::NullShuffled);
    let mut scores = Vec::with_capacity(question.n_draws);
    while scores.len() < question.n_draws {
        let draws = DRAWS_PER_BLOCK.min(question.n_draws - scores.len());
        let mut labels = Mat::zeros(question.labels.len(), draws);
        (0..draws).for_each(|j| exchange.draw(question.labels, rng, labels.col_as_slice_mut(j)));
        let decisions = held_out_decisions(probes, &labels, LOOSE);
        scores.extend((0..draws).map(|j| {
            let mut tally = Tally::default();
            for (&decision, &label) in decisions.col(j).iter().zip(labels.col(j).iter()) {
                let label = label > 0.0;
                tally.add(label, right(decision, label));
            }
            tally.balanced_accuracy()
        }));
    }
    scores
}

/// 1 where the decision is the label's, ½ where there is none.
fn right(decision: f64, label: bool) -> f64 {
    if decision.abs() <= TIE { CHANCE } else { f64::from((decision > 0.0) == label) }
}

/// Contexts, and right decisions on them, of the class false and of the class true.
#[derive(Clone, Copy, Default)]
struct Tally {
    size: [f64; 2],
    right: [f64; 2],
}

impl Tally {
    fn add(&mut self, label: bool, right: f64) {
        self.size[usize::from(label)] += 1.0;
        self.right[usize::from(label)] += right;
    }

    fn add_weighted(&mut self, other: &Self, weight: f64) {
        for class in 0..2 {
            self.size[class] += weight * other.size[class];
            self.right[class] += weight * other.right[class];
        }
    }

    /// 95% interval of balanced accuracy from Wilson's intervals of both classes (method of variance estimates recovery):
    /// a resample of decisions that are all right never has a wrong one, yet few of them do not rule it out.
    fn wilson_interval(&self) -> (f64, f64) {
        let [of_false, of_true] = [0, 1].map(|class| match self.size[class] {
            0.0 => (CHANCE, 0.0, 1.0),
            n => {
                let (low, high) = wilson_interval(self.right[class], n);
                (self.right[class] / n, low, high)
            }
        });
        let below = ((of_false.0 - of_false.1).powi(2) + (of_true.0 - of_true.1).powi(2)).sqrt();
        let above = ((of_false.2 - of_false.0).powi(2) + (of_true.2 - of_true.0).powi(2)).sqrt();
        let centre = self.balanced_accuracy();
        ((centre - 0.5 * below).max(0.0), (centre + 0.5 * above).min(1.0))
    }

    /// Mean over both classes of the share of right decisions; a class without contexts counts as guessed.
    fn balanced_accuracy(&self) -> f64 {
        let of_class = |class: usize| {
            if self.size[class] > 0.0 { self.right[class] / self.size[class] } else { CHANCE }
        };
        0.5 * (of_class(0) + of_class(1))
    }
}

/// The tally of each text.
struct TextTallies(Vec<Tally>);

impl TextTallies {
    fn new(members: &[Vec<usize>], labels: &[bool], right: impl Fn(usize) -> f64) -> Self {
        let of_text = |text: &Vec<usize>| {
            let mut tally = Tally::default();
            text.iter().for_each(|&i| tally.add(labels[i], right(i)));
            tally
        };
        Self(members.iter().map(of_text).collect())
    }

    fn weighted(&self, weights: impl Iterator<Item = f64>) -> f64 {
        let mut total = Tally::default();
        self.0.iter().zip(weights).for_each(|(tally, weight)| total.add_weighted(tally, weight));
        total.balanced_accuracy()
    }

    fn score(&self) -> f64 {
        self.weighted(self.0.iter().map(|_| 1.0))
    }

    fn interval(&self, seed: u64) -> (f64, f64) {
        let n = self.0.len();
        let rng = &mut generator(seed, Stream::PropertyBootstrap);
        let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
            .map(|_| self.weighted(multinomial_counts(n, rng).into_iter()))
            .collect();
        let without = |text: usize| self.weighted((0..n).map(move |other| f64::from(other != text)));
        let resampled = bca_interval(&mut replicates, self.score(), &[(0..n).map(without).collect()]);
        let wilson = self.total().wilson_interval();
        (resampled.0.min(wilson.0), resampled.1.max(wilson.1))
    }

    fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.0.iter().for_each(|tally| total.add_weighted(tally, 1.0));
        total
    }
}

/// Share of (true, false) pairs of one fold that the decision values put in the right order, ties counting half.
fn auc(decisions: &[f64], labels: &[bool], folds: &[usize]) -> f64 {
    let (mut right, mut pairs) = (0.0, 0.0);
    for i in (0..labels.len()).filter(|&i| labels[i]) {
        for j in (0..labels.len()).filter(|&j| !labels[j] && folds[i] == folds[j]) {
            let ahead = decisions[i] - decisions[j];
            right += if ahead.abs() <= TIE { CHANCE } else { f64::from(ahead > 0.0) };
            pairs += 1.0;
        }
    }
    if pairs > 0.0 { right / pairs } else { CHANCE }
}

/// Balanced accuracy of the commonest label of the training contexts with the same last token; where there is none, or
/// two, guessing counts half.
fn token_identity(tokens: &[u32], labels: &[bool], folds: &[usize], members: &[Vec<usize>]) -> f64 {
    // True labels less false ones, by token, and by token within a fold.
    let mut everywhere = HashMap::<u32, i64>::new();
    let mut in_fold = HashMap::<(u32, usize), i64>::new();
    for ((&token, &label), &fold) in tokens.iter().zip(labels).zip(folds) {
        let vote = if label { 1 } else { -1 };
        *everywhere.entry(token).or_default() += vote;
        *in_fold.entry((token, fold)).or_default() += vote;
    }
    let guess = |i: usize| everywhere[&tokens[i]] - in_fold[&(tokens[i], folds[i])];
    TextTallies::new(members, labels, |i| right(guess(i) as f64, labels[i])).score()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::equivalence::Level;
    use crate::theory::properties::score::Rule;
    use crate::theory::representation::from_row_major;
    use crate::theory::subspace::VisibleSubspaces;
    use crate::theory::twin::tests::{max_abs_dlogp, normal, padded};
    use crate::theory::twin::{TwinKind, build, change_basis};
    use crate::theory::verdict::{
        Evidence, Finding, Hypothesis, PropertyState, States, VerdictKind, Version, VisibleGap, decide,
    };
    use crate::theory::{Precision, Representation};
    use proptest::prelude::*;

    const RULE: Rule = Rule { delta: 0.1, max_p: 0.01 };

    /// X with XXᵀ = F C_g Fᵀ.
    fn visible_features(model: &Representation) -> Mat<f64> {
        let factor = triangular_factor(centred(model.g.as_ref()).as_ref());
        &model.f * factor.transpose() * faer::Scale(1.0 / (model.n_tokens() as f64).sqrt())
    }

    fn own(measured: &Measured) -> &ProbingDetails {
        match &measured.details {
            Details::Probing(own) => own,
            other => panic!("not of probing: {other:?}"),
        }
    }

    /// Labels that alternate, one context a text.
    struct Data {
        contexts: Vec<usize>,
        labels: Vec<bool>,
        texts: Vec<usize>,
    }

    impl Data {
        fn new(n: usize) -> Self {
            let all: Vec<usize> = (0..n).collect();
            Self { labels: all.iter().map(|i| i % 2 == 1).collect(), texts: all.clone(), contexts: all }
        }

        fn ask(&self, n_draws: usize) -> Question<'_> {
            Question {
                contexts: &self.contexts,
                labels: &self.labels,
                texts: &self.texts,
                last_tokens: None,
                n_draws,
                seed: 5,
            }
        }
    }

    /// Noise whose first feature is `strength` larger where the label is true.
    fn labelled(n: usize, p: usize, strength: f64, seed: u64) -> Mat<f64> {
        let noise = normal(n, p, seed);
        Mat::from_fn(n, p, |i, j| noise[(i, j)] + if j == 0 && i % 2 == 1 { strength } else { 0.0 })
    }

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        n: usize,
        p: usize,
        x: Vec<i32>,
        labels: Vec<bool>,
        folds: Vec<usize>,
        tokens: Vec<u32>,
        decisions: Vec<f64>,
        balanced_accuracy: f64,
        auc: f64,
        token_identity: f64,
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        scale: f64,
        probing: Vec<Case>,
    }

    /// sklearn.linear_model.LogisticRegression(C=1, tol=1e-12), balanced_accuracy_score and roc_auc_score.
    #[test]
    fn held_out_decisions_are_scikit_learns() {
        let fixture: Fixture =
            serde_json::from_str(include_str!("../../../fixtures/theory/probing.json")).unwrap();
        for case in fixture.probing {
            let x = from_row_major(&case.x, case.n, case.p) * faer::Scale(1.0 / fixture.scale);
            let probes = cross_validation(&reduced(&x), &case.folds).unwrap();
            let found = held_out_decisions(&probes, &observed(&case.labels), TIGHT);
            let found = found.col_as_slice(0);
            for (a, b) in found.iter().zip(&case.decisions) {
                assert!((a - b).abs() < 1e-6, "{}: {a} is not {b}", case.name);
            }
            let members = cluster_members(&(0..case.n).collect::<Vec<_>>());
            let score = TextTallies::new(&members, &case.labels, |i| right(found[i], case.labels[i])).score();
            assert!((score - case.balanced_accuracy).abs() < 1e-12, "{}", case.name);
            assert!((auc(found, &case.labels, &case.folds) - case.auc).abs() < 1e-12, "{}", case.name);
            let by_token = token_identity(&case.tokens, &case.labels, &case.folds, &members);
            assert!((by_token - case.token_identity).abs() < 1e-12, "{}", case.name);
        }
    }

    /// Acceptance test 14 (T2b): a coordinate of f that holds the label and meets no difference of g.
    #[test]
    fn acceptance_14_a_label_leaked_into_a_dark_embedding_is_mixed() {
        let (n, d) = (400, 6);
        let a = Representation::new(normal(n, d, 11), normal(60, d, 2), Precision::F64).unwrap();
        let leak = |i: usize, j: usize| if j < d { a.f[(i, j)] } else { 3.0 * (i % 2) as f64 };
        let b = Representation {
            f: Mat::from_fn(n, d + 1, leak),
            g: Mat::from_fn(60, d + 1, |y, j| if j < d { a.g[(y, j)] } else { 0.0 }),
            precision: Precision::F64,
        };
        let b = change_basis(&b, 3);
        assert!(max_abs_dlogp(&a, &b) < 1e-10);
        let data = Data::new(n);
        let question = data.ask(99);
        let judged = |x: Mat<f64>| {
            let measured = measure(x.as_ref(), &question).unwrap();
            let p = measured.p;
            measured.judged(p, RULE)
        };
        let without_dark = |model: &Representation| {
            let found = VisibleSubspaces::find(model, &data.texts, 1).unwrap();
            &model.f * found.u_m
        };
        let raw = [judged(a.f.clone()), judged(b.f.clone())];
        let visible = [judged(visible_features(&a)), judged(visible_features(&b))];
        let dark_removed = [judged(without_dark(&a)), judged(without_dark(&b))];
        assert!(raw[1].score >= 0.99, "{:?}", raw[1]);
        for at_chance in [&raw[0], &visible[0], &visible[1], &dark_removed[0], &dark_removed[1]] {
            assert!(at_chance.score < 0.55 && at_chance.state == PropertyState::Fails, "{at_chance:?}");
        }
        let states = |[a, b]: &[super::super::score::PropertyScore; 2]| States {
            a: a.state,
            b: b.state,
            shortage: a.shortage.or(b.shortage),
        };
        assert_eq!((raw[0].state, raw[1].state), (PropertyState::Fails, PropertyState::Holds));
        let evidence = Evidence {
            out_of_class: false,
            support_mismatch: false,
            level: Level::Identical,
            epsilon_num: 1e-4,
            max_abs_dlogp: 1e-10,
            visible_gap: Some(VisibleGap {
                found: (visible[0].score - visible[1].score).abs(),
                allowed: visible_gap_allowed(n / 2, n / 2),
            }),
            f_diversity_tested: true,
            rank_unresolved: false,
        };
        let version = Version::Raw {
            states: states(&raw),
            dark_removed: states(&dark_removed),
            hypothesis: Hypothesis::NoDarkEmbedding,
        };
        let mixed = Finding { kind: VerdictKind::Mixed, reasons: vec![Reason::DarkEmbedding] };
        assert_eq!(decide(&evidence, version), mixed);
        assert_eq!(decide(&evidence, Version::Visible(states(&visible))).kind, VerdictKind::HeldByNone);
    }

    #[test]
    fn labels_on_the_two_sides_of_a_gap_are_always_told_apart() {
        for (n, p) in [(60, 4), (40, 90)] {
            let found = measure(labelled(n, p, 40.0, 1).as_ref(), &Data::new(n).ask(199)).unwrap();
            assert_eq!((found.score, own(&found).auc, found.shortage), (1.0, 1.0, None));
            assert!(found.p <= 0.01 && found.effect_interval.0 > 0.3, "{found:?}");
            assert_eq!(found.judged(0.005, RULE).state, PropertyState::Holds);
        }
    }

    /// Noise has small p-values as seldom as it should, whether texts have one context or several of both labels.
    #[test]
    fn p_values_of_noise_are_not_small() {
        for contexts_per_text in [1, 3] {
            let mut data = Data::new(48);
            data.texts = (0..48).map(|i| i / contexts_per_text).collect();
            let p: Vec<f64> = (0..20)
                .map(|seed| {
                    let question = Question { seed, ..data.ask(59) };
                    measure(normal(48, 5, seed + 70).as_ref(), &question).unwrap().p
                })
                .collect();
            assert!(p.iter().filter(|&&p| p <= 0.1).count() <= 5, "{p:?}");
            assert!((mean(&p) - 0.5).abs() < 0.2, "{p:?}");
        }
    }

    /// Texts with a label each keep it whole; texts of both labels keep their number of each.
    #[test]
    fn exchanges_respect_texts_and_folds() {
        let texts: Vec<usize> = (0..40).map(|i| i / 4).collect();
        let members = cluster_members(&texts);
        let whole: Vec<bool> = texts.iter().map(|text| text % 2 == 1).collect();
        let both: Vec<bool> = (0..40).map(|i| i % 4 == 1 || i == 3).collect();
        for labels in [&whole, &both] {
            let folds = stratified_folds(&members, labels, 3);
            let exchange = Exchange::new(&members, labels, &folds);
            let rng = &mut generator(1, Stream::NullShuffled);
            let mut moved = false;
            for _ in 0..20 {
                let mut exchanged = vec![f64::NAN; 40];
                exchange.draw(labels, rng, &mut exchanged);
                moved |= (0..40).any(|i| exchanged[i] != f64::from(labels[i]));
                for fold in 0..FOLDS {
                    let rows = || (0..40).filter(|&i| folds[i] == fold);
                    let n_true = rows().filter(|&i| labels[i]).count() as f64;
                    assert_eq!(rows().map(|i| exchanged[i]).sum::<f64>(), n_true);
                }
                let sums: Vec<f64> =
                    members.iter().map(|text| text.iter().map(|&i| exchanged[i]).sum()).collect();
                let mut sorted = sums.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                let expected = if labels == &whole {
                    [[0.0; 5], [4.0; 5]].concat()
                } else {
                    [vec![1.0; 9], vec![2.0]].concat()
                };
                assert_eq!(sorted, expected);
            }
            assert!(moved);
        }
    }

    #[test]
    fn folds_keep_texts_whole_and_classes_even() {
        let texts: Vec<usize> = (0..60).map(|i| i / 2).collect();
        let labels: Vec<bool> = texts.iter().map(|text| text % 3 == 0).collect();
        let members = cluster_members(&texts);
        let folds = stratified_folds(&members, &labels, 9);
        assert!(members.iter().all(|text| text.iter().all(|&i| folds[i] == folds[text[0]])));
        for fold in 0..FOLDS {
            let n_true = (0..60).filter(|&i| folds[i] == fold && labels[i]).count();
            assert_eq!((n_true, folds.iter().filter(|&&k| k == fold).count()), (4, 12));
        }
    }

    /// The null is fitted less tightly than the score, which must not show in it.
    #[test]
    fn loosely_fitted_probes_decide_like_tightly_fitted_ones() {
        let data = Data::new(60);
        let members = cluster_members(&data.texts);
        let folds = stratified_folds(&members, &data.labels, 1);
        let exchange = Exchange::new(&members, &data.labels, &folds);
        let mut labels = Mat::zeros(60, 50);
        let rng = &mut generator(1, Stream::NullShuffled);
        (0..50).for_each(|j| exchange.draw(&data.labels, rng, labels.col_as_slice_mut(j)));
        for p in [6, 70] {
            let probes = cross_validation(&reduced(&labelled(60, p, 1.0, 3)), &folds).unwrap();
            let [loose, tight] =
                [LOOSE, TIGHT].map(|tolerance| held_out_decisions(&probes, &labels, tolerance));
            let flipped = (0..60)
                .flat_map(|i| (0..50).map(move |j| (i, j)))
                .filter(|&(i, j)| (loose[(i, j)] > 0.0) != (tight[(i, j)] > 0.0))
                .count();
            assert!(flipped <= 12, "{flipped} of 3000");
        }
    }

    /// The interval is that of resampled lists of texts, and its null mean that of refitted labels.
    #[test]
    fn the_interval_resamples_texts() {
        let mut data = Data::new(60);
        data.texts = (0..60).map(|i| i / 3).collect();
        let x = labelled(60, 4, 2.0, 2);
        let found = measure(x.as_ref(), &data.ask(99)).unwrap();
        let members = cluster_members(&data.texts);
        let folds = stratified_folds(&members, &data.labels, 5);
        let probes = cross_validation(&x, &folds).unwrap();
        let decisions = held_out_decisions(&probes, &observed(&data.labels), TIGHT);
        let accuracy = |texts: &[usize]| {
            let of = |class: bool| {
                let rows: Vec<usize> = texts
                    .iter()
                    .flat_map(|&text| members[text].clone())
                    .filter(|&i| data.labels[i] == class)
                    .collect();
                rows.iter().filter(|&&i| (decisions[(i, 0)] > 0.0) == class).count() as f64
                    / rows.len() as f64
            };
            0.5 * (of(false) + of(true))
        };
        let all: Vec<usize> = (0..20).collect();
        assert!((found.score - accuracy(&all)).abs() < 1e-12);
        let rng = &mut generator(5, Stream::PropertyBootstrap);
        let mut replicates: Vec<f64> = (0..BOOTSTRAP_REPLICATES)
            .map(|_| {
                let counts = multinomial_counts(20, rng);
                let drawn: Vec<usize> =
                    (0..20).flat_map(|text| std::iter::repeat_n(text, counts[text] as usize)).collect();
                accuracy(&drawn)
            })
            .collect();
        let without: Vec<f64> = (0..20)
            .map(|text| accuracy(&all.iter().copied().filter(|&t| t != text).collect::<Vec<_>>()))
            .collect();
        let of_class = |class: bool| {
            let rows: Vec<usize> = (0..60).filter(|&i| data.labels[i] == class).collect();
            let right = rows.iter().filter(|&&i| (decisions[(i, 0)] > 0.0) == class).count() as f64;
            let (low, high) = wilson_interval(right, rows.len() as f64);
            (right / rows.len() as f64 - low, high - right / rows.len() as f64)
        };
        let (of_false, of_true) = (of_class(false), of_class(true));
        let (low, high) = bca_interval(&mut replicates, found.score, &[without]);
        let low = low.min(found.score - 0.5 * of_false.0.hypot(of_true.0));
        let high = high.max(found.score + 0.5 * of_false.1.hypot(of_true.1));
        assert!((found.effect_interval.0 - (low - found.null_mean)).abs() < 1e-12);
        assert!((found.effect_interval.1 - (high - found.null_mean)).abs() < 1e-12);
        assert!((found.null_mean - 0.5).abs() < 0.05 && found.score > 0.65, "{found:?}");
    }

    /// A last token that gives the label away is reported as such.
    #[test]
    fn the_last_token_is_a_control() {
        let data = Data::new(60);
        let tells: Vec<u32> = (0..60).map(|i| 7 + i % 2).collect();
        let silent: Vec<u32> = vec![7; 60];
        let x = normal(60, 4, 1);
        let control = |tokens| {
            let question = Question { last_tokens: Some(tokens), ..data.ask(19) };
            own(&measure(x.as_ref(), &question).unwrap()).token_identity
        };
        assert_eq!((control(&tells), control(&silent)), (Some(1.0), Some(0.5)));
        let unknown: Vec<u32> = (0..60).collect();
        assert_eq!(control(&unknown), Some(0.5));
        assert_eq!(own(&measure(x.as_ref(), &data.ask(19)).unwrap()).token_identity, None);
    }

    fn assert_numbers(found: &Measured) {
        let numbers =
            [found.score, found.null_mean, found.effect_interval.0, found.effect_interval.1, found.p];
        assert!(numbers.iter().all(|x| x.is_finite()) && own(found).auc.is_finite(), "{found:?}");
    }

    #[test]
    fn missing_data_are_named_and_never_nan() {
        let varied = labelled(60, 4, 3.0, 1);
        let constant = Mat::from_fn(60, 4, |_, j| 1.0 + j as f64 / 3.0);
        let found = |x: &Mat<f64>, labels: &[bool], texts: &[usize]| {
            let contexts: Vec<usize> = (0..labels.len()).collect();
            let question =
                Question { contexts: &contexts, labels, texts, last_tokens: None, n_draws: 19, seed: 1 };
            let found = measure(x.as_ref(), &question).unwrap();
            assert_numbers(&found);
            let carried = carried(x.as_ref(), x.as_ref(), found.score, &question).unwrap();
            assert!(
                carried.score.is_finite() && carried.chance.is_finite() && carried.interval.0.is_finite()
            );
            found.shortage
        };
        let data = Data::new(60);
        assert_eq!(found(&varied, &data.labels, &data.texts), None);
        assert_eq!(found(&constant, &data.labels, &data.texts), Some(Reason::NoVariation));
        assert_eq!(found(&varied, &[true; 60], &data.texts), Some(Reason::TooFewPerClass));
        let few: Vec<bool> = (0..60).map(|i| i < 19).collect();
        assert_eq!(found(&varied, &few, &data.texts), Some(Reason::TooFewPerClass));
        let one: Vec<bool> = (0..60).map(|i| i == 4).collect();
        assert_eq!(found(&varied, &one, &data.texts), Some(Reason::TooFewPerClass));
        let seven: Vec<usize> = (0..60).map(|i| i % 7).collect();
        assert_eq!(found(&varied, &data.labels, &seven), Some(Reason::TooFewTexts));
        assert_eq!(found(&varied, &data.labels, &[3; 60]), Some(Reason::TooFewTexts));
        // Each fold trains on one class.
        let two: Vec<usize> = (0..60).map(|i| i % 2).collect();
        assert_eq!(found(&varied, &data.labels, &two), Some(Reason::TooFewTexts));
        assert_eq!(found(&varied, &[true], &[0]), Some(Reason::NoVariation));
        assert_eq!(found(&varied, &[], &[]), Some(Reason::NoVariation));
        // One context differs from all others: most folds train on features that vary, one does not.
        let odd = Mat::from_fn(60, 2, |i, j| f64::from(i == 7 && j == 0));
        assert_eq!(found(&odd, &data.labels, &data.texts), None);
    }

    /// B's hidden states in A's coordinates are A's where the models are twins; in another order they are as good as
    /// none.
    #[test]
    fn carried_probes_decide_as_at_home() {
        let n = 80;
        let x = labelled(n, 5, 3.0, 3);
        let data = Data::new(n);
        let question = data.ask(0);
        let home = measure(x.as_ref(), &question).unwrap();
        let same = carried(x.as_ref(), x.as_ref(), 0.77, &question).unwrap();
        assert_eq!((same.score, same.own), (home.score, 0.77));
        assert!((same.interval.0 - home.effect_interval.0 - home.null_mean).abs() < 1e-12);
        assert!((same.chance - 0.5).abs() < 0.05, "{same:?}");
        let flipped = centred(x.as_ref()) * faer::Scale(-1.0);
        let other = carried(centred(x.as_ref()).as_ref(), flipped.as_ref(), 0.77, &question).unwrap();
        assert!((other.score - (1.0 - home.score)).abs() < 0.1 && other.score < 0.2, "{other:?}");
        let shift = Mat::from_fn(n, 5, |i, j| x[(i, j)] + if j == 0 { 1.0 } else { 0.0 });
        let chance = carried(x.as_ref(), shift.as_ref(), 0.0, &question).unwrap().chance;
        let rng = &mut generator(1, Stream::NullRandom);
        let shuffled: Vec<f64> = (0..60)
            .map(|_| {
                let order = permutation(n, rng);
                let rows = select_rows(shift.as_ref(), &order);
                carried(x.as_ref(), rows.as_ref(), 0.0, &question).unwrap().score
            })
            .collect();
        assert!((chance - mean(&shuffled)).abs() < 0.03, "{chance} {}", mean(&shuffled));
    }

    #[test]
    fn the_self_test_allows_one_item() {
        assert!((visible_gap_allowed(20, 30) - 0.025).abs() < 1e-8);
        assert!(visible_gap_allowed(0, 0).is_finite());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5))]
        /// Whatever the dark parts and the basis, equal distributions have equal visible probes.
        #[test]
        fn visible_scores_are_invariant_under_twins(seed in 0u64..1000, dark_g in 0usize..4, dark_f in 0usize..6) {
            let model = Representation::new(labelled(50, 4, 1.5, seed), normal(40, 4, seed + 1), Precision::F64).unwrap();
            let kind = [TwinKind::ChangeOfBasis, TwinKind::DarkUnembedding, TwinKind::DarkEmbedding][seed as usize % 3];
            let data = Data::new(50);
            let question = data.ask(39);
            let a = measure(visible_features(&model).as_ref(), &question).unwrap();
            for twin in [change_basis(&padded(&model, dark_g, dark_f, seed), seed), build(&kind.into(), &model, &[], seed).unwrap().representation] {
                let b = measure(visible_features(&twin).as_ref(), &question).unwrap();
                prop_assert!((a.score - b.score).abs() < 1e-9 && (own(&a).auc - own(&b).auc).abs() < 1e-9);
                prop_assert!((a.null_mean - b.null_mean).abs() < 1e-9 && (a.p - b.p).abs() < 1e-9);
                prop_assert!((a.effect_interval.0 - b.effect_interval.0).abs() < 1e-9);
                prop_assert!((a.effect_interval.1 - b.effect_interval.1).abs() < 1e-9);
                prop_assert_eq!(a.shortage, b.shortage);
            }
        }
    }
}
