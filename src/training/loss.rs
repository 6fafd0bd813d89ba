//! What a row of logits should come near to, and the way there: each loss with its gradient in one pass over the
//! vocabulary, so that no tensor of the vocabulary's size is ever kept for automatic differentiation.

/// What the logits at every place should come near to.
#[derive(Debug)]
pub enum Target<'t> {
    /// The true distributions: cross-entropy, nats per place.
    Truth(Vec<&'t [f64]>),
    /// The distributions of a teacher with these logits `[n_places · n_tokens]`: KL(teacher ‖ student), nats per place.
    Probabilities(Vec<f32>),
    /// These logits of a teacher `[n_places · n_tokens]`, which mean the same after adding a number to all at one
    /// place: mean square of the difference from the place's mean.
    Logits(Vec<f32>),
}

impl Target<'_> {
    /// The mean loss over places, whose gradient takes the place of the logits `[n_places · n_tokens]`.
    pub fn loss_and_gradient(&self, logits: &mut [f32], n_tokens: usize) -> f64 {
        let n_places = (logits.len() / n_tokens).max(1);
        let scale = 1.0 / n_places as f32;
        let rows = logits.chunks_exact_mut(n_tokens);
        let mut p = vec![0f32; n_tokens];
        let total: f64 = match self {
            Self::Truth(truth) => rows
                .zip(truth)
                .map(|(row, truth)| {
                    p.iter_mut().zip(*truth).for_each(|(p, &truth)| *p = truth as f32);
                    cross_entropy(row, &p, scale)
                })
                .sum(),
            Self::Probabilities(teacher) => rows
                .zip(teacher.chunks_exact(n_tokens))
                .map(|(row, teacher)| {
                    let entropy = softmax(teacher, &mut p);
                    cross_entropy(row, &p, scale) - entropy
                })
                .sum(),
            Self::Logits(teacher) => {
                let rows = rows.zip(teacher.chunks_exact(n_tokens));
                rows.map(|(row, teacher)| centred_square(row, teacher, scale)).sum()
            }
        };
        total / n_places as f64
    }
}

/// log Σ exp(logits), nats, summed in f64.
pub fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = largest(logits);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    f64::from(largest) + sum.ln()
}

/// −⟨p, log softmax(logits)⟩ = log Σ exp(logits) − ⟨p, logits⟩, and its gradient softmax(logits) − p, scaled, in place
/// of the logits. p sums to 1.
fn cross_entropy(logits: &mut [f32], p: &[f32], scale: f32) -> f64 {
    let largest = largest(logits);
    let expected = expectation(p, logits, largest);
    logits.iter_mut().for_each(|logit| *logit = exp(*logit - largest));
    let sum = sum(logits);
    let share = 1.0 / sum;
    logits.iter_mut().zip(p).for_each(|(logit, p)| *logit = scale * (*logit * share - p));
    f64::from(sum).ln() - f64::from(expected)
}

/// softmax(logits) into `p`; its entropy, nats.
fn softmax(logits: &[f32], p: &mut [f32]) -> f64 {
    let largest = largest(logits);
    p.iter_mut().zip(logits).for_each(|(p, logit)| *p = exp(logit - largest));
    let sum = sum(p);
    let share = 1.0 / sum;
    p.iter_mut().for_each(|p| *p *= share);
    f64::from(sum).ln() - f64::from(expectation(p, logits, largest))
}

/// mean((logits − teacher − their mean difference)²), and its gradient, scaled, in place of the logits.
fn centred_square(logits: &mut [f32], teacher: &[f32], scale: f32) -> f64 {
    let n = logits.len() as f64;
    logits.iter_mut().zip(teacher).for_each(|(logit, teacher)| *logit -= teacher);
    let mean = (logits.iter().copied().map(f64::from).sum::<f64>() / n) as f32;
    let mut square = 0f64;
    for difference in logits {
        let centred = *difference - mean;
        square += f64::from(centred * centred);
        // The mean's own gradient is zero: centred differences sum to zero.
        *difference = scale * 2.0 * centred / n as f32;
    }
    square / n
}

/// Numbers added side by side: a compiler may not reorder sums of floats by itself, and one after the other waits.
const LANES: usize = 16;

fn largest(logits: &[f32]) -> f32 {
    reduced(logits, f32::NEG_INFINITY, |largest, logit| if logit > largest { logit } else { largest })
}

fn sum(values: &[f32]) -> f32 {
    reduced(values, 0.0, |sum, value| sum + value)
}

fn reduced(values: &[f32], start: f32, join: impl Fn(f32, f32) -> f32 + Copy) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, &value)| *lane = join(*lane, value));
    }
    rest.iter().chain(&lanes).copied().fold(start, join)
}

/// ⟨p, logits − origin⟩
fn expectation(p: &[f32], logits: &[f32], origin: f32) -> f32 {
    let ((p, p_rest), (logits, logits_rest)) = (p.as_chunks::<LANES>(), logits.as_chunks::<LANES>());
    let mut lanes = [0f32; LANES];
    for (p, logits) in p.iter().zip(logits) {
        for lane in 0..LANES {
            lanes[lane] += p[lane] * (logits[lane] - origin);
        }
    }
    let rest: f32 = p_rest.iter().zip(logits_rest).map(|(p, logit)| p * (logit - origin)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// e^x for x ≤ 0 to 2e-7 of itself (0 below −87): powers of two by bits, the rest by a polynomial, so that the
/// compiler turns a loop of it into vector instructions. The C library's is several times slower.
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23: what is added to it loses its fraction
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V: usize = 5;
    const STUDENT: [f32; 10] = [0.3, -1.0, 2.0, 0.1, 0.0, -0.5, 0.2, 0.9, -2.0, 1.5];
    const TEACHER: [f32; 10] = [1.0, 0.5, -0.3, 0.2, -1.1, 0.0, 2.0, -1.0, 0.3, 0.4];
    const TRUTH: [[f64; V]; 2] = [[0.5, 0.0, 0.25, 0.25, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]];

    fn targets() -> [Target<'static>; 3] {
        [
            Target::Truth(TRUTH.iter().map(<[f64; V]>::as_slice).collect()),
            Target::Probabilities(TEACHER.to_vec()),
            Target::Logits(TEACHER.to_vec()),
        ]
    }

    fn softmax_f64(logits: &[f32]) -> Vec<f64> {
        let sum: f64 = logits.iter().map(|&z| f64::from(z).exp()).sum();
        logits.iter().map(|&z| f64::from(z).exp() / sum).collect()
    }

    #[test]
    fn losses_are_those_of_their_definitions() {
        let pairs = || STUDENT.chunks(V).zip(TEACHER.chunks(V));
        let cross: f64 = STUDENT
            .chunks(V)
            .zip(&TRUTH)
            .map(|(s, p)| softmax_f64(s).iter().zip(p).map(|(q, p)| -p * q.ln()).sum::<f64>())
            .sum();
        let kl: f64 = pairs()
            .map(|(s, t)| {
                softmax_f64(t).iter().zip(softmax_f64(s)).map(|(p, q)| p * (p / q).ln()).sum::<f64>()
            })
            .sum();
        let square: f64 = pairs()
            .map(|(s, t)| {
                let difference: Vec<f64> = s.iter().zip(t).map(|(s, t)| f64::from(s - t)).collect();
                let mean = difference.iter().sum::<f64>() / V as f64;
                difference.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / V as f64
            })
            .sum();
        for (target, expected) in targets().iter().zip([cross, kl, square]) {
            let loss = target.loss_and_gradient(&mut STUDENT.clone(), V);
            assert!((loss - expected / 2.0).abs() < 1e-6, "{target:?}: {loss} is not {}", expected / 2.0);
        }
    }

    #[test]
    fn gradients_are_the_slopes_of_the_losses() {
        for target in targets() {
            let mut gradient = STUDENT;
            target.loss_and_gradient(&mut gradient, V);
            for i in 0..STUDENT.len() {
                let at = |step: f32| {
                    let mut logits = STUDENT;
                    logits[i] += step;
                    target.loss_and_gradient(&mut logits, V)
                };
                let slope = (at(0.01) - at(-0.01)) / 0.02;
                assert!(
                    (slope - f64::from(gradient[i])).abs() < 1e-4,
                    "{target:?} at {i}: {slope} {gradient:?}"
                );
            }
        }
    }

    #[test]
    fn what_a_place_adds_to_all_its_logits_is_no_matter() {
        for (moved_teacher, moved_student) in [(3.5, 0.0), (0.0, -7.25), (100.0, 50.0)] {
            let teacher: Vec<f32> = TEACHER.iter().map(|z| z + moved_teacher).collect();
            let all = [Target::Probabilities(teacher.clone()), Target::Logits(teacher)];
            for (moved, unmoved) in all.iter().zip(&targets()[1..]) {
                let (mut a, mut b) = (STUDENT.map(|z| z + moved_student), STUDENT);
                let (loss_a, loss_b) =
                    (moved.loss_and_gradient(&mut a, V), unmoved.loss_and_gradient(&mut b, V));
                assert!((loss_a - loss_b).abs() < 1e-5, "{loss_a} {loss_b}");
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5));
            }
        }
    }

    #[test]
    fn a_student_that_is_its_teacher_has_nothing_to_learn() {
        for target in &targets()[1..] {
            let mut gradient = TEACHER;
            let loss = target.loss_and_gradient(&mut gradient, V);
            assert!(loss.abs() < 1e-6 && gradient.iter().all(|g| g.abs() < 1e-6), "{loss} {gradient:?}");
        }
    }

    #[test]
    fn the_quick_exponential_is_the_exponential() {
        for i in 0..8_600 {
            let x = -0.01 * i as f32;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 3e-7 * exact, "{x}: {} {exact}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(-1e9) < 1e-37);
        assert!((log_sum_exp(&[1000.0, 1000.0]) - 1000.0 - 2f64.ln()).abs() < 1e-12);
    }
}
