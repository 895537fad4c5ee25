/** French typography: the space before a mark is one at which no line is broken. */

/** Before `?`, `!`, `;` and inside `« »` a narrow one, before `:` and `%` a whole one; only where a space was written. */
export function frenchSpaces(text: string): string {
  return text
    .replace(/ (?=[?!;»])/g, "\u202f")
    .replace(/« /g, "«\u202f")
    .replace(/ (?=[:%])/g, "\u00a0");
}

/** A tree of texts, and of functions that say one, with French spaces in all they say. */
export function typeset<T>(texts: T): T {
  return spaced(texts) as T;
}

function spaced(said: unknown): unknown {
  if (typeof said === "string") return frenchSpaces(said);
  if (typeof said === "function") return (...given: unknown[]): unknown => spaced(said(...given));
  if (Array.isArray(said)) return said.map(spaced);
  if (typeof said !== "object" || said === null) return said;
  return Object.fromEntries(Object.entries(said).map(([name, each]) => [name, spaced(each)]));
}
