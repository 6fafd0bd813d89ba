//! What each constructor does to (f, g), to the distribution and to scores, before anything is computed.

use crate::theory::twin::{Exactness, TwinKind};

/// Which of the two maps a constructor changes, before a change of basis hides how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// The hidden states.
    F,
    /// The unembeddings.
    G,
    /// Both.
    Both,
    /// The unembeddings, or the hidden states where these leave no room.
    Either,
}

/// What becomes of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// They stay.
    Stay,
    /// They stay on the contexts that were looked at.
    StayWhereSeen,
    /// Parallelism falls.
    Fall,
    /// Parallelism rises.
    Rise,
    /// Those of hidden states move, parallelism stays.
    HiddenStates,
    /// They move, either way.
    Move,
}

/// All that is known of a constructor beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What it changes.
    pub changes: Changes,
    /// Where the distribution stays the same, given enough contexts.
    pub exactness: Exactness,
    /// Scores in the model's own coordinates.
    pub raw: Effect,
    /// Scores from log-probabilities alone.
    pub visible: Effect,
}

/// What a constructor does.
pub fn facts(kind: TwinKind) -> Facts {
    let exact = |changes, raw| Facts { changes, exactness: Exactness::Exact, raw, visible: Effect::Stay };
    match kind {
        TwinKind::ChangeOfBasis | TwinKind::Reduced => exact(Changes::Both, Effect::Move),
        TwinKind::DarkUnembedding | TwinKind::BreakParallelism => exact(Changes::G, Effect::Fall),
        TwinKind::FakeParallelism => exact(Changes::G, Effect::Rise),
        TwinKind::DarkEmbedding => exact(Changes::F, Effect::HiddenStates),
        TwinKind::DarkBoth => exact(Changes::Both, Effect::Fall),
        TwinKind::InPlace => exact(Changes::Either, Effect::Move),
        TwinKind::ObservedOnly => Facts {
            exactness: Exactness::ObservedOnly,
            visible: Effect::StayWhereSeen,
            ..exact(Changes::G, Effect::Fall)
        },
        TwinKind::Truncated => Facts {
            exactness: Exactness::Approximate,
            visible: Effect::Move,
            ..exact(Changes::Both, Effect::Move)
        },
    }
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;
    use crate::theory::twin::tests::{max_abs_dlogp, normal};
    use crate::theory::twin::{TwinRecipe, TwinStep, build};
    use crate::theory::{Precision, Representation};

    fn mean_cosine(g: &Mat<f64>, pairs: &[(usize, usize)]) -> f64 {
        let difference = |(base, changed): (usize, usize)| g.row(changed) - g.row(base);
        let mut cosines = Vec::new();
        for (i, &one) in pairs.iter().enumerate() {
            for &other in &pairs[..i] {
                let (one, other) = (difference(one), difference(other));
                cosines.push((&one * other.transpose()) / (one.norm_l2() * other.norm_l2()));
            }
        }
        cosines.iter().sum::<f64>() / cosines.len() as f64
    }

    /// Every claim against the constructor itself, on a model whose pairs are half parallel and whose unembeddings leave
    /// room.
    #[test]
    fn constructors_do_what_is_said_of_them() {
        let pairs: Vec<(usize, usize)> = (0..12).map(|i| (2 * i, 2 * i + 1)).collect();
        let mut thin = normal(60, 6, 2);
        for &(base, changed) in &pairs {
            (0..6).for_each(|j| thin[(changed, j)] = thin[(base, j)] + 0.8 + 0.8 * thin[(changed, j)]);
        }
        let g = thin * normal(6, 8, 4);
        let model = Representation::new(normal(40, 8, 1), g, Precision::F64).unwrap();
        let before = mean_cosine(&model.g, &pairs);
        for kind in TwinKind::ALL {
            let knob = (kind == TwinKind::ObservedOnly).then_some(4);
            // Rotations alone hide: what moves is moved by the constructor.
            let hide = TwinStep { kind: TwinKind::ChangeOfBasis, knob: Some(1) };
            let recipe = TwinRecipe(vec![TwinStep { kind, knob }, hide]);
            let twin = build(&recipe, &model, &pairs, 3).unwrap();
            let said = facts(kind);
            assert_eq!(twin.exactness, said.exactness, "{kind}");
            let is_same = max_abs_dlogp(&model, &twin.representation) < 1e-9;
            assert_eq!(is_same, said.visible == Effect::Stay, "{kind}");
            let after = mean_cosine(&twin.representation.g, &pairs);
            match said.raw {
                Effect::Fall => assert!(after < before - 0.1, "{kind}: {before} {after}"),
                Effect::Rise => assert!(after > before + 0.1, "{kind}: {before} {after}"),
                Effect::HiddenStates => assert!((after - before).abs() < 1e-9, "{kind}: {before} {after}"),
                Effect::Move | Effect::Stay | Effect::StayWhereSeen => {}
            }
        }
    }
}
