/**
 * Draws the conclusions: from what the files of a report say and what the reader brought to one answer a question.
 *
 * The order matters: the log and the timestamps say by when the signatures existed, and certificates are judged at that
 * time. The command-line verifier follows the same steps.
 */
import { altered, answer, detail, Fault, levelOf, moment, type Answer, type Answers, type Level } from "./answers";
import { member } from "./canonical";
import { isDevelopment, judge, type Trust } from "./chain";
import { BadDisclosures, readDisclosures, withheld } from "./commitments";
import type { RedactedCopy } from "./entries";
import { redactionsOf, type Facts } from "./facts";
import { checkProof, logAnswer, type Proof } from "./log";
import { copiesGiven, isOfReport, photosAnswer, strangersGiven } from "./photos";
import { timeAnswer } from "./time";

const PREFERENCE: readonly Level[] = ["bad", "untrusted", "open", "good"];

/** Answers every question about one report whose signatures fit. */
export async function assess(facts: Facts, trust: Trust, now: number): Promise<Answers> {
  let intact: Answer;
  try {
    intact = await intactAnswer(facts);
  } catch (error) {
    if (error instanceof Fault) return altered(error);
    throw error;
  }
  let proof: Proof | null = null;
  let log = answer("log", "not_in_file");
  if (facts.logProof !== null) {
    try {
      proof = await checkProof(facts, trust);
      log = await logAnswer(proof, facts, trust, now);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      log = answer("log", "not_included", error.why, error.values);
    }
  }
  const [time, provenAt] = timeAnswer(facts, proof, now);
  return {
    intact,
    signer: await signerAnswer(facts, trust, now, provenAt),
    time,
    log,
    photos: await photosAnswer(facts),
    redacted: redactedAnswer(facts),
    // A page carries no models to compare with, and asks no service.
    known: answer("known", "not_checked"),
    newer: newerAnswer(facts),
  };
}

/** Checks what ties the parts to each other: signature to record, disclosures to commitments. */
async function intactAnswer(facts: Facts): Promise<Answer> {
  const sealing = facts.signed.find((each) => each.what === "record") ?? facts.signed[0]!;
  if (member(facts.record, "notes", "development_keys") !== isDevelopment(sealing.chain)) throw new Fault("development_note");
  const hidden = await withheldIn(facts);
  const erased = new Set(redactionsOf(facts).flatMap((entry) => entry.correction.erased));
  const details = facts.details.length ? facts.details : [detail("record_sha256", facts.recordSha256)];
  const values = {
    inspection: String(member(facts.record, "inspection", "id")),
    sealed: String(facts.record.sealed_at),
    count: String(hidden.length),
    ...(member(facts.record, "notes", "demonstration_pictures") === true ? { demonstration: "yes" } : {}),
  };
  const named = hidden.map((pointer) => detail(erased.has(pointer) ? "erased" : "withheld", pointer));
  return answer("intact", "yes", hidden.length ? "withheld" : null, values, [...details, ...named]);
}

async function withheldIn(facts: Facts): Promise<string[]> {
  if (facts.disclosures === null) return withheld(facts.record, []);
  try {
    const { reportSha256, disclosures } = readDisclosures(facts.disclosures);
    if (reportSha256 !== facts.recordSha256) throw new Fault("disclosures_of_another");
    return await withheld(facts.record, disclosures);
  } catch (error) {
    throw error instanceof BadDisclosures ? new Fault("disclosure_changed") : error;
  }
}

/** Judges every signature; the least good answer counts. */
async function signerAnswer(facts: Facts, trust: Trust, now: number, provenAt: number | null): Promise<Answer> {
  const own: Answer[] = [];
  const others: Answer[] = [];
  for (const { what, chain, at } of facts.signed) {
    const isBundle = what === "bundle";
    const judged = await judge(chain, trust, { claimedAt: at, provenAt: isBundle ? null : provenAt, now, revokedBy: facts });
    (isBundle ? others : own).push(judged);
  }
  const given = facts.redaction === null ? [] : [facts.redaction];
  for (const { chain, at } of [...facts.entries, ...given]) {
    const judged = await judge(chain, trust, { claimedAt: at, provenAt: null, now, revokedBy: facts });
    if (levelOf(judged) !== "good") others.push(judged);
  }
  // A later signature in the same file that has merely grown old does not spoil the report's own.
  const counted = [...own, ...others.filter((each) => !(each.code === "expired" && each.why === "since"))];
  const rank = (each: Answer): number => PREFERENCE.indexOf(levelOf(each));
  return counted.reduce((worst, each) => (rank(each) < rank(worst) ? each : worst));
}

function redactedAnswer(facts: Facts): Answer {
  if (facts.hasBadRedaction) return answer("redacted", "no", "statement_changed");
  const entries = redactionsOf(facts);
  const latest = entries[entries.length - 1];
  if (latest === undefined) return answer("redacted", "not_a_redaction");
  if (entries.some((entry) => entry.correction.corrects !== facts.recordSha256)) return answer("redacted", "no", "other_report");
  const at = moment(latest.correction.at);
  const stated = entries.flatMap((entry) => entry.correction.copies);
  if (!stated.every((copy) => isOfReport(copy, facts))) return answer("redacted", "no", "other_original", { at });
  const copies = [...copiesGiven(facts)].sort(([one], [other]) => (one < other ? -1 : 1));
  const strangers = copies.length || facts.redaction !== null ? strangersGiven(facts) : [];
  if (strangers.length) return answer("redacted", "no", "other_photo", { names: strangers.slice(0, 5).join(", ") });
  const erased = [...new Set(entries.flatMap((entry) => entry.correction.erased))].sort();
  const details = erased.map((pointer) => detail("erased", pointer));
  const values = { at, count: String(erased.length) };
  if (facts.disclosures !== null) {
    const shown = readDisclosures(facts.disclosures).disclosures.map((each) => each.pointer);
    if (shown.some((pointer) => erased.includes(pointer))) return answer("redacted", "no", "still_shown", values, details);
  }
  const isNamed = entries.some((entry) => entry.correction.pdfSha256 === facts.pdfSha256);
  if (copies.length && (facts.pdfSha256 === null || isNamed || facts.redaction === null)) {
    const hidden = copies.map(([name, copy]) => detail("redacted_copy", hiddenIn(name, copy)));
    return answer("redacted", "derived", "photos", { ...values, photos: String(copies.length) }, [...details, ...hidden]);
  }
  if (facts.pdfSha256 === null) {
    const isAnyErased = entries.some(({ correction }) => correction.erased.length || correction.erasedPhotos.length);
    // Without erasures there are copies elsewhere, and this is the record itself.
    return isAnyErased ? answer("redacted", "derived", "record", values, details) : answer("redacted", "not_a_redaction");
  }
  if (isNamed) return answer("redacted", "derived", null, values, details);
  if (facts.redaction !== null) return answer("redacted", "no", "other_copy", values, details);
  return answer("redacted", "not_a_redaction");
}

function hiddenIn(name: string, { hidden, originalSha256 }: RedactedCopy): string {
  const kinds = [...new Set(hidden)].sort().join(", ") || "-";
  return `${name}: ${kinds}; SHA-256 ${originalSha256}`;
}

/** Says what stands in the file itself; nobody is asked. */
function newerAnswer({ entries }: Facts): Answer {
  if (!entries.length) return answer("newer", "not_asked");
  const isWithdrawn = entries.some((entry) => entry.correction.kind === "withdrawal");
  const details = entries.map(({ correction }) => detail("correction", `${correction.kind}, ${moment(correction.at)}`));
  const count = { count: String(entries.length) };
  return answer("newer", "yes", isWithdrawn ? "withdrawn" : "in_file", count, details, !isWithdrawn);
}
