/** Recomputes the proof that a report stands in the log, and asks whose log it is (RFC 9162). */
import { answer, detail, Fault, moment, readMoment, type Answer } from "./answers";
import { fromHex, sha256Hex, toHex, utf8 } from "./bytes";
import { canonicalBytes, hasExactly, isObject, member, readCanonicalObject, type Json, type JsonObject } from "./canonical";
import { judge, type Trust } from "./chain";
import { redactionsOf, type Facts } from "./facts";
import { HEAD_TYPE, verifyCompact } from "./jws";
import { leafHash, rootFromInclusion } from "./merkle";
import { MAX_CLOCK_LEAD_MS, MAX_SKEW_MS } from "./time";
import { checkToken, digestOf, type Stamp } from "./timestamp";
import type { Certificate } from "./x509";

export const MAX_PROOF_BYTES = 256 * 1024;
const MAX_PATH = 64;
const HASH_DIGITS = 64;
const PROOF_KEYS = ["leaf", "seq", "tree_size", "path", "head_jws", "head_timestamp"];
const HEAD_KEYS = ["log", "tree_size", "root", "at"];

/** An inclusion proof that adds up, with the signed head it leads to. */
export interface Proof {
  readonly seq: number;
  readonly treeSize: number;
  readonly log: string;
  /** Of the log's key. */
  readonly chain: readonly Certificate[];
  /** Of the entry. */
  readonly enteredAt: number;
  /** Of the head; both by the log's own clock. */
  readonly at: number;
  readonly stamp: Stamp | null;
}

/**
 * Recomputes the proof given with a report.
 *
 * @throws Fault `log_malformed`, `log_of_another`, `log_other_tree`, `log_head_changed`, `log_other_key`, or what is wrong
 *   with the head's timestamp
 */
export async function checkProof(facts: Facts, trust: Trust): Promise<Proof> {
  try {
    return await check(facts, trust);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("log_malformed");
  }
}

async function check(facts: Facts, trust: Trust): Promise<Proof> {
  const data = facts.logProof ?? new Uint8Array();
  const proof = data.length > MAX_PROOF_BYTES ? {} : readCanonicalObject(data);
  const { leaf, seq, tree_size: size, head_jws: jws, head_timestamp: token } = proof;
  const isWhole = Number.isInteger(seq) && Number.isInteger(size) && isObject(leaf);
  if (!hasExactly(proof, PROOF_KEYS) || !isWhole) throw new Fault("log_malformed");
  const path = hashes(proof.path);
  await checkLeaf(leaf as JsonObject, facts);
  const [payload, signed] = await headOf(jws);
  const head = readCanonicalObject(payload);
  const log = `urn:inspection:log:${await sha256Hex(signed.chain[0]!.spki)}`;
  if (!hasExactly(head, HEAD_KEYS) || head.log !== log) throw new Fault("log_other_key");
  const root = await rootFromInclusion(await leafHash(canonicalBytes(leaf!)), seq as number, size as number, path);
  if (root === null || head.tree_size !== size || head.root !== toHex(root)) throw new Fault("log_other_tree");
  let stamp: Stamp | null = null;
  if (token !== null) {
    const der = fromHex(String(token));
    if (der === null) throw new Fault("log_malformed");
    const around = { trust, signerChain: signed.chain, certificates: [], revokedBy: facts };
    stamp = await checkToken(der, digestOf(utf8(String(jws))), around);
  }
  const [at, enteredAt] = [readMoment(head.at), readMoment((leaf as JsonObject).at)];
  if (at === null || enteredAt === null || Math.abs(at - signed.at) >= 1000) throw new Fault("log_malformed");
  return { seq: seq as number, treeSize: size as number, log, chain: signed.chain, enteredAt, at, stamp };
}

async function headOf(jws: Json | undefined): ReturnType<typeof verifyCompact> {
  try {
    return await verifyCompact(utf8(String(jws)), HEAD_TYPE);
  } catch (error) {
    throw error instanceof Fault ? new Fault("log_head_changed") : error;
  }
}

function hashes(listed: Json | undefined): Uint8Array[] {
  if (!Array.isArray(listed) || listed.length > MAX_PATH) throw new Fault("log_malformed");
  return (listed as readonly Json[]).map((each) => {
    const hash = typeof each === "string" && each.length === HASH_DIGITS ? fromHex(each) : null;
    if (hash === null) throw new Fault("log_malformed");
    return hash;
  });
}

/** Checks that the leaf is of this record, and of this document or of one it was issued in place of. */
async function checkLeaf(leaf: JsonObject, facts: Facts): Promise<void> {
  const isReport = leaf.kind === "report" && leaf.json_sha256 === facts.recordSha256;
  const number = String(member(facts.record, "inspection", "id"));
  if (!isReport || leaf.inspection !== (await sha256Hex(utf8(number)))) throw new Fault("log_of_another");
  const copies = [leaf.pdf_sha256, ...redactionsOf(facts).map((entry) => entry.correction.pdfSha256)];
  if (facts.pdfSha256 !== null && !copies.includes(facts.pdfSha256)) throw new Fault("log_of_another");
}

/** Whether report, entry, head and the head's timestamp cannot have been made in this order, by now. */
function isOutOfTime(proof: Proof, facts: Facts, now: number): boolean {
  const sealedAt = readMoment(facts.record.sealed_at);
  if (sealedAt === null) return true;
  const times = [sealedAt, proof.enteredAt, proof.at, ...(proof.stamp === null ? [] : [proof.stamp.at])];
  return times.some((time, no) => (no > 0 && time + MAX_SKEW_MS < times[no - 1]!) || time > now + MAX_CLOCK_LEAD_MS);
}

/** Says whether the report is in a log that somebody trusted keeps. */
export async function logAnswer(proof: Proof, facts: Facts, trust: Trust, now: number): Promise<Answer> {
  if (isOutOfTime(proof, facts, now)) return answer("log", "not_included", "log_times");
  const provenAt = proof.stamp !== null && proof.stamp.whyNot === null ? proof.stamp.at : null;
  const keeper = await judge(proof.chain, trust, { claimedAt: proof.at, provenAt, now, revokedBy: facts });
  const values = {
    at: moment(proof.at),
    size: String(proof.treeSize),
    seq: String(proof.seq),
    fingerprint: proof.chain[proof.chain.length - 1]!.fingerprint,
  };
  const details = [
    detail("log", proof.log),
    detail("log_entry", `${proof.seq} / ${proof.treeSize}`),
    detail("log_head", moment(proof.at)),
  ];
  if (keeper.code === "trusted") return answer("log", "included", null, values, details);
  if (["unknown_root", "expired"].includes(keeper.code)) return answer("log", "unknown_log", null, values, details);
  return answer("log", "not_included", "log_key", values, details);
}
