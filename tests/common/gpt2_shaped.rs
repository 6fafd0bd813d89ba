//! Checkpoints of GPT-2's shape with random weights, written to disk piece by piece: in the file's own order, in f32, with
//! the causal masks that the public file stores, and a byte-level tokenizer with made-up merges.
//!
//! The same seed gives the same bytes everywhere. Every tensor has a stream of its own, and a matrix with more rows
//! begins with the rows of a smaller one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

/// Sizes of a checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Rows of the embedding; the head is tied.
    pub vocab_size: usize,
    /// Tokens of the tokenizer, at least 257: the bytes, the merges and the end of text.
    pub n_tokens: usize,
    /// d.
    pub width: usize,
    /// Layers.
    pub n_layers: usize,
    /// Heads.
    pub n_heads: usize,
    /// Longest text, and side of the masks.
    pub context_length: usize,
}

impl Shape {
    /// GPT-2 small: 124,439,808 weights in a file of 548 MB, of which 50 MB are masks.
    #[allow(dead_code, reason = "for tests that have the time")]
    pub const GPT2_SMALL: Self = Self {
        vocab_size: 50257,
        n_tokens: 50257,
        width: 768,
        n_layers: 12,
        n_heads: 12,
        context_length: 1024,
    };

    /// Number of weights, without masks.
    #[allow(dead_code, reason = "not of interest to every test")]
    pub fn n_weights(self) -> usize {
        let stored = self.tensors().into_iter().filter(|(_, _, fill)| !matches!(fill, Fill::Mask));
        stored.map(|(_, shape, _)| shape.iter().product::<usize>()).sum()
    }

    /// (name, shape, contents), in the order of the file.
    fn tensors(self) -> Vec<(String, Vec<usize>, Fill)> {
        let Self { width: d, context_length: n, .. } = self;
        let mut tensors = vec![
            ("wte.weight".to_owned(), vec![self.vocab_size, d], Fill::Random(0.14)),
            ("wpe.weight".to_owned(), vec![n, d], Fill::Random(0.02)),
            ("ln_f.weight".to_owned(), vec![d], Fill::Ones),
            ("ln_f.bias".to_owned(), vec![d], Fill::Random(0.02)),
        ];
        for layer in 0..self.n_layers {
            let projections = [
                ("attn.c_attn", d, 3 * d),
                ("attn.c_proj", d, d),
                ("mlp.c_fc", d, 4 * d),
                ("mlp.c_proj", 4 * d, d),
            ];
            for (name, n_in, n_out) in projections {
                tensors.push((format!("h.{layer}.{name}.weight"), vec![n_in, n_out], Fill::Random(0.14)));
                tensors.push((format!("h.{layer}.{name}.bias"), vec![n_out], Fill::Random(0.02)));
            }
            for name in ["ln_1", "ln_2"] {
                tensors.push((format!("h.{layer}.{name}.weight"), vec![d], Fill::Ones));
                tensors.push((format!("h.{layer}.{name}.bias"), vec![d], Fill::Random(0.02)));
            }
            tensors.push((format!("h.{layer}.attn.bias"), vec![1, 1, n, n], Fill::Mask));
        }
        tensors.sort_by(|one, other| one.0.cmp(&other.0));
        tensors
    }
}

/// What a tensor is filled with.
#[derive(Debug, Clone, Copy)]
enum Fill {
    /// Uniform from −x to x.
    Random(f32),
    Ones,
    Mask,
}

/// Writes `config.json`, `tokenizer.json` and `model.safetensors` into a folder, which is made where it is missing.
pub fn write(folder: &Path, shape: Shape, seed: u64) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("config.json"), config(shape).to_string())?;
    fs::write(folder.join("tokenizer.json"), tokenizer(shape.n_tokens).to_string())?;
    let mut file = BufWriter::with_capacity(1 << 20, File::create(folder.join("model.safetensors"))?);
    let tensors = shape.tensors();
    let header = header(&tensors);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for (name, shape, fill) in &tensors {
        write_tensor(&mut file, shape, *fill, seed ^ hash(name))?;
    }
    file.flush()
}

fn config(shape: Shape) -> Value {
    json!({
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "activation_function": "gelu_new",
        "vocab_size": shape.vocab_size,
        "n_embd": shape.width,
        "n_layer": shape.n_layers,
        "n_head": shape.n_heads,
        "n_positions": shape.context_length,
        "n_ctx": shape.context_length,
        "layer_norm_epsilon": 1e-5,
    })
}

fn header(tensors: &[(String, Vec<usize>, Fill)]) -> String {
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    let mut begin = 0;
    for (name, shape, _) in tensors {
        let end = begin + 4 * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}));
        begin = end;
    }
    // Padded with spaces to whole eight bytes, as the library does.
    let text = Value::Object(header).to_string();
    let padded = text.len().next_multiple_of(8);
    format!("{text:padded$}")
}

fn write_tensor(file: &mut impl Write, shape: &[usize], fill: Fill, seed: u64) -> io::Result<()> {
    let n_values: usize = shape.iter().product();
    let side = shape.last().copied().unwrap_or(1);
    let mut state = seed;
    for at in 0..n_values {
        let value = match fill {
            Fill::Random(most) => most * uniform(&mut state),
            Fill::Ones => 1.0,
            Fill::Mask => f32::from(u8::from(at % side <= at / side)),
        };
        file.write_all(&value.to_le_bytes())?;
    }
    Ok(())
}

/// A byte-level BPE vocabulary: 256 bytes, merges of letters, with and without a leading space, and the end of text.
fn tokenizer(n_tokens: usize) -> Value {
    let mut tokens: Vec<String> = byte_alphabet().iter().map(char::to_string).collect();
    let n_merges = n_tokens - tokens.len() - 1;
    let merges: Vec<(String, String)> = merges().take(n_merges).collect();
    tokens.extend(merges.iter().map(|(first, second)| format!("{first}{second}")));
    assert_eq!(tokens.len(), n_tokens - 1, "more tokens than there are made-up merges");
    let end = json!({"id": tokens.len(), "content": "<|endoftext|>", "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true});
    tokens.push("<|endoftext|>".into());
    let vocab: Map<String, Value> =
        tokens.into_iter().zip(0..).map(|(token, id): (String, u32)| (token, id.into())).collect();
    let merges: Vec<String> = merges.iter().map(|(first, second)| format!("{first} {second}")).collect();
    let byte_level =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [end],
        "normalizer": null,
        "pre_tokenizer": byte_level,
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "vocab": vocab, "merges": merges,
        },
    })
}

/// Pairs of tokens that are there before, to tokens that are not: two letters, a space and one to three, three, four.
fn merges() -> impl Iterator<Item = (String, String)> {
    let letters = || ('a'..='z').map(String::from);
    let pairs = move || letters().flat_map(move |one| letters().map(move |other| format!("{one}{other}")));
    let triples = move || pairs().flat_map(move |pair| letters().map(move |letter| (pair.clone(), letter)));
    let space = || String::from("Ġ");
    letters()
        .flat_map(move |one| letters().map(move |other| (one.clone(), other)))
        .chain(letters().map(move |letter| (space(), letter)))
        .chain(pairs().map(move |pair| (space(), pair)))
        .chain(triples())
        .chain(triples().map(move |(pair, letter)| (space(), format!("{pair}{letter}"))))
        .chain(pairs().flat_map(move |first| pairs().map(move |second| (first.clone(), second))))
}

/// GPT-2's characters for the bytes, in the order of its vocabulary: printable ones first.
fn byte_alphabet() -> Vec<char> {
    let printable: Vec<u8> = (b'!'..=b'~').chain(0xa1..=0xac).chain(0xae..=0xff).collect();
    let others = 256 - printable.len();
    printable.into_iter().map(char::from).chain(('\u{100}'..).take(others)).collect()
}

/// SplitMix64, from −1 to 1.
fn uniform(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

/// FNV-1a.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
