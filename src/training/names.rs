//! A trained network in the Hub's words: `config.json`, and every weight under the name that `transformers` looks for.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use serde_json::{Value, json};

use super::layers::{Layer, Linear, NORM_EPS, Norm, ROPE_THETA};
use super::network::{Architecture, Network, Shape};

type Tensors = BTreeMap<String, TensorData>;

impl Shape {
    /// The Hub's `config.json`; `dtype` is that of the stored weights, in the Hub's words.
    pub fn config_json(&self, begin_id: u32, end_id: u32, dtype: &str) -> Value {
        match self.architecture {
            Architecture::Llama => json!({
                "architectures": ["LlamaForCausalLM"],
                "model_type": "llama",
                "vocab_size": self.n_tokens,
                "hidden_size": self.width,
                "intermediate_size": self.inner_width,
                "num_hidden_layers": self.n_layers,
                "num_attention_heads": self.n_heads,
                "num_key_value_heads": self.n_heads,
                "head_dim": self.width / self.n_heads,
                "hidden_act": "silu",
                "max_position_embeddings": self.context_length,
                "rms_norm_eps": NORM_EPS,
                "rope_theta": ROPE_THETA,
                "attention_bias": false,
                "mlp_bias": false,
                "tie_word_embeddings": false,
                "bos_token_id": begin_id,
                "eos_token_id": end_id,
                "torch_dtype": dtype,
            }),
            Architecture::Gpt2 => json!({
                "architectures": ["GPT2LMHeadModel"],
                "model_type": "gpt2",
                "vocab_size": self.n_tokens,
                "n_embd": self.width,
                "n_inner": self.inner_width,
                "n_layer": self.n_layers,
                "n_head": self.n_heads,
                "activation_function": "gelu_new",
                "n_positions": self.context_length,
                "layer_norm_epsilon": NORM_EPS,
                "tie_word_embeddings": false,
                "bos_token_id": begin_id,
                "eos_token_id": end_id,
                "torch_dtype": dtype,
            }),
        }
    }
}

impl Network {
    /// Every weight by its name on the Hub, matrices turned as the Hub has them.
    pub fn hub_tensors(&self) -> Tensors {
        let mut tensors = Tensors::from([("lm_head.weight".to_owned(), turned(&self.head))]);
        match &self.places {
            Some(places) => {
                tensors.insert("transformer.wte.weight".to_owned(), data(&self.embedding));
                tensors.insert("transformer.wpe.weight".to_owned(), data(places));
                name_norm(&mut tensors, "transformer.ln_f", &self.norm);
            }
            None => {
                tensors.insert("model.embed_tokens.weight".to_owned(), data(&self.embedding));
                name_norm(&mut tensors, "model.norm", &self.norm);
            }
        }
        for (layer_idx, layer) in self.layers.iter().enumerate() {
            match self.places {
                Some(_) => name_gpt2_layer(&mut tensors, &format!("transformer.h.{layer_idx}"), layer),
                None => name_llama_layer(&mut tensors, &format!("model.layers.{layer_idx}"), layer),
            }
        }
        tensors
    }
}

/// Llama's projections are `[out, in]`.
fn name_llama_layer(tensors: &mut Tensors, prefix: &str, layer: &Layer) {
    let (attention, inner) = (&layer.attention, &layer.inner);
    name_norm(tensors, &format!("{prefix}.input_layernorm"), &layer.attention_norm);
    name_norm(tensors, &format!("{prefix}.post_attention_layernorm"), &layer.inner_norm);
    for (name, linear) in [
        ("self_attn.q_proj", Some(&attention.query)),
        ("self_attn.k_proj", Some(&attention.key)),
        ("self_attn.v_proj", Some(&attention.value)),
        ("self_attn.o_proj", Some(&attention.output)),
        ("mlp.gate_proj", inner.gate.as_ref()),
        ("mlp.up_proj", Some(&inner.up)),
        ("mlp.down_proj", Some(&inner.down)),
    ] {
        tensors.extend(linear.map(|linear| (format!("{prefix}.{name}.weight"), turned(&linear.weight))));
    }
}

/// GPT-2's projections are `[in, out]`; query, key and value are one.
fn name_gpt2_layer(tensors: &mut Tensors, prefix: &str, layer: &Layer) {
    let attention = &layer.attention;
    let three = [&attention.query, &attention.key, &attention.value];
    name_norm(tensors, &format!("{prefix}.ln_1"), &layer.attention_norm);
    name_norm(tensors, &format!("{prefix}.ln_2"), &layer.inner_norm);
    name_conv1d(tensors, &format!("{prefix}.attn.c_attn"), &three);
    name_conv1d(tensors, &format!("{prefix}.attn.c_proj"), &[&attention.output]);
    name_conv1d(tensors, &format!("{prefix}.mlp.c_fc"), &[&layer.inner.up]);
    name_conv1d(tensors, &format!("{prefix}.mlp.c_proj"), &[&layer.inner.down]);
}

/// Linear maps of one input, their outputs side by side.
fn name_conv1d(tensors: &mut Tensors, name: &str, side_by_side: &[&Linear]) {
    let weights = side_by_side.iter().map(|linear| linear.weight.val()).collect();
    let biases: Vec<Tensor<1>> =
        side_by_side.iter().filter_map(|linear| Some(linear.bias.as_ref()?.val())).collect();
    tensors.insert(format!("{name}.weight"), Tensor::cat(weights, 1).into_data());
    tensors.insert(format!("{name}.bias"), Tensor::cat(biases, 0).into_data());
}

fn name_norm(tensors: &mut Tensors, name: &str, norm: &Norm) {
    tensors.insert(format!("{name}.weight"), data(&norm.gain));
    tensors.extend(norm.bias.as_ref().map(|bias| (format!("{name}.bias"), data(bias))));
}

fn data<const D: usize>(weight: &Param<Tensor<D>>) -> TensorData {
    weight.val().into_data()
}

fn turned(weight: &Param<Tensor<2>>) -> TensorData {
    weight.val().transpose().into_data()
}
