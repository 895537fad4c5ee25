/** The operator's desk: who is signed in, in which language, and what the last refusal said. Views read the signals. */

import { signal } from "@preact/signals";
import { Http } from "../../core/api";
import { Refused, Unreached } from "../../core/problems";
import type { Language } from "../../core/views";
import { operatorTexts, type OperatorTexts } from "../../locales/operator";
import { OperatorApi } from "./api";
import { PeopleApi, type SignedIn } from "./people/api";
import type { Me, OperatorRef } from "./views";

const LANGUAGE_KEY = "operator.language";

const http = new Http((url, init) => fetch(url, init));
export const api = new OperatorApi(http);
export const people = new PeopleApi(http);
export const me = signal<Me | null | undefined>(undefined);
export const language = signal<Language>(initialLanguage());
export const notice = signal<string | null>(null);
export const path = signal(location.pathname);

/** The texts in the chosen language; reading it inside a component subscribes the component. */
export function t(): OperatorTexts {
  return operatorTexts[language.value];
}

export function chooseLanguage(next: Language): void {
  language.value = next;
  document.documentElement.lang = next;
  localStorage.setItem(LANGUAGE_KEY, next);
}

/** Sit down at the desk; an account that must set up its second factor first is asked to sign in, which leads there. */
export function enter({ operator, must_enrol }: SignedIn): void {
  me.value = must_enrol ? null : operator;
}

/** What is to happen as soon as the next page is there. */
export type Intent = "join";
let intent: Intent | null = null;

/** Go to another page of the desk without loading it anew. */
export function go(to: string, then: Intent | null = null): void {
  intent = then;
  history.pushState(null, "", to);
  path.value = to;
  notice.value = null;
}

/** What the way here was taken for; once. */
export function takeIntent(): Intent | null {
  const taken = intent;
  intent = null;
  return taken;
}

/**
 * Do something and say in words when it did not happen; answers whether it did.
 *
 * `isQuiet` for what the desk does by itself: its success wipes no words away that the operator has not read.
 */
export async function attempt(act: () => Promise<unknown>, how: { readonly isQuiet?: boolean } = {}): Promise<boolean> {
  try {
    await act();
    if (!how.isQuiet || notice.value === t().unreached) notice.value = null;
    return true;
  } catch (error) {
    notice.value = inWords(error);
    return false;
  }
}

function inWords(error: unknown): string {
  if (error instanceof Unreached) return t().unreached;
  if (error instanceof Refused) {
    if (error.status === 401) me.value = null;
    if (error.slug === "second-factor-missing") me.value = null;
    if (error.slug === "inspection-unknown") return t().noInspection;
    if (error.slug === "login-failed") return t().people.loginFailed;
    if (error.slug === "password-wrong") return t().people.passwordWrong;
    if (error.slug === "code-wrong") return t().people.codeWrong;
    if (error.slug === "invalid-input" && error.attributes.field === "password") return t().people.weakPassword;
    if (error.slug === "too-many-tries" && typeof error.attributes.until === "string") {
      return t().people.lockedUntil(timeOfDay(error.attributes.until));
    }
    const holder = error.attributes.claimed_by as OperatorRef | undefined;
    return error.slug === "case-claimed" && holder ? t().claimedBy(holder.name) : error.detail || error.title;
  }
  throw error;
}

function initialLanguage(): Language {
  const stored = localStorage.getItem(LANGUAGE_KEY);
  const chosen = stored ?? navigator.language;
  return chosen.startsWith("fr") ? "fr" : "en";
}

/** A duration as an operator reads it: 4 min, 3 h, 2 d. */
export function ago(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} ${language.value === "fr" ? "j" : "d"}`;
}

/** The car in one line: make, model and plate, as far as they are known. */
export function carName(vehicle: { make: string | null; model: string | null; plate: string | null }): string {
  return [vehicle.make, vehicle.model, vehicle.plate].filter(Boolean).join(" · ") || "–";
}

const locale = (): string => (language.value === "fr" ? "fr-FR" : "en-GB");

/** A day, as far as a page of people needs it. */
export function day(at: string): string {
  return new Date(at).toLocaleDateString(locale(), { day: "numeric", month: "short", year: "numeric" });
}

/** A time of day without seconds, where the operator is. */
export function timeOfDay(at: string): string {
  return new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
}

/** A day and a time. */
export function when(at: string): string {
  return `${day(at)}, ${timeOfDay(at)}`;
}

/** A time of day with seconds, as a record has it: 24 hours. */
export function clock(at: string | number): string {
  return new Date(at).toLocaleTimeString(language.value === "fr" ? "fr-FR" : "en-GB");
}

/** Whether the seller's page is open, in a word; nothing is claimed while nobody has said so. */
export function presenceInWords(isThere: boolean | null): string {
  return isThere === null ? "…" : isThere ? t().online : t().offline;
}
