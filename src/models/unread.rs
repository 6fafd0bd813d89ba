//! Stored tensors that no network reads: causal masks, their fill values, rotary tables, and tied heads stored twice.
//!
//! A download may leave a mask out and still check the file's digest, since the bytes of a mask follow from its shape.

use std::ops::Range;

use super::network::NetworkConfig;

/// What a tensor that no network reads holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// A causal mask `[1, 1, n, n]`: ones on and below the diagonal, of each row the last `window` of them.
    Mask {
        /// How many places each row sees, itself included; all before it where there is none.
        window: Option<usize>,
    },
    /// The tied head, equal to the embedding of this name.
    Copy {
        /// The embedding's name.
        of: String,
    },
    /// A few numbers, not worth leaving out.
    Small,
}

/// Endings of the names of tensors that a network of this architecture never reads, apart from a tied head.
pub(super) fn buffers(architecture: &str) -> &'static [&'static str] {
    match architecture {
        "gpt2" => &[".attn.bias", ".attn.masked_bias"],
        "gpt_neo" => &[".attention.bias", ".attention.masked_bias"],
        "gpt_neox" => &[".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"],
        "llama" => &[".rotary_emb.inv_freq"],
        _ => &[],
    }
}

/// Whether the network never reads a stored tensor, and what it then holds; none for what it reads, and for what does
/// not belong to it.
pub fn unread(config: &NetworkConfig, name: &str, shape: &[usize]) -> Option<Unread> {
    let (head, embedding) = match config.architecture.as_str() {
        "gpt2" | "gpt_neo" => ("lm_head.weight", "transformer.wte.weight"),
        "gpt_neox" => ("embed_out.weight", "gpt_neox.embed_in.weight"),
        _ => ("lm_head.weight", "model.embed_tokens.weight"),
    };
    if name == head && config.sizes.n_vocabularies == 1 && shape == [config.vocab_size, config.d_model] {
        return Some(Unread::Copy { of: embedding.to_owned() });
    }
    if !buffers(&config.architecture).iter().any(|buffer| name.ends_with(buffer)) {
        return None;
    }
    match *shape {
        [1, 1, n, m] if n == m && n > 1 && name.ends_with(".bias") => {
            let layer = name.split('.').find_map(|part| part.parse().ok());
            Some(Unread::Mask { window: layer.and_then(|layer| config.window(layer)) })
        }
        _ => Some(Unread::Small),
    }
}

/// The bytes of a part of a mask `[1, 1, n, n]` as `transformers` writes it; none for types that it never wrote masks
/// in, and for parts that are past its end.
pub fn mask_bytes(dtype: &str, n: usize, window: Option<usize>, range: Range<u64>) -> Option<Vec<u8>> {
    let one: &[u8] = match dtype {
        "BOOL" | "U8" => &[1],
        "F32" => &[0, 0, 0x80, 0x3f],
        "F16" => &[0, 0x3c],
        "BF16" => &[0x80, 0x3f],
        _ => return None,
    };
    let (n, width) = (n as u64, one.len() as u64);
    if range.end > n.checked_mul(n)?.checked_mul(width)? || range.start > range.end {
        return None;
    }
    let window = window.map_or(n, |window| window as u64);
    let byte = |at: u64| {
        let (row, column) = (at / width / n, at / width % n);
        let is_seen = column <= row && row - column < window;
        if is_seen { one[(at % width) as usize] } else { 0 }
    };
    Some(range.map(byte).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(fixture: &str) -> NetworkConfig {
        let path = format!("fixtures/checkpoints/{fixture}/config.json");
        NetworkConfig::parse(&std::fs::read(path).unwrap()).unwrap()
    }

    fn mask(dtype: &str, n: usize, window: Option<usize>) -> Vec<u8> {
        let width = match dtype {
            "F32" => 4,
            "F16" | "BF16" => 2,
            _ => 1,
        };
        mask_bytes(dtype, n, window, 0..(n * n * width) as u64).unwrap()
    }

    #[test]
    fn masks_are_lower_triangles_and_bands_of_them() {
        assert_eq!(mask("U8", 3, None), [1, 0, 0, 1, 1, 0, 1, 1, 1]);
        assert_eq!(mask("BOOL", 4, Some(2)), [1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1]);
        assert_eq!(mask("BOOL", 3, Some(9)), mask("BOOL", 3, None));
        let floats: Vec<u8> = [1.0f32, 0.0, 1.0, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(mask("F32", 2, None), floats);
        let halves = [1.0, 0.0, 1.0, 1.0].map(half::f16::from_f32).map(half::f16::to_le_bytes);
        assert_eq!(mask("F16", 2, None), halves.as_flattened());
        let brains = [1.0, 0.0, 1.0, 1.0].map(half::bf16::from_f32).map(half::bf16::to_le_bytes);
        assert_eq!(mask("BF16", 2, None), brains.as_flattened());
    }

    #[test]
    fn parts_of_a_mask_are_parts_of_the_whole() {
        let whole = mask("F32", 5, Some(2));
        for range in [0..100, 3..3, 7..50, 99..100] {
            let expected = &whole[range.start as usize..range.end as usize];
            assert_eq!(mask_bytes("F32", 5, Some(2), range).unwrap(), expected);
        }
        assert_eq!(mask_bytes("F32", 5, None, 90..101), None);
        assert_eq!(mask_bytes("I64", 5, None, 0..1), None);
        assert_eq!(mask_bytes("F32", usize::MAX, None, 0..1), None);
    }

    #[test]
    fn only_what_is_never_read_is_told() {
        let gpt2 = config("gpt2-tied");
        let mask = |window| Some(Unread::Mask { window });
        assert_eq!(unread(&gpt2, "h.0.attn.bias", &[1, 1, 48, 48]), mask(None));
        assert_eq!(unread(&gpt2, "transformer.h.1.attn.masked_bias", &[]), Some(Unread::Small));
        assert_eq!(unread(&gpt2, "h.0.attn.c_attn.bias", &[72]), None);
        assert_eq!(unread(&gpt2, "h.0.attention.bias", &[1, 1, 48, 48]), None);
        let copy = Unread::Copy { of: "transformer.wte.weight".into() };
        assert_eq!(unread(&gpt2, "lm_head.weight", &[324, 24]), Some(copy));
        assert_eq!(unread(&config("gpt2-untied"), "lm_head.weight", &[66, 24]), None);
        let neox = config("gpt-neox-serial");
        assert_eq!(unread(&neox, "gpt_neox.layers.0.attention.bias", &[1, 1, 48, 48]), mask(None));
        assert_eq!(
            unread(&neox, "gpt_neox.layers.0.attention.rotary_emb.inv_freq", &[4]),
            Some(Unread::Small)
        );
        assert_eq!(unread(&neox, "gpt_neox.layers.0.attention.dense.bias", &[32]), None);
        let llama = config("llama-plain");
        assert_eq!(unread(&llama, "model.layers.0.self_attn.rotary_emb.inv_freq", &[4]), Some(Unread::Small));
        assert_eq!(unread(&llama, "model.layers.0.self_attn.q_proj.bias", &[32]), None);
    }

    /// In local layers a place sees a window only.
    #[test]
    fn masks_of_local_layers_are_bands() {
        let neo = config("gpt-neo-local");
        let windows: Vec<_> = (0..3)
            .map(|layer| unread(&neo, &format!("transformer.h.{layer}.attn.attention.bias"), &[1, 1, 48, 48]))
            .collect();
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read("fixtures/checkpoints/gpt-neo-local/config.json").unwrap())
                .unwrap();
        for (layer, found) in windows.into_iter().enumerate() {
            let is_local = json["attention_layers"][layer] == "local";
            let window = is_local.then(|| json["window_size"].as_u64().unwrap() as usize);
            assert_eq!(found, Some(Unread::Mask { window }), "layer {layer}");
        }
    }
}
