/**
 * What a verifier says: separate questions with separate answers, never one yes.
 *
 * Questions, codes and sentences are those of the command-line verifier; the sentences have one source, the two JSON
 * files beside it.
 */
import english from "../../../inspection_service/reports/texts/verify.en.json";
import french from "../../../inspection_service/reports/texts/verify.fr.json";

export const LANGUAGES = ["fr", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

export const QUESTIONS = ["intact", "signer", "time", "log", "photos", "redacted", "known", "newer"] as const;
export type Question = (typeof QUESTIONS)[number];

/** `open`: not asked, or not to be told from what is here; `untrusted`: right, and nobody trusted vouches for it. */
export type Level = "good" | "open" | "untrusted" | "bad" | "unreadable";

const LEVELS: Record<Question, Record<string, Level>> = {
  intact: { yes: "good", no: "bad", unreadable: "unreadable" },
  signer: { trusted: "good", unknown_root: "untrusted", expired: "bad", revoked: "bad", not_yet_valid: "bad", no: "bad" },
  time: { authority: "good", internal: "open", service_clock: "open", no: "bad" },
  log: { included: "good", unknown_log: "untrusted", not_included: "bad", not_in_file: "open" },
  photos: { match: "good", missing: "bad", no: "bad", not_in_file: "open" },
  redacted: { derived: "good", no: "bad", not_a_redaction: "open" },
  known: { known: "good", unknown: "open", not_checked: "open" },
  newer: { none: "good", yes: "bad", unanswered: "bad", not_asked: "open" },
};

export type Values = Readonly<Record<string, string>>;

/** One fact behind an answer; its label is the text `detail.NAME`. */
export interface Detail {
  readonly name: string;
  readonly value: string;
}

export interface Answer {
  readonly question: Question;
  readonly code: string;
  /** Which of the code's sentences; null: it has one. */
  readonly why: string | null;
  /** What the sentence names. */
  readonly values: Values;
  readonly details: readonly Detail[];
  /** Known and dealt with in this very file, so that it does not make the whole bad. */
  readonly isSoftened: boolean;
}

export type Answers = Readonly<Record<Question, Answer>>;

/** Something is not as a report has it; `why` names the sentence that says what. */
export class Fault extends Error {
  constructor(
    readonly why: string,
    readonly values: Values = {},
  ) {
    super(why);
  }
}

/** This is nothing that could be examined. */
export class Unreadable extends Fault {}

const TEXTS: Record<Language, Readonly<Record<string, string>>> = { en: english, fr: french };

export function answer(
  question: Question,
  code: string,
  why: string | null = null,
  values: Values = {},
  details: readonly Detail[] = [],
  isSoftened = false,
): Answer {
  return { question, code, why, values, details, isSoftened };
}

export const detail = (name: string, value: string): Detail => ({ name, value });

export function levelOf(given: Answer): Level {
  return given.isSoftened ? "open" : (LEVELS[given.question][given.code] ?? "bad");
}

/** Says it in one sentence. */
export function sentence(given: Answer, language: Language): string {
  const plain = `${given.question}.${given.code}`;
  return filled(textOf(language, `${plain}.${given.why}`) || textOf(language, plain), given.values);
}

export type Outcome = "good" | "untrusted" | "bad" | "unreadable";

/** What all answers together come to; the command line says it as its exit code. */
export function outcomeOf(answers: Answers): Outcome {
  const levels = QUESTIONS.map((question) => levelOf(answers[question]));
  if (levels.includes("unreadable")) return "unreadable";
  if (levels.includes("bad")) return "bad";
  return levels.includes("untrusted") ? "untrusted" : "good";
}

/** Says that the report's pictures are a demonstration, if the report itself says so; empty when it does not. */
export const demonstrationOf = (answers: Answers, language: Language): string =>
  answers.intact.values.demonstration === "yes" ? textOf(language, "headline.demonstration") : "";

/** Says the whole in one sentence. */
export function headline(answers: Answers, language: Language): string {
  const all = QUESTIONS.map((question) => answers[question]);
  const outcome = outcomeOf(answers);
  let first = all.find((each) => ["unreadable", "bad"].includes(levelOf(each))) ?? answers.signer;
  if (outcome === "untrusted" && levelOf(answers.signer) !== "untrusted") {
    first = all.find((each) => levelOf(each) === "untrusted") ?? first;
  }
  return filled(textOf(language, `headline.${outcome}`), { ...answers.signer.values, sentence: sentence(first, language) });
}

export const textOf = (language: Language, key: string): string =>
  Object.hasOwn(TEXTS[language], key) ? (TEXTS[language][key] ?? "") : "";

/** A sentence never fails for a value it lacks. */
const filled = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? "") : "…"));

/** Answers for something that cannot be examined at all. */
export const unreadable = (fault: Fault): Answers => nothingElse(answer("intact", "unreadable", fault.why, fault.values));

/** Answers for a signature that does not fit its content: who signed no longer matters. */
export const altered = (fault: Fault): Answers => nothingElse(answer("intact", "no", fault.why, fault.values));

function nothingElse(intact: Answer): Answers {
  return {
    intact,
    signer: answer("signer", "no", "not_examined"),
    time: answer("time", "no", "not_examined"),
    log: answer("log", "not_in_file", "not_examined"),
    photos: answer("photos", "not_in_file", "not_examined"),
    redacted: answer("redacted", "not_a_redaction"),
    known: answer("known", "not_checked"),
    newer: answer("newer", "not_asked", "not_examined"),
  };
}

/** Writes a moment so that it reads the same in both languages. */
export function moment(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "…" : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Reads a time as a record writes it (RFC 3339, with its zone); null when it is none. */
export function readMoment(text: unknown): number | null {
  if (typeof text !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const at = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(at) ? null : at;
}
