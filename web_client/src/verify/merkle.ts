/** The Merkle tree of RFC 9162, as far as a reader of proofs needs it. */
import { joined, sha256, type Bytes } from "./bytes";

/** Hashes the bytes of a leaf; the prefix keeps a leaf from being taken for a node. */
export const leafHash = (data: Uint8Array): Promise<Bytes> => sha256(joined(Uint8Array.of(0), data));

const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> => sha256(joined(Uint8Array.of(1), left, right));

/** The root over leaf hashes (RFC 9162, section 2.1.1). */
export async function rootOf(leaves: readonly Uint8Array[]): Promise<Uint8Array> {
  if (!leaves.length) return sha256(new Uint8Array());
  let row = [...leaves];
  // A last node without a sibling rises as it is: the same tree as splitting at the largest power of two.
  while (row.length > 1) {
    const pairs = row;
    row = await Promise.all(
      Array.from({ length: Math.ceil(pairs.length / 2) }, (_, at) => {
        const [left, right] = [pairs[2 * at]!, pairs[2 * at + 1]];
        return right === undefined ? Promise.resolve(left) : nodeHash(left, right);
      }),
    );
  }
  return row[0]!;
}

/**
 * The root an inclusion proof leads to (RFC 9162, section 2.1.3.2); null when it has the wrong length or the place lies
 * outside the tree. Places are divided, not shifted: a log may outgrow 32 bits.
 */
export async function rootFromInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Promise<Uint8Array | null> {
  if (index < 0 || index >= size) return null;
  let [position, last, value] = [index, size - 1, leaf];
  const half = (number: number): number => Math.floor(number / 2);
  for (const sibling of path) {
    if (last === 0) return null;
    if (position % 2 || position === last) {
      value = await nodeHash(sibling, value);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      value = await nodeHash(value, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 ? value : null;
}
