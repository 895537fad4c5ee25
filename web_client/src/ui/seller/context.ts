/** What every part of the seller's page reaches for: the seller's work, its state as a signal, and the words. */

import { computed, signal } from "@preact/signals";
import { useState } from "preact/hooks";

import { Refused, Unreached } from "../../core/problems";
import type { Seller } from "../../core/seller";
import { START, type Inside, type SellerState } from "../../core/session";
import type { Language } from "../../core/views";
import { en, type Texts } from "../../locales/en";
import { fr } from "../../locales/fr";

const TEXTS: Readonly<Record<Language, Texts>> = { fr, en };
const CHOSEN = "language";

export const state = signal<SellerState>(START);
export const language = signal<Language>(firstLanguage());
export const words = computed<Texts>(() => TEXTS[language.value]);
/** Whether generated pictures stand in for the camera. */
export const isDemo = signal(sessionStorage.getItem("demo") === "1");

let theSeller: Seller | null = null;

/** Join the page to the seller's work; once, before anything is shown. */
export function provide(seller: Seller): void {
  theSeller = seller;
  seller.store.subscribe((next) => {
    state.value = next;
  });
}

export function seller(): Seller {
  if (theSeller === null) throw new Error("the page was not set up");
  return theSeller;
}

/** The state while inside an inspection. */
export function inside(): Inside {
  const now = state.value;
  if (now.at !== "inside") throw new Error(`shown while ${now.at}`);
  return now;
}

/** The language the phone asks for, until the seller or the order says otherwise. */
function firstLanguage(): Language {
  const chosen = localStorage.getItem(CHOSEN);
  if (chosen === "fr" || chosen === "en") return chosen;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "fr";
}

/** Follow the order's language, unless the seller chose one. */
export function suggestLanguage(suggested: Language): void {
  if (localStorage.getItem(CHOSEN) === null) language.value = suggested;
}

export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(CHOSEN, chosen);
  language.value = chosen;
  void seller().speak(chosen);
}

/** Whether this instance offers the generated car; the service says so in the page's head. */
export function offersDemo(): boolean {
  return document.querySelector('meta[name="inspection-mode"]')?.getAttribute("content") === "development";
}

export function setDemo(on: boolean): void {
  sessionStorage.setItem("demo", on ? "1" : "0");
  isDemo.value = on;
}

/** A masked contact that is not torn apart at the end of a line. */
export function unbroken(contact: string): string {
  return contact.replace("…", "…\u2060").replace("@", "\u2060@\u2060");
}

/** One sentence for what went wrong. */
export function sentenceFor(error: unknown): string {
  const texts = words.value.errors;
  if (error instanceof Unreached) return texts["unreached"] ?? "";
  const own = error instanceof Refused ? texts[error.slug] : undefined;
  return own ?? texts["any"] ?? "";
}

export interface Act {
  readonly isBusy: boolean;
  readonly error: string | null;
  /** Run it; resolves to whether it worked. A second tap while it runs does nothing. */
  run(work: () => Promise<unknown>): Promise<boolean>;
  clear(): void;
}

/** A tap that takes time and may fail: busy meanwhile, a sentence afterwards. */
export function useAct(): Act {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (thrown) {
      console.warn(thrown);
      setError(sentenceFor(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, run, clear: () => setError(null) };
}
