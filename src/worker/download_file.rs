//! One file of a model: piece after piece from this browser's cache or from the network, with the digest of everything on
//! the way.

use std::ops::Range;

use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::download::Progress;
use super::keeper::Keeper;
use super::pieces::{Held, Piece, Pieces, each_step};
use super::stream::{FileStream, Line, Stop};
use crate::hub::digest::RunningDigest;
use crate::hub::manifest::{KeptFile, KeptPiece, load_of};
use crate::hub::plan::{Part, Placed, Plan};
use crate::hub::{HubError, RepositoryFile};
use crate::models::NetworkConfig;
use crate::models::header::{HeaderError, LENGTH_BYTES, StoredTensor, header_length, parse_header};
use crate::models::source::pieces;
use crate::models::unread::{Unread, mask_bytes, unread};

/// What is asked for at first, in bytes: the header of nearly every model.
const FIRST_BYTES: u64 = 256 << 10;

/// A file that is here and is what the Hub says.
pub struct Fetched {
    /// Its bytes.
    pub pieces: Pieces,
    /// SHA-256 of the whole file, what was left out included.
    pub sha256: String,
}

/// Fetches a file; of weights, which have a `config`, stored masks are left out where the digest can prove that they are what they should be.
pub async fn fetch(
    line: &Line,
    file: &RepositoryFile,
    config: Option<&NetworkConfig>,
    kept: Option<&KeptFile>,
    keeper: &mut Keeper,
    progress: &Progress<'_>,
) -> Result<(Fetched, Vec<KeptPiece>), HubError> {
    let mut fetch = Fetch { line, file, config, kept, keeper, progress, scratch: Vec::new() };
    let mut outcome = fetch.run().await;
    if matches!(outcome, Err(Stop::Restart)) {
        outcome = fetch.run().await;
    }
    outcome.map_err(|stop| match stop {
        Stop::Hub(error) => error,
        Stop::Restart => HubError::Changed {
            file: file.name.clone(),
            host: line.host(),
            change: format!("it goes on after {} bytes", file.length),
        },
    })
}

struct Fetch<'a, 'b> {
    line: &'a Line,
    file: &'a RepositoryFile,
    config: Option<&'a NetworkConfig>,
    kept: Option<&'a KeptFile>,
    keeper: &'a mut Keeper,
    progress: &'a Progress<'b>,
    /// Every chunk passes through it on its way to the digest.
    scratch: Vec<u8>,
}

/// What the file's parts were found to be.
struct Pass {
    pieces: Vec<Piece>,
    kept: Vec<KeptPiece>,
    sha256: String,
}

/// The tensors of a weights file, and its first bytes where they came over the network.
#[derive(Default)]
struct Header {
    tensors: Vec<StoredTensor>,
    head: Vec<u8>,
}

/// A causal mask of n places.
struct Mask {
    dtype: String,
    n: usize,
    window: Option<usize>,
    n_bytes: u64,
}

impl Mask {
    fn bytes(&self, range: Range<u64>) -> Option<Vec<u8>> {
        mask_bytes(&self.dtype, self.n, self.window, range)
    }
}

impl Fetch<'_, '_> {
    async fn run(&mut self) -> Result<(Fetched, Vec<KeptPiece>), Stop> {
        let (line, file, is_weights) = (self.line, self.file, self.config.is_some());
        let mut stream = FileStream::new(line, file, is_weights, self.progress);
        let header = if is_weights { self.header(&mut stream).await? } else { Header::default() };
        let plan = self.plan(&header.tensors);
        self.progress.begin(&file.name, plan.fetched_bytes());
        let mut pass = self.pass(&plan, &header, &mut stream, Vec::new()).await?;
        if plan.skips() && file.sha256.as_ref().is_some_and(|expected| *expected != pass.sha256) {
            // The masks are other than they should be: with them the file may still be the right one.
            let whole = plan.with_all_fetched();
            let header = Header::default();
            self.progress.begin(&file.name, whole.fetched_bytes());
            let mut stream = FileStream::new(line, file, is_weights, self.progress);
            pass = self.pass(&whole, &header, &mut stream, pass.pieces).await?;
        }
        match &file.sha256 {
            Some(expected) if *expected != pass.sha256 => Err(Stop::Hub(HubError::WrongDigest {
                file: file.name.clone(),
                expected: expected.clone(),
                found: pass.sha256,
            })),
            _ => {
                let pieces = Pieces::new(file.length, pass.pieces);
                Ok((Fetched { pieces, sha256: pass.sha256 }, pass.kept))
            }
        }
    }

    /// What is kept decides, so that it can be read again; otherwise everything is fetched but what can be proved to be
    /// known.
    fn plan(&self, tensors: &[StoredTensor]) -> Plan {
        let length = self.file.length;
        let kept = self.kept.map(|kept| kept.pieces.iter().map(|piece| piece.start..piece.end));
        if let Some(plan) = kept.and_then(|pieces| Plan::of_pieces(length, pieces)) {
            return plan;
        }
        if self.file.sha256.is_none() {
            return Plan::whole(length);
        }
        let place = |tensor: &StoredTensor| Placed {
            bytes: tensor.bytes.clone(),
            is_known: self.mask(tensor).is_some(),
        };
        Plan::skipping(length, &tensors.iter().map(place).collect::<Vec<_>>())
    }

    /// From the cache if it is there and can be read, else from the network.
    async fn header(&mut self, stream: &mut FileStream<'_>) -> Result<Header, Stop> {
        let length = self.file.length;
        if let Some(first) = self.kept.and_then(|kept| kept.pieces.first()).filter(|first| first.start == 0)
            && let Some((blob, _)) = self.keeper.kept(&self.file.name, first).await
            && let Some(tensors) = kept_header(blob, length).await
        {
            return Ok(Header { tensors, head: Vec::new() });
        }
        let bad = |HeaderError(problem)| HubError::BadHeader { file: self.file.name.clone(), problem };
        let first = FIRST_BYTES.min(length);
        let mut head = Vec::new();
        stream.read(0..LENGTH_BYTES.min(length), first, &mut |chunk| head.extend(chunk.to_vec())).await?;
        let end = LENGTH_BYTES + header_length(&head, length).map_err(bad)?;
        stream.read(LENGTH_BYTES..end, first, &mut |chunk| head.extend(chunk.to_vec())).await?;
        let tensors = parse_header(&head[LENGTH_BYTES as usize..], length).map_err(bad)?;
        Ok(Header { tensors, head })
    }

    /// All parts in order: those that this load has already, those that are kept, and the rest from the stream.
    async fn pass(
        &mut self,
        plan: &Plan,
        header: &Header,
        stream: &mut FileStream<'_>,
        held: Vec<Piece>,
    ) -> Result<Pass, Stop> {
        let mut digest = RunningDigest::new();
        let mut pass = Pass { pieces: Vec::new(), kept: Vec::new(), sha256: String::new() };
        for part in plan.parts() {
            self.line.check()?;
            let bytes = match part {
                Part::Piece(bytes) => bytes,
                Part::Known { tensor_idx, .. } => {
                    self.pass_over(&header.tensors[*tensor_idx], &mut digest);
                    continue;
                }
            };
            let earlier = held.iter().find(|piece| piece.bytes == *bytes);
            let (held, kept) = match self.have(bytes, earlier, &mut digest).await {
                Some(found) => found,
                None => {
                    let until = self.end_of_request(plan, bytes);
                    let blob = self.fetch_piece(bytes, until, &header.head, stream, &mut digest).await?;
                    self.keeper.keep(&self.file.name, bytes, digest.so_far(), blob).await
                }
            };
            pass.pieces.push(Piece { bytes: bytes.clone(), held });
            pass.kept.push(kept);
        }
        pass.sha256 = digest.so_far();
        Ok(pass)
    }

    /// A stored mask whose bytes can be written anew.
    fn mask(&self, tensor: &StoredTensor) -> Option<Mask> {
        let StoredTensor { name, dtype, shape, bytes } = tensor;
        let window = match unread(self.config?, name, shape)? {
            Unread::Mask { window } => window,
            Unread::Copy { .. } | Unread::Small => return None,
        };
        let mask = Mask { dtype: dtype.clone(), n: *shape.last()?, window, n_bytes: bytes.end - bytes.start };
        // As long as its shape says.
        let ends = mask.n_bytes..mask.n_bytes;
        (mask.bytes(ends).is_some() && mask.bytes(0..mask.n_bytes + 1).is_none()).then_some(mask)
    }

    /// The digest goes on over a mask that was left out.
    fn pass_over(&self, tensor: &StoredTensor, digest: &mut RunningDigest) {
        let Some(mask) = self.mask(tensor) else { return };
        for range in pieces(0..mask.n_bytes) {
            digest.update(&mask.bytes(range).unwrap_or_default());
        }
    }

    /// A piece that need not be fetched; the digest goes on over it. What is kept must be as it was when it was kept.
    async fn have(
        &self,
        bytes: &Range<u64>,
        earlier: Option<&Piece>,
        digest: &mut RunningDigest,
    ) -> Option<(Held, KeptPiece)> {
        let n_bytes = bytes.end - bytes.start;
        if let Some(Piece { held, .. }) = earlier
            && let Some(after) = digest_over(held.blob().await?, n_bytes, digest).await
        {
            *digest = after;
            self.progress.arrived(&self.file.name, n_bytes, false);
            let mut kept = self.keeper.piece(bytes, digest.so_far());
            // It may have been kept by an earlier load.
            if let Held::Kept(_, path) = held
                && let Some(load) = load_of(path)
            {
                load.clone_into(&mut kept.load);
            }
            return Some((held.clone(), kept));
        }
        let kept = self.kept?.piece(bytes)?;
        let (blob, held) = self.keeper.kept(&self.file.name, kept).await?;
        let after = digest_over(blob, n_bytes, digest).await.filter(|after| after.so_far() == kept.so_far)?;
        *digest = after;
        self.progress.arrived(&self.file.name, n_bytes, true);
        Some((held, kept.clone()))
    }

    /// One request serves all pieces up to the next one that is kept or left out.
    fn end_of_request(&self, plan: &Plan, bytes: &Range<u64>) -> u64 {
        let is_kept = |bytes: &Range<u64>| self.kept.is_some_and(|kept| kept.piece(bytes).is_some());
        let after = plan.parts().iter().skip_while(|part| part.bytes().start < bytes.end);
        let missing = after.take_while(|part| matches!(part, Part::Piece(bytes) if !is_kept(bytes)));
        missing.last().map_or(bytes.end, |part| part.bytes().end)
    }

    async fn fetch_piece(
        &mut self,
        bytes: &Range<u64>,
        until: u64,
        head: &[u8],
        stream: &mut FileStream<'_>,
        digest: &mut RunningDigest,
    ) -> Result<Blob, Stop> {
        let chunks = Array::new();
        let (name, progress, scratch) = (&self.file.name, self.progress, &mut self.scratch);
        let mut take = |chunk: &Uint8Array| {
            scratch.resize(chunk.length() as usize, 0);
            chunk.copy_to(scratch);
            digest.update(scratch);
            chunks.push(chunk);
            progress.arrived(name, chunk.length().into(), false);
        };
        let n_head = bytes.end.min(head.len() as u64);
        if bytes.start < n_head {
            take(&Uint8Array::from(&head[bytes.start as usize..n_head as usize]));
        }
        stream.read(bytes.start.max(n_head)..bytes.end, until, &mut take).await?;
        let blob = Blob::new_with_u8_array_sequence(&chunks);
        // A browser that has no room for 16 MiB more has none for a model.
        blob.map_err(|_| HubError::NoMemory { file: self.file.name.clone() }.into())
    }
}

async fn digest_over(blob: Blob, n_bytes: u64, digest: &RunningDigest) -> Option<RunningDigest> {
    let mut after = digest.clone();
    each_step(blob, n_bytes, &mut |bytes| after.update(bytes)).await.then_some(after)
}

/// The tensors that a kept first piece names; none where anything is odd, for then it is fetched again.
async fn kept_header(blob: Blob, length: u64) -> Option<Vec<StoredTensor>> {
    let mut head = Vec::new();
    let blob = gloo::file::Blob::from(blob);
    each_step(blob.slice(0, LENGTH_BYTES).into(), LENGTH_BYTES, &mut |bytes| head.extend(bytes))
        .await
        .then_some(())?;
    let n_bytes = header_length(&head, length).ok()?;
    let rest = blob.slice(LENGTH_BYTES, LENGTH_BYTES + n_bytes);
    head.clear();
    each_step(rest.into(), n_bytes, &mut |bytes| head.extend(bytes)).await.then_some(())?;
    parse_header(&head, length).ok()
}
