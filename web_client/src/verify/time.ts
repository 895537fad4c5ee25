/** Says when a report was sealed, and by whose clock. */
import { answer, detail, moment, readMoment, type Answer, type Detail } from "./answers";
import { member } from "./canonical";
import type { Facts, SignedBy } from "./facts";
import type { Proof } from "./log";

/** A report from further in the future than any time zone mistake explains is not believed. */
export const MAX_CLOCK_LEAD_MS = 24 * 3_600_000;
/** Sealing refuses an authority whose clock is further from its own. */
export const MAX_SKEW_MS = 5 * 60_000;
const STAMPED = ["timestamp_authority", "internal_timestamp"];

/** The answer, and the time by which an independent authority says that the signatures existed, if one does. */
export function timeAnswer(facts: Facts, proof: Proof | null, now: number): [Answer, number | null] {
  const details = detailsOf(facts, proof);
  const no = (why: string, values: Record<string, string> = {}): [Answer, null] => [
    answer("time", "no", why, values, details),
    null,
  ];
  const sealedAt = readMoment(facts.record.sealed_at);
  if (sealedAt === null) return no("not_said");
  const claims = facts.signed.filter((each) => each.what !== "bundle");
  const apart = claims.find((each) => !agrees(each, sealedAt, facts));
  if (apart) return no("differs", { sealed: moment(sealedAt), signed: moment(apart.at) });
  const values = { sealed: moment(sealedAt) };
  if (Math.max(sealedAt, ...claims.map((each) => each.at)) > now + MAX_CLOCK_LEAD_MS) return no("future", values);
  if (facts.timeFault !== null) return no(facts.timeFault.why, values);
  const why = whyRemoved(facts) ?? whyImpossible(facts, sealedAt, now);
  if (why !== null) return no(why, values);
  const signature = facts.stamps.find((each) => each.kind === "signature")?.stamp ?? null;
  for (const [stamp, via] of [[signature, null], [proof?.stamp ?? null, "log"]] as const) {
    if (stamp !== null && stamp.whyNot === null) {
      const more = { ...values, at: moment(stamp.at), authority: stamp.authority };
      return [answer("time", "authority", via, more, details), stamp.at];
    }
  }
  if (signature !== null) {
    const more = { ...values, at: moment(signature.at), authority: signature.authority };
    return [answer("time", "internal", signature.whyNot, more, details), null];
  }
  const isElsewhere = facts.pdfSha256 === null && STAMPED.includes(String(member(facts.record, "notes", "time")));
  return [answer("time", "service_clock", isElsewhere ? "in_document" : null, values, details), null];
}

/** Whether a signature's time is that of the record; a document may be issued again, around a signed record. */
function agrees({ what, at }: SignedBy, sealedAt: number, facts: Facts): boolean {
  if (Math.abs(at - sealedAt) < 1000) return true;
  return what === "document" && at > sealedAt && facts.signed.some((each) => each.what === "record");
}

/** Notices a timestamp that the document's signature says comes with it, and that does not. */
function whyRemoved(facts: Facts): string | null {
  const missing = facts.promised.filter((kind) => !facts.stamps.some((each) => each.kind === kind));
  if (missing.includes("signature")) return "timestamp_removed";
  return missing.length ? "document_timestamp_removed" : null;
}

/** Notices timestamps that cannot be of this report at this time. */
function whyImpossible({ stamps }: Facts, sealedAt: number, now: number): string | null {
  let latest = sealedAt - MAX_SKEW_MS;
  for (const { stamp } of stamps) {
    if (stamp.at < latest) return "timestamp_too_early";
    if (stamp.at > now + MAX_CLOCK_LEAD_MS) return "future";
    if (stamp.whyNot === "revoked") return "authority_revoked";
    latest = Math.max(latest, stamp.at);
  }
  const isProven = stamps.some(({ kind, stamp }) => kind === "signature" && stamp.whyNot === null);
  const documents = stamps.filter(({ kind }) => kind === "document");
  const isNoneTrusted = documents.length > 0 && documents.every(({ stamp }) => stamp.whyNot !== null);
  return isProven && isNoneTrusted ? "document_timestamp_untrusted" : null;
}

function detailsOf(facts: Facts, proof: Proof | null): Detail[] {
  const stamps: { kind: string; stamp: NonNullable<Proof["stamp"]> }[] = [...facts.stamps];
  if (proof?.stamp) stamps.push({ kind: "log_head", stamp: proof.stamp });
  return [
    detail("service_clock", String(facts.record.sealed_at)),
    ...stamps.map(({ kind, stamp }) => detail(`stamp_${kind}`, `${moment(stamp.at)}, ${stamp.authority}, ${stamp.serial}`)),
  ];
}
